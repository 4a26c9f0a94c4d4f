"""The judge: the complex power mismatch of each row in float64, from voltages and currents that obey the
network."""

from __future__ import annotations

import numpy as np

from ysc_sim.powerflow.blocks import new_block
from ysc_sim.powerflow.fixed_point import State, tiles, turn_power
from ysc_sim.powerflow.injection import Injection
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.ports import AnyPorts
from ysc_sim.units import Floats


def mismatch_pu(ports: AnyPorts, injection: Injection, held: Complexes, state: State) -> Floats:
    """(c,) largest |V·conj(j) − S(|V|)| over the ports, in p.u. of power; NaN where anything is not finite.

    The voltages of a :class:`State` are E + Z·j, so the network's equations hold by construction; what may be
    wrong is whether the ports then draw what they should.
    """
    v, j = state.voltage, state.current
    with np.errstate(all="ignore"):
        turn = ports.conj_power_scale(held)
        power = _scaled_power(ports, injection, turn, held, v)
        worst = np.zeros(v.shape[2])
        step = next(tiles(len(v), v.shape[2]), slice(0, 0)).stop
        spare, error = (new_block(step, v.shape[2], np.float64) for _ in range(2))
        for tile in tiles(len(v), v.shape[2]):
            size = len(v[tile])
            square = _squared(v[tile], j[tile], power[tile], spare[:size], error[:size])
            if turn is not None:
                square /= turn[tile].real ** 2 + turn[tile].imag ** 2
            np.maximum(worst, square.max(axis=0), out=worst)
        return np.asarray(np.sqrt(worst))


def _scaled_power(ports: AnyPorts, injection: Injection, turn: Complexes | None, held: Complexes, v: Floats) -> Floats:
    """(P, 2, c) conj(S) at the voltages, in the scaling of the ports."""
    power = injection.power
    if injection.depends_on_voltage:
        power = injection.actual(np.sqrt(v[:, 0] ** 2 + v[:, 1] ** 2) * ports.magnitude_scale(held))
    scaled = new_block(len(v), v.shape[2], np.float64)
    turn_power(power, turn, scaled)
    return scaled


def _squared(v: Floats, j: Floats, power: Floats, spare: Floats, error: Floats) -> Floats:
    """(P, c) |conj(V)·j − conj(S)|²; ``spare`` and ``error`` are overwritten."""
    np.multiply(v, j, spare)
    np.add(spare[:, 0], spare[:, 1], error[:, 0])
    np.multiply(v[:, 0], j[:, 1], error[:, 1])
    np.multiply(v[:, 1], j[:, 0], spare[:, 0])
    np.subtract(error[:, 1], spare[:, 0], error[:, 1])
    np.subtract(error, power, error)
    np.multiply(error, error, error)
    return np.add(error[:, 0], error[:, 1], spare[:, 0])
