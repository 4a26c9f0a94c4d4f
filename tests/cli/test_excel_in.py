"""``ysc init --excel`` and every command that takes a scenario: a workbook goes where a YAML file goes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from ysc_sim.words import LANGUAGES


def call(*words: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ysc_sim", *words, "--lang", lang], capture_output=True, text=True, encoding="utf-8"
    )


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book")
    made = call("init", str(folder), "--excel", "--template", "住宅", lang="ja")
    assert made.returncode == 0, made.stderr
    return folder / "scenario.xlsx"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_init_writes_a_workbook_in_the_language_asked_for(tmp_path: Path, lang: str) -> None:
    made = call("init", str(tmp_path), "--excel", lang=lang)
    assert made.returncode == 0, made.stderr
    titles = openpyxl.load_workbook(tmp_path / "scenario.xlsx").sheetnames
    assert titles[:4] == (
        ["シナリオ", "取引", "建物", "設備"] if lang == "ja" else ["scenario", "market", "buildings", "devices"]
    )
    assert [path.name for path in tmp_path.iterdir()] == ["scenario.xlsx"]
    again = call("init", str(tmp_path), "--excel", lang=lang)
    assert again.returncode == 2


def test_run_validate_compare_sweep_and_survival_take_it(book: Path, tmp_path: Path) -> None:
    checked = call("validate", str(book))
    assert (checked.returncode, checked.stderr) == (0, "")
    short = ["--set", "time.days=2", "--set", "outages=[]", "--quiet"]
    assert call("run", str(book), "--out", str(tmp_path / "a"), "--no-report", *short).returncode == 0
    call("init", str(tmp_path / "yaml"), "--template", "house", lang="ja")
    twin = tmp_path / "yaml" / "scenario.yaml"
    assert call("run", str(twin), "--out", str(tmp_path / "b"), "--no-report", *short).returncode == 0
    one, other = ((tmp_path / name / "metrics.json").read_bytes() for name in "ab")
    assert one == other
    compared = call("compare", str(book), str(twin), *short[:-1])
    assert compared.returncode == 0, compared.stderr
    assert "The inputs do not differ." in compared.stdout
    swept = call("sweep", str(book), "--vary", "seed=1,2", "--out", str(tmp_path / "s"), "--workers", "1", *short)
    assert swept.returncode == 0, swept.stderr
    lived = call("survival", str(book), "--hours", "4", "--out", str(tmp_path / "v"), *short[:4])
    assert lived.returncode == 0, lived.stderr
    assert json.loads(one)["community"]["load_kwh"] > 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_wrong_cell_ends_with_2_and_nothing_written(book: Path, tmp_path: Path, lang: str) -> None:
    whole = openpyxl.load_workbook(book)
    whole["設備"]["D2"] = "many"
    whole["設備"]["B3"] = "batery"
    wrong = tmp_path / "wrong.xlsx"
    whole.save(wrong)
    done = call("run", str(wrong), "--out", str(tmp_path / "out"), lang=lang)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"{wrong}:設備!D2: buildings.house.devices.solar.rated_kw: " in done.stderr
    assert f"{wrong}:設備!B3: " in done.stderr
    assert ("Did you mean 'battery'" if lang == "en" else "「battery」ではありませんか") in done.stderr
    assert not (tmp_path / "out").exists()
    assert call("validate", str(wrong), str(book), lang=lang).returncode == 2
