"""Rows of constant power, solved for the currents: with k = conj(j) and r = Z·conj(k), (1 + r)·k = S.

A few turns of the implicit Z-bus method [1]_ in float32 start it. Then the rises r and what the ports miss,
m = S − (1 + r)·k, are computed in float64, and Newton's equation for the rest,

    δ = W·m − σ·Z·conj(δ),   W = 1/(1 + r),   σ = W·k,

is iterated in float32 (iterative refinement in two precisions [2]_). Z·conj(δ), too, is added in float32 where it is so
small that its rounding is below that of r. No division is in float64, and what is judged is m itself, from voltages and
currents in float64. A row stands still only by its own m, so that its neighbours cannot move it by more than that.

.. [1] T. H. Chen et al., "Distribution system power flow analysis: a rigid approach", IEEE Trans. Power
Delivery 6
   (1991) 1146–1152.
.. [2] N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002), ch. 12.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ysc_sim.powerflow.fixed_point import State
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.planes import Pool, inverse_of_one_and, largest_part, less_product, miss, spans, squares
from ysc_sim.powerflow.ports import as_block
from ysc_sim.powerflow.unit_form import UnitForm
from ysc_sim.powerflow.unit_turn import new_turn
from ysc_sim.units import Bools, Floats, Ints

STANDSTILL_PU = 2e-12
"""A row is done when what its ports miss can move no voltage further than this. Far below any tolerance, so that what
is left of the start, and with it of the company a row was solved in, stays below 1e-10 in every result."""
ROUND_PU = 1e-12
"""What a round aims at."""
MISSED_KW = 3e-12
"""What the ports may miss together."""
SMALL_STEP = 1e-8
"""A change of r up to this is added in float32: its rounding is a ten-millionth of it."""
LEAST_SHARE = 3e-8
"""A correction in float32 cannot reduce what is missed further than to this share."""
START = 1e-7
"""The start ends when the currents are right to this share, at the latest: float32 has no more to give."""
ROUNDS = 3
LONGEST_START = 8
LONGEST_CORRECTION = 10
PLACES_TIMES_ROWS, PLACES_TIMES_ROWS_TREE = 20_000, 40_000
"""Of a chunk: what a turn touches should stay in cache. Sweeps make many calls, and need longer rows."""
LEAST_WIDTH = 96
SMALL, MOST_KEPT = 4_000, 4
"""Places × rows of a kernel that is kept for the next call, and how many are."""
_FEW = 0.1
"""Share of rows for which no further round is made: they are collected and tried again together."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of c rows. The arrays belong to the kernel, and last until its next rows."""

    form: UnitForm
    rise: Complexes
    """Voltages per no-load voltage, less one; in the shape of the form."""
    current: Complexes
    """k in the shape of the form."""
    mismatch_kw: Floats
    """(c,) largest |S − (1 + r)·k|."""
    still: Bools


