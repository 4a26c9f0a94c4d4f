"""CPU seconds of pymarket's MUDA for the books in a file, printed as one number.

python benchmarks/peers/pymarket_muda.py BOOKS.npz
"""

import sys
import time

import numpy as np
import pymarket as pm
from pymarket.mechanisms.muda_auction import muda


def main(path):
    """Build the books first: only clearing is timed."""
    books = np.load(path)
    frames = []
    for quantity, price, buys in zip(books["quantity"], books["price"], books["buys"], strict=True):
        manager = pm.BidManager()
        for user, (q, p, b) in enumerate(zip(quantity, price, buys, strict=True)):
            manager.add_bid(float(q), float(p), user, bool(b))
        frames.append(manager.get_df())
    begin = time.process_time()
    for number, frame in enumerate(frames):
        muda(frame, np.random.RandomState(number))
    print(time.process_time() - begin)


if __name__ == "__main__":
    main(sys.argv[1])
