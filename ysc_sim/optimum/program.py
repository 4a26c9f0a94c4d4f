"""A sparse linear program, put together block by block and solved by HiGHS.

Q. Huangfu, J. A. J. Hall, "Parallelizing the dual revised simplex method", Math. Prog. Comp. 10, 2018, 119-142.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.errors import YscError
from ysc_sim.units import Floats, Ints


class Solution(NamedTuple):
    """Values of all columns, and the least cost."""

    values: Floats
    cost: float


class Program:
    """min cost·x over lower ≤ x ≤ upper with rows low ≤ A·x ≤ high."""

    def __init__(self) -> None:
        self.columns = 0
        self.rows = 0
        self._cost: list[Floats] = []
        self._bounds: list[tuple[Floats, Floats]] = []
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._limits: list[tuple[Floats, Floats]] = []

    def add_columns(self, shape: tuple[int, ...], cost: object = 0.0, low: object = 0.0, high: object = np.inf) -> Ints:
        """New columns of any shape; their numbers in that shape."""
        numbers = self.columns + np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
        self.columns += numbers.size
        self._cost.append(_flat(cost, shape))
        self._bounds.append((_flat(low, shape), _flat(high, shape)))
        return numbers

    def add_rows(self, shape: tuple[int, ...], low: object, high: object) -> Ints:
        """New rows of any shape; their numbers in that shape."""
        numbers = self.rows + np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
        self.rows += numbers.size
        self._limits.append((_flat(low, shape), _flat(high, shape)))
        return numbers

    def put(self, rows: Ints, columns: Ints, values: object) -> None:
        """Entries of the matrix; the three broadcast."""
        r, c = np.broadcast_arrays(rows, columns)
        self._entries.append((r.ravel(), c.ravel(), _flat(values, r.shape)))

    def solve(self) -> Solution:
        """The optimum. Raises ``YscError`` where there is none, or HiGHS is not installed."""
        try:
            import highspy
        except ImportError:
            raise YscError("solver_missing") from None
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = self.columns, self.rows
        model.col_cost_ = np.concatenate(self._cost)
        model.col_lower_, model.col_upper_ = (np.concatenate(side) for side in zip(*self._bounds, strict=True))
        model.row_lower_, model.row_upper_ = (np.concatenate(side) for side in zip(*self._limits, strict=True))
        row, column, value = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        order = np.lexsort((column, row))
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.searchsorted(row[order], np.arange(self.rows + 1)).astype(np.int32)
        model.a_matrix_.index_ = column[order].astype(np.int32)
        model.a_matrix_.value_ = value[order]
        # Callbacks are not used, and enabling them prints a banner.
        highs = type("Quiet", (highspy.Highs,), {"enableCallbacks": lambda self: None})()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.passModel(model)
        highs.run()
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise YscError("no_optimum", status=highs.modelStatusToString(highs.getModelStatus()))
        values = np.array(highs.getSolution().col_value)
        return Solution(values, float(highs.getInfo().objective_function_value))


def _flat(values: object, shape: tuple[int, ...]) -> Floats:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), shape).ravel()
