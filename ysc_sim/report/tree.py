"""Where the buses of a network are drawn: sources at the left, everything behind them to the right."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from ysc_sim.units import Floats


def places(count: int, ends: Sequence[tuple[int, int]], roots: Sequence[int]) -> tuple[Floats, Floats, int]:
    """Place of each bus as (x, y), 0 … 1 each, and the number of lines that the drawing needs.

    x is the number of branches to the nearest root, y keeps ends apart and puts what branches off in between. A bus
    that no root reaches begins a tree of its own.

    >>> x, y, lines = places(4, [(0, 1), (1, 2), (1, 3)], [0])
    >>> x.tolist(), y.tolist(), lines
    ([0.0, 0.5, 1.0, 1.0], [0.5, 0.5, 0.0, 1.0], 2)
    """
    depth, children, order = _spanned(count, ends, roots)
    row = np.zeros(count)
    ends_seen = 0
    for bus in _leaves_first(order, children):
        if children[bus]:
            row[bus] = (row[children[bus][0]] + row[children[bus][-1]]) / 2.0
        else:
            row[bus] = ends_seen
            ends_seen += 1
    deepest = max(depth, default=0)
    x = np.array(depth, dtype=np.float64) / max(deepest, 1)
    return x, row / max(ends_seen - 1, 1) if ends_seen > 1 else np.full(count, 0.5), ends_seen


def _spanned(
    count: int, ends: Sequence[tuple[int, int]], roots: Sequence[int]
) -> tuple[list[int], list[list[int]], list[int]]:
    """Breadth first: depth and children of each bus, and the buses that begin a tree."""
    beside: list[list[int]] = [[] for _ in range(count)]
    for start, end in ends:
        beside[start].append(end)
        beside[end].append(start)
    depth, children, begun = [-1] * count, [[] for _ in range(count)], []  # type: ignore[var-annotated]
    for root in [*roots, *range(count)]:
        if depth[root] >= 0:
            continue
        begun.append(root)
        depth[root] = 0
        waiting = deque([root])
        while waiting:
            bus = waiting.popleft()
            for other in beside[bus]:
                if depth[other] < 0:
                    depth[other] = depth[bus] + 1
                    children[bus].append(other)
                    waiting.append(other)
    return depth, children, begun


def _leaves_first(roots: Sequence[int], children: Sequence[Sequence[int]]) -> list[int]:
    """Every bus after all that is behind it; neighbours stay neighbours."""
    found: list[int] = []
    for root in roots:
        waiting: list[tuple[int, bool]] = [(root, False)]
        while waiting:
            bus, opened = waiting.pop()
            if opened or not children[bus]:
                found.append(bus)
                continue
            waiting.append((bus, True))
            waiting.extend((child, False) for child in reversed(children[bus]))
    return found
