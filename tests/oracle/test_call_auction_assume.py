"""The call auction against ASSUME 0.6.0's pay-as-clear (github.com/assume-framework/assume), 300 books.

Answers made by ``tools/oracles/markets/assume_pay_as_clear.py``. ASSUME's price is the dearest accepted ask; ours
at k = 0 is that too, unless a bid was left unfilled above it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ysc_sim.markets import clear_call_auction

DATA = Path(__file__).parent / "data" / "assume_pay_as_clear.csv"


def test_same_energy_and_price_as_assume() -> None:
    table = np.genfromtxt(DATA, delimiter=",", names=True)
    marginal_asks = 0
    for book in range(300):
        rows = table[table["book"] == book]
        buys = rows["is_buyer"] == 1
        ours = clear_call_auction(rows["quantity_kwh"], rows["price_jpy_per_kwh"], buys, k=0)
        np.testing.assert_allclose(ours.cleared_kwh, rows["accepted_kwh"], atol=1e-9)
        theirs = rows["uniform_jpy_per_kwh"][0]
        short = buys & (ours.cleared_kwh < rows["quantity_kwh"])
        best_unfilled = max(rows["price_jpy_per_kwh"][short], default=-np.inf)
        np.testing.assert_equal(
            float(ours.price_jpy_per_kwh), float(max(theirs, best_unfilled)) if ours.cleared_kwh.any() else np.nan
        )
        marginal_asks += bool(theirs >= best_unfilled)
    assert marginal_asks > 60
