"""``ysc size`` on the command line: the folder, both languages, invoices, a group, what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

FILE = """
format: 1
name: small & <b>
time: {start: 2026-06-01T00:00, days: 30, step_s: 1800}
tariff: {plan: tepco_hv_basic_2026, power_factor_percent: 95, export_jpy_per_kwh: 8.5, adjustments: {"2026-06": -1.0}}
wires: private_line
buildings:
  - id: factory
    profile: small_factory
    load_kwh_per_year: 250000
    strategy: {kind: peak_cut, target_kw: 100}
    devices:
      - {kind: solar, rated_kw: 30, investment_jpy_per_kw: 200000, life_years: 25, price_source: quotation}
      - {kind: battery, energy_kwh: 40, power_kw: 20, investment_jpy_per_kwh: 900000, life_years: 15}
  - {id: shop, profile: shop, load_kwh_per_year: 60000}
size:
  vary:
    buildings.factory.devices.solar.rated_kw: [0, 30]
    buildings.factory.devices.battery.energy_kwh: [0, 50]
  refine: 0
  unseen_seeds: 1
"""


def call(*arguments: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ysc_sim", "size", *arguments, "--lang", lang]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("lang", "never", "rough"), [("en", "does not pay back", "ROUGH"), ("ja", "回収できません", "概算")]
)
def test_a_search_leaves_page_workbook_table_and_scenario(
    file: Path, tmp_path: Path, lang: str, never: str, rough: str
) -> None:
    out = tmp_path / "out"
    done = call(str(file), "--out", str(out), "--set", "buildings.factory.devices.solar.investment_jpy_per_kw=900000",
                lang=lang)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert never in done.stdout
    assert rough not in done.stdout
    names = {"size.json", "candidates.csv", "candidates.parquet", "scenario.yaml", "investment.xlsx", "report.html"}
    assert {path.name for path in out.iterdir()} == names
    told = json.loads((out / "size.json").read_text(encoding="utf-8"))
    assert told["buys_nothing"]
    assert not told["pays_back"]
    assert len(pd.read_parquet(out / "candidates.parquet")) == told["candidates"] == 5
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "does not pay back" in page
    assert "回収できません" in page
    assert "<b>&" not in page
    assert "small &amp; &lt;b&gt;" in page
    assert [entry["member"] for entry in told["members"]] == ["factory", "shop"]
    again = call(str(file), "--out", str(out), lang=lang)
    assert again.returncode == 2


def test_the_chosen_scenario_is_a_scenario(file: Path, tmp_path: Path) -> None:
    assert call(str(file), "--out", str(tmp_path / "out"), "--quiet").returncode == 0
    command = [sys.executable, "-m", "ysc_sim", "validate", str(tmp_path / "out" / "scenario.yaml")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(("lang", "word"), [("en", "ROUGH"), ("ja", "概算")])
def test_invoices_that_differ_make_every_saving_rough(file: Path, tmp_path: Path, lang: str, word: str) -> None:
    invoices = tmp_path / "invoices.csv"
    invoices.write_text("month,total\n2026-06,100000\n")
    out = tmp_path / "out"
    done = call(str(file), "--out", str(out), "--invoices", str(invoices), "--member", "shop", lang=lang)
    assert done.returncode == 0, done.stderr
    assert word in done.stdout
    told = json.loads((out / "size.json").read_text(encoding="utf-8"))
    assert [reason["key"] for reason in told["rough"]] == ["bill_rough_difference"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "ROUGH" in page
    assert "概算" in page
    if lang == "ja":
        invoices.write_text("month,total\n2025-01,100000\n")
        other = call(
            str(file), "--out", str(tmp_path / "b"), "--invoices", str(invoices), "--member", "shop", lang=lang
        )
        assert word in other.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.yaml"], "none.yaml"),
        (["FILE", "--optuna", "-3"], "-3"),
        (["FILE", "--workers", "0"], "0"),
        (["FILE", "--invoices", "none.csv"], "factory, shop"),
        (["FILE", "--invoices", "none.csv", "--member", "shop"], "none.csv"),
        (["FILE", "--set", "size.objective=fame"], "fame"),
        (["FILE", "--set", "size.vary={buildings.factory.devices.solar.tilt_deg: [1]}"], "tilt_deg"),
        (["FILE", "--set", "buildings.factory.devices.solar.life_years=0"], "life_years"),
    ],
)
def test_what_is_wrong_is_said(file: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    done = call(*(str(file) if word == "FILE" else word for word in arguments), "--out", str(tmp_path / "out"))
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
