"""The command line as a person uses it: a process of its own, exit status, what stands on the screen."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ysc_sim as ysc

ROOT = Path(__file__).parents[2]
SHORT = ["--set", "time.days=1", "--set", "outages=[]"]


def call(*arguments: str, cwd: Path | None = None, lang: str = "en") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "YSC_LANG": lang, "COLUMNS": "200"}
    command = [sys.executable, "-m", "ysc_sim", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=environment, timeout=300, check=False
    )


def test_run_writes_a_whole_folder_and_ends_with_its_page(tmp_path: Path) -> None:
    done = call("run", str(ROOT / "scenarios/one_home.yaml"), *SHORT, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("report.html")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    tables = {"community", "buildings", "trades", "bills", "events", "outages"}
    assert names == {"manifest.json", "scenario.yaml", "metrics.json", "report.html"} | {f"{t}.parquet" for t in tables}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    metrics = json.loads((tmp_path / "out/metrics.json").read_text(encoding="utf-8"))
    assert metrics["format"] == 1
    assert metrics["community"]["money_residual_jpy"] == 0
    assert ysc.load_results(tmp_path / "out").metrics == metrics


def test_the_resolved_scenario_runs_to_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    call("run", str(ROOT / "scenarios/one_home.yaml"), *SHORT, "--out", str(first), "--no-report")
    done = call("run", str(first / "scenario.yaml"), "--out", str(second), "--no-report")
    assert done.returncode == 0, done.stderr
    for name in ("metrics.json", "buildings.parquet", "community.parquet", "trades.parquet", "bills.parquet"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_bad_input_shows_every_mistake_and_writes_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "format: 1\n"
        "time: {start: 2026-08-03T00:00, days: 1}\n"
        "buildings:\n"
        "  - id: a\n"
        "    profile: ofice\n"
        "    devices:\n"
        "      - {kind: battery, enrgy_kwh: 10, power_kw: -1}\n",
        encoding="utf-8",
    )
    done = call("run", "bad.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr + done.stdout
    assert "bad.yaml:5:" in done.stderr
    assert "bad.yaml:7:25: " in done.stderr
    assert "energy_kwh" in done.stderr
    assert "bad.yaml:7:" in done.stderr.split("power_kw")[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.yaml"]


def test_errors_are_japanese_for_who_reads_japanese(tmp_path: Path) -> None:
    done = call("validate", str(tmp_path / "none.yaml"), lang="ja")
    assert done.returncode == 2
    assert "ありません" in done.stderr
    assert (
        "計算" in call("--lang", "ja", "--help").stdout or "シミュレーション" in call("--help", "--lang", "ja").stdout
    )


def test_validate_names_good_files(tmp_path: Path) -> None:
    done = call("validate", *(str(path) for path in sorted((ROOT / "scenarios").glob("*.yaml"))))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("no problem found") == len(list((ROOT / "scenarios").glob("*.yaml")))


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_template_is_a_good_scenario(tmp_path: Path, lang: str) -> None:
    listed = [line.split()[0] for line in call("init", "--list", lang=lang).stdout.splitlines()]
    assert {"house", "block", "ensemble"} <= set(listed)
    for name in listed:
        made = call("init", str(tmp_path / name), "--template", name, lang=lang)
        assert made.returncode == 0, made.stderr
        checked = call("validate", str(tmp_path / name / "scenario.yaml"))
        assert checked.returncode == 0, checked.stderr
    again = call("init", str(tmp_path / "house"), "--template", "house")
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_init_knows_its_templates(tmp_path: Path) -> None:
    done = call("init", str(tmp_path / "x"), "--template", "castle")
    assert done.returncode == 2
    assert "castle" in done.stderr
    assert not (tmp_path / "x").exists()


def test_schema_is_json() -> None:
    schema = json.loads(call("schema").stdout)
    assert schema["type"] == "object"


def test_plugins_lists_the_built_in_ones() -> None:
    shown = call("plugins").stdout
    for kind in ("battery", "peak_cut", "call_auction", "truthful", "windows"):
        assert kind in shown


def test_report_is_rebuilt_from_what_is_stored(tmp_path: Path) -> None:
    call("run", str(ROOT / "scenarios/one_home.yaml"), *SHORT, "--out", str(tmp_path / "out"), "--no-report")
    assert not (tmp_path / "out/report.html").exists()
    done = call("report", str(tmp_path / "out"), "--lang", "ja")
    assert done.returncode == 0, done.stderr
    assert 'lang="ja"' in (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert call("report", str(tmp_path)).returncode == 2


@pytest.mark.parametrize("module", ["pandas", "pyarrow", "plotly", "pvlib", "scipy", "pandapower"])
@pytest.mark.parametrize("arguments", [["--help"], ["validate", "scenarios/yokohama_block.yaml"]])
def test_what_is_heavy_is_not_imported_before_it_is_used(arguments: list[str], module: str) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['ysc', *{arguments!r}]\n"
        "from ysc_sim.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"assert {module!r} not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_survival_answers_every_start(tmp_path: Path) -> None:
    file = str(ROOT / "scenarios/one_home.yaml")
    done = call("survival", file, "--hours", "3,24", *SHORT, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "≥ 24 h" in done.stdout
    stored = json.loads((tmp_path / "out/metrics.json").read_text(encoding="utf-8"))
    assert [entry["tiers"] for entry in stored["survival"]] == [1, 2, 3, 4]
    wrong = call("survival", file, "--hours", "3,x,-1", "--out", str(tmp_path / "wrong"))
    assert wrong.returncode == 2
    assert "'x'" in wrong.stderr
    assert "'-1'" in wrong.stderr
    assert not (tmp_path / "wrong").exists()


def test_survival_says_which_promises_were_kept(tmp_path: Path) -> None:
    file, out = str(ROOT / "scenarios/one_home.yaml"), tmp_path / "out"
    done = call("survival", file, "--hours", "3", "--set", "time.days=3", "--promise", "5", "--out", str(out))
    assert done.returncode == 0, done.stderr
    found = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["promise"]
    assert found["first"]["outages"] == 5
    assert found["first"]["kept_on_curve"] == found["first"]["on_curve"] > 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert f"{found['lost_saving_jpy']:,.0f} yen" in page.split("Promises on the engine")[1]
    wrong = call("survival", file, "--hours", "3", "--set", "time.days=3", "--promise", "-2", "--out", str(out))
    assert wrong.returncode == 2
    assert "-2" in wrong.stderr


def test_wrong_points_of_a_sweep_are_named_before_anything_is_run(tmp_path: Path) -> None:
    done = call(
        "sweep",
        str(ROOT / "scenarios/one_home.yaml"),
        "--vary",
        "buildings.home.devices.battery.energy_kwh=5,-1",
        *SHORT,
        "--out",
        str(tmp_path / "out"),
    )
    assert done.returncode == 2
    assert "energy_kwh=-1" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
    assert (
        call(
            "sweep",
            str(ROOT / "scenarios/one_home.yaml"),
            "--vary",
            "seed=1",
            *SHORT,
            "--workers",
            "0",
            "--out",
            str(tmp_path / "out"),
        ).returncode
        == 2
    )
    assert (
        call(
            "sweep",
            str(ROOT / "scenarios/one_home.yaml"),
            "--vary",
            "seed=1..3",
            *SHORT,
            "--out",
            str(tmp_path / "out"),
        ).returncode
        == 2
    )
    assert not (tmp_path / "out").exists()
