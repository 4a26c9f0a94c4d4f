"""The exact reserve: the least energy in the store with which a promised outage can be lived through.

Composing the maps of :mod:`~ysc_sim.resilience.steps` over the promised number of steps leaves ``least``, the
threshold of the whole outage. Everything above it may be spent while the grid is up, nothing below it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.resilience.steps import NEVER, Batch, Maps, after, down_mwh, shifted, step_maps, up_mwh, whole_steps
from ysc_sim.units import MWH_PER_KWH, Floats, Ints


def reserve_curve(
    load_kw: ArrayLike,
    generation_kw: ArrayLike,
    *,
    hours: float,
    energy_kwh: ArrayLike,
    power_kw: ArrayLike,
    step_h: float,
    charge_efficiency: ArrayLike = 1.0,
    discharge_efficiency: ArrayLike = 1.0,
    floor_kwh: ArrayLike = 0.0,
    charge_from_grid_kw: ArrayLike | None = None,
) -> Floats:
    """Least kWh stored at the start of each step with which an outage of ``hours`` is served in full.

    Arguments as in :func:`~ysc_sim.resilience.survival_hours`, with the same whole milliwatt-hours; an outage of a
    broken number of steps is promised to the end of its last step. ``hours`` may go more than once round.

    With ``charge_from_grid_kw`` (kW at the terminals) the curve is closed backwards,

        r[t] = max(r[t], r[t+1] − η_c·min(charge_from_grid_kw, power_kw)·step_h),

    so that from on or above it one can stay on or above it by charging at no more than that power. In the closing a
    step that no store can survive counts as ``energy_kwh``. For an outage that starts inside a step interpolate
    linearly.

    Returns
    -------
    (…, T) kWh, at least ``floor_kwh``; ``inf`` where even a full store is not enough.

    Raises ``ValueError`` for a number that is out of its range.

    >>> load, sun = [4.0, 4.0, 7.0, 4.0], [0.0, 9.0, 0.0, 0.0]
    >>> reserve_curve(load, sun, hours=2, energy_kwh=12, power_kw=7, step_h=1).tolist()
    [4.0, 2.0, 11.0, 8.0]
    >>> reserve_curve(load, sun, hours=2, energy_kwh=12, power_kw=7, step_h=1, charge_from_grid_kw=3).tolist()
    [5.0, 8.0, 11.0, 8.0]
    """
    parameters = {
        "energy_kwh": energy_kwh,
        "power_kw": power_kw,
        "charge_efficiency": charge_efficiency,
        "discharge_efficiency": discharge_efficiency,
        "floor_kwh": floor_kwh,
    }
    if charge_from_grid_kw is not None:
        parameters["charge_from_grid_kw"] = charge_from_grid_kw
    batch = Batch(load_kw, generation_kw, **parameters)
    steps = whole_steps("hours", hours, step_h)
    found = np.empty((batch.rows, batch.steps))
    for part, block in batch.blocks():
        single = step_maps(block, step_h)
        least = np.maximum(_least_to_survive(single, steps), up_mwh(block["floor_kwh"]))
        hopeless = least > single.cap
        if charge_from_grid_kw is not None:
            charge_kw = np.minimum(block["charge_from_grid_kw"], block["power_kw"])
            charge = down_mwh(np.minimum(charge_kw * step_h * block["charge_efficiency"], block["energy_kwh"]))
            least = _closed(np.minimum(least, single.cap), np.broadcast_to(charge, least.shape))
        found[part] = np.where(hopeless, np.inf, least / MWH_PER_KWH)
    return found.reshape(batch.shape)


def _least_to_survive(single: Maps, steps: int) -> Ints:
    """Energy (rows, T) mWh that serves ``steps`` steps: their maps composed by the binary digits of ``steps``."""
    whole: Maps | None = None
    done = 0
    run = single
    for digit in range(steps.bit_length()):
        if steps >> digit & 1:
            whole = run if whole is None else after(whole, shifted(run, done))
            done += 2**digit
        if steps >> (digit + 1):
            run = after(run, shifted(run, 2**digit))
    return np.zeros_like(single.least) if whole is None else whole.least


def _closed(least: Ints, charge: Ints) -> Ints:
    """The largest of what each later step asks for less what can be charged until then, once round the horizon."""
    steps = least.shape[-1]
    reach = 1
    while reach < steps:
        ahead = shifted(Maps(least, charge, charge), reach)
        least = np.maximum(least, ahead.least - charge)
        charge = np.minimum(charge + ahead.change, NEVER)
        reach *= 2
    return least
