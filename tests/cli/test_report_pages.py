"""The pages beside the report, asked for on the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

SCENARIO = """
format: 1
time: {start: 2026-08-03T00:00, days: 2}
wires: private_line
buildings:
  - {id: north, profile: office, load_kwh_per_year: 9000, devices: [{kind: solar, rated_kw: 9}]}
  - {id: south, profile: detached120_gas}
"""


def call(*arguments: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "YSC_LANG": lang}
    command = [sys.executable, "-m", "ysc_sim", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=120, check=False
    )


def test_stages_sheet_and_members_page(tmp_path: Path) -> None:
    scenario, out = tmp_path / "two.yaml", tmp_path / "out"
    scenario.write_text(SCENARIO, encoding="utf-8")
    done = call("run", str(scenario), "--stages", "--out", str(out), "--quiet")
    assert done.returncode == 0, done.stderr
    stages = json.loads((out / "studies.json").read_text(encoding="utf-8"))["stages"]
    assert [stage["stage"] for stage in stages] == ["today", "generation", "control", "sharing"]
    assert 'id="waterfall"' in (out / "report.html").read_text(encoding="utf-8")
    done = call("report", str(out), "--a4", "--member", "south", "--lang", "ja")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(out / "member_south.html"), str(out / "report_a4.html")]
    page = (out / "member_south.html").read_text(encoding="utf-8")
    assert '<html lang="ja"' in page
    assert "north" not in page
    # The folder is still one that a run may replace, and the new run leaves nothing of the old one.
    again = call("run", str(scenario), "--out", str(out), "--quiet")
    assert again.returncode == 0, again.stderr
    assert not {"report_a4.html", "member_south.html"} & {path.name for path in out.iterdir()}
    assert json.loads((out / "studies.json").read_text(encoding="utf-8")).keys() == {"format", "who_gains"}


def test_a_run_says_whether_devices_with_prices_pay_back(tmp_path: Path) -> None:
    scenario, out = tmp_path / "two.yaml", tmp_path / "out"
    scenario.write_text(SCENARIO.replace("rated_kw: 9", "rated_kw: 9, investment_jpy: 90000000"), encoding="utf-8")
    done = call("run", str(scenario), "--out", str(out), lang="ja")
    assert done.returncode == 0, done.stderr
    assert "回収できません" in done.stdout
    assert "概算" in done.stdout
    assert json.loads((out / "studies.json").read_text(encoding="utf-8"))["investment"]["pays_back"] is False
    (out / "report.html").unlink()
    assert call("report", str(out)).returncode == 0
    assert 'id="investment"' in (out / "report.html").read_text(encoding="utf-8")
    done = call("run", str(scenario), "--out", str(out), "--no-investment")
    assert "pay back" not in done.stdout
    assert "investment" not in json.loads((out / "studies.json").read_text(encoding="utf-8"))


def test_an_unknown_member_is_refused_with_the_nearest(tmp_path: Path) -> None:
    scenario, out = tmp_path / "two.yaml", tmp_path / "out"
    scenario.write_text(SCENARIO, encoding="utf-8")
    call("run", str(scenario), "--out", str(out), "--quiet")
    for lang, word in (("en", "Did you mean 'south'"), ("ja", "south")):
        done = call("report", str(out), "--member", "sout", lang=lang)
        assert done.returncode == 2
        assert word in done.stderr
        assert "Traceback" not in done.stderr
    assert not list(out.glob("member_*"))
    done = call("run", "--replay", str(out / "manifest.json"), "--stages")
    assert done.returncode == 2
