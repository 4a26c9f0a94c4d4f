"""Markets inside a run: books close, and the surplus of an auction is somebody's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.plugins import plugin, registry
from ysc_sim.results.arrays import RunArrays

STREET = """
format: 1
time: {start: 2026-05-01T00:00, days: 3, step_s: 1800}
seed: 3
tariff: {plan: tepco_hv_basic_2026, export_jpy_per_kwh: 8.5}
market: {kind: MARKET}
wires: WIRES
buildings:
  - {id: roof, count: 3, profile: detached120_gas, devices: [{kind: solar, rated_kw: 6}]}
  - {id: big_roof, profile: detached120_gas, load_kwh_per_year: 3000, devices: [{kind: solar, rated_kw: 12}]}
  - {id: plain, count: 4, profile: detached120_gas}
outages:
  - {start: 2026-05-02T11:10, duration_h: 1}
"""
MARKETS = [kind for kind in sorted(registry("markets")) if plugin("markets", kind).trades]


def run_street(folder: Path, market: str, wires: str) -> RunArrays:
    path = folder / "street.yaml"
    path.write_text(STREET.replace("MARKET", market).replace("WIRES", wires), encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


@pytest.mark.parametrize("wires", ["private_line", "utility"])
@pytest.mark.parametrize("market", MARKETS)
def test_books_close_whatever_the_market(market: str, wires: str, tmp_path: Path) -> None:
    arrays = run_street(tmp_path, market, wires)
    assert not arrays.money_residual_mjpy.any()
    assert not arrays.ledger_residual_mwh.any()
    if market not in ("muda", "huang"):  # one half may hold all sellers; equal prices all set the price
        assert arrays.bought_mwh.sum() > 0
    paid = arrays.bill_mjpy.sum(axis=1) + arrays.rounding_mjpy
    np.testing.assert_array_equal(paid, arrays.community_bill_mjpy)
    slots, _, n = arrays.bought_mwh.shape
    if wires == "private_line":  # the surplus goes back to the members: only rounding is left
        assert np.abs(arrays.rounding_mjpy).max() <= slots * n / 2
