"""Clears random books with ASSUME 0.6.0's pay-as-clear and writes inputs and answers.

    python tools/oracles/markets/assume_pay_as_clear.py tests/oracle/data/assume_pay_as_clear.csv

Runs in an environment of its own (requirements.txt beside this file). No two prices of a book are equal, because ASSUME
draws lots between equal ones.
"""

import sys
from datetime import datetime, timedelta

import numpy as np
from assume.common.market_objects import MarketConfig
from assume.markets.clearing_algorithms.simple import PayAsClearRole


def clear(quantity, price, buys):
    """Accepted energy of each order, and the price."""
    start = datetime(2026, 1, 1)
    product = (start, start + timedelta(hours=1), None)
    orders = [
        {"start_time": product[0], "end_time": product[1], "only_hours": None, "agent_addr": number, "bid_id": number,
         "volume": float(-q if b else q), "price": float(p)}
        for number, (q, p, b) in enumerate(zip(quantity, price, buys, strict=True))
    ]  # fmt: skip
    role = PayAsClearRole.__new__(PayAsClearRole)
    role.marketconfig = MarketConfig()
    accepted, _, _, _ = role.clear(orders, [product])
    energy, uniform = np.zeros(len(orders)), float("nan")
    for order in accepted:
        energy[order["bid_id"]] = abs(order["accepted_volume"])
        uniform = order["accepted_price"]
    return energy, uniform


def main(path):
    """Three hundred books of 2 to 14 orders."""
    rng = np.random.default_rng(2026)
    lines = ["book,quantity_kwh,price_jpy_per_kwh,is_buyer,accepted_kwh,uniform_jpy_per_kwh"]
    for book in range(300):
        n = int(rng.integers(2, 15))
        buys = rng.random(n) < 0.5
        price = rng.choice(np.arange(8, 36, 0.25), n, replace=False)
        quantity = rng.integers(1, 21, n) / 10
        energy, uniform = clear(quantity, price, buys)
        for q, p, b, e in zip(quantity, price, buys, energy, strict=True):
            lines.append(f"{book},{q:g},{p:g},{int(b)},{e:.10g},{uniform:g}")
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
