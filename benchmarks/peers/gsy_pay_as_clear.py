"""CPU seconds of gsy-framework's pay-as-clear for the books in a file, printed as one number.

python benchmarks/peers/gsy_pay_as_clear.py BOOKS.npz [ANSWER.npz]

ANSWER.npz, if it is asked for, gets the energy matched of each order, (rows, n).
"""

import sys
import time

import numpy as np
from gsy_framework.matching_algorithms import PayAsClearMatchingAlgorithm


def books_of(path):
    """One market's worth of bids and offers for each row, as the matching engine is handed them."""
    books = np.load(path)
    slot = "2026-08-03T00:00"
    for quantity, price, buys in zip(books["quantity"], books["price"], books["buys"], strict=True):
        sides = {True: [], False: []}
        for number, (q, p, b) in enumerate(zip(quantity.tolist(), price.tolist(), buys.tolist(), strict=True)):
            sides[b].append({"id": number, "energy": q, "energy_rate": p, "buyer": number, "seller": number})
        yield {"market": {slot: {"bids": sides[True], "offers": sides[False], "current_time": slot}}}


def main(path, answer=None):
    """Build the orders first: only clearing is timed."""
    books = list(books_of(path))
    begin = time.process_time()
    matches = [PayAsClearMatchingAlgorithm().get_matches_recommendations(book) for book in books]
    spent = time.process_time() - begin
    if answer:
        energy = np.zeros(np.load(path)["quantity"].shape)
        for row, found in enumerate(matches):
            for match in found:
                for order in (match["bids"][0], match["offers"][0]):
                    energy[row, order["id"]] += match["selected_energy"]
        np.savez(answer, energy=energy, rate=[found[0]["trade_rate"] if found else np.nan for found in matches])
    print(spent)


if __name__ == "__main__":
    main(*sys.argv[1:])
