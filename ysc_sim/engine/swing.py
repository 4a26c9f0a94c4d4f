"""What frequency does in the seconds after the grid is lost: every cell that is struck, in one batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import Moment
from ysc_sim.engine.islands import islands_of, pool
from ysc_sim.resilience import FrequencyWatt, Outcome, Source, Stage, frequency_response
from ysc_sim.scenario.island import Frequency
from ysc_sim.units import Bools, Floats

LOST = (Outcome.COLLAPSED, Outcome.OVERFREQUENCY)


class Swing(NamedTuple):
    """Cells as one machine each, (R, c) kW: what the grid gave, what forming devices give and could give."""

    step_kw: Floats
    """Import that is lost; < 0: export."""
    power_kw: Floats
    most_kw: Floats
    least_kw: Floats
    sun_kw: Floats
    demand_kw: Floats
    """(R, c, 4)"""

    @property
    def spare_kw(self) -> Floats:
        """What the forming devices could give beyond what they give."""
        return self.most_kw - self.power_kw

    def strike(self, state: State, t_s: Floats, struck: Bools, rules: Frequency) -> None:
        """Write down which tiers relays shed, and which cells are lost, and when."""
        r, c = np.nonzero(struck)
        power, demand = self.power_kw[r, c], self.demand_kw[r, c]
        source = Source(
            rated_kva=np.maximum(self.most_kw[r, c], np.abs(self.least_kw[r, c])),
            droop_pu=rules.droop_pu,
            inertia_s=rules.inertia_s,
            t1_s=rules.lag_s,
            p_kw=power,
            p_min_kw=np.minimum(self.least_kw[r, c], power),
            p_max_kw=np.maximum(self.most_kw[r, c], power),
        )
        sun = FrequencyWatt(
            p_kw=self.sun_kw[r, c],
            deadband_hz=rules.sun_deadband_hz,
            droop_pu=rules.sun_droop_pu,
            lag_s=rules.sun_lag_s,
        )
        stages = [
            Stage(below_hz=below, delay_s=rules.shed_delay_s, shed_kw=demand[:, tier])
            for tier, below in enumerate(rules.shed_hz, start=1)
        ]
        found = frequency_response(
            self.step_kw[r, c],
            [source],
            frequency_hz=rules.nominal_hz,
            load_kw=demand.sum(axis=1),
            load_damping_pu=rules.load_damping_pu,
            followers=[sun],
            ufls=stages,
            collapse_hz=rules.collapse_hz,
            rise_hz=rules.rise_hz,
        )
        for k, after_s, kind, index in found.events:
            when = t_s[r[k]] + after_s
            if kind == "shed":
                state.held_from_s[r[k], c[k], index + 1] = when
                state.held_to_s[r[k], c[k], index + 1] = when + rules.restore_s
            else:
                state.due_s[r[k], c[k]] = when


def swing_of(community: Community, state: State, moment: Moment) -> Swing:
    """Add up every cell as it stands, before the grid goes."""
    shape = state.mode.shape
    power, most, least, sun = (np.zeros(shape) for _ in range(4))
    demand = np.zeros((*shape, 4))
    for i, (fleet, to_cell) in enumerate(zip(community.fleets, community.by_cell, strict=True)):
        p = np.broadcast_to(state.p_kw[i], (shape[0], state.p_kw[i].shape[1]))
        if fleet.flexible:
            bands = fleet.bands(state.fleets[i], moment)
            power += to_cell.sum(np.where(fleet.forming, p, 0.0))
            most += to_cell.sum(np.where(fleet.forming, np.maximum(bands.hi_kw, 0.0), 0.0))
            least += to_cell.sum(np.where(fleet.forming, np.minimum(bands.lo_kw, 0.0), 0.0))
        elif fleet.tier_shares is not None:
            for tier in range(4):
                demand[:, :, tier] += to_cell.sum(-p * fleet.tier_shares[:, tier])
        else:
            sun += to_cell.sum(np.maximum(p, 0.0))
    step = -community.cell_of.sum(np.ascontiguousarray(state.net_kw))
    top = islands_of(community, state)
    return Swing(*(pool(values, top) for values in (step, power, most, least, sun, demand)))
