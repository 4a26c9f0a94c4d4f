"""Loads and generators of a pandapower network that are connected in delta: ports between phases.

As in ``runpp_3ph``, the powers ``p_a``, ``p_b``, ``p_c`` of an unbalanced element in delta stand between the phases
a and b, b and c, c and a; a balanced one puts a third on each.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ysc_sim.adapters.pandapower_ppc import bus_powers
from ysc_sim.powerflow.network import EARTH, SHARES
from ysc_sim.units import Floats, Ints

CONNECTED = ("load", "sgen", "asymmetric_load", "asymmetric_sgen")
BETWEEN = ((0, 1), (1, 2), (2, 0))


def parted(pp_net: Any) -> tuple[Any, Any]:
    """Shallow copies: one without what is connected in delta, one with nothing else that uses or feeds in power."""
    star, delta = copy.copy(pp_net), copy.copy(pp_net)
    for name in CONNECTED:
        table = pp_net[name]
        between = table.type.astype(str).str.lower() == "delta"
        star[name], delta[name] = table[~between], table[between & table.in_service.astype(bool)]
    for name in ("motor", "storage", "ward", "xward"):
        delta[name] = pp_net[name].iloc[:0]
    return star, delta


def delta_buses(pp_net: Any) -> Ints:
    """Positions, in order, of the buses at which something in service is connected in delta."""
    _, delta = parted(pp_net)
    named = {int(bus) for name in CONNECTED for bus in delta[name].bus}
    return np.array([k for k, index in enumerate(pp_net.bus.index) if int(index) in named], dtype=np.int64)


def delta_ports(pp_net: Any) -> dict[str, Any]:
    """Fields of a :class:`Network` of three phases: its nodes to earth, then three ports at each of
    :func:`delta_buses`; none where there is nothing in delta."""
    at = delta_buses(pp_net)
    star, delta = parted(pp_net)
    shares = [np.repeat(share, 3) for share in bus_powers(star)[2]]
    if not len(at):
        return dict(zip(SHARES, shares, strict=True))
    nodes = np.arange(3 * len(pp_net.bus))
    between = (3 * at[:, None, None] + np.array(BETWEEN)).reshape(-1, 2)
    of_delta = bus_powers(delta)[2][:, np.repeat(at, 3)]
    return {
        "ports": np.concatenate([np.stack([nodes, np.full_like(nodes, EARTH)], axis=1), between]),
        "port_v_pu": np.concatenate([np.ones(len(nodes)), np.full(len(between), np.sqrt(3.0))]),
        **{name: np.concatenate(both) for name, *both in zip(SHARES, shares, of_delta, strict=True)},
    }


def with_delta(at: Ints, star: Floats, delta: Floats) -> Floats:
    """Injections by port (P,) of (n, 3) in star and in delta; (n, 3) where nothing is in delta."""
    return np.concatenate([star.ravel(), delta[at].ravel()]) if len(at) else star
