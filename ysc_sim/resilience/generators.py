"""Probability of living through an outage on generators that may fail, with a store beside them.

The number of running generators is a Markov chain: at the start of each step, the first too, each running one fails
with probability step_h / MTTF and stays out. What they could give beyond the load charges the store. The question and
the chain are those of REopt's energy resilience model [1]_; there the store is cut into bins, here the energies that
can occur are followed one by one, in whole milliwatt-hours.

.. [1] REopt.jl, src/outagesim/backup_reliability.jl, github.com/NREL/REopt.jl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.resilience.steps import NEVER, Batch, Maps, down_mwh, shifted, step_maps, whole_steps
from ysc_sim.units import Bools, Floats, Ints

MOST_ENERGIES = 128
"""Different energies that are kept apart for one start and one number of running generators."""
_BLOCK = 2**13


class Cloud(NamedTuple):
    """Energies that the store may hold (starts, k) mWh, and their probabilities (starts, k)."""

    energy: Ints
    chance: Floats


def survival_probability(
    load_kw: ArrayLike,
    generation_kw: ArrayLike,
    *,
    hours: float,
    generator_kw: ArrayLike,
    generator_count: ArrayLike,
    mttf_h: ArrayLike,
    start_failure: ArrayLike = 0.0,
    energy_kwh: ArrayLike = 0.0,
    power_kw: ArrayLike = 0.0,
    start_kwh: ArrayLike = 0.0,
    floor_kwh: ArrayLike = 0.0,
    charge_efficiency: ArrayLike = 1.0,
    discharge_efficiency: ArrayLike = 1.0,
    step_h: float,
) -> Floats:
    """Probability that every step so far was served, for an outage that starts with each step.

    Parameters
    ----------
    generator_kw, generator_count : size of each generator and how many there are, all alike; fuel does not run out.
    mttf_h : h, mean time to failure, at least ``step_h``; may be infinite.
    start_failure : probability that a generator does not start at all.

    The others as in :func:`~ysc_sim.resilience.survival_hours`. All but ``hours`` and ``step_h`` broadcast against
    (…, T); the horizon wraps round.

    Returns
    -------
    (…, T, ⌈hours/step_h⌉). Exact as long as no start meets more than 128 different energies for one number of running
    generators; beyond that neighbours are joined at the lower energy: a lower bound. Raises ``ValueError``.

    >>> chance = survival_probability([1, 2, 2], 0, hours=3, generator_kw=1, generator_count=2, mttf_h=5, energy_kwh=4,
    ...                               power_kw=1, start_kwh=3, floor_kwh=2, step_h=1)
    >>> chance[0].round(6).tolist()
    [1.0, 0.8704, 0.557056]
    """
    steps = whole_steps("hours", hours, step_h)
    _validate(generator_count, mttf_h, start_failure, step_h)
    batch = Batch(
        load_kw,
        generation_kw,
        generator_kw=generator_kw,
        generator_count=generator_count,
        failure=np.divide(step_h, mttf_h),
        start_failure=start_failure,
        energy_kwh=energy_kwh,
        power_kw=power_kw,
        start_kwh=start_kwh,
        floor_kwh=floor_kwh,
        charge_efficiency=charge_efficiency,
        discharge_efficiency=discharge_efficiency,
    )
    found = np.empty((batch.rows, batch.steps, steps))
    most = int(np.max(generator_count, initial=0))
    for part, block in batch.blocks(_BLOCK):
        for step, served in enumerate(_served_so_far(block, most, steps, step_h)):
            found[part, :, step] = served
    return found.reshape(*batch.shape, steps)


def _served_so_far(block: Mapping[str, Floats], most: int, steps: int, step_h: float) -> Iterator[Floats]:
    """Probability (rows, T) that all steps of the outage so far were served, step after step."""
    maps = _maps_by_running(block, most, step_h)
    shape = maps[0].least.shape
    clouds = _clouds_at_start(block, shape, most)
    failure = np.broadcast_to(block["failure"], shape)
    for step in range(steps):
        clouds = _failed(clouds, np.roll(failure, -step, axis=1).reshape(-1, 1))
        clouds = [_served(cloud, shifted(some, step)) for cloud, some in zip(clouds, maps, strict=True)]
        yield np.reshape(sum(np.add.reduce(cloud.chance, axis=1) for cloud in clouds), shape)


def _validate(count: ArrayLike, mttf_h: ArrayLike, start_failure: ArrayLike, step_h: float) -> None:
    numbers, means, chance = (np.asarray(values, dtype=np.float64) for values in (count, mttf_h, start_failure))
    if not ((numbers >= 0) & (numbers == np.floor(numbers)) & np.isfinite(numbers)).all():
        raise ValueError(f"generator_count(={count!r}) must be whole and at least 0.")
    if not (means >= step_h).all():
        raise ValueError(f"mttf_h(={mttf_h!r}) must be at least step_h(={step_h}): it fails once a step at most.")
    if not ((chance >= 0) & (chance <= 1)).all():
        raise ValueError(f"start_failure(={start_failure!r}) must lie between 0 and 1.")


def _maps_by_running(block: Mapping[str, Floats], most: int, step_h: float) -> list[Maps]:
    """Maps of the steps with 0, 1 … ``most`` generators running."""
    found = []
    for running in range(most + 1):
        generation = block["generation_kw"] + running * block["generator_kw"]
        found.append(step_maps({**block, "generation_kw": generation}, step_h))
    return found


def _clouds_at_start(block: Mapping[str, Floats], shape: tuple[int, ...], most: int) -> list[Cloud]:
    """Binomial in the number of generators that start; the store holds what it holds."""
    energy = np.broadcast_to(down_mwh(block["start_kwh"]), shape).reshape(-1, 1)
    count = np.broadcast_to(block["generator_count"], shape).astype(np.int64).reshape(-1, 1)
    fails = np.broadcast_to(block["start_failure"], shape).reshape(-1, 1)
    ways = np.array([[comb(of, some) for some in range(most + 1)] for of in range(most + 1)], dtype=np.float64)
    clouds = []
    for running in range(most + 1):
        chance = ways[count, running] * (1 - fails) ** running * fails ** np.maximum(count - running, 0)
        clouds.append(Cloud(energy, chance))
    return clouds


def _failed(clouds: list[Cloud], failure: Floats) -> list[Cloud]:
    """Where each cloud goes when every running generator may fail with probability ``failure`` (starts, 1)."""
    found = []
    for left in range(len(clouds)):
        parts = [
            Cloud(
                cloud.energy, cloud.chance * (comb(before, left) * (1 - failure) ** left * failure ** (before - left))
            )
            for before, cloud in enumerate(clouds)
            if before >= left
        ]
        energy = np.concatenate([part.energy for part in parts], axis=1)
        found.append(Cloud(energy, np.concatenate([part.chance for part in parts], axis=1)))
    return found


def _served(cloud: Cloud, maps: Maps) -> Cloud:
    """What is left of a cloud after a step: the share that could not be served is gone, equal energies are joined."""
    least, change, cap = (part.reshape(-1, 1) for part in maps)
    chance = np.where(cloud.energy >= least, cloud.chance, 0.0)
    energy = np.where(chance > 0, np.minimum(cap, cloud.energy + change), NEVER)
    order = np.argsort(energy, axis=1, kind="stable")
    energy, chance = np.take_along_axis(energy, order, axis=1), np.take_along_axis(chance, order, axis=1)
    gap = np.diff(energy, axis=1)
    place = np.zeros_like(energy)
    np.cumsum(_kept_apart(gap, gap * chance[:, 1:]), axis=1, out=place[:, 1:])
    width = int(place.max(initial=0)) + 1
    flat = (place + np.arange(len(place))[:, None] * width).ravel()
    joined = np.bincount(flat, chance.ravel(), len(place) * width).astype(np.float64)
    lowest = np.zeros(len(place) * width, dtype=np.int64)
    # Written from the highest down, so that the lowest of those that were joined stays; what is lost comes last.
    lowest[flat[::-1]] = energy.ravel()[::-1]
    return Cloud(lowest.reshape(-1, width), joined.reshape(-1, width))


def _kept_apart(gap: Ints, loss: Floats) -> Bools:
    """Which neighbours (starts, k) stay apart: those that differ, the costliest to join first if there are too many."""
    apart = gap > 0
    if np.add.reduce(apart, axis=1).max(initial=0) < MOST_ENERGIES:
        return apart
    costliest = np.argpartition(np.where(apart, loss, -1.0), 1 - MOST_ENERGIES, axis=1)[:, 1 - MOST_ENERGIES :]
    kept = np.zeros_like(apart)
    np.put_along_axis(kept, costliest, True, axis=1)
    return kept & apart
