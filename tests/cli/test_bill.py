"""``ysc bill``: a measured load and its invoices on the command line."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest


def call(*arguments: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ysc_sim", "bill", *arguments, "--lang", lang]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture
def load(tmp_path: Path) -> Path:
    """August 2026 at 20 kW: 364,566 JPY on the Basic plan, as in the manual."""
    start = datetime(2026, 8, 1)
    lines = ["日時,使用電力量(kWh)"]
    lines += [f"{start + timedelta(minutes=30 * k):%Y/%m/%d %H:%M},10" for k in range(48 * 31)]
    path = tmp_path / "load.csv"
    path.write_bytes("\r\n".join(lines).encode("cp932"))
    return path


def test_a_month_is_billed_and_written(load: Path, tmp_path: Path) -> None:
    done = call(str(load), "--tariff", "tepco_hv_basic_2026", "--out", str(tmp_path / "lines.csv"))
    assert done.returncode == 0, done.stderr
    assert "364,566" in done.stdout
    assert "ROUGH ESTIMATE" in done.stdout  # no adjustment is given
    text = (tmp_path / "lines.csv").read_text("utf-8-sig")
    assert "259358.4" in text
    given = call(str(load), "--tariff", "tepco_hv_basic_2026", "--adjustment", "2026-08=-1.5")
    assert "342,246" in given.stdout  # 14,880 kWh × 1.5 less
    assert "ROUGH" not in given.stdout


@pytest.mark.parametrize(("lang", "word", "rough"), [("en", "power factor", "ROUGH"), ("ja", "力率", "概算")])
def test_invoices_are_compared(load: Path, tmp_path: Path, lang: str, word: str, rough: str) -> None:
    invoices = tmp_path / "invoices.csv"
    invoices.write_text("month,power_factor,fuel_adjustment_price,demand_charge,total\n2026-08,100,0,45540,367096\n")
    arguments = [str(load), "--tariff", "tepco_hv_basic_2026", "--invoices", str(invoices)]
    done = call(*arguments, lang=lang)
    assert done.returncode == 0, done.stderr
    assert word in done.stderr
    assert "95" in done.stderr
    assert rough not in done.stdout  # 0.7 % of difference
    invoices.write_text("month,fuel_adjustment_price,total\n2026-08,0,400000\n")
    assert rough in call(*arguments, lang=lang).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tariff", "tepco_hv_basic_2026"], "--tariff"),
        (["LOAD"], "--tariff"),
        (["LOAD", "--tariff", "tepco_hv_basik_2026"], "tepco_hv_basic_2026"),
        (["none.csv", "--tariff", "tepco_hv_basic_2026"], "none.csv"),
        (["LOAD", "--tariff", "tepco_hv_basic_2026", "--invoices", "none.xlsx"], "none.xlsx"),
        (["LOAD", "--tariff", "tepco_hv_basic_2026", "--adjustment", "August=1"], "August=1"),
        (["LOAD", "--tariff", "tepco_hv_basic_2026", "--previous-kw", "many"], "110"),
        (["LOAD", "--tariff", "tepco_hv_basic_2026", "--out", "lines.doc"], ".csv"),
        (["LOAD", "--tariff", "after_fit_tepco"], "after_fit_tepco"),
        (["LOAD", "--tariff", "toell_lv_c"], "kVA"),
    ],
)
def test_what_is_wrong_is_said(load: Path, arguments: list[str], said: str) -> None:
    done = call(*(str(load) if word == "LOAD" else word for word in arguments))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_template_is_written_and_never_over_another_file(tmp_path: Path) -> None:
    path = tmp_path / "invoices.xlsx"
    assert call("--template", str(path), "--tariff", "tepco_hv_basic_2026").returncode == 0
    again = call("--template", str(path))
    assert again.returncode == 2
    assert "left alone" in again.stderr
