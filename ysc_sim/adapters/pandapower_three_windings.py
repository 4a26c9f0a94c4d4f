"""Zero sequence of three-winding transformers, winding by winding.

pandapower's own unbalanced power flow knows no three-winding transformer. Positive and negative sequence are
those of its balanced one. For the zero sequence the three legs that meet in the star point have the impedances
``vk0_*``, ``vkr0_*``, turned from pairs of windings to legs as for the positive sequence, and each leg ends as
its winding does ([1]_, §3.6 and table 2):

    YN  at its bus     D  to earth, at its bus nothing     Y  nowhere

The core is taken to have return limbs: the magnetising branch is that of the positive sequence.

.. [1] IEC TR 60909-4:2021, Short-circuit currents in three-phase a.c. systems, part 4.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np

from ysc_sim.adapters.pandapower_ppc import converted, two_ports
from ysc_sim.adapters.unrepresentable import UnrepresentableElementError
from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Floats

_GROUP = re.compile("(yn|y|d)" * 3)
_SIDES = ("hv", "mv", "lv")
_VALUES = tuple(f"{kind}0_{side}_percent" for kind in ("vk", "vkr") for side in _SIDES)
_LEAK_PU = 1e-9
"""Admittance to earth at the star point of a transformer without delta: without it an open switch may leave the
zero sequence of the star point to nothing."""


def windings_of(pp_net: Any) -> list[tuple[str, str, str]]:
    """``"yn"``, ``"y"`` or ``"d"`` of each winding of each ``trafo3w``; clock numbers are left out.

    Raises :class:`UnrepresentableElementError` where the group is missing or another one, or where the zero
    sequence has a path and no data.
    """
    answer = []
    table = pp_net.trafo3w
    for row, index in enumerate(table.index):
        said = table.vector_group.iloc[row] if "vector_group" in table else None
        found = _GROUP.fullmatch(re.sub(r"[\d\s,]", "", str(said).lower()))
        if not table.in_service.iloc[row]:
            answer.append(("d", "d", "d"))
            continue
        if found is None:
            raise UnrepresentableElementError(
                f"trafo3w {index} has vector group {said!r}; phases=3 needs YN, Y or D for each winding, as YNynd."
            )
        kinds = found.group(1), found.group(2), found.group(3)
        for column in _VALUES if "yn" in kinds else ():
            if column not in table or np.isnan(table[column].iloc[row]):
                raise UnrepresentableElementError(f"trafo3w {index} has no {column}; phases=3 needs it.")
        answer.append(kinds)
    return answer


def zero_sequence_legs(pp_net: Any) -> Complexes:
    """(3·n, 2, 2) p.u. on 1 MVA a phase: hv legs (bus, star), then mv and lv legs (star, bus)."""
    kinds = windings_of(pp_net)
    signs = _signs(pp_net, kinds)
    y = _legs(pp_net)
    count = len(kinds)
    for row, windings in enumerate(kinds):
        for k, winding in enumerate(windings):
            leg, star = k * count + row, 1 if k == 0 else 0
            own = y[leg, star, star]
            y[leg, [0, 1], [1, 0]] *= signs[row, k]
            if winding != "yn":
                y[leg] = 0
            if winding == "d":
                y[leg, star, star] = own
        if "d" not in windings:
            y[row, 1, 1] += _LEAK_PU
    return y


def _legs(pp_net: Any) -> Complexes:
    """The legs with the zero-sequence impedances instead of those of the positive sequence, and no shift."""
    alone = copy.copy(pp_net)
    table = pp_net.trafo3w.copy()
    for column in _VALUES:
        positive = column.replace("0", "")
        if column in table:
            table[positive] = np.where(np.isnan(table[column].to_numpy(float)), table[positive], table[column])
    table[["shift_mv_degree", "shift_lv_degree"]] = 0.0
    if "tap_step_degree" in table:
        table["tap_step_degree"] = 0.0
    alone["trafo3w"] = table
    for name in ("line", "trafo", "impedance"):
        alone[name] = pp_net[name].iloc[:0]
    net, ppc = converted(alone, all_buses=True, sequence=1)
    return two_ports(net, ppc)[0]


def _signs(pp_net: Any, kinds: list[tuple[str, str, str]]) -> Floats:
    """(n, 3) ±1: an earthed winding that is turned against another by an odd multiple of 60° is wound the other
    way round."""
    answer = np.ones((len(kinds), 3))
    table = pp_net.trafo3w
    shifts = np.stack([0.0 * table.shift_mv_degree, table.shift_mv_degree, table.shift_lv_degree], axis=1)
    for row, windings in enumerate(kinds):
        earthed = [k for k in range(3) if windings[k] == "yn"]
        for k in earthed:
            between = float(shifts[row, k] - shifts[row, earthed[0]])
            turn = np.cos(np.deg2rad(3 * between))
            if abs(turn) < 0.5:
                raise UnrepresentableElementError(
                    f"trafo3w {table.index[row]} is earthed at {_SIDES[earthed[0]]} and {_SIDES[k]}, which its shift "
                    f"of {between:g} degrees between them does not fit; phases=3 needs a multiple of 60."
                )
            answer[row, k] = np.sign(turn)
    return answer
