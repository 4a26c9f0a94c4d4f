"""``ysc compare``: folders, scenarios, variants; what is wrong is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ysc_sim as ysc

SCENARIO = Path(__file__).parent.parent.parent / "scenarios" / "one_home.yaml"
BOUND = "Perfect foresight (bound)"
SHORT = ["--set", "time.days=1", "--set", "outages.0.start=2026-04-06T18:00"]


def call(*arguments: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ysc_sim", "compare", *arguments, "--lang", lang]
    wide = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, env=wide)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    changes = {"time.days": 1, "outages.0.start": "2026-04-06T18:00"}
    return ysc.run(ysc.load_scenario(SCENARIO, overrides=changes)).save(tmp_path_factory.mktemp("runs") / "home")


def test_a_folder_and_a_scenario(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    done = call(str(folder), str(SCENARIO), *SHORT, "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "do not differ" in done.stdout
    assert done.stdout.rstrip().endswith(str(out))
    assert "<!DOCTYPE html>" in out.read_text("utf-8")


def test_values_of_one_key_in_japanese() -> None:
    done = call(str(SCENARIO), *SHORT, "--vary", "buildings.home.strategy.kind=none,self_consumption", lang="ja")
    assert done.returncode == 0, done.stderr
    assert "入力の違い" in done.stdout
    assert "buildings.home.strategy.kind: none | self_consumption" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["HOME"], "2 to"),
        (["HOME", "NONE"], "none.yaml"),
        (["HOME", "HOME", "--vary", "seed=1,2"], "--vary"),
        (["HOME", "--vary", "seed=1,2"], "--vary"),
        (["SCENARIO", "--vary", "seed=1"], "2 to"),
        (["SCENARIO", "--vary", "seed=one,two"], "one"),
        (["HOME", "HOME", "--out", "page.pdf"], ".html"),
        (["TMP", "HOME"], "manifest.json"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    places = {"HOME": folder, "SCENARIO": SCENARIO, "NONE": tmp_path / "none.yaml", "TMP": tmp_path}
    done = call(*(str(places.get(word, word)) for word in arguments))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_strategies_of_one_file_stand_beside_the_bound(tmp_path: Path) -> None:
    short = ["--set", "time.days=2", "--set", "outages=[]"]
    out = tmp_path / "page.html"
    done = call(str(SCENARIO), *short, "--strategies", "none,file,optimal", "--out", str(out))
    assert done.returncode == 0, done.stderr
    table = done.stdout.partition("Against what no strategy can beat")[2]
    gaps = {}
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("│")]
        if len(cells) == 8 and cells[3]:
            gaps[cells[1]] = float(cells[4].replace(",", ""))
    assert set(gaps) == {"none", "as written", "optimal", BOUND}
    page = out.read_text("utf-8")
    assert 'id="strategies"' in page
    assert 'data-strategy="optimal" data-number="gap_jpy"' in page
    assert gaps["none"] >= gaps["optimal"] >= gaps[BOUND] == 0
    assert "限界" in call(str(SCENARIO), *short, "--strategies", "none,optimal", lang="ja").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--strategies", "none"], "1 runs cannot be compared"),
        (["--strategies", "none,mcp"], "Did you mean 'mpc'"),
        (["--strategies", "none,mpc", "--vary", "seed=1,2"], "no --vary beside it"),
    ],
)
def test_wrong_lists_of_strategies_are_told(words: list[str], said: str) -> None:
    done = call(str(SCENARIO), *SHORT, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
