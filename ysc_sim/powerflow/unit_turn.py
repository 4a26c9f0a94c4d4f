"""From currents to voltages, x = 1 + Z·j, on planes of one width and float type: one product, or a sweep of blocks."""

from __future__ import annotations

import numpy as np

from ysc_sim.powerflow.planes import Planes, Pool
from ysc_sim.powerflow.ports import Float
from ysc_sim.powerflow.unit_form import UnitForm


class DenseTurn:
    """A form of one block. The 1 rides along as a further row of currents."""

    def __init__(self, form: UnitForm, width: int, dtype: Float, pool: Pool) -> None:
        size, kind = form.size, np.dtype(dtype).name
        self._matrix, self._own = form.matrices[dtype][0], form.own_matrix[dtype]
        self.wide: Planes = pool.take(f"j {kind}", (2 * size + 1, width), dtype)
        """Currents, and a row of ones."""
        self.wide[-1] = 1
        self._flow, self._rise = self.wide[:-1], pool.take(f"x {kind}", (2 * size, width), dtype)
        self.current: Planes = self._flow.reshape(1, 2, size, width)
        """To be filled by the caller; kept."""
        self.x: Planes = self._rise.reshape(1, 2, size, width)

    def change(self) -> None:
        """Write Z·j to ``x``."""
        np.matmul(self._own, self._flow, out=self._rise)

    def voltage(self) -> None:
        """Write 1 + Z·j to ``x``."""
        np.matmul(self._matrix, self.wide, out=self._rise)


class TreeTurn:
    """A tree of blocks. Upward, a block's product gives the rises within it and, in two further rows, the sum of its
    currents, which enters the port that it hangs on. These rows are the first of the next block, whose own product
    overwrites them. Downward, the rise of that port is added to the whole block."""

    def __init__(self, form: UnitForm, width: int, dtype: Float, pool: Pool) -> None:
        size, kind, count = form.size, np.dtype(dtype).name, form.blocks
        shape = (count, 2, size, width)
        self.current: Planes = pool.take(f"j {kind}", shape, dtype)
        """To be filled by the caller; kept in float64, spoiled in float32."""
        self.current[:] = 0
        rows: Planes = pool.take(f"x {kind}", (count * 2 * size + 2, width), dtype)
        self.x: Planes = rows[:-2].reshape(shape)
        kept: Planes = pool.take(f"kept {kind}", (count, 2, width), dtype)
        self._upward, self._downward, self._roots = [], [], []
        for number, (piece, matrix) in enumerate(zip(form.pieces, form.matrices[dtype], strict=True)):
            low = number * 2 * size
            product = (matrix, self.current[number].reshape(2 * size, width), rows[low : low + len(matrix)])
            link = None
            if piece.above is None:
                self._roots.append(self.x[number, 0])
            else:
                block, place = piece.above
                link = (self.current[block, :, place], rows[low + 2 * size : low + 2 * size + 2], kept[number])
                self._downward.append((self.x[number], self.x[block, :, place, None]))
            self._upward.append((product, link))
        self._downward.reverse()
        self._links = [link for _, link in self._upward if link is not None][::-1] if dtype is np.float64 else []
        self._keeps = bool(self._links)

    def change(self) -> None:
        """Write Z·j to ``x``."""
        self._sweep(0)

    def voltage(self) -> None:
        """Write 1 + Z·j to ``x``."""
        self._sweep(1)

    def _sweep(self, start: int) -> None:
        for (matrix, flow, rise), link in self._upward:
            np.matmul(matrix, flow, out=rise)
            if link is not None:
                flow_above, total, kept = link
                if self._keeps:
                    kept[:] = flow_above
                np.add(flow_above, total, flow_above)
        if start:
            for rise in self._roots:
                np.add(rise, 1, rise)
        for block, above in self._downward:
            np.add(block, above, block)
        for flow_above, _, kept in self._links:
            flow_above[:] = kept


Turn = DenseTurn | TreeTurn


def new_turn(form: UnitForm, width: int, dtype: Float, pool: Pool) -> Turn:
    """The kind that suits the form."""
    return (DenseTurn if form.dense else TreeTurn)(form, width, dtype, pool)
