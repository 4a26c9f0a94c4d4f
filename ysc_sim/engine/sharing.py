"""How the stores of an island share what is missing or left over: by droop, by state of charge, or one after the other.

Droop with equal per-unit slopes loads inverters in proportion to their size (Chandorkar, Divan and Adapa, Control of
parallel connected inverters, IEEE Trans. Ind. Appl. 29 (1993) 136-143). Weighted by the state of charge it empties
stores together (Lu, Sun, Guerrero, Vasquez, Huang, IEEE Trans. Ind. Electron. 61 (2014) 2804-2815). Under master and
slave one unit forms the island and takes the whole balance; the next one helps, or takes over, where that one cannot
(Peças Lopes, Moreira, Madureira, IEEE Trans. Power Syst. 21 (2006) 916-924: single master operation).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import startable
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.groups import Groups
from ysc_sim.engine.islands import islands_of
from ysc_sim.units import Floats, Ints

LEAST_WEIGHT = 1e-9


def stores_kw(
    community: Community, state: State, frame: Frame, drawn_kw: Floats, charged_kw: Floats
) -> dict[int, Floats]:
    """Power of every device of the flexible fleets that do not need a start, (R, m) each, by number of the fleet.

    ``drawn_kw``, ``charged_kw`` (R, c): what the stores of each island give and take together, told to all its cells.
    """
    mine = [i for i, fleet in enumerate(community.fleets) if fleet.flexible and not startable(fleet)]
    if not mine:
        return {}
    shape = state.mode.shape
    top = islands_of(community, state)
    labels = np.broadcast_to(np.arange(shape[1]), shape) if top is None else top
    cell = np.concatenate([community.by_cell[i].group for i in mine])
    label: Ints = labels[:, cell]
    most = _joined(mine, [np.maximum(frame.bands[i].hi_kw, 0.0) for i in mine], shape[0], community)
    least = _joined(mine, [np.maximum(-frame.bands[i].lo_kw, 0.0) for i in mine], shape[0], community)
    give, take = drawn_kw[:, cell], charged_kw[:, cell]
    rank = ranks(community, mine)
    soc = _joined(mine, [_soc(community, state, i) for i in mine], shape[0], community)
    if community.island.sharing == "soc":
        order = np.argsort(label, axis=1, kind="stable")
        power = _by_weight(give, most, most * soc, label, order) - _by_weight(
            take, least, least * (1.0 - soc), label, order
        )
    else:
        order = np.lexsort((np.broadcast_to(rank, label.shape), label))
        power = _in_turn(give, most, label, order) - _in_turn(take, least, label, order)
    ends = np.cumsum([len(community.fleets[i].placed.ids) for i in mine])
    return {i: np.ascontiguousarray(part) for i, part in zip(mine, np.split(power, ends[:-1], axis=1), strict=True)}


def ranks(community: Community, mine: Sequence[int]) -> Ints:
    """Place of each store in the order of taking over: as declared, then forming before others, then by name, (M,)."""
    names = [name for i in mine for name in community.fleets[i].placed.ids]
    forming = np.concatenate([community.fleets[i].forming for i in mine]).tolist()
    declared = {name: k for k, name in enumerate(community.island.formers)}
    keys = [(declared.get(name, len(declared)), not forms, name) for name, forms in zip(names, forming, strict=True)]
    place = {key: k for k, key in enumerate(sorted(keys))}
    return np.array([place[key] for key in keys], dtype=np.int64)


def _joined(mine: Sequence[int], parts: Sequence[Floats], rows: int, community: Community) -> Floats:
    """Values of some fleets side by side, (R, M)."""
    wide = [np.broadcast_to(p, (rows, len(community.fleets[i].placed.ids))) for i, p in zip(mine, parts, strict=True)]
    return np.concatenate(wide, axis=1)


def _soc(community: Community, state: State, i: int) -> Floats:
    """Share of its usable energy that each store holds, (R, m); a half where nothing is stored."""
    fleet = community.fleets[i]
    if not fleet.stores:
        return np.full((len(state.mode), len(fleet.placed.ids)), 0.5)
    store = fleet.store(state.fleets[i])
    room = np.broadcast_to(store.capacity_kwh - store.floor_kwh, store.stored_kwh.shape)
    share = np.divide(store.stored_kwh - store.floor_kwh, room, out=np.zeros_like(store.stored_kwh), where=room > 0)
    return np.clip(share, 0.0, 1.0)


def _by_weight(total: Floats, most: Floats, weight: Floats, label: Ints, order: Ints) -> Floats:
    """min(most, λ·weight) with the λ of each island that makes the sum ``total``; all (R, M)."""
    need, cap, share = (np.take_along_axis(values, order, axis=1) for values in (total, most, weight))
    groups = Groups.of(np.take_along_axis(label, order, axis=1))
    # Who is nearly empty still helps where the others cannot carry it all.
    share = np.where(cap > 0, np.maximum(share, LEAST_WEIGHT * cap), 0.0)
    full = np.zeros(cap.shape, dtype=np.bool_)
    power = np.zeros_like(cap)
    for _ in range(cap.shape[1]):
        free = np.where(full, 0.0, share)
        weights = groups.total(free)
        left = np.maximum(need - groups.total(np.where(full, cap, 0.0)), 0.0)
        level = np.divide(left, weights, out=np.zeros_like(left), where=weights > 0)
        power = np.where(full, cap, level * free)
        over = ~full & (power > cap)
        if not over.any():
            break
        full |= over
    return _unsorted(np.minimum(power, cap), order)


def _in_turn(total: Floats, most: Floats, label: Ints, order: Ints) -> Floats:
    """Each gives what those before it leave, up to its most; all (R, M)."""
    need, cap = np.take_along_axis(total, order, axis=1), np.take_along_axis(most, order, axis=1)
    groups = Groups.of(np.take_along_axis(label, order, axis=1))
    return _unsorted(np.clip(need - groups.before(cap), 0.0, cap), order)


def _unsorted(values: Floats, order: Ints) -> Floats:
    out = np.empty_like(values)
    np.put_along_axis(out, order, values, axis=1)
    return out
