"""Which meters may not run backwards (逆潮流禁止), as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ysc_sim.community.arrays import ExportBan
from ysc_sim.community.members import Member
from ysc_sim.community.segments import Segments
from ysc_sim.contracts import Device
from ysc_sim.scenario.schema import NoExport, Scenario
from ysc_sim.units import Floats

RELAY_SHARE = 0.05
"""Of the rated generation behind the meter, where the relay's own setting is not given."""
GUARD_KW = 1e-9
"""Import kept beyond the margin, so that what rounding leaves of a balance never counts as export."""
COMMON_GUARD_KW = 4e-6
"""The same for each building behind a common meter, whose register is the sum of theirs in whole mWh."""
GENERATORS = ("pv", "wind", "genset")


def export_bans(scenario: Scenario, members: Sequence[Member], fleets: Sequence[Device]) -> Iterable[ExportBan]:
    """Bans of the buildings' own meters, then that of the point of connection."""
    rated = np.zeros(len(members))
    for fleet in fleets:
        if fleet.energy_class in GENERATORS:
            np.add.at(rated, fleet.placed.building, [getattr(spec, "rated_kw", 0.0) for spec in fleet.placed.specs])
    forbidden = np.array([member.spec.export == "forbidden" for member in members])
    if forbidden.any():
        rules = [member.spec.no_export for member in members]
        yield _ban(Segments(np.arange(len(members)), len(members)), forbidden, rules, rated, GUARD_KW)
    if scenario.export == "forbidden":
        whole = Segments(np.zeros(len(members), dtype=np.int64), 1)
        guard = COMMON_GUARD_KW * (len(members) + 1)
        yield _ban(whole, np.ones(1, dtype=np.bool_), [scenario.no_export], np.array([rated.sum()]), guard)


def _ban(
    group: Segments,
    watched: np.ndarray[tuple[int], np.dtype[np.bool_]],
    rules: Sequence[NoExport],
    rated: Floats,
    guard_kw: float,
) -> ExportBan:
    def column(name: str) -> Floats:
        return np.array([getattr(rule, name) for rule in rules], dtype=np.float64)

    relay = column("relay_kw")
    return ExportBan(
        group=group,
        watched=watched,
        margin_kw=column("margin_kw") + guard_kw,
        relay_kw=np.where(relay > 0, relay, RELAY_SHARE * rated),
        trips=column("relay_delay_s") < column("response_s"),
        restart_s=column("restart_s"),
    )
