"""Where an island comes to rest: the frequency at which droop, damping and curtailment make up for what is missing."""

from __future__ import annotations

import numpy as np

from ysc_sim.resilience.transient_plant import Plant
from ysc_sim.units import Bools, Floats


def missing_at(plant: Plant, missing: Floats, frequency: Floats, apart: Bools) -> Floats:
    """Power balance at rest (source side − load side) at frequency differences (R, b), per unit.

    ``missing`` (R,): what the sources must add; followers marked in ``apart`` (R, q) are left out.
    """
    f = frequency[:, :, None]
    governor = np.clip(-plant.gain[:, None, :] * f, plant.lowest[:, None, :], plant.highest[:, None, :])
    curtailed = np.clip((f - plant.deadband_hz[:, None, :]) / plant.span_hz[:, None, :], 0.0, 1.0)
    follower = plant.follower[:, None, :] * curtailed * ~apart[:, None, :]
    held = governor.sum(axis=2) - follower.sum(axis=2) - plant.damping[:, None] * frequency
    return np.asarray(held - missing[:, None], dtype=np.float64)


def rest_of(plant: Plant, missing: Floats, *, apart: Bools) -> Floats:
    """Frequency difference (R,) in Hz at rest; −inf or inf where nothing holds it.

    The balance falls with frequency in straight pieces: it is taken at the joints, and the piece in which it
    crosses zero is solved for exactly.
    """
    gain = np.where(plant.gain > 0, plant.gain, np.inf)
    edge, zero = plant.deadband_hz, plant.deadband_hz + plant.span_hz
    # One that does not respond has no end of its slope.
    zero = np.where(np.isfinite(zero), zero, edge)
    joints = np.concatenate(
        [np.zeros((plant.rows, 1)), -plant.highest / gain, -plant.lowest / gain, edge, zero], axis=1
    )
    joints.sort(axis=1)
    value = missing_at(plant, missing, joints, apart)
    below = (value > 0).sum(axis=1)
    rows = np.arange(plant.rows)
    left, right = np.maximum(below - 1, 0), np.minimum(below, joints.shape[1] - 1)
    low, high = value[rows, left], value[rows, right]
    share = np.divide(low, low - high, out=np.zeros_like(low), where=low > high)
    inside = joints[rows, left] + share * (joints[rows, right] - joints[rows, left])
    # Outside the joints everything stands at its limit; only damping is left.
    at = np.where(below == 0, joints[:, 0], joints[:, -1])
    over = np.where(below == 0, value[:, 0], value[:, -1])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        outside = np.where(over == 0.0, at, at + over / plant.damping)
    return np.where((below == 0) | (below == joints.shape[1]), outside, inside)
