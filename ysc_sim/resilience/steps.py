"""One step of an outage as a map of stored energy, in whole milliwatt-hours.

A store that carries x into a step leaves it with

    min(cap, x + change)   if x ≥ least,   else the outage is lost there.

Serving a net load of p kW takes ``need`` = ⌈p·h/η_d⌉, so least = floor + need and change = −need; a surplus brings
``gain`` = ⌊min(p, power)·h·η_c⌋ and asks for nothing. Each change is rounded once, against the store, so that sums are
exact and the same in whatever order they are taken. Maps of this form are closed under composition
(:func:`after`), which is what makes every start of a year answerable at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.units import MWH_PER_KWH, Floats, Ints

NEVER = 2**61
"""A ``least`` that no store reaches."""
LARGEST_KWH = 1e12
_ROUNDING = 2.0**-50
"""Share of a number that the rounding of binary fractions may have added to it: four units in the last place. Without
it 0.07 kWh would need 70,001 mWh."""
_BLOCK = 2**15


class Maps(NamedTuple):
    """Maps of consecutive steps: ``least``, ``change`` and ``cap``, each (rows, T) mWh."""

    least: Ints
    change: Ints
    cap: Ints


def after(first: Maps, second: Maps) -> Maps:
    """The map that does ``first``, then ``second``.

    >>> step = Maps(*(np.array([[value]]) for value in (30, -30, 400)))
    >>> [int(part[0, 0]) for part in after(step, step)]
    [60, -60, 370]
    """
    least = np.maximum(first.least, second.least - first.change)
    np.copyto(least, NEVER, where=first.cap < second.least)
    change = first.change + second.change
    # Beyond these a change says nothing more: no store holds so much. They keep sums inside 64 bits.
    np.clip(change, -NEVER // 2, NEVER // 2, out=change)
    return Maps(least, change, np.minimum(second.cap, first.cap + second.change))


def shifted(maps: Maps, steps: int) -> Maps:
    """Maps of the steps that come ``steps`` later; the horizon wraps round."""
    at = steps % maps.least.shape[-1]
    if at == 0:
        return maps
    return Maps(*(np.concatenate([part[:, at:], part[:, :at]], axis=1) for part in maps))


def step_maps(block: Mapping[str, Floats], step_h: float) -> Maps:
    """Maps of single steps from the arrays of :meth:`Batch.blocks`."""
    load, generation, power = block["load_kw"], block["generation_kw"], block["power_kw"]
    net = load - generation
    net -= _ROUNDING * np.maximum(np.abs(load), np.abs(generation))
    mwh = step_h * MWH_PER_KWH
    capacity = down_mwh(block["energy_kwh"])
    need = np.ceil(np.maximum(net, 0.0) * (mwh / block["discharge_efficiency"]) * (1 - _ROUNDING))
    gain = np.floor(np.clip(-net, 0.0, power) * (mwh * block["charge_efficiency"]) * (1 + _ROUNDING))
    # More than the store holds is as good as all of it, and as bad.
    need_mwh = np.minimum(need, 2 * LARGEST_KWH * MWH_PER_KWH).astype(np.int64)
    gain_mwh = np.minimum(gain, LARGEST_KWH * MWH_PER_KWH).astype(np.int64)
    least = np.where(need_mwh > 0, up_mwh(block["floor_kwh"]) + need_mwh, 0)
    np.copyto(least, NEVER, where=(net > power) | (least > capacity) & (need_mwh > 0))
    return Maps(least, gain_mwh - need_mwh, np.broadcast_to(capacity, least.shape))


def down_mwh(kwh: Floats) -> Ints:
    """Whole milliwatt-hours in an energy that is there."""
    return np.floor(kwh * MWH_PER_KWH * (1 + _ROUNDING)).astype(np.int64)


def up_mwh(kwh: Floats) -> Ints:
    """Whole milliwatt-hours that an energy asks for."""
    return np.ceil(kwh * MWH_PER_KWH * (1 - _ROUNDING)).astype(np.int64)


def whole_steps(name: str, hours: float, step_h: float) -> int:
    """Steps that it takes to cover ``hours``, the last perhaps not in full."""
    if not (np.isfinite(step_h) and step_h > 0):
        raise ValueError(f"step_h(={step_h}) must be finite and > 0.")
    if not (np.isfinite(hours) and hours >= 0):
        raise ValueError(f"{name}(={hours}) must be finite and at least 0.")
    return int(np.ceil(hours / step_h * (1 - _ROUNDING)))


class Batch:
    """Arguments broadcast against (…, T), handed out in blocks of rows that stay in the processor's cache.

    An argument that does not vary over the horizon stays (rows, 1) in the blocks.
    """

    def __init__(self, load_kw: ArrayLike, generation_kw: ArrayLike, **parameters: ArrayLike) -> None:
        given = {"load_kw": load_kw, "generation_kw": generation_kw, **parameters}
        arrays = {name: np.asarray(values, dtype=np.float64) for name, values in given.items()}
        _validate(arrays)
        self.shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
        if not self.shape:
            raise ValueError(f"load_kw(={load_kw!r}) must have a time axis.")
        self._lead, self.steps = self.shape[:-1], self.shape[-1]
        self.rows = int(np.prod(self._lead, dtype=np.int64))
        self._arrays = {
            name: np.broadcast_to(array, (*self._lead, array.shape[-1] if array.ndim else 1))
            for name, array in arrays.items()
        }

    def blocks(self, elements: int = _BLOCK) -> Iterator[tuple[slice, dict[str, Floats]]]:
        """Slices of the flattened leading axes and the arguments of those rows, (rows, T) or (rows, 1) each."""
        if not self.steps:
            return
        rows = max(1, elements // self.steps)
        for start in range(0, self.rows, rows):
            part = slice(start, min(start + rows, self.rows))
            at = np.unravel_index(np.arange(part.start, part.stop), self._lead) if self._lead else (None,)
            yield part, {name: array[at] for name, array in self._arrays.items()}


def _validate(arrays: Mapping[str, Floats]) -> None:
    for name, values in arrays.items():
        if name in ("load_kw", "generation_kw"):
            good, rule = np.isfinite(values), "finite"
        elif name.endswith("_efficiency"):
            good, rule = (values > 0) & (values <= 1), "above 0 and at most 1"
        elif name.endswith("_kw"):
            good, rule = values >= 0, "at least 0"
        else:
            good, rule = (values >= 0) & (values <= LARGEST_KWH), f"at least 0 and at most {LARGEST_KWH:g}"
        if not good.all():
            raise ValueError(f"{name}(={values[~good].flat[0]}) must be {rule}.")
    capacity = down_mwh(arrays["energy_kwh"])
    for name in ("floor_kwh", "start_kwh"):
        if name in arrays and (down_mwh(arrays[name]) > capacity).any():
            raise ValueError(f"{name}(={arrays[name]}) must not exceed energy_kwh(={arrays['energy_kwh']}).")
