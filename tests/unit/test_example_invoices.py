"""The invoices shipped with the factory: to the yen with its half-hours; one price deleted, and that month is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ysc_sim.billing import load_tariff
from ysc_sim.scenario import Scenario, load_scenario
from ysc_sim.study.candidates import quiet, simulate_rows
from ysc_sim.study.purchase import without_purchases
from ysc_sim.study.rough import checked_bills, invoices_of, paid_adjustments, rough_of

FOLDER = Path(__file__).parents[2] / "scenarios"
INVOICES = FOLDER / "factory_150kw_invoices.csv"
PRICES = slice(6, 10)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(FOLDER / "factory_150kw.yaml")


@pytest.fixture(scope="module")
def import_kw(scenario: Scenario) -> np.ndarray:
    _, arrays = simulate_rows(quiet(without_purchases(scenario)), {}, 1)
    return np.asarray(arrays.import_mwh[:, 0] / 1e6 * 3600 / arrays.axis.slot_s)


def test_the_example_is_reconciled_to_the_yen(scenario: Scenario, import_kw: np.ndarray) -> None:
    (bill,) = checked_bills(scenario, import_kw, invoices_of(scenario, INVOICES))
    assert [month.difference_jpy for month in bill.months] == [0.0] * 12
    assert not bill.findings
    assert not rough_of([bill])
    assert "made up" in INVOICES.read_text(encoding="utf-8")


def test_without_its_price_a_month_is_named(scenario: Scenario, import_kw: np.ndarray, tmp_path: Path) -> None:
    lines = INVOICES.read_text(encoding="utf-8").splitlines()
    cells = lines[5].split(",")
    cells[PRICES] = [""] * 4
    cells[10] = ""
    file = tmp_path / "invoices.csv"
    file.write_text("\n".join([*lines[:5], ",".join(cells), *lines[6:]]), encoding="utf-8")
    (bill,) = checked_bills(scenario, import_kw, invoices_of(scenario, file))
    (reason,) = rough_of([bill])
    assert reason.key == "bill_rough_adjustment"
    assert reason.values["months"] == "2026-08"
    assert checked_bills(scenario, import_kw)[0].rough


def test_the_search_counts_at_the_prices_that_were_paid(scenario: Scenario) -> None:
    settings = paid_adjustments(scenario, *invoices_of(scenario, INVOICES))
    told = load_scenario(FOLDER / "factory_150kw.yaml", overrides=dict(settings)).tariff.adjustments
    assert len(told) == 12
    assert set(told["2026-08"]) == set(load_tariff("tepco_hv_basic_2026").adjustment_band_names)
    assert told["2026-08"]["noon"] == pytest.approx(-1.45)
    assert not paid_adjustments(scenario, "factory", [])
