"""Complex numbers that lie one behind the other, and the few products that the kernels need of them.

NumPy multiplies complex numbers with vector instructions, at a quarter of the memory that planes of real and
imaginary parts would move; it adds them one by one, so that sums are taken of their parts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.blocks import aligned
from ysc_sim.units import Floats

Numbers = npt.NDArray[np.complexfloating[Any, Any]]
"""complex64 or complex128, without gaps."""
TILE = 20_480
"""Numbers in one tile: what an operation reads and writes should stay in cache for the next one."""
_TWO_FACTORS, _THREE_FACTORS = 0.04, 0.2


class Pool:
    """Memory for arrays, used again for every width that is not larger than one before."""

    def __init__(self) -> None:
        self._memory: dict[str, npt.NDArray[Any]] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Uninitialised array; whatever had this ``name`` before is overwritten by it."""
        size = math.prod(shape)
        memory = self._memory.get(name)
        if memory is None or len(memory) < size:
            memory = self._memory[name] = aligned((size,), dtype)
        return memory[:size].reshape(shape)


def tiles(count: int) -> list[slice]:
    """Runs of numbers that stay in cache, all about alike.

    >>> tiles(60_000)
    [slice(0, 20000, None), slice(20000, 40000, None), slice(40000, 60000, None)]
    """
    pieces = max(1, -(-count // TILE))
    step = max(1, -(-count // pieces))
    return [slice(low, min(low + step, count)) for low in range(0, count, step)]


def parts(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Real and imaginary parts in turns, on the same memory."""
    return numbers.view(np.float32 if numbers.dtype == np.complex64 else np.float64)


class Span:
    """Some numbers, and their parts on the same memory; both are made once, since a view costs as much as a thousand
    sums."""

    __slots__ = ("numbers", "parts")

    def __init__(self, numbers: npt.NDArray[Any]) -> None:
        self.numbers, self.parts = numbers, parts(numbers)


def spans(array: Numbers) -> list[Span]:
    """The :func:`tiles` of an array."""
    whole = array.reshape(-1)
    return [Span(whole[tile]) for tile in tiles(len(whole))]


def less_product(minuend: Span, a: Span, b: Span, out: Span) -> None:
    """Write ``minuend`` − a·b to ``out``, which may be ``a`` or ``b``."""
    np.multiply(a.numbers, b.numbers, out.numbers)
    np.subtract(minuend.parts, out.parts, out.parts)


def miss(power: Span, rise: Span, current: Span, out: Span) -> None:
    """Write ``power`` − (1 + ``rise``)·``current`` to ``out``."""
    np.multiply(rise.numbers, current.numbers, out.numbers)
    np.add(out.parts, current.parts, out.parts)
    np.subtract(power.parts, out.parts, out.parts)


def inverse_of_one_and(rise: Span, largest: float, spare: Span, out: Span) -> None:
    """Write 1/(1 + ``rise``) to ``out``: (1 − r)·(1 + r²)·… where ``largest``, of its parts, is small. Overwrites
    ``rise`` and ``spare``."""
    if not largest <= _THREE_FACTORS:
        np.add(rise.numbers, 1, out.numbers)
        np.reciprocal(out.numbers, out.numbers)
        return
    np.subtract(1, rise.numbers, out.numbers)
    for _ in range(1 if largest <= _TWO_FACTORS else 2):
        np.multiply(rise.numbers, rise.numbers, rise.numbers)
        np.multiply(out.numbers, rise.numbers, spare.numbers)
        np.add(out.parts, spare.parts, out.parts)


def squares(numbers: npt.NDArray[Any], out: Floats) -> None:
    """Write |·|² to ``out``; overwrites ``numbers``."""
    both = parts(numbers)
    np.multiply(both, both, both)
    np.add(numbers.real, numbers.imag, out)


def largest_part(spans_of: Iterable[Span]) -> float:
    """Largest magnitude of a real or imaginary part; infinite if any is NaN."""
    ends = [(float(np.maximum.reduce(one.parts)), -float(np.minimum.reduce(one.parts))) for one in spans_of]
    return max((_nan_last(value) for both in ends for value in both), default=0.0)


def _nan_last(value: float) -> float:
    return math.inf if math.isnan(value) else value