class ConstantPower:
    """Buffers and turns for rows of one width."""

    def __init__(self, form: UnitForm, columns: Ints, width: int, pool: Pool) -> None:
        """``columns`` (P,): where the power of each port stands in the rows."""
        self.form, self.width = form, width
        self._norm = max(form.norm, 1e-30)
        self._rough = new_turn(form, width, np.complex64, pool)
        self._exact = new_turn(form, width, np.complex128, pool)
        shape = form.shape(width)
        self._power, self._current, self._wrong = (pool.take(name, shape, np.complex128) for name in ("S", "k", "m"))
        self._light, self._guess, inverse, slope, first = (
            pool.take(f"{name} light", shape, np.complex64) for name in ("S", "k", "inverse", "slope", "first")
        )
        light = (self._light, self._guess, inverse, slope, first, self._rough.rise)
        arrays = (self._power, self._current, self._wrong, self._exact.rise, *light)
        self._tiles = list(zip(*(spans(array) for array in arrays), strict=True))
        self._light_spans = [tile[4] for tile in self._tiles]
        self._rough_spans = [tile[9] for tile in self._tiles]
        self._square: Floats = pool.take("square", (form.places, width), np.float64)
        first_column, last = columns[0], columns[-1] + 1
        self._chosen = slice(first_column, last) if last - first_column == len(columns) else columns
        self._by_column = pool.take("columns", (len(columns) + 1, width), np.complex128)
        self._gather = np.full(form.places, len(columns), dtype=np.int64)
        self._gather[form.place] = np.arange(len(columns))

    def run(self, p_kw: Floats, q_kvar: Floats, *, largest_kw: float) -> Outcome:
        """Solve rows of power (c, columns), ``largest_kw`` at most."""
        self._load(p_kw, q_kvar)
        self._largest_kw = largest_kw
        with np.errstate(all="ignore"):  # a collapsing row overflows: it will not stand still
            rate = self._start()
            self._current[:] = self._guess
            self._exact.run(self._current)
            for _ in range(ROUNDS):
                self._correct(rate)
                square = self._worst()
                still = square <= (STANDSTILL_PU / self._norm) ** 2
                if np.count_nonzero(still) >= (1 - _FEW) * len(still):
                    break
        return Outcome(
            form=self.form,
            rise=np.asarray(self._exact.rise, dtype=np.complex128),
            current=self._current,
            mismatch_kw=np.sqrt(square),
            still=still,
        )

    def _load(self, p_kw: Floats, q_kvar: Floats) -> None:
        """Take the power of some rows."""
        if self.form.node_voltage is not None:
            np.copyto(self._power.real, p_kw)
            np.copyto(self._power.imag, q_kvar)
        elif self.form.dense:
            np.copyto(self._power.real, p_kw[:, self._chosen])
            np.copyto(self._power.imag, q_kvar[:, self._chosen])
        else:
            np.copyto(self._by_column.real[:-1], p_kw[:, self._chosen].T)
            np.copyto(self._by_column.imag[:-1], q_kvar[:, self._chosen].T)
            self._by_column[-1] = 0
            np.take(self._by_column, self._gather, axis=0, out=self._power, mode="clip")
        for tile in self._tiles:
            np.copyto(tile[4].parts, tile[0].parts, casting="same_kind")

    def _start(self) -> float:
        """Currents in float32, and W and σ at them; answers by how much a turn reduces the error."""
        self._rough.run(self._light)
        rate = 1.1 * largest_part(self._rough_spans)
        rate = min(max(rate, 1e-4), 0.3) if math.isfinite(rate) else 0.3
        for *_, power, guess, _, _, _, rise in self._tiles:
            less_product(power, rise, power, guess)
        for _ in range(self._start_turns(rate)):
            self._rough.run(self._guess)
            for *_, power, guess, _, _, _, rise in self._tiles:  # k = S − r·(S − r·k) where (1 + r)·k = S
                less_product(power, rise, guess, guess)
                less_product(power, rise, guess, guess)
        for *_, guess, inverse, slope, first, rise in self._tiles:
            inverse_of_one_and(rise, rate, first, inverse)
            np.multiply(inverse.numbers, guess.numbers, slope.numbers)
        return rate

    def _start_turns(self, rate: float) -> int:
        """Until the error, squared, is as small as it shall become."""
        aim = math.sqrt(self._least(self._largest_kw)) if self._largest_kw > 0 else START
        return min(LONGEST_START, max(1, math.ceil(math.log(max(aim, START)) / math.log(rate)) - 2))

    def _least(self, largest: float) -> float:
        """Share of ``largest``, in kW, that may be left."""
        return min(ROUND_PU / self._norm, MISSED_KW / math.sqrt(self.form.places)) / largest

    def _correct(self, rate: float) -> None:
        """One round: what is missed in float64, the answer to it in float32."""
        for power, current, wrong, rise, _, guess, inverse, _, first, rough in self._tiles:
            miss(power, rise, current, wrong)
            np.copyto(rough.parts, wrong.parts, casting="same_kind")
            np.multiply(inverse.numbers, rough.numbers, first.numbers)
            np.copyto(guess.parts, first.parts)
        largest = largest_part(self._rough_spans)
        for _ in range(self._turns(largest, rate)):
            self._rough.run(self._guess)
            for *_, guess, _, slope, first, rough in self._tiles:
                less_product(first, slope, rough, guess)
        self._step(small=2 * self._norm * largest <= SMALL_STEP)

    def _step(self, *, small: bool) -> None:
        """Take the answer; ``small``: what it makes of r is added in float32."""
        if small:
            self._rough.run(self._guess)
        for _, current, wrong, rise, _, guess, _, _, _, rough in self._tiles:
            np.copyto(wrong.parts, guess.parts)
            np.add(current.parts, wrong.parts, current.parts)
            if small:
                np.copyto(wrong.parts, rough.parts)
                np.add(rise.parts, wrong.parts, rise.parts)
        if not small:
            self._exact.run(self._current)

    def _turns(self, largest: float, rate: float) -> int:
        """Until what is missed, ``largest`` in kW, moves neither a voltage nor the power of a source."""
        if not 0 < largest < math.inf:
            return 0 if largest == 0 else LONGEST_CORRECTION
        aim = max(self._least(largest), LEAST_SHARE)
        if aim >= 1:
            return 0
        return min(LONGEST_CORRECTION, max(0, math.ceil(math.log(aim) / math.log(rate) - 0.3) - 1))

    def _worst(self) -> Floats:
        """(c,) largest |m|²."""
        for power, current, wrong, rise, *_ in self._tiles:
            miss(power, rise, current, wrong)
        squares(self._wrong, self._square.T if self.form.dense else self._square)
        return np.asarray(self._square.max(axis=0, initial=0.0))


def lent(form: UnitForm, columns: Ints, width: int, pool: Pool) -> ConstantPower:
    """A kernel for ``width`` rows: one that was laid aside, or a new one, in ``pool`` unless it is small."""
    kernel: ConstantPower | None = form.kept.pop(width, None)
    if kernel is not None:
        return kernel
    return ConstantPower(form, columns, width, Pool() if width * form.places <= SMALL else pool)


def give_back(kernels: Iterable[ConstantPower]) -> None:
    """Lay small kernels aside for the next call: to make one costs as much as to use it."""
    for kernel in kernels:
        if kernel.width * kernel.form.places <= SMALL:
            if len(kernel.form.kept) >= MOST_KEPT:
                kernel.form.kept.clear()
            kernel.form.kept[kernel.width] = kernel


def unit_width(form: UnitForm, rows: int) -> int:
    """Rows of a chunk, all chunks about alike."""
    most = max(LEAST_WIDTH, (PLACES_TIMES_ROWS if form.dense else PLACES_TIMES_ROWS_TREE) // form.places // 16 * 16)
    chunks = -(-rows // most)
    return -(-rows // (16 * chunks)) * 16


def scaled_state(outcome: Outcome) -> State:
    """Voltages and currents in the scaling and the order of the ports."""
    form = outcome.form
    rise, current = ((array.T if form.dense else array)[form.place] for array in (outcome.rise, outcome.current.conj()))
    voltage = as_block((1 + rise) * form.voltage_factor[:, None])
    return State(voltage=voltage, current=as_block(current * form.current_factor[:, None]), still=outcome.still)
