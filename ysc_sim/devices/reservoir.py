"""Moving energy in and out of a store at constant power: shared by batteries and vehicles."""

from __future__ import annotations

import numpy as np

from ysc_sim.contracts import Flow
from ysc_sim.units import SECONDS_PER_HOUR, Floats


def move_energy(
    stored_kwh: Floats,
    p_kw: Floats,
    dt_s: float | Floats,
    floor_kwh: Floats,
    ceiling_kwh: Floats,
    eta_charge: Floats,
    eta_discharge: Floats,
) -> tuple[Floats, Flow]:
    """Stored energy (R, m) after ``dt_s`` at ``p_kw`` (> 0 discharges), and what moved.

    The power is held until the floor or the ceiling is reached; then the device rests. Where that happens the
    store is *set* to the limit, and the flow says when.

    >>> one = np.ones((1, 1))
    >>> stored, flow = move_energy(2 * one, 4 * one, 3600.0, 0 * one, 5 * one, one, one)
    >>> float(stored[0, 0]), float(flow.energy_kwh[0, 0]), float(flow.held_s[0, 0])
    (0.0, 2.0, 1800.0)
    """
    asked = p_kw * (dt_s / SECONDS_PER_HOUR)
    # A store may stand a rounding beyond its limit: then nothing moves, and nothing is pulled back.
    out = np.maximum((stored_kwh - floor_kwh) * eta_discharge, 0.0)
    room = np.minimum((stored_kwh - ceiling_kwh) / eta_charge, 0.0)
    energy = np.minimum(np.maximum(asked, room), out)
    charge = np.maximum(-energy, 0.0)
    discharge = np.maximum(energy, 0.0)
    kept = charge * eta_charge
    taken = discharge / eta_discharge
    after = stored_kwh + kept - taken
    loss = (charge - kept) + (taken - discharge)
    hit = energy != asked
    if not hit.any():
        return after, Flow(energy, charge, discharge, loss)
    np.copyto(after, np.where(asked < 0, ceiling_kwh, floor_kwh), where=hit)
    held = np.full(energy.shape, dt_s, dtype=np.float64) if np.ndim(dt_s) == 0 else dt_s + np.zeros_like(energy)
    np.divide(energy * SECONDS_PER_HOUR, p_kw, out=held, where=hit)
    return after, Flow(energy, charge, discharge, loss, None, held)
