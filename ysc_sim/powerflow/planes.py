"""Complex numbers as planes of real and imaginary parts, and the few products that the kernels need of them.

An array of *planes* is (blocks, 2, B, c): blocks of B ports × (real, imaginary) × c rows. Both parts of a block lie
in one piece each, so that an operation runs over B·c numbers at a stretch and the block is a matrix (2·B, c) for
the matrix product. NumPy's own complex type would save additions, but a product with it takes twice as long.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.blocks import aligned
from ysc_sim.units import Floats

Planes = npt.NDArray[np.floating[Any]]
"""(blocks, 2, B, c) float32 or float64."""
TILE_FLOATS = 24_576
"""Numbers in one tile of a plane: what an operation reads and writes should stay in cache for the next one."""


class Pool:
    """Memory for planes, used again for every width that is not larger than one before."""

    def __init__(self) -> None:
        self._memory: dict[str, npt.NDArray[Any]] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Uninitialised array; whatever had this ``name`` before is overwritten by it."""
        size = math.prod(shape)
        memory = self._memory.get(name)
        if memory is None or len(memory) < size:
            memory = self._memory[name] = aligned((size,), dtype)
        return memory[:size].reshape(shape)


def tiles(blocks: int, block_floats: int) -> list[slice]:
    """Runs of blocks whose planes stay in cache.

    >>> tiles(5, 10_000)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, TILE_FLOATS // max(1, block_floats))
    return [slice(low, min(low + step, blocks)) for low in range(0, blocks, step)]


def times(a: Planes, b: Planes, spare: Planes, out: Planes) -> None:
    """Write a·b to ``out``, which may be neither; overwrites ``spare``."""
    np.multiply(a, b, spare)
    np.subtract(spare[:, 0], spare[:, 1], out[:, 0])
    np.multiply(a, b[:, ::-1], spare)
    np.add(spare[:, 0], spare[:, 1], out[:, 1])


def conj_times(a: Planes, b: Planes, spare: Planes, out: Planes) -> None:
    """Write conj(a)·b to ``out``, which may be neither; overwrites ``spare``."""
    np.multiply(a, b, spare)
    np.add(spare[:, 0], spare[:, 1], out[:, 0])
    np.multiply(a, b[:, ::-1], spare)
    np.subtract(spare[:, 0], spare[:, 1], out[:, 1])


def less_conj_product(minuend: Planes, a: Planes, b: Planes, spare: Planes, out: Planes) -> None:
    """Write ``minuend`` − a·conj(b) to ``out``, which may be ``a`` no more than ``b``; overwrites ``spare``."""
    np.multiply(a, b, spare)
    np.add(spare[:, 0], spare[:, 1], spare[:, 0])
    np.subtract(minuend[:, 0], spare[:, 0], out[:, 0])
    np.multiply(a[:, ::-1], b, spare)
    np.subtract(spare[:, 0], spare[:, 1], spare[:, 0])
    np.subtract(minuend[:, 1], spare[:, 0], out[:, 1])


def miss(power: Planes, voltage: Planes, current: Planes, spare: Planes, out: Planes) -> None:
    """Write conj(``power``) − conj(``voltage``)·``current`` to ``out``; overwrites ``spare``."""
    np.multiply(voltage, current, spare)
    np.add(spare[:, 0], spare[:, 1], out[:, 0])
    np.subtract(power[:, 0], out[:, 0], out[:, 0])
    np.multiply(voltage[:, ::-1], current, spare)
    np.subtract(spare[:, 0], spare[:, 1], out[:, 1])
    np.subtract(out[:, 1], power[:, 1], out[:, 1])


def largest_square(planes: Floats, spare: Floats) -> Floats:
    """(c,) largest |·|² over the ports; overwrites ``planes``."""
    np.multiply(planes, planes, planes)
    square = np.add(planes[:, 0], planes[:, 1], spare[:, 0])
    return np.asarray(square.max(axis=(0, 1), initial=0.0))


def largest_part(planes: Planes) -> float:
    """Largest magnitude of a real or imaginary part; NaN if any is."""
    return max(float(planes.max(initial=0.0)), -float(planes.min(initial=0.0)), key=_nan_first)


def _nan_first(value: float) -> float:
    return math.inf if math.isnan(value) else value
