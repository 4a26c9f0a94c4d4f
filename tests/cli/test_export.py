"""``ysc export``: beside the results, in the chosen language, and nothing where something is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ysc_sim as ysc

SCENARIO = Path(__file__).parent.parent.parent / "scenarios" / "one_home.yaml"


def call(*arguments: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ysc_sim", "export", *arguments, "--lang", lang]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    changes = {"time.days": 1, "outages.0.start": "2026-04-06T18:00"}
    results = ysc.run(ysc.load_scenario(SCENARIO, overrides=changes))
    return results.save(tmp_path_factory.mktemp("runs") / "home")


@pytest.mark.parametrize(("form", "name"), [("xlsx", "home.xlsx"), ("csv", "home-csv"), ("parquet", "home-parquet")])
def test_it_stands_beside_the_results(folder: Path, form: str, name: str) -> None:
    done = call(str(folder), "--to", form, lang="ja")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == folder.parent / name
    assert (folder.parent / name).exists()
    if form == "csv":
        assert "建物" in (folder.parent / name / "bills.csv").read_text("utf-8-sig")


def test_what_is_wrong_is_said(folder: Path, tmp_path: Path) -> None:
    for arguments, said in (
        ([str(folder), "--to", "docx"], "parquet"),
        ([str(tmp_path), "--to", "csv"], "manifest.json"),
        ([str(folder), "--to", "xlsx", "--out", str(tmp_path / "a.csv")], ".xlsx"),
        ([str(folder)], "--to"),
    ):
        done = call(*arguments)
        assert done.returncode == 2, arguments
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
