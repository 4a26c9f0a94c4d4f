"""Rows of constant power, solved for the currents: x = 1 + Z·j, conj(x)·j = conj(S).

A few turns of the implicit Z-bus method [1]_ in float32 start it. Then the voltages and what the ports miss,
m = conj(S) − conj(x)·j, are computed in float64, and Newton's equation for the rest,

    δ = W·m − σ·conj(Z·δ),   W = 1/conj(x),   σ = W·j,

is iterated in float32 (iterative refinement in two precisions [2]_). No division is in float64, and what is judged
is m itself, from voltages and currents in float64. A row stands still only by its own m, so that its neighbours
cannot move it by more than that.

.. [1] T. H. Chen et al., "Distribution system power flow analysis: a rigid approach", IEEE Trans. Power
Delivery 6
   (1991) 1146–1152.
.. [2] N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002), ch. 12.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ysc_sim.powerflow.fixed_point import State
from ysc_sim.powerflow.planes import (
    Planes,
    Pool,
    conj_times,
    largest_part,
    largest_square,
    less_conj_product,
    miss,
    tiles,
    times,
)
from ysc_sim.powerflow.ports import as_block
from ysc_sim.powerflow.unit_form import UnitForm
from ysc_sim.powerflow.unit_turn import new_turn
from ysc_sim.units import Bools, Floats, Ints

STANDSTILL_PU = 2e-12
"""A row is done when what its ports miss can move no voltage further than this (p.u.). It is far below any
tolerance, so that what is left of the start, and with it of the company a row was solved in, stays below 1e-10 in
every result."""
AIM_KW = 2e-11
"""What the ports may miss together, so that sums of power, too, keep to 1e-10."""
LEAST_SHARE = 3e-8
"""A correction in float32 cannot reduce what is missed further than to this share."""
START = 1e-7
"""The start ends when the currents are right to this share, at the latest: float32 has no more to give."""
ROUNDS = 3
LONGEST_START = 8
LONGEST_CORRECTION = 10
PLACES_TIMES_ROWS, PLACES_TIMES_ROWS_TREE = 24_000, 36_000
"""Of a chunk: what a turn touches should stay in cache. Sweeps make many calls, and need longer rows."""
LEAST_WIDTH = 96
_FEW = 0.1
"""Share of rows for which no further round is made: they are collected and tried again together."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of c rows. The arrays belong to the kernel, and last until its next rows."""

    form: UnitForm
    x: Floats
    """Planes of voltages per no-load voltage."""
    current: Floats
    """Planes of currents."""
    wide: Floats | None
    """(2·P + 1, c) the same currents and a row of ones, where the form is one block."""
    mismatch_kw: Floats
    """(c,) largest |conj(x)·j − conj(S)|."""
    still: Bools


