"""The judge: the complex power mismatch of each row in float64, from voltages and currents that obey the
network."""

from __future__ import annotations

import numpy as np

from ysc_sim.powerflow.fixed_point import State, turn_power
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
        power = injection.power
        if injection.depends_on_voltage:
            power = injection.actual(np.sqrt(v[:, 0] ** 2 + v[:, 1] ** 2) * ports.magnitude_scale(held))
        spare, error = np.empty_like(v), np.empty_like(v)
        np.multiply(v, j, spare)
        np.add(spare[:, 0], spare[:, 1], error[:, 0])
        np.multiply(v[:, ::-1], j, spare)
        np.subtract(spare[:, 0], spare[:, 1], error[:, 1])
        turn = ports.conj_power_scale(held)
        if turn is None:
            error -= power
        else:  # scaled ports: conj(V)·j = conj(S)·turn
            np.negative(error[:, 1], error[:, 1])
            turn_power(power, turn, spare)
            error -= spare
        np.multiply(error, error, error)
        np.add(error[:, 0], error[:, 1], error[:, 0])
        if turn is not None:
            error[:, 0] /= turn.real**2 + turn.imag**2
        return np.asarray(np.sqrt(error[:, 0].max(axis=0, initial=0.0)))
