"""CPU seconds of the markets on one core, against targets and, where they are installed, peers.

    python benchmarks/markets.py [--repeat 3] [--quick] \\
        [--assume-python PATH] [--gsy-python PATH] [--pymarket-python PATH]

The book: half buyers at 20–36, half sellers at 8–30 JPY/kWh, 0.1–2 kWh. The sharing game: 51 homes, 40 %
of them with solar, made up. Process time, the best of the repeats. ``--…-python`` names interpreters that have a peer
(see benchmarks/peers/README.md): each clears the same books in the same run, in turn with ours, and the ratio of the
times is told.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from records import emit

from ysc_sim.contracts import Bids
from ysc_sim.markets import (
    OrderBook,
    clear_call_auction,
    estimate_sharing_shapley,
    mid_market_rate,
    muda,
    sharing_game_shapley,
    supply_demand_ratio,
)
from ysc_sim.markets.call_auction import CallAuction, CallAuctionSpec

PEERS = Path(__file__).parent / "peers"
PERIODS, MEMBERS = 17_520, 50
Book = tuple[np.ndarray, np.ndarray, np.ndarray]


def random_book(*shape: int) -> Book:
    rng = np.random.default_rng(6)
    buys = rng.random(shape) < 0.5
    price = np.where(buys, rng.uniform(20, 36, shape), rng.uniform(8, 30, shape))
    return rng.uniform(0.1, 2, shape), price, buys


def best(work: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def homes(members: int = 51) -> np.ndarray:
    """Net energy of a made-up year, (17520, members) kWh."""
    rng = np.random.default_rng(51)
    hour = (np.arange(PERIODS) % 48) / 2
    load = 0.25 * (1 + 0.6 * np.sin((hour - 9) / 24 * 2 * np.pi))[:, None] * rng.gamma(2, 0.5, (PERIODS, members))
    sky = rng.uniform(0, 1, (PERIODS // 48, 1)).repeat(48, axis=0)
    size = np.where(rng.random(members) < 0.4, rng.uniform(1, 2.5, members), 0)
    return np.maximum(0, np.sin((hour - 6) / 12 * np.pi))[:, None] * sky * size - load


def auctions(repeat: int) -> list[tuple[str, float, float]]:
    quantity, price, buys = random_book(PERIODS, MEMBERS)
    whole = np.rint(quantity * 1e6).astype(np.int64)
    market = CallAuction(CallAuctionSpec())

    def engine() -> None:
        for first in range(0, PERIODS, 800):
            part = slice(first, first + 800)
            market.clear(Bids(whole[part], price[part], buys[part]))

    rows = [
        ("call auction, year × 50", best(lambda: clear_call_auction(quantity, price, buys), repeat), 0.10),
        ("call auction in whole mWh, as the engine calls it", best(engine, repeat), 0.20),
    ]
    for n in (10, 100, 1000, 10_000):
        book = random_book(n)
        rows.append(
            (f"call auction, one period, {n:,} orders", best(lambda b=book: clear_call_auction(*b), 50), 1.2e-3)
        )
    net = homes(MEMBERS)
    prices = {"buy_jpy_per_kwh": 30.0, "sell_jpy_per_kwh": 8.5}
    for rule in (mid_market_rate, supply_demand_ratio):
        name = f"{rule.__name__}, year × 50, all that it returns"
        rows.append((name, best(lambda r=rule: r(net, **prices), max(repeat, 10)), 0.010))
    return rows


def order_book(repeat: int, orders: int = 200_000) -> tuple[str, float, float]:
    """Orders a second, as seconds for 5e5 of them."""
    quantity, price, buys = (column.tolist() for column in random_book(orders))

    def run() -> None:
        book = OrderBook()
        for q, p, b in zip(quantity, price, buys, strict=True):
            book.submit(0, b, q, p)

    seconds = best(run, repeat)
    return f"order book, {orders / seconds:,.0f} orders/s; seconds for 5e5", seconds * 5e5 / orders, 1.0


def sharing(quick: bool) -> list[tuple[str, float, float]]:
    net = homes()[:: 20 if quick else 1]
    prices = {"buy_jpy_per_kwh": 30.0, "sell_jpy_per_kwh": 8.5}
    start = time.process_time()
    exact = sharing_game_shapley(net, **prices)
    middle = time.process_time()
    fast = estimate_sharing_shapley(net, **prices)
    end = time.process_time()
    fine = sharing_game_shapley(net, **prices, quantum_kwh=0.05)
    size = np.abs(fine.shares_jpy).max()
    off, coarse = np.abs(fast.shares_jpy - fine.shares_jpy), np.abs(exact.shares_jpy - fine.shares_jpy)
    print(
        f"sharing game, {len(net):,} periods × 51: estimate off by {off.max() / size:.2%} of the largest share "
        f"(said {fast.error_jpy.max() / size:.2%}); quantum 0.2 against 0.05 kWh {coarse.max() / size:.2%}, bound "
        f"{exact.rounding_bound_jpy / size:.1%}"
    )
    factor = PERIODS / len(net)
    return [
        ("sharing game, exact, 0.2 kWh, year × 51", (middle - start) * factor, 60.0),
        ("sharing game, estimate, year × 51", (end - middle) * (1.0 if quick else factor), 1.5),
    ]


def peer(title: str, python: str | None, script: str, rule: Callable[..., object], periods: int) -> None:
    """Clear the same books in turn, theirs then ours: the median of the ratios does not mind a busy machine."""
    quantity, price, buys = random_book(periods, MEMBERS)
    theirs, ours = [], []
    name = f"markets, {rule.__name__}, {periods:,} × {MEMBERS}"
    if python is None:
        emit(name, best(lambda: rule(quantity, price, buys), 5), "s", peer=title)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "books.npz"
        np.savez(path, quantity=quantity, price=price, buys=buys)
        for _ in range(3):
            command = [python, str(PEERS / script), str(path)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            theirs.append(float(answer.split()[-1]))
            ours.append(best(lambda: rule(quantity, price, buys), 5))
    ratio = np.median(np.divide(theirs, ours))
    emit(name, min(ours), "s", peer=title, ratio=ratio)
    year = min(theirs) * PERIODS / periods
    print(
        f"{title}, {periods:,} × {MEMBERS}: {min(theirs):.3f} s ({year:.2f} s a year); ours {min(ours):.4f} s; "
        f"{ratio:.0f} times"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--repeat", type=int, default=3)
    for name, *_ in COMPARED:
        arguments.add_argument(f"--{name}-python")
    arguments.add_argument("--quick", action="store_true", help="a twentieth of the periods of the sharing game")
    chosen = arguments.parse_args()
    rows = [*auctions(chosen.repeat), order_book(chosen.repeat), *sharing(chosen.quick)]
    for name, seconds, target in rows:
        emit(f"markets, {re.sub('[0-9,]+ orders/s; ', '', name)}", seconds, "s", aim=target)
        print(f"{name:60} {seconds:10.5f} s   target {target:g}   {'met' if seconds <= target else 'MISSED'}")
    for name, *compared in COMPARED:
        python = getattr(chosen, f"{name}_python")
        title, *rest = compared
        peer(title, python, *rest)


COMPARED = (
    ("assume", "ASSUME 0.6.0 pay-as-clear", "assume_pay_as_clear.py", clear_call_auction, 2000),
    ("gsy", "gsy-framework 5.0.2 pay-as-clear", "gsy_pay_as_clear.py", clear_call_auction, 1000),
    ("pymarket", "pymarket 0.7.6 MUDA", "pymarket_muda.py", muda, 100),
)


if __name__ == "__main__":
    main()
