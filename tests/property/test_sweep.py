"""Sweeps that are shared out, killed and resumed: the table is the same, byte for byte."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOME = str(ROOT / "scenarios/one_home.yaml")
GRID = ["--vary", "buildings.home.devices.battery.energy_kwh=5,10,20", "--vary", "seed=1,2"]
DAY = ["--set", "time.days=1", "--set", "outages=[]"]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ysc_sim", "sweep", HOME, *arguments]


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "YSC_LANG": "en", "COLUMNS": "200"}
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, encoding="utf-8", env=environment, timeout=300, check=False
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_worker_and_two_write_the_same_bytes(tmp_path: Path) -> None:
    alone = call(*GRID, *DAY, "--out", str(tmp_path / "one"))
    assert alone.returncode == 0, alone.stderr
    both = call(*GRID, *DAY, "--out", str(tmp_path / "two"), "--workers", "2")
    assert both.returncode == 0, both.stderr
    assert files(tmp_path / "one") == files(tmp_path / "two")
    names = {"plan.json", "sweep.csv", "sweep.html", "sweep.json", "sweep.parquet"}
    assert names == {name for name in files(tmp_path / "one") if "/" not in name}
    import pandas as pd

    table = pd.read_parquet(tmp_path / "one/sweep.parquet")
    assert table["buildings.home.devices.battery.energy_kwh"].tolist() == [5, 5, 10, 10, 20, 20]
    assert table["bill_jpy"].is_monotonic_increasing
    page = (tmp_path / "one/sweep.html").read_text(encoding="utf-8")
    assert page.count("<path") == 6
    assert "http" not in page


def test_a_sweep_is_not_overwritten_and_another_one_not_mixed_in(tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert call("--vary", "seed=1,2", *DAY, *out).returncode == 0
    before = files(tmp_path / "out")
    again = call("--vary", "seed=1,2", *DAY, *out)
    assert again.returncode == 2
    assert "--resume" in again.stderr
    other = call("--vary", "seed=1,3", *DAY, *out, "--resume")
    assert other.returncode == 2
    assert "another sweep" in other.stderr
    assert files(tmp_path / "out") == before
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/letter.txt").write_text("dear", encoding="utf-8")
    assert call("--vary", "seed=1,2", *DAY, "--out", str(tmp_path / "taken")).returncode == 2


def test_a_damaged_piece_is_computed_again_and_nothing_else(tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert call(*GRID, *DAY, *out).returncode == 0
    whole = files(tmp_path / "out")
    pieces = sorted((tmp_path / "out/pieces").iterdir())
    pieces[2].write_text(pieces[2].read_text(encoding="utf-8")[:40], encoding="utf-8")
    pieces[4].unlink()
    stamps = {path: path.stat().st_mtime_ns for path in pieces if path.exists()}
    assert call(*GRID, *DAY, *out, "--resume").returncode == 0
    assert files(tmp_path / "out") == whole
    changed = [path for path, stamp in stamps.items() if path.stat().st_mtime_ns != stamp]
    assert changed == [pieces[2]]


@pytest.mark.slow
def test_killed_at_twenty_random_moments_and_resumed(tmp_path: Path) -> None:
    """The table of a sweep that was never killed, byte for byte; no finished piece is ever written again.

    Eight batches of eight pieces. A sweep that ends before it is killed is looked at, and the next one begun.
    """
    sizes = ["--vary", "buildings.home.devices.battery.energy_kwh=" + ",".join(map(str, range(5, 13)))]
    days = ["--set", "time.days=10", "--set", "outages=[]"]
    many = [*sizes, "--vary", "tariff.export_jpy_per_kwh=" + ",".join(map(str, range(4, 12))), *days]
    assert call(*many, "--out", str(tmp_path / "whole")).returncode == 0
    whole = files(tmp_path / "whole")
    rng, stamps, killed, done, halfway = random.Random(8), {}, 0, 0, 0
    while killed < 20:
        out = tmp_path / f"out{done}"
        workers = ["--workers", "2"] if killed % 4 == 3 else []
        process = subprocess.Popen(
            command(*many, "--out", str(out), "--resume", *workers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Moments are counted in pieces, of which a batch writes eight: a busy machine has no seconds to count on.
        aim = len(list(out.glob("pieces/0*.json"))) + rng.randrange(9)
        while process.poll() is None and len(list(out.glob("pieces/0*.json"))) < aim:
            time.sleep(0.005)
        time.sleep(rng.uniform(0.0, 0.3))
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = sorted(out.glob("pieces/0*.json"))
        halfway += 0 < len(found) < 64
        for path in found:
            stamp = (path.stat().st_mtime_ns, path.stat().st_ino)
            assert stamps.setdefault(path, stamp) == stamp
            assert json.loads(path.read_text(encoding="utf-8"))["format"] == 1
        if process.returncode == 0:
            assert files(out) == whole
            done += 1
    assert call(*many, "--out", str(out), "--resume").returncode == 0
    assert all((path.stat().st_mtime_ns, path.stat().st_ino) == stamp for path, stamp in stamps.items())
    assert files(out) == whole
    assert halfway >= 3


CLUSTER = """
import subprocess, sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        sys.exit(subprocess.run([*sys.argv[1:], "--cluster", cluster.scheduler_address]).returncode)
"""


def test_a_dask_cluster_of_two_processes_writes_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER, encoding="utf-8")
    arguments = command(*GRID, *DAY, "--out", str(tmp_path / "dask"))
    done = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert call(*GRID, *DAY, "--out", str(tmp_path / "here")).returncode == 0
    assert files(tmp_path / "dask") == files(tmp_path / "here")


def test_a_cluster_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    done = call(*GRID, *DAY, "--cluster", "tcp://127.0.0.1:9", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