class ConstantPower:
    """Buffers and turns for rows of one width."""

    def __init__(self, form: UnitForm, columns: Ints, width: int, pool: Pool) -> None:
        """``columns`` (P,): where the power of each port stands in the rows."""
        self.form, self._columns, self._width = form, columns, width
        shape = (form.blocks, 2, form.size, width)
        self._fast = new_turn(form, width, np.float32, pool)
        self._exact = new_turn(form, width, np.float64, pool)
        self._norm = max(form.norm, 1e-30)
        self._power: Floats = pool.take("power", shape, np.float64)
        self._light, self._inverse, self._slope, self._first = (
            pool.take(name, shape, np.float32) for name in ("light", "inverse", "slope", "first")
        )
        self._tiles = tiles(form.blocks, form.size * width)
        low = (self._tiles[0].stop, *shape[1:])
        self._spare, self._other = (pool.take(name, low, np.float32) for name in ("spare", "other"))
        self._spare64, self._other64 = (pool.take(name, low, np.float64) for name in ("spare 64", "other 64"))
        self._by_column: Floats = pool.take("columns", (2 * len(columns) + 1, width), np.float64)
        self._gather = np.full(form.blocks * 2 * form.size, 2 * len(columns), dtype=np.int64)
        ports = np.arange(len(columns))
        self._gather[form.both_rows(form.row)] = np.concatenate([ports, ports + len(columns)])

    def load(self, p_kw: Floats, q_kvar: Floats) -> None:
        """Take the power of some rows (c, columns)."""
        count = len(self._columns)
        first, last = self._columns[0], self._columns[-1] + 1
        chosen = slice(first, last) if last - first == count else self._columns
        if self.form.dense:
            np.copyto(self._power[0, 0], p_kw[:, chosen].T)
            np.copyto(self._power[0, 1], q_kvar[:, chosen].T)
        else:
            np.copyto(self._by_column[:count], p_kw[:, chosen].T)
            np.copyto(self._by_column[count:-1], q_kvar[:, chosen].T)
            self._by_column[-1] = 0
            flat = self._power.reshape(-1, self._width)
            np.take(self._by_column, self._gather, axis=0, out=flat, mode="clip")
        np.copyto(self._light, self._power, casting="same_kind")

    def run(self) -> Outcome:
        """Solve them."""
        with np.errstate(all="ignore"):  # a collapsing row overflows: it will not stand still
            rate = self._start()
            self._exact.current[:] = self._fast.current
            self._exact.voltage()
            for _ in range(ROUNDS):
                self._correct(rate)
                self._exact.voltage()
                square = self._worst()
                still = square <= (STANDSTILL_PU / self._norm) ** 2
                if np.count_nonzero(still) >= (1 - _FEW) * len(still):
                    break
        return Outcome(
            form=self.form,
            x=np.asarray(self._exact.x, dtype=np.float64),
            current=np.asarray(self._exact.current, dtype=np.float64),
            wide=getattr(self._exact, "wide", None),
            mismatch_kw=np.sqrt(square),
            still=still,
        )

    def _start(self) -> float:
        """Currents in float32; answers by how much a turn reduces the error."""
        power, fast = self._light, self._fast
        np.copyto(fast.current[:, 0], power[:, 0])
        np.negative(power[:, 1], fast.current[:, 1])
        fast.change()
        rate = 1.1 * largest_part(fast.x)
        rate = min(max(rate, 1e-4), 0.3) if math.isfinite(rate) else 0.3
        for tile in self._tiles:
            self._first_turn(power[tile], fast.x[tile], fast.current[tile])
        for _ in range(self._start_turns(rate)):
            fast.voltage()
            for tile in self._tiles:
                self._turn(tile)
        for tile in self._tiles:
            spare = self._spare[: tile.stop - tile.start]
            times(fast.current[tile], self._inverse[tile], spare, self._slope[tile])
        return rate

    def _start_turns(self, rate: float) -> int:
        """Until what remains of W, squared, is as small as it shall become."""
        largest = largest_part(self._light)
        aim = math.sqrt(AIM_KW / math.sqrt(self.form.places) / largest) if 0 < largest < math.inf else START
        return min(LONGEST_START, max(1, math.ceil(math.log(max(aim, START)) / math.log(rate)) - 2))

    def _first_turn(self, power: Planes, rise: Planes, current: Planes) -> None:
        """j = conj(S)·(1 − conj(rise)): the inverse of 1 + rise to first order."""
        spare = self._spare[: len(power)]
        np.multiply(power, rise, spare)
        np.subtract(spare[:, 0], spare[:, 1], spare[:, 0])
        np.subtract(power[:, 0], spare[:, 0], current[:, 0])
        np.multiply(power[:, ::-1], rise, spare)
        np.add(spare[:, 0], spare[:, 1], spare[:, 0])
        np.subtract(spare[:, 0], power[:, 1], current[:, 1])

    def _turn(self, tile: slice) -> None:
        """j = conj(S)/conj(x) with 1/conj(x) = x/|x|²."""
        x, inverse, spare = self._fast.x[tile], self._inverse[tile], self._spare[: tile.stop - tile.start]
        np.multiply(x, x, spare)
        square = np.add(spare[:, 0], spare[:, 1], spare[:, 0])
        np.reciprocal(square, square)
        np.multiply(x, spare[:, :1], inverse)
        conj_times(self._light[tile], inverse, spare, self._fast.current[tile])

    def _correct(self, rate: float) -> None:
        """One round: what is missed in float64, the answer to it in float32."""
        fast, exact, first = self._fast, self._exact, self._first
        largest = 0.0
        for tile in self._tiles:
            size = tile.stop - tile.start
            spare, light, wrong = self._spare[:size], self._other[:size], self._other64[:size]
            miss(self._power[tile], exact.x[tile], exact.current[tile], self._spare64[:size], wrong)
            np.copyto(light, wrong, casting="same_kind")
            largest = max(largest, largest_part(light))
            times(self._inverse[tile], light, spare, first[tile])
        np.copyto(fast.current, first)
        for _ in range(self._turns(largest, rate)):
            fast.change()
            for tile in self._tiles:
                spare = self._spare[: tile.stop - tile.start]
                less_conj_product(first[tile], self._slope[tile], fast.x[tile], spare, fast.current[tile])
        for tile in self._tiles:
            spare64 = self._spare64[: tile.stop - tile.start]
            np.copyto(spare64, fast.current[tile])
            np.add(exact.current[tile], spare64, exact.current[tile])

    def _turns(self, largest: float, rate: float) -> int:
        """Until what is missed, ``largest`` in kW, moves neither a voltage nor the power of a source."""
        if not 0 < largest < math.inf:
            return 1 if largest == 0 else LONGEST_CORRECTION
        aim = max(min(STANDSTILL_PU / self._norm, AIM_KW / math.sqrt(self.form.places)) / largest, LEAST_SHARE)
        if aim >= 1:
            return 1
        return min(LONGEST_CORRECTION, max(1, math.ceil(math.log(aim) / math.log(rate) - 0.3)))

    def _worst(self) -> Floats:
        """(c,) largest |m|²."""
        worst = np.zeros(self._width)
        for tile in self._tiles:
            spare, wrong = self._spare64[: tile.stop - tile.start], self._other64[: tile.stop - tile.start]
            miss(self._power[tile], self._exact.x[tile], self._exact.current[tile], spare, wrong)
            np.maximum(worst, largest_square(wrong, spare), out=worst)
        return worst


def unit_width(form: UnitForm, rows: int) -> int:
    """Rows of a chunk, all chunks about alike."""
    most = max(LEAST_WIDTH, (PLACES_TIMES_ROWS if form.dense else PLACES_TIMES_ROWS_TREE) // form.places // 16 * 16)
    chunks = -(-rows // most)
    return -(-rows // (16 * chunks)) * 16


def scaled_state(outcome: Outcome) -> State:
    """Voltages and currents in the scaling and the order of the ports."""
    form, width = outcome.form, outcome.x.shape[3]
    rows = form.both_rows(form.row)
    parts = []
    for planes, factor in ((outcome.x, form.voltage_factor), (outcome.current, form.current_factor)):
        real, imag = planes.reshape(-1, width)[rows].reshape(2, -1, width)
        parts.append(as_block((real + 1j * imag) * factor[:, None]))
    return State(voltage=parts[0], current=parts[1], still=outcome.still)
