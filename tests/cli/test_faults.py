"""What may happen to a process and its disk: nothing half-written is taken for a result, and a sentence says why."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.errors import ResultError
from ysc_sim.results import Results
from ysc_sim.results import files as result_files

SCENARIO = Path(__file__).parents[2] / "scenarios" / "one_home.yaml"
RUN = ("run", str(SCENARIO), "--set", "time.days=1", "--set", "outages=[]", "--quiet", "--no-report")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX systems")
FULL = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
runpy.run_module("ysc_sim", run_name="__main__", alter_sys=True)
"""


def start(*arguments: str, program: tuple[str, ...] = ("-m", "ysc_sim"), **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "YSC_LANG": "en", **more}
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # Who is started in the background of a shell does not hear an interrupt.
        preexec_fn=None
        if sys.platform == "win32"
        else lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def cpu_s(process: subprocess.Popen[str]) -> int:
    """Whole seconds of processor time so far: how far a process is, however busy the machine."""
    told = subprocess.run(["ps", "-o", "cputimes=", "-p", str(process.pid)], capture_output=True, text=True, check=True)
    return int(told.stdout)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A run of another seed: what stood there before."""
    scenario = ysc.load_scenario(SCENARIO, overrides={"time.days": 1, "outages": [], "seed": 77})
    return ysc.run(scenario)


def whole(folder: Path) -> int:
    """The seed of a result folder whose every byte belongs to one run."""
    results = ysc.load_results(folder)
    for name in results.frames:
        results.frame(name)
    return int(results.manifest["seed"])


def left_beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir() if path != folder)


@POSIX
def test_a_run_killed_at_any_moment_leaves_the_old_result_or_the_new_one(home: Results, tmp_path: Path) -> None:
    out = tmp_path / "out"
    home.save(out)
    began = time.monotonic()
    assert finish(start(*RUN, "--out", str(out)))[0] == 0
    whole_run_s = time.monotonic() - began
    assert whole(out) != 77
    home.save(out)
    for moment in np.random.default_rng(11).uniform(0.5, 1.05, 6):
        process = start(*RUN, "--out", str(out))
        time.sleep(moment * whole_run_s)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        whole(out)
    assert all(name.endswith((".partial", ".old")) for name in left_beside(out))


@POSIX
def test_a_report_killed_while_it_is_written_leaves_a_whole_page(home: Results, tmp_path: Path) -> None:
    out = home.save(tmp_path / "out", report_html="<html>the old page</html>")
    page = out / "report.html"
    began = time.monotonic()
    assert finish(start("report", str(out)))[0] == 0
    whole_s = time.monotonic() - began
    for moment in np.random.default_rng(12).uniform(0.6, 1.0, 4):
        process = start("report", str(out))
        time.sleep(moment * whole_s)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")
        whole(out)


@POSIX
def test_an_interrupted_run_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    longer = [word.replace("time.days=1", "time.days=365") for word in RUN]
    process = start(*longer, "--set", "time.step_s=60", "--out", str(out))
    while cpu_s(process) < 3:  # loading takes 1 s, the run 10
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    status, _, err = finish(process)
    assert status == 130
    assert "--resume" in err
    assert not out.exists()
    assert left_beside(out) == []


@POSIX
@pytest.mark.parametrize("limit", [0, 3000])
def test_a_disk_that_takes_no_more_is_named_and_the_old_result_stays(home: Results, tmp_path: Path, limit: int) -> None:
    """A limit on the size of files stands for a full disk or a quota: writing fails in the middle."""
    out = home.save(tmp_path / "out")
    status, _, err = finish(start(*RUN, "--out", str(out), program=("-c", FULL.format(limit))))
    assert status == 2
    assert str(out) in err
    assert whole(out) == 77
    assert left_beside(out) == []


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    """A tmpfs of its own, where we may make one."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@POSIX
@pytest.mark.skipif(shutil.which("mount") is None, reason="needs mount")
def test_a_full_disk(home: Results, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 256) as disk:
        out = home.save(disk / "out")
        (disk / "filler").write_bytes(b"x" * (os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - 20_000))
        with pytest.raises(ResultError, match="No space left"):
            home.save(out)
        status, _, err = finish(start(*RUN, "--out", str(out)))
        assert status == 2
        assert "No space left" in err
        status, _, err = finish(start("report", str(out)))
        assert status == 2
        assert "No space left" in err
        assert whole(out) == 77
        assert left_beside(out) == ["filler"]


@POSIX
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for where in (tmp_path / "file" / "out", Path("/sys/ysc/out")):
        status, _, err = finish(start(*RUN, "--out", str(where)))
        assert status == 2, where
        assert str(where)[-30:] in err  # a long path is cut in its middle


@pytest.mark.parametrize("harm", ["missing", "empty", "half", "folder"])
def test_every_file_of_a_result_that_is_missing_or_cut_is_named(home: Results, tmp_path: Path, harm: str) -> None:
    home.save(tmp_path / "good")
    for name in sorted(path.name for path in (tmp_path / "good").iterdir()):
        folder = shutil.copytree(tmp_path / "good", tmp_path / f"{harm} {name}")
        file, size = folder / name, (folder / name).stat().st_size
        if harm in ("empty", "half"):
            os.truncate(file, size // 2 if harm == "half" else 0)
        else:
            file.unlink()
        if harm == "folder":
            file.mkdir()
        with pytest.raises(ResultError, match=r"."):
            whole(folder)


def test_two_processes_that_write_one_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ends = [finish(process) for process in [start(*RUN, "--seed", str(seed), "--out", str(out)) for seed in (1, 2, 3)]]
    assert 0 in [status for status, _, _ in ends]
    for status, _, err in ends:
        assert status in (0, 2)
        assert (status == 0) or str(out) in err
    assert whole(out) in (1, 2, 3)


def test_a_clock_that_jumps_harms_no_result(home: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day forth and a day back while others write: nothing that is being written is swept away."""
    now = time.time
    for jump_s in (86_400.0, -86_400.0, 0.0):
        monkeypatch.setattr(result_files.time, "time", lambda jump_s=jump_s: now() + jump_s)
        home.save(tmp_path / "out")
        assert whole(tmp_path / "out") == 77
    assert left_beside(tmp_path / "out") == []


LOCALES: tuple[Mapping[str, str], ...] = (
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "ja_JP.eucJP", "TZ": "America/Lima"},
    {"LC_ALL": "tr_TR.UTF-8", "LC_NUMERIC": "de_DE.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7"},
)


def test_locale_and_zone_of_the_machine_change_no_byte(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(len(LOCALES))]
    for folder, locale in zip(folders, LOCALES, strict=True):
        assert finish(start(*RUN, "--out", str(folder), **locale))[0] == 0
    for name in ("metrics.json", "scenario.yaml", "community.parquet", "buildings.parquet", "bills.parquet"):
        first, *others = [(folder / name).read_bytes() for folder in folders]
        assert all(other == first for other in others), name
