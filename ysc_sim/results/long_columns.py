"""Columns, and numbers of every slot, of long runs lie on disk: memory stays flat, however long a run is.

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
from numpy.typing import DTypeLike

LARGE_BYTES = 1 << 27
"""Columns that need more than this together lie on disk."""
HELD_BYTES = 1 << 25
"""About what is held in memory of them."""


class LongColumns:
    """Arrays of zeros by name, all of one shape (T, …); in memory if they are ``short``, however large."""

    def __init__(self, kinds: Mapping[str, DTypeLike], shape: tuple[int, ...], *, short: bool = False) -> None:
        """``kinds``: what the numbers of each array are."""
        row = math.prod(shape[1:])
        size = {name: np.dtype(kind).itemsize * row for name, kind in kinds.items()}
        self._maps: list[tuple[mmap.mmap, int]] = []
        self._next, self._step = 0, max(1, HELD_BYTES // max(sum(size.values()), 1))
        # np.zeros takes pages from the system only when they are written to.
        on_disk = not short and sum(size.values()) * shape[0] > LARGE_BYTES and hasattr(mmap, "MADV_DONTNEED")
        self.arrays: Mapping[str, np.ndarray] = {
            name: self._on_disk(shape, np.dtype(kind), size[name]) if on_disk else np.zeros(shape, dtype=kind)
            for name, kind in kinds.items()
        }

    def _on_disk(self, shape: tuple[int, ...], kind: np.dtype, row: int) -> np.ndarray:
        with tempfile.TemporaryFile(prefix="ysc-") as file:
            file.truncate(row * shape[0])
            held = mmap.mmap(file.fileno(), row * shape[0])
        self._maps.append((held, row))
        return np.frombuffer(held, dtype=kind).reshape(shape)

    def let_go(self, upto: int) -> None:
        """Everything before ``upto`` has been written, or read; a smaller number than before begins anew."""
        if upto < self._next:
            self._next = 0
        if not self._maps or upto - self._next < self._step:
            return
        for held, row in self._maps:
            # From the very beginning: somebody may have looked at what was let go before.
            held.madvise(mmap.MADV_DONTNEED, 0, max(upto * row, 1))
        self._next = upto
