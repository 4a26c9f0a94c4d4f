"""Finer grids around the best candidates of a variant, until steps are too small to matter.

Costs of a purchase are no smooth hills. A target just too low for its battery breaks and costs a peak of the whole
load: the best candidates lie along a cliff that no axis follows. So three things are done, each a batch of simulations:

1. Points spread evenly over the whole range (a Sobol sequence), for hills between the lines of the first grid.
2. From the best and from the best that buy something, apart from each other, a pattern search on small grids,
   diagonals among them: as long as a round finds a better one the step stays, else it is halved, ``refine`` times.
3. From the best of all that on to steps below ``FINE`` of the size, along lines through the best as well; sooner where
   a few rounds have gained nothing that matters.

In both, half of the walks that are left end every round or two.

A row more in a batch costs little, a round much: a round has as many values a key as a batch of good size holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from ysc_sim.scenario.investment import Sizing
from ysc_sim.study.candidates import Points, Variant, joined
from ysc_sim.study.pattern_search import Walk, least_of, within
from ysc_sim.study.pool import Candidates
from ysc_sim.units import Floats, Ints

MOST_STARTS = 6
PARTS = 3
"""Parts of a range that each send a start: costs may have a hump in each."""
ROWS_PER_ROUND = 400
ROWS_FINE = 30
MOST_REACH = 10
MOST_ROUNDS = 2
"""Rounds of finer grids for each halving of the step."""
MOST_FINE_ROUNDS = 24
WALK_ROUNDS, FINE_ROUNDS = 1, 2
"""Rounds until half of the walks are left, of the wide ones and of the fine ones."""
FINE = 0.005
"""Steps below this share of a size end the search."""
OF_RANGE = 0.05
"""A size near 0 counts as this share of its range."""
GAIN = 5e-4
"""Share that a round must gain to matter: of the objective, or of what it is better than to buy nothing by."""
PATIENCE = 3
SPREAD = 32
"""Points of the first step for each key that is varied."""
APART = 0.1
"""Starts lie this share of the range apart in some key."""


class Search(Protocol):
    """What a refinement asks of the search that it is a part of."""

    variants: list[Variant]
    candidates: Candidates
    sizing: Sizing

    def simulate(self, points: Points) -> Ints:
        """Simulate those points that are new; their numbers."""

    def scores(self) -> Floats:
        """What is to be made small, of all candidates."""


def refine(search: Search, number: int, tried: Mapping[str, Sequence[float]]) -> None:
    """Search around the best of variant ``number``; ``tried``: sorted values of each key so far."""
    one = search.variants[number]
    ranges = {key: (values[0], values[-1]) for key, values in tried.items() if values[-1] > values[0]}
    if not ranges or not search.sizing.refine:
        return
    search.simulate(spread(number, one, tried))
    _walk(search, number, tried)
    _polish(search, number, tried)


def spread(number: int, one: Variant, tried: Mapping[str, Sequence[float]]) -> Points:
    """Points that fill the whole range evenly, the same each time."""
    from scipy.stats import qmc

    varied = [key for key in one.keys if tried[key][-1] > tried[key][0]]
    count = 1 << max(SPREAD * len(varied) - 1, 1).bit_length()
    unit = qmc.Sobol(len(varied), scramble=False).random(count)[1:]
    sizes = {key: np.full(count - 1, float(tried[key][0])) for key in one.keys}
    for column, key in enumerate(varied):
        low, high, least = tried[key][0], tried[key][-1], least_of(tried[key])
        sizes[key] = np.array([within(low + share * (high - low), low, high, least) for share in unit[:, column]])
    return Points(number, sizes, count - 1)


def _walk(search: Search, number: int, tried: Mapping[str, Sequence[float]]) -> None:
    """Pattern searches from several starts, all of a round in one batch."""
    starts = _starts(search, number, tried)
    reach = reach_of(ROWS_PER_ROUND // len(starts), len(tried))
    scores, halvings = search.scores(), search.sizing.refine
    walks = [Walk.at(search.candidates, start, tried, reach, float(scores[start]), halvings) for start in starts]
    for turn in range(MOST_ROUNDS * halvings):
        if turn and not turn % WALK_ROUNDS:
            walks = _better_half(walks)
        going = [walk for walk in walks if walk.halvings]
        if not going:
            return
        search.simulate(joined([walk.grid(number, tried) for walk in going]))
        scores = search.scores()
        for walk in going:
            walk.go_on(search.candidates, number, scores)


def _polish(search: Search, number: int, tried: Mapping[str, Sequence[float]]) -> None:
    """From the best places on to steps that do not matter; every few rounds half of those that are left go on."""
    scores = search.scores()
    reach = reach_of(ROWS_FINE, len(tried))
    walks = []
    for start in _starts(search, number, tried):
        if np.isfinite(scores[start]):
            walk = Walk.at(search.candidates, start, tried, reach, float(scores[start]), MOST_FINE_ROUNDS)
            walk.closer(2.0**search.sizing.refine)
            walks.append(walk)
    nothing = float(scores[0])
    for turn in range(MOST_FINE_ROUNDS):
        if turn and not turn % FINE_ROUNDS:
            walks = _better_half(walks)
        going = [walk for walk in walks if walk.idle < PATIENCE and not walk.is_fine(tried, FINE, OF_RANGE)]
        if not going:
            return
        _round(search, number, tried, going, nothing)


def _better_half(walks: Sequence[Walk]) -> list[Walk]:
    return sorted(walks, key=lambda walk: walk.score)[: max(len(walks) // 2, 1)]


def _round(
    search: Search, number: int, tried: Mapping[str, Sequence[float]], walks: Sequence[Walk], nothing: float
) -> None:
    """Small grids and lines of all walks in one batch; ``nothing``: the score of buying nothing."""
    scores, table = search.scores(), search.candidates
    parts = [points for walk in walks for points in (walk.grid(number, tried), walk.line(table, number, scores, tried))]
    search.simulate(joined(parts))
    scores = search.scores()
    for walk in walks:
        before = walk.score
        walk.go_on(table, number, scores)
        worth = min(abs(before), abs(nothing - before) if np.isfinite(nothing) else np.inf)
        walk.idle = 0 if before - walk.score > GAIN * worth else walk.idle + 1


def reach_of(rows: int, keys: int) -> int:
    """Steps to either side so that a grid of all keys has about so many rows.

    >>> reach_of(100, 2), reach_of(100, 4), reach_of(100, 1)
    (4, 1, 10)
    """
    return min(max(int(rows ** (1.0 / keys) - 1.0) // 2, 1), MOST_REACH)


def _starts(search: Search, number: int, tried: Mapping[str, Sequence[float]]) -> list[int]:
    """The best candidate of a variant, and the best that buys something in each part of the range of each key."""
    table = search.candidates
    mine = np.flatnonzero(table.variant == number)
    order = mine[np.argsort(search.scores()[mine], kind="stable")]
    buying = order[table.columns["purchase_jpy"][order] > 0]
    found = [int(order[0])]
    firsts = []
    for key, values in tried.items():
        edges = np.linspace(values[0], values[-1], PARTS + 1)[1:-1]
        part = np.searchsorted(edges, table.sizes[key][buying], side="right")
        firsts += [int(np.argmax(part == k)) for k in range(PARTS) if (part == k).any()]
    for place in sorted(set(firsts)):
        if len(found) < MOST_STARTS and all(_apart(table, int(buying[place]), other, tried) for other in found):
            found.append(int(buying[place]))
    return found


def _apart(table: Candidates, one: int, other: int, tried: Mapping[str, Sequence[float]]) -> bool:
    return any(
        abs(float(table.sizes[key][one] - table.sizes[key][other])) > APART * (values[-1] - values[0])
        for key, values in tried.items()
    )
