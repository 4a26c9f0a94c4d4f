"""CPU seconds of ASSUME's pay-as-clear for the books in a file, printed as one number.

python benchmarks/peers/assume_pay_as_clear.py BOOKS.npz
"""

import sys
import time
from datetime import datetime, timedelta

import numpy as np
from assume.common.market_objects import MarketConfig
from assume.markets.clearing_algorithms.simple import PayAsClearRole


def main(path):
    """Build the orders first: only clearing is timed."""
    books = np.load(path)
    start = datetime(2026, 1, 1)
    product = (start, start + timedelta(hours=1), None)
    common = {"start_time": product[0], "end_time": product[1], "only_hours": None}
    signed = np.where(books["buys"], -books["quantity"], books["quantity"]).tolist()
    price = books["price"].tolist()
    orders = [
        [{**common, "agent_addr": i, "volume": v, "price": p} for i, (v, p) in enumerate(zip(*row, strict=True))]
        for row in zip(signed, price, strict=True)
    ]
    role = PayAsClearRole.__new__(PayAsClearRole)
    role.marketconfig = MarketConfig()
    begin = time.process_time()
    for book in orders:
        role.clear(book, [product])
    print(time.process_time() - begin)


if __name__ == "__main__":
    main(sys.argv[1])
