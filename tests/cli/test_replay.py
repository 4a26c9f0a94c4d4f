"""``ysc run --replay``: the same run again, and an honest word where it is not the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ysc_sim as ysc
from ysc_sim.results.files import file_sha256
from ysc_sim.scenario.named_files import named_files
from ysc_sim.study.replay import replay, stored_scenario

SCENARIO = """
format: 1
name: replayed
time: {start: 2026-08-03T00:00, days: 1}
seed: 3
buildings:
  - id: shop
    devices:
      - {kind: load, profile: meter.csv}
      - {kind: solar, rated_kw: 5}
      - {kind: battery, energy_kwh: 8, power_kw: 4}
"""


def call(*arguments: str, cwd: Path | None = None, lang: str = "en") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "YSC_LANG": lang, "COLUMNS": "200"}
    command = [sys.executable, "-m", "ysc_sim", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=environment, timeout=300, check=False
    )


def meter(path: Path, kw: float) -> None:
    lines = [f"2026-08-03 {slot // 2:02d}:{30 * (slot % 2):02d},{kw + slot % 5}" for slot in range(48)]
    path.write_text("time,load kW\n" + "\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folder of the inputs, folder of the result."""
    inputs = tmp_path_factory.mktemp("inputs")
    (inputs / "shop.yaml").write_text(SCENARIO, encoding="utf-8")
    meter(inputs / "meter.csv", 2.0)
    ysc.run(ysc.load_scenario(inputs / "shop.yaml"), seed=9).save(inputs / "out")
    return inputs, inputs / "out"


def test_manifest_names_the_input_files(stored: tuple[Path, Path]) -> None:
    inputs, out = stored
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["inputs"] == {"meter.csv": file_sha256(inputs / "meter.csv")}
    assert str(inputs) not in (out / "manifest.json").read_text(encoding="utf-8")


def test_words_are_not_taken_for_files(tmp_path: Path) -> None:
    (tmp_path / "office").write_text("x", encoding="utf-8")
    (tmp_path / "my.csv").write_text("x", encoding="utf-8")
    text = "{profile: office, name: my.csv, other: ../etc.csv, deep: [{file: my.csv}], model: none}"
    assert set(named_files(text, tmp_path)) == {"my.csv"}
    assert named_files("{profile: office, name: my.csv}", tmp_path) == {}


def test_a_stored_run_is_repeated_with_its_own_seed(stored: tuple[Path, Path]) -> None:
    inputs, out = stored
    assert stored_scenario(out / "manifest.json", inputs).seed == 9
    done = call("run", "--replay", str(out / "manifest.json"), "--inputs", str(inputs))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Identical: ")
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["digest"] in done.stdout
    assert replay(out, inputs).identical


def test_inputs_that_are_missing_or_changed_are_named(stored: tuple[Path, Path], tmp_path: Path) -> None:
    _, out = stored
    done = call("run", "--replay", str(out), cwd=tmp_path)
    assert done.returncode == 2
    assert "meter.csv" in done.stderr
    assert "--inputs" in done.stderr
    meter(tmp_path / "meter.csv", 3.0)
    japanese = call("run", "--replay", str(out), "--inputs", str(tmp_path), lang="ja")
    assert japanese.returncode == 2
    assert "この計算に使われたファイルではありません" in japanese.stderr
    assert "Traceback" not in done.stderr + japanese.stderr


def test_other_numbers_are_told_one_by_one(stored: tuple[Path, Path], tmp_path: Path) -> None:
    """A stored result whose numbers another version of the program made."""
    inputs, out = stored
    results = ysc.load_results(out)
    results.metrics["community"]["pv_kwh"] += 1e-9
    results.manifest["versions"]["numpy"] = "1.0"
    results.manifest["inputs"] = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    results.save(tmp_path / "older")
    done = call("run", "--replay", str(tmp_path / "older"), "--inputs", str(inputs), "--out", str(tmp_path / "again"))
    assert done.returncode == 1
    assert "NOT identical" in done.stdout
    assert "numpy: 1.0 then" in done.stdout
    differing = replay(tmp_path / "older", inputs).differences
    assert [(each.building, each.metric) for each in differing] == [("", "pv_kwh")]
    assert ysc.load_results(tmp_path / "again").metrics["community"]["pv_kwh"] == differing[0].found


def test_a_replay_takes_no_scenario_beside_it(stored: tuple[Path, Path]) -> None:
    inputs, out = stored
    assert call("run", str(inputs / "shop.yaml"), "--replay", str(out)).returncode == 2
    assert call("run").returncode == 2
    assert call("run", "--replay", str(inputs)).returncode == 2
