"""MUDA against pymarket 0.7.6: prices of the halves and what trades at them (tools/oracles/markets/pymarket_muda.py).

pymarket lets the best prices of the longer side trade first and charges fees; here lots decide. So the longer side is
compared by its sum. In some halves pymarket's price clears no market (of 404 that it prices, 12): there ours is checked
against the definition alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ysc_sim.markets.muda import clear_halves

DATA = Path(__file__).parent / "data" / "pymarket_muda.csv"


def competitive(quantity: np.ndarray, price: np.ndarray, buys: np.ndarray, level: float) -> bool:
    """Whether a price clears a book: nobody better than it is left out on either side."""
    must_buy, may_buy = quantity[buys & (price > level)].sum(), quantity[buys & (price >= level)].sum()
    must_sell, may_sell = quantity[~buys & (price < level)].sum(), quantity[~buys & (price <= level)].sum()
    return bool(must_buy <= may_sell and must_sell <= may_buy)


def test_agrees_with_pymarket_where_its_price_clears_the_other_half() -> None:
    table = np.genfromtxt(DATA, delimiter=",", names=True)
    compared = wrong = 0
    for number in range(300):
        book = table[table["book"] == number]
        quantity, price = book["quantity_kwh"], book["price_jpy_per_kwh"]
        buys, left = book["is_buyer"] > 0, book["left"] > 0
        energy, level = clear_halves(quantity, price, buys, left, np.arange(len(book)))
        for half, theirs in ((left, book["right_jpy_per_kwh"][0]), (~left, book["left_jpy_per_kwh"][0])):
            other = ~half
            traded = half & (energy > 0)
            if traded.any():
                assert competitive(quantity[other], price[other], buys[other], float(level[traded][0]))
            if not np.isfinite(theirs) or not (other & buys).any() or not (other & ~buys).any():
                continue  # no price, or nobody to make one
            if not competitive(quantity[other], price[other], buys[other], theirs):
                wrong += 1
                continue
            if traded.any() and abs(level[traded][0] - theirs) > 1e-9:
                continue  # another point of the same interval
            compared += 1
            for side in (half & buys, half & ~buys):
                assert energy[side].sum() == book["traded_kwh"][side].sum()
            wanted = quantity[half & buys & (price >= theirs)].sum()
            offered = quantity[half & ~buys & (price <= theirs)].sum()
            short = half & (buys if wanted <= offered else ~buys)
            np.testing.assert_array_equal(energy[short], book["traded_kwh"][short])
    assert compared > 380
    assert wrong == 12
