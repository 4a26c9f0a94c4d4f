"""``ysc import``: exit status, what is written, and that nothing is written where something is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent.parent / "golden" / "importers"


def call(*arguments: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ysc_sim", *arguments, "--lang", lang]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_a_table_is_written_and_described(tmp_path: Path) -> None:
    out = tmp_path / "new" / "prices.csv"
    done = call("import", "auto", str(SAMPLES / "jepx_spot.csv"), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "jepx" in done.stdout
    assert "not read" in done.stderr
    assert out.read_text() == (SAMPLES / "expected" / "jepx_spot.csv").read_text()
    assert [path.name for path in out.parent.iterdir()] == ["prices.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["auto", "none.csv", "--out", "x.csv"], "none.csv"),
        (["nonsense", "jepx_spot.csv", "--out", "x.csv"], "nonsense"),
        (["auto", "jepx_spot.csv", "--out", "x.xls"], ".parquet"),
        (["auto", "jepx_spot.csv", "--out", "jepx_spot.csv"], "jepx_spot.csv"),
        (["auto", "jepx_spot.csv", "--out", "x.csv", "--tz", "Mars/Crater"], "--tz"),
        (["auto", "demand_wide_days.csv", "--out", "x.csv", "--tz", "Mars/Crater"], "Mars/Crater"),
        (["auto", "jepx_spot.csv", "--out", "x.csv", "--unit", "furlong"], "kWh"),
        (["auto", "jepx_spot.csv", "--out", "x.csv", "--stamp", "middle"], "start"),
        (["auto", "jepx_spot.csv", "--out", "x.csv", "--fill-hours", "nan"], "fill"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_is_wrong_is_said_and_nothing_is_written(
    tmp_path: Path, arguments: list[str], said: str, lang: str
) -> None:
    for sample in ("jepx_spot.csv", "demand_wide_days.csv"):
        (tmp_path / sample).write_bytes((SAMPLES / sample).read_bytes())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    paths = [str(tmp_path / word) if "." in word else word for word in arguments]
    done = call("import", *paths, lang=lang)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
