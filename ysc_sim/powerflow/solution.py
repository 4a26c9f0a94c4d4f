"""What a solve gives back: arrays by name, and for each row whether it is true."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Bools, Floats, Ints


class Reason(IntEnum):
    """Why a row is, or is not, solved; the text says what to try next."""

    OK = 0
    NOT_CONVERGED = 1
    NO_SOLUTION = 2
    UNSUPPLIED_BUS = 3
    FORMING_LIMIT = 4
    BAD_INPUT = 5

    @property
    def advice(self) -> str:
        """One sentence for people."""
        return ADVICE[self]


_REASONS = np.array(list(Reason), dtype=object)

ADVICE = {
    Reason.OK: "Solved and verified.",
    Reason.NOT_CONVERGED: "No voltage was found that fits, nor shown that none exists; "
    "loosen tolerance_pu or look at the data.",
    Reason.NO_SOLUTION: "The injections were raised step by step and the voltage collapsed "
    "before they were reached; lower the load, or strengthen the network.",
    Reason.UNSUPPLIED_BUS: "Power is injected or drawn at a bus that no source reaches; "
    "close a switch or set it to zero.",
    Reason.FORMING_LIMIT: "A grid-forming source would leave its power limits; shed load, or add a source.",
    Reason.BAD_INPUT: "An input of this row is NaN or infinite, a source voltage is negative, or a bus is held at two "
    "voltages.",
}

RESULTS = (
    "v_pu",
    "p_kw",
    "q_kvar",
    "loss_kw",
    "slack_kw",
    "slack_kvar",
    "branch_current_ka",
    "branch_loading_percent",
    "v_min_pu",
    "v_max_pu",
)
"""Names that ``want`` may hold. ``ok``, ``reason`` and ``mismatch_pu`` are always there."""
ISLAND_RESULTS = ("frequency_hz", "forming_p_kw", "forming_q_kvar")
"""Further names for islands."""


class Solution:
    """Results of T rows. Every float of a row that is not ``ok`` is NaN. Reading what was not wanted is an
    error.

    >>> solution = Solution(2, {"v_min_pu": ((), float)})
    >>> solution.ok, solution.v_min_pu.shape
    (array([False, False]), (2,))
    >>> solution.loss_kw
    Traceback (most recent call last):
    AttributeError: loss_kw was not kept: ask for it with want=("loss_kw", …).
    """

    v_pu: Complexes
    p_kw: Floats
    q_kvar: Floats
    loss_kw: Floats
    slack_kw: Floats
    slack_kvar: Floats
    branch_current_ka: Floats
    branch_loading_percent: Floats
    v_min_pu: Floats
    v_max_pu: Floats
    frequency_hz: Floats
    forming_p_kw: Floats
    forming_q_kvar: Floats

    def __init__(self, rows: int, kept: dict[str, tuple[tuple[int, ...], type]]) -> None:
        self.codes: Ints = np.full(rows, Reason.NOT_CONVERGED, dtype=np.int64)
        self.mismatch_pu: Floats = np.full(rows, np.nan)
        self.kept = tuple(kept)
        for name, (shape, kind) in kept.items():
            setattr(self, name, np.empty((rows, *shape), dtype=kind))

    @property
    def ok(self) -> Bools:
        """(T,) True only where the power mismatch was verified in float64."""
        return np.asarray(self.codes == Reason.OK)

    @property
    def reason(self) -> npt.NDArray[Any]:
        """(T,) a :class:`Reason` for each row (an array of objects; ``codes`` are the same as numbers)."""
        return _REASONS[self.codes]

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        """Reached only for what is not there."""
        if name in Solution.__annotations__:
            raise AttributeError(f'{name} was not kept: ask for it with want=("{name}", …).')
        raise AttributeError(name)
