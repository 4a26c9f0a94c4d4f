"""Which plants of an island give up what is left over: each along its own frequency-watt curve.

While the stores of an island take all that is made beyond demand, what forms it holds the nominal frequency. What they
cannot take drives the frequency up, until the plants together give just what is taken (the way in which battery
inverters tell solar inverters to give less; IEEE Std 1547-2018, 6.5.2.7). A plant whose curve begins earlier, or falls
more steeply, gives up more. All curves are straight lines between few edges, so the frequency and every share follow in
closed form. No island runs above the frequency at which relays end it: what the curves leave there the island's
controller takes from all that still give, in proportion.
"""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import Device, FrequencyCurved
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.islands import islands_of, pool
from ysc_sim.scenario.island import Frequency
from ysc_sim.units import Floats, Ints


def follows_frequency(fleet: Device) -> TypeGuard[FrequencyCurved]:
    """Whether plants of a fleet have frequency-watt curves of their own."""
    return getattr(fleet, "frequency_curve", None) is not None


def shares_along_curves(power_kw: Floats, curves: Floats, wanted_kw: Floats, most_hz: float) -> tuple[Floats, Floats]:
    """Share that plants of each curve give, (K, …), and the rise of frequency, (…,) Hz, at which all together give
    ``wanted_kw`` (…,).

    ``power_kw`` (K, …): what the plants of each curve could give; ``curves`` (K, 2): rise of frequency, Hz, from which
    on they give less, and at which they give nothing; ``most_hz``: largest rise, beyond which all give less alike.

    >>> share, rise_hz = shares_along_curves(
    ...     np.array([4.0, 4.0]), np.array([[0.0, 1.0], [1.0, 2.0]]), np.array(6.0), 1.5
    ... )
    >>> share.tolist(), rise_hz.tolist()
    ([0.5, 1.0], 0.5)
    """
    edges = np.unique(np.concatenate([[0.0], np.minimum(curves.reshape(-1), most_hz), [most_hz]]))
    begin, end = curves[:, :1], curves[:, 1:]
    at_edge = np.clip((end - edges) / (end - begin), 0.0, 1.0)
    given = np.zeros((len(edges), *wanted_kw.shape))
    for k, power in enumerate(power_kw):
        given += power * at_edge[k].reshape(-1, *[1] * wanted_kw.ndim)
    after = np.minimum(np.add.reduce(given > wanted_kw, axis=0, dtype=np.int64), len(edges) - 1)
    before = np.maximum(after - 1, 0)
    high, low = (np.take_along_axis(given, place[None], axis=0)[0] for place in (before, after))
    span = high - low
    along = np.clip(np.divide(high - wanted_kw, span, out=np.ones_like(span), where=span > 0), 0.0, 1.0)
    share = at_edge[:, before] + along * (at_edge[:, after] - at_edge[:, before])
    total = np.zeros(wanted_kw.shape)
    for k, power in enumerate(power_kw):
        total += power * share[k]
    # Rounding on the curves, and what they leave at the largest rise.
    rest = np.divide(wanted_kw, total, out=np.zeros_like(total), where=total > 0)
    return np.minimum(share * rest, 1.0), edges[before] + along * (edges[after] - edges[before])


def follow_curves(community: Community, state: State, frame: Frame, wanted_kw: Floats) -> dict[int, Floats] | None:
    """Power of every plant in a cell without grid, (R, m) each, by number of the fleet: together ``wanted_kw`` (R, c).

    None where no plant has a curve of its own: then all give up in proportion to what they could give.
    """
    plants = {i: fleet for i, fleet in enumerate(community.fleets) if not fleet.flexible and fleet.tier_shares is None}
    if not any(follows_frequency(fleet) for fleet in plants.values()):
        return None
    rules = community.island.frequency or Frequency()
    lines = {i: _lines(fleet, rules) for i, fleet in plants.items()}
    curves, which = np.unique(np.concatenate(list(lines.values())), axis=0, return_inverse=True)
    ends = np.cumsum([len(line) for line in lines.values()])
    curve_of: dict[int, Ints] = dict(zip(lines, np.split(which.reshape(-1), ends[:-1]), strict=True))
    top = islands_of(community, state)
    power = np.zeros((len(curves), *wanted_kw.shape))
    for i, to_curve in curve_of.items():
        want = frame.bands[i].want_kw
        for k in np.unique(to_curve):
            power[k] += community.by_cell[i].sum(np.where(to_curve == k, want, 0.0))
    pooled = np.array([pool(values, top) for values in power])
    share, _ = shares_along_curves(pooled, curves, wanted_kw, rules.rise_hz - rules.nominal_hz)
    found = {}
    for i, to_curve in curve_of.items():
        spread = np.array([community.by_cell[i].spread(values) for values in share])
        found[i] = frame.bands[i].want_kw * np.ascontiguousarray(spread[to_curve, :, np.arange(len(to_curve))].T)
    return found


def _lines(fleet: Device, rules: Frequency) -> Floats:
    """Rise of frequency at which each plant begins to give less, and at which it gives nothing, (m, 2) Hz: its own, or
    that of the island.
    """
    common = np.array([rules.sun_deadband_hz, rules.sun_droop_pu])
    own = np.broadcast_to(common, (len(fleet.placed.ids), 2))
    if follows_frequency(fleet) and fleet.frequency_curve is not None:
        own = np.where(np.isnan(fleet.frequency_curve), common, fleet.frequency_curve)
    return np.stack([own[:, 0], own[:, 0] + own[:, 1] * rules.nominal_hz], axis=1)
