"""How long a store lasts when the grid fails, for an outage that starts with every step of the horizon.

The plain rule walks on from each start until a step cannot be served: O(T²) steps for a year that survives. Since the
maps of steps compose (:mod:`~ysc_sim.resilience.steps`), the maps of 1, 2, 4, 8 … steps from every start take O(T)
each, and every start finds its last served step by bisection over them: O(T log T), and the same whole milliwatt-hours
as the plain rule.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.resilience.steps import NEVER, Batch, Maps, after, down_mwh, shifted, step_maps, whole_steps
from ysc_sim.units import Floats, Ints


def survival_hours(
    load_kw: ArrayLike,
    generation_kw: ArrayLike,
    *,
    energy_kwh: ArrayLike,
    power_kw: ArrayLike,
    start_kwh: ArrayLike,
    step_h: float,
    charge_efficiency: ArrayLike = 1.0,
    discharge_efficiency: ArrayLike = 1.0,
    floor_kwh: ArrayLike = 0.0,
    max_hours: float | None = None,
) -> Floats:
    """Hours served from an outage that starts with each step; the horizon wraps round.

    A step is served when load − generation ≤ ``power_kw`` (at the store's terminals) and the energy above the floor
    suffices; surplus charges up to both limits. A step's change is rounded once to integer mWh, need up and gain down.

    Parameters
    ----------
    load_kw, generation_kw : (…, T) kW, both counted positive, constant inside a step.
    energy_kwh, floor_kwh, start_kwh : kWh; capacity, level below which nothing is taken out, content when the outage
        starts (a start below the floor waits for surplus).
    power_kw : kW, of charging and discharging; may be infinite.
    charge_efficiency, discharge_efficiency : 0 < η ≤ 1.
    step_h : h, length of a step.
    max_hours : h; look no further than this, which may be more than once round. None: once round, T steps.

    All but ``step_h`` and ``max_hours`` broadcast as in NumPy against (…, T): a batch of designs is (D, 1).

    Returns
    -------
    (…, T) h: fully served steps × ``step_h``; where all are served T × ``step_h``, or ``max_hours``.

    Raises ``ValueError`` for a number that is out of its range.

    >>> survival_hours([30.0] * 24, 0.0, energy_kwh=400, power_kw=30, start_kwh=400, step_h=1.0).tolist()[:3]
    [13.0, 13.0, 13.0]
    >>> size = np.array([[10.0], [11.0]])
    >>> survival_hours([4, 4, 7], [0, 8, 0], energy_kwh=size, power_kw=8, start_kwh=size, step_h=1).tolist()
    [[3.0, 2.0, 1.0], [3.0, 3.0, 3.0]]
    """
    batch = Batch(
        load_kw,
        generation_kw,
        energy_kwh=energy_kwh,
        power_kw=power_kw,
        start_kwh=start_kwh,
        charge_efficiency=charge_efficiency,
        discharge_efficiency=discharge_efficiency,
        floor_kwh=floor_kwh,
    )
    steps = whole_steps("max_hours", batch.steps * step_h if max_hours is None else max_hours, step_h)
    found = np.empty((batch.rows, batch.steps))
    for part, block in batch.blocks():
        found[part] = _served_steps(step_maps(block, step_h), down_mwh(block["start_kwh"]), steps)
    found *= step_h
    if max_hours is not None:
        np.minimum(found, max_hours, out=found)
    return found.reshape(batch.shape)


def _served_steps(single: Maps, start_mwh: Ints, most: int) -> Ints:
    """Steps served from each start, at most ``most``: the longest runs are tried first, from where the last one led."""
    runs = [single]
    while len(runs) < most.bit_length() and (runs[-1].least < NEVER).any():
        runs.append(after(runs[-1], shifted(runs[-1], 2 ** (len(runs) - 1))))
    rows, steps = single.least.shape
    first = np.arange(rows)[:, None] * steps
    now = np.broadcast_to(np.arange(steps), (rows, steps)).copy()
    store = np.broadcast_to(start_mwh, (rows, steps)).copy()
    served = np.zeros((rows, steps), dtype=np.int64)
    for power in reversed(range(min(len(runs), most.bit_length()))):
        length = 2**power
        least, change, cap = (part.ravel() for part in runs[power])
        at = now + first
        lives = (store >= np.take(least, at)) & (served <= most - length)
        if not lives.any():
            continue
        np.copyto(store, np.minimum(np.take(cap, at), store + np.take(change, at)), where=lives)
        np.add(served, length, out=served, where=lives)
        np.add(now, length % steps, out=now, where=lives)
        np.subtract(now, steps, out=now, where=now >= steps)
    return served
