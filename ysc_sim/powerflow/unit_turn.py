"""From currents to rises, r = Z·conj(k), for one number of rows and one float type: a product, or a sweep of blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.planes import Numbers, Pool, parts
from ysc_sim.powerflow.unit_form import UnitForm

Complex = type[np.complex64] | type[np.complex128]


class DenseTurn:
    """A form of one block: rows × places. Real and imaginary parts of a row are one vector for a real matrix, in which
    the conjugate lies."""

    def __init__(self, form: UnitForm, width: int, dtype: Complex, pool: Pool) -> None:
        self._matrix = form.matrices[dtype]
        self.rise: Numbers = pool.take(f"rise {np.dtype(dtype).name}", form.shape(width), dtype)
        """r of the last currents."""
        self._parts = parts(self.rise)

    def run(self, current: Numbers) -> None:
        """Write Z·conj(``current``) to ``rise``."""
        np.matmul(parts(current), self._matrix, out=self._parts)


class TreeTurn:
    """A tree of blocks: places × rows. Upward, a block's product gives the rises within it and, in a further row, the
    sum of its currents, which enters the port that it hangs on. This row is the first of the next block, whose own
    product overwrites it. Downward, the rise of that port is added to the whole block."""

    def __init__(self, form: UnitForm, width: int, dtype: Complex, pool: Pool) -> None:
        size, kind = form.size, np.dtype(dtype).name
        self._flow: Numbers = pool.take(f"flow {kind}", form.shape(width), dtype)
        rows: Numbers = pool.take(f"rise {kind}", (form.places + 1, width), dtype)
        self.rise: Numbers = rows[:-1]
        """r of the last currents."""
        self._upward: list[tuple[tuple[Numbers, Numbers, Numbers], _Sum | None]] = []
        self._downward: list[_Sum] = []
        for number, (piece, matrix) in enumerate(zip(form.pieces, form.blocks_of[dtype], strict=True)):
            low = number * size
            product = (matrix, self._flow[low : low + size], rows[low : low + len(matrix)])
            link = None
            if piece.above is not None:
                place = piece.above[0] * size + piece.above[1]
                link = (parts(self._flow[place]), parts(rows[low + size]))
                self._downward.append((parts(rows[low : low + size]), parts(rows[place : place + 1])))
            self._upward.append((product, link))
        self._downward.reverse()

    def run(self, current: Numbers) -> None:
        """Write Z·conj(``current``) to ``rise``."""
        np.conjugate(current, self._flow)
        for (matrix, flow, rise), link in self._upward:
            np.matmul(matrix, flow, out=rise)
            if link is not None:
                np.add(link[0], link[1], link[0])
        for block, above in self._downward:
            np.add(block, above, block)


_Sum = tuple[npt.NDArray[Any], npt.NDArray[Any]]
Turn = DenseTurn | TreeTurn


def new_turn(form: UnitForm, width: int, dtype: Complex, pool: Pool) -> Turn:
    """The kind that suits the form."""
    return (DenseTurn if form.dense else TreeTurn)(form, width, dtype, pool)
