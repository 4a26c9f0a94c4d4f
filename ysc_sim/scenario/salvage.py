"""What is left of a scenario when its wrong parts are taken away, so that the cross rules can judge the rest.

A person who has to mend one field should not learn of the next mistake only afterwards. A wrong value is
taken out so that its default stands in; where there is none, what it belongs to goes (a device, an outage, in
the end a building). Nothing that is salvaged is ever simulated.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ysc_sim.scenario.extends import look_up
from ysc_sim.scenario.tree import Path_

MAX_ROUNDS = 12
GONE = object()


class Salvage:
    """Plain data that loses parts, and where each item that is left stood at first."""

    def __init__(self, data: Any) -> None:
        self.data = copy.deepcopy(data)
        self._numbers: dict[Path_, list[int]] = {}

    def drop(self, paths: list[Path_]) -> bool:
        """Take out what stands at these paths, or what it is missing from; False if nothing is left."""
        for path in paths:
            target = path if self._exists(path) else path[:-1]
            if not target:
                return False
            if self._exists(target):
                look_up(self.data, target[:-1])[target[-1]] = GONE
        self.data = self._without_gone(self.data, ())
        return True

    def original(self, path: Path_) -> Path_:
        """Where something that is left stood at first."""
        before: Path_ = ()
        for end, part in enumerate(path):
            numbers = self._numbers.get(path[:end])
            before = (*before, numbers[part] if numbers is not None and isinstance(part, int) else part)
        return before

    def _exists(self, path: Path_) -> bool:
        try:
            return look_up(self.data, path) is not GONE
        except (KeyError, IndexError, TypeError):
            return False

    def _without_gone(self, here: Any, path: Path_) -> Any:
        if isinstance(here, dict):
            return {k: self._without_gone(v, (*path, k)) for k, v in here.items() if v is not GONE}
        if not isinstance(here, list):
            return here
        before = self._numbers.get(path, list(range(len(here))))
        kept = [number for number, item in enumerate(here) if item is not GONE]
        below = {p: n for p, n in self._numbers.items() if p[: len(path)] == path and len(p) > len(path)}
        for known in below:
            del self._numbers[known]
        for new, old in enumerate(kept):
            for known, numbers in below.items():
                if known[len(path)] == old:
                    self._numbers[(*path, new, *known[len(path) + 1 :])] = numbers
        self._numbers[path] = [before[number] for number in kept]
        return [self._without_gone(here[number], (*path, new)) for new, number in enumerate(kept)]


def salvage(data: Any, wrong: list[Path_], validate: Callable[[Any], tuple[Any, list[Path_]]]) -> tuple[Any, Salvage]:
    """What is valid after everything wrong was taken out (None if nothing is), and where it stood.

    ``validate`` gives what it read, or None and the paths that are wrong.
    """
    left = Salvage(data)
    for _ in range(MAX_ROUNDS):
        if not left.drop(wrong):
            return None, left
        found, wrong = validate(left.data)
        if found is not None:
            return found, left
    return None, left
