"""Columns of long runs lie on disk: memory stays flat, however many intervals are recorded.

They are arrays like any other, mapped to a nameless temporary file that is gone with the last of them. What has been
written, or read through, is let go: it stays in the file (and in the system's cache, as long as nobody else wants the
room), and comes back when somebody asks for it.
"""

from __future__ import annotations

import math
import mmap
import tempfile
from collections.abc import Mapping

import numpy as np

from ysc_sim.units import Floats

LARGE_BYTES = 1 << 28
"""Columns that need more than this together lie on disk."""
HELD_BYTES = 1 << 25
"""About what is held in memory of them."""


class LongColumns:
    """Arrays of zeros by name, all of one shape (T, …); in memory if they are ``short``, however large."""

    def __init__(self, names: list[str], shape: tuple[int, ...], *, short: bool = False) -> None:
        each = math.prod(shape) * np.dtype(np.float64).itemsize
        self._row = each // max(shape[0], 1)
        self._maps: list[mmap.mmap] = []
        self._next, self._step = 0, max(1, HELD_BYTES // max(self._row * len(names), 1))
        # np.zeros takes pages from the system only when they are written to.
        on_disk = not short and each * len(names) > LARGE_BYTES and hasattr(mmap, "MADV_DONTNEED")
        self.arrays: Mapping[str, Floats] = {
            name: self._on_disk(shape, each) if on_disk else np.zeros(shape) for name in names
        }

    def _on_disk(self, shape: tuple[int, ...], size: int) -> Floats:
        with tempfile.TemporaryFile(prefix="ysc-") as file:
            file.truncate(size)
            held = mmap.mmap(file.fileno(), size)
        self._maps.append(held)
        return np.frombuffer(held, dtype=np.float64).reshape(shape)

    def let_go(self, upto: int) -> None:
        """Everything before ``upto`` has been written, or read; a smaller number than before begins anew."""
        if upto < self._next:
            self._next = 0
        if not self._maps or upto - self._next < self._step:
            return
        begin = self._next * self._row // mmap.PAGESIZE * mmap.PAGESIZE
        for held in self._maps:
            held.madvise(mmap.MADV_DONTNEED, begin, upto * self._row - begin)
        self._next = upto
