"""Clears random books with pymarket 0.7.6's MUDA and writes inputs and answers.

    python tools/oracles/markets/pymarket_muda.py tests/oracle/data/pymarket_muda.csv

Runs in an environment of its own (requirements_pymarket.txt beside this file). No two prices of a book are equal:
pymarket refuses them.
"""

import sys

import numpy as np
import pymarket as pm
from pymarket.mechanisms.muda_auction import muda


def clear(quantity, price, buys, seed):
    """Half and traded energy of each order, and the price of each half."""
    manager = pm.BidManager()
    for user, (q, p, b) in enumerate(zip(quantity, price, buys, strict=True)):
        manager.add_bid(float(q), float(p), user, bool(b))
    transactions, extra = muda(manager.get_df(), np.random.RandomState(seed))
    traded = np.zeros(len(quantity))
    for line in transactions.get_df().itertuples():
        traded[int(line.bid)] += line.quantity
    left = np.isin(np.arange(len(quantity)), extra["left"])
    return left, traded, extra["price_left"], extra["price_right"]


def main(path):
    """Three hundred books of 4 to 14 orders."""
    rng = np.random.default_rng(2018)
    lines = ["book,quantity_kwh,price_jpy_per_kwh,is_buyer,left,traded_kwh,left_jpy_per_kwh,right_jpy_per_kwh"]
    book = 0
    while book < 300:
        n = int(rng.integers(4, 15))
        buys = rng.random(n) < 0.5
        price = rng.choice(np.arange(8, 36, 0.25), n, replace=False)
        quantity = rng.integers(1, 21, n)
        try:
            left, traded, one, other = clear(quantity, price, buys, book)
        except Exception:  # a half without buyers or sellers makes pymarket fail in some books
            continue
        for q, p, b, side, e in zip(quantity, price, buys, left, traded, strict=True):
            lines.append(f"{book},{q:g},{p:g},{int(b)},{int(side)},{e:.10g},{one:g},{other:g}")
        book += 1
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
