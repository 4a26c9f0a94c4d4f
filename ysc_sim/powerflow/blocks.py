"""Blocks of numbers that the kernels work on: their memory, and matrices that act on them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Floats, Ints

CACHE_LINE_BYTES = 64


def aligned(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Uninitialised array that begins on a cache line: wide vector stores across two lines take twice as long.

    >>> aligned((3, 5), np.float32).shape
    (3, 5)
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.empty(size + CACHE_LINE_BYTES, dtype=np.uint8)
    start = -int(raw.__array_interface__["data"][0]) % CACHE_LINE_BYTES
    return raw[start : start + size].view(dtype).reshape(shape)


def new_block(count: int, width: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Uninitialised block (count, 2, width): all real parts follow each other in memory, then all imaginary parts."""
    return aligned((2, count, width), dtype).transpose(1, 0, 2)


def flat(block: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(2·count, width) rows of a block in the order of its memory, real parts first."""
    return block.transpose(1, 0, 2).reshape(2 * block.shape[0], block.shape[2])


def stacked(matrix: Complexes) -> Floats:
    """Real (2r, 2k) form of a complex (r, k) matrix, for :func:`flat` blocks.

    >>> stacked(np.array([[1 + 2j]]))
    array([[ 1., -2.],
           [ 2.,  1.]])
    """
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])


def both_parts(rows: Ints) -> Ints:
    """Rows of the real, then of the imaginary parts where the two alternate.

    >>> both_parts(np.array([4, 0]))
    array([8, 0, 9, 1])
    """
    return np.concatenate([2 * rows, 2 * rows + 1])


def turned(block: Floats, factor: Complexes, out: Floats) -> None:
    """Write ``block``·``factor`` (P, 1 or c) to ``out``; spoils ``block``."""
    real, imag = np.ascontiguousarray(factor.real), np.ascontiguousarray(factor.imag)
    np.multiply(block[:, 0], real, out[:, 0])
    np.multiply(block[:, 1], real, out[:, 1])
    if imag.any():
        block[:, 0] *= imag
        block[:, 1] *= imag
        out[:, 0] -= block[:, 1]
        out[:, 1] += block[:, 0]
