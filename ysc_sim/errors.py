"""What can go wrong, told to people.

Every error that a user can cause is a :class:`YscError`. It carries a *key* and its *values*; the sentence
is chosen at the edge (command line, report, ``str()``), in English or Japanese, from ``ysc_sim.words``.
Nothing below the edge formats prose.

The tree::

    YscError
    ├── ScenarioError      a scenario, or a file it names, is wrong: holds every Problem found, not the first
    ├── PluginError        two plug-ins share a name, or one that is asked for is unknown or does not keep its contract
    ├── ResultError        a stored result folder cannot be read or written
    ├── TariffError        a plan is unknown, or does not cover what is asked of it
    └── InvariantError     a law of physics or of accounting was broken during a run: a bug of ours or of a plug-in

>>> values = {"key": "enrgy_kwh", "suggestion": "energy_kwh"}
>>> problem = Problem("unknown_key", values, file="a.yaml", line=3, column=5, field="buildings.0")
>>> problem.place
'a.yaml:3:5'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input, and where.

    ``key`` names a sentence in ``words`` (section ``problems``); ``values`` fill its gaps. ``line`` and
    ``column`` count from 1; 0 means that the place is unknown. ``field`` is the dotted path.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0
    column: int = 0
    field: str = ""
    severity: str = "error"
    cell: str = ""
    """Of a workbook, ``sheet!C5``, in the place of line and column."""

    @property
    def place(self) -> str:
        """``file:line:column`` as editors understand it, or ``book.xlsx:sheet!cell``, as far as it is known."""
        parts = [self.file] if self.file else []
        if self.cell:
            parts.append(self.cell)
        elif self.line:
            parts += [str(self.line), str(self.column)]
        return ":".join(parts)


class YscError(Exception):
    """Root of everything that this package raises on purpose."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(key)
        self.key = key
        self.values: dict[str, Any] = values

    def __str__(self) -> str:
        from ysc_sim import words

        return words.sentence("problems", self.key, self.values)


class ScenarioError(YscError):
    """A scenario, or a file that it names, is wrong. ``problems`` lists everything that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("scenario_wrong", count=len(self.problems))

    def __str__(self) -> str:
        from ysc_sim import words

        return "\n".join(words.problem_line(problem) for problem in self.problems)


class PluginError(YscError):
    """A plug-in is missing, named twice, or does not keep its contract."""


class ResultError(YscError):
    """A stored result folder cannot be read or written."""


class TariffError(YscError):
    """A tariff plan is unknown, or does not cover what is asked of it."""


class InvariantError(YscError):
    """A law of physics or of accounting was broken during a run; the message names instant, row and place."""
