"""Frequency of an island in the seconds after a disturbance: swing equation, governors, frequency-watt, load shedding.

One frequency per island (centre of inertia), many islands at once:

    (2·ΣHᵢSᵢ/f₀)·dΔf/dt = Σ governorᵢ + Σ followerⱼ + shed − step − (ΣDᵢSᵢ + D_load·P_load)·Δf/f₀

Kundur, Power System Stability and Control, 1994, sections 11.1.1 to 11.1.3 (swing, damping, droop, lags). Droop control
of inverters is the same without inertia, virtual machines are the same with it: D'Arco and Suul, Equivalence of virtual
synchronous machines and frequency-droops, IEEE Trans. Smart Grid 5 (2014) 394-395.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ysc_sim.resilience.transient_balance import missing_at, rest_of
from ysc_sim.resilience.transient_joints import HIGH, LOW
from ysc_sim.resilience.transient_march import Course, March
from ysc_sim.resilience.transient_plant import Plant, pattern_of
from ysc_sim.units import Bools, Floats, Ints

Number = float | npt.ArrayLike
"""A number, or one per event (E,)."""

BATCH = 16_384
"""Rows that march together: what they need stays in the cache."""
SETTLED_HZ = 0.01
SETTLED_HZ_PER_S = 0.02


class Outcome(StrEnum):
    """How a transient ended."""

    SETTLED = "SETTLED"
    """Within 0.01 Hz of its steady state and moving by less than 0.02 Hz/s at the end."""
    SHED = "SHED"
    """Settled, after at least one stage of load was shed."""
    COLLAPSED = "COLLAPSED"
    """Frequency fell to ``collapse_hz``."""
    OVERFREQUENCY = "OVERFREQUENCY"
    """Frequency rose to ``rise_hz``."""
    NOT_SETTLED = "NOT_SETTLED"
    """Still moving, or a stage's timer still running, at ``duration_s``."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source that holds frequency: machine, droop inverter or virtual machine. H, D and R are on ``rated_kva``.

    The governor is (1/R)·(1 + s·t2)/((1 + s·t1)·(1 + s·t3)); its valve (after t1) stands still at ``p_min_kw`` and
    ``p_max_kw`` (None: ``rated_kva``). ``droop_pu`` inf: no governor. Every field is a number or (E,).
    """

    rated_kva: Number
    droop_pu: Number
    inertia_s: Number = 0.0
    damping_pu: Number = 0.0
    t1_s: Number = 0.0
    t2_s: Number = 0.0
    t3_s: Number = 0.0
    p_kw: Number = 0.0
    p_min_kw: Number = 0.0
    p_max_kw: Number | None = None

    def __post_init__(self) -> None:
        for name in ("rated_kva", "inertia_s", "damping_pu", "t1_s", "t2_s", "t3_s"):
            _refuse_unless(self, name, lambda x: np.isfinite(x) & (x >= 0), "must be ≥ 0")
        _refuse_unless(self, "droop_pu", lambda x: x > 0, "must be > 0")
        _refuse_unless(self, "p_kw", np.isfinite, "must be a number")
        _refuse_unless(self, "p_min_kw", lambda x: np.isfinite(x) & (x <= _array(self.p_kw)), "must be ≤ p_kw")
        _refuse_unless(self, "p_max_kw", lambda x: np.isfinite(x) & (x >= _array(self.p_kw)), "must be ≥ p_kw")
        unmade = (_array(self.t2_s) > 0) & (_array(self.t1_s) == 0) & (_array(self.t3_s) == 0)
        if unmade.any():
            raise ValueError(f"t2_s(={self.t2_s}) needs t1_s or t3_s > 0.")


@dataclass(frozen=True, kw_only=True)
class Trip:
    """A relay of a follower: off for good once frequency has been below (``above``: above) a limit for ``delay_s``.

    OFR and UFR of inverters: IEEE 1547-2018, table 18 (there 58.5 Hz 300 s, 56.5 Hz 0.16 s, 61.2 Hz 300 s, 62 Hz
    0.16 s); Japan, 50 Hz: 48.5 Hz and 51.0 Hz, 1 s.
    """

    limit_hz: Number
    delay_s: Number
    above: bool = False

    def __post_init__(self) -> None:
        _refuse_unless(self, "limit_hz", np.isfinite, "must be a number")
        _refuse_unless(self, "delay_s", lambda x: np.isfinite(x) & (x >= 0), "must be ≥ 0")


@dataclass(frozen=True, kw_only=True)
class FrequencyWatt:
    """Inverters that give less when frequency is high: −p·(Δf − deadband)/(f₀·droop), down to nothing, after a lag.

    IEEE 1547-2018, 6.5.2.7.1 (frequency-droop). ``droop_pu`` inf: they do not respond, and may also take power
    (``p_kw`` < 0). ``trips``: relays that switch them off. Every other field is a number or (E,).
    """

    p_kw: Number
    deadband_hz: Number
    droop_pu: Number
    lag_s: Number
    trips: tuple[Trip, ...] = ()

    def __post_init__(self) -> None:
        for name in ("deadband_hz", "lag_s"):
            _refuse_unless(self, name, lambda x: np.isfinite(x) & (x >= 0), "must be ≥ 0")
        _refuse_unless(self, "droop_pu", lambda x: x > 0, "must be > 0")
        rule = "must be ≥ 0 where droop_pu is finite"
        _refuse_unless(self, "p_kw", lambda x: np.isfinite(x) & ((x >= 0) | np.isinf(_array(self.droop_pu))), rule)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage of under-frequency load shedding: trips once frequency has been below ``below_hz`` for ``delay_s``."""

    below_hz: Number
    delay_s: Number
    shed_kw: Number

    def __post_init__(self) -> None:
        _refuse_unless(self, "below_hz", np.isfinite, "must be a number")
        for name in ("delay_s", "shed_kw"):
            _refuse_unless(self, name, lambda x: np.isfinite(x) & (x >= 0), "must be ≥ 0")


TransientEvent = tuple[int, float, str, int]
"""(row, t_s, kind, index): kind shed (index: the stage), tripped (the follower), collapsed or overfrequency (−1)."""


@dataclass(frozen=True)
class FrequencyResponse:
    """What :func:`frequency_response` found, (E,) each."""

    nadir_hz: Floats
    """The frequency farthest on the side to which the step drives it: lowest for a rising load, else highest."""
    nadir_s: Floats
    rocof_hz_per_s: Floats
    """Initial rate of change of frequency."""
    settling_hz: Floats
    """Steady state of what is left; NaN after a collapse, or where nothing would hold the frequency."""
    shed_kw: Floats
    outcome: npt.NDArray[np.object_]
    """:class:`Outcome` of each row."""
    events: list[TransientEvent]
    """In order of row and time."""
    energy_kwh: Floats
    """∫ terminal power of each source over ``duration_s``, or to the end of the island, (E, sources)."""


def frequency_response(
    step_kw: Number,
    sources: Sequence[Source],
    *,
    frequency_hz: Number = 50.0,
    load_kw: Number = 0.0,
    load_damping_pu: Number = 0.0,
    followers: Sequence[FrequencyWatt] = (),
    ufls: Sequence[Stage] = (),
    collapse_hz: Number = 47.5,
    rise_hz: Number = 51.5,
    duration_s: float = 10.0,
) -> FrequencyResponse:
    """Frequency after a sudden rise of net load by ``step_kw`` (E,); < 0: load lost, or generation gained.

    Solved exactly, piece by linear piece, and every limit, dead band and relay timer located in time; rows do not know
    each other. ``load_damping_pu`` is the change of ``load_kw`` per unit per unit of frequency. Without inertia
    (ΣH·S = 0) frequency jumps to the balance: then t1 = t3 = 0 is needed everywhere.

    Raises ``ValueError`` for values outside their range and shapes that do not broadcast to (E,).

    One machine, 100 MVA, and 10 MW of load more:

    >>> machine = Source(rated_kva=1e5, droop_pu=0.05, inertia_s=4.0, t1_s=0.1, t3_s=0.5)
    >>> found = frequency_response(1e4, [machine])
    >>> found.nadir_hz.round(5).tolist(), found.settling_hz.round(5).tolist(), found.rocof_hz_per_s.round(4).tolist()
    ([49.60675], [49.75], [-0.625])
    >>> str(found.outcome[0])
    'SETTLED'
    """
    duration = float(duration_s)
    if not (np.isfinite(duration) and duration > 0):
        raise ValueError(f"duration_s(={duration_s}) must be > 0 and finite.")
    island = Island(frequency_hz, load_kw, load_damping_pu, collapse_hz, rise_hz)
    rows = _rows([step_kw, *island], *sources, *followers, *ufls, *(trip for one in followers for trip in one.trips))
    plant = _plant(rows, step_kw, sources, followers, ufls, island)
    _refuse_lags_without_inertia(plant)
    response = _empty(plant)
    for group in _alike(plant):
        for first in range(0, len(group), BATCH):
            part = group[first : first + BATCH]
            _fill(response, plant.take(part), part, duration)
    response.nadir_hz[:] += _row(frequency_hz, rows)
    response.settling_hz[:] += _row(frequency_hz, rows)
    response.events.sort()
    return response


def _fill(response: FrequencyResponse, plant: Plant, part: Ints, duration_s: float) -> None:
    """March some rows and write down what came out; frequencies as differences to nominal."""
    course = March(plant, duration_s).run()
    shed = (plant.shed * course.tripped).sum(axis=1)
    settling = _settling(plant, course, shed)
    response.nadir_hz[part] = course.extreme_hz
    response.nadir_s[part] = course.extreme_s
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(plant.step == 0.0, 0.0, -plant.step / plant.inertia)
    response.rocof_hz_per_s[part] = rate
    response.settling_hz[part] = settling
    response.shed_kw[part] = shed * plant.base_kw
    response.outcome[part] = _outcome(plant, course, settling)
    response.events.extend((int(part[row]), t_s, kind, index) for row, t_s, kind, index in course.events)
    response.energy_kwh[part] = course.energy * plant.base_kw[:, None] / 3600.0


def _settling(plant: Plant, course: Course, shed: Floats) -> Floats:
    missing = plant.step - shed + (plant.follower * course.off).sum(axis=1)
    rest = rest_of(plant, missing, apart=course.off)
    # Where a stretch of frequencies balances (dead bands), the one that was reached is the steady state.
    left = missing_at(plant, missing, course.end_hz[:, None], course.off)[:, 0]
    rest = np.where(np.abs(left) <= 1e-12 * np.maximum(np.abs(plant.step), 1e-3), course.end_hz, rest)
    return np.where(np.isfinite(rest) & (course.ended == 0), rest, np.nan)


def _outcome(plant: Plant, course: Course, settling: Floats) -> npt.NDArray[np.object_]:
    near = np.abs(course.end_hz - np.where(np.isnan(settling), np.inf, settling)) <= SETTLED_HZ
    calm = near & (np.abs(course.end_rate) <= SETTLED_HZ_PER_S) & ~course.waiting
    shed = (course.tripped & (plant.victim < 0)).any(axis=1)
    codes = np.where(calm, np.where(shed, 1, 0), 4)
    codes = np.where(course.ended == LOW, 2, np.where(course.ended == HIGH, 3, codes))
    return np.array(list(Outcome), dtype=object)[codes]


def _empty(plant: Plant) -> FrequencyResponse:
    rows, sources = plant.gain.shape
    nadir_hz, nadir_s, rocof, settling_hz, shed_kw = (np.zeros(rows) for _ in range(5))
    outcome = np.full(rows, Outcome.NOT_SETTLED, dtype=object)
    return FrequencyResponse(nadir_hz, nadir_s, rocof, settling_hz, shed_kw, outcome, [], np.zeros((rows, sources)))


def _alike(plant: Plant) -> Iterable[Ints]:
    """Rows in groups that have the same states."""
    _, group = np.unique(pattern_of(plant), axis=0, return_inverse=True)
    for number in range(int(group.max(initial=-1)) + 1):
        yield np.flatnonzero(group.ravel() == number)


# -- arguments ---------------------------------------------------------------------------------------------------


def _array(value: Number | None) -> Floats:
    return np.asarray(np.inf if value is None else value, dtype=np.float64)


def _refuse_unless(spec: object, name: str, allowed: object, rule: str) -> None:
    """Raise ``ValueError`` where a field is not allowed."""
    value = getattr(spec, name)
    if value is None:
        return
    assert callable(allowed)
    if not np.all(allowed(_array(value))):
        raise ValueError(f"{name}(={value}) {rule}.")


def _rows(values: Sequence[Number], *specs: Source | FrequencyWatt | Stage | Trip) -> int:
    """E, from everything that may be (E,)."""
    fielded = [getattr(spec, field.name) for spec in specs for field in fields(spec) if field.name != "trips"]
    shape = np.broadcast_shapes(*(np.shape(_array(value)) for value in (*values, *fielded)))
    if len(shape) > 1:
        raise ValueError(f"shape(={shape}) must be a scalar or (E,).")
    return shape[0] if shape else 1


def _row(value: Number, rows: int) -> Floats:
    return np.broadcast_to(_array(value), (rows,))


def _stack(values: Sequence[Number], rows: int) -> Floats:
    """(R, count) of some fields."""
    if not values:
        return np.zeros((rows, 0))
    return np.stack([_row(value, rows) for value in values], axis=1)


class Island(NamedTuple):
    """What is one number per island."""

    frequency_hz: Number
    load_kw: Number
    load_damping_pu: Number
    collapse_hz: Number
    rise_hz: Number


def _plant(
    rows: int,
    step_kw: Number,
    sources: Sequence[Source],
    followers: Sequence[FrequencyWatt],
    ufls: Sequence[Stage],
    island: Island,
) -> Plant:
    f0 = _checked("frequency_hz", island.frequency_hz, rows, least=0.0, equal=False)
    load = _checked("load_kw", island.load_kw, rows, least=0.0)
    load = load * _checked("load_damping_pu", island.load_damping_pu, rows, least=0.0)
    step = _checked("step_kw", step_kw, rows)
    rated = _stack([source.rated_kva for source in sources], rows)
    base = rated.sum(axis=1)
    base = np.where(base > 0, base, np.maximum(np.abs(step), 1.0))
    unit = base[:, None]
    power = _stack([source.p_kw for source in sources], rows)
    top = _stack([s.rated_kva if s.p_max_kw is None else s.p_max_kw for s in sources], rows)
    if (top < power).any():
        raise ValueError(f"p_kw(={power[top < power][0]}) must be ≤ p_max_kw or rated_kva.")
    inertia = 2.0 * _stack([source.inertia_s for source in sources], rows) * rated / unit / f0[:, None]
    damping = _stack([source.damping_pu for source in sources], rows) * rated / unit / f0[:, None]
    droop = _stack([source.droop_pu for source in sources], rows)
    collapse, rise = _row(island.collapse_hz, rows), _row(island.rise_hz, rows)
    if not (collapse < f0).all():
        raise ValueError(f"collapse_hz(={island.collapse_hz}) must be < frequency_hz.")
    if not (rise > f0).all():
        raise ValueError(f"rise_hz(={island.rise_hz}) must be > frequency_hz.")
    return Plant(
        base_kw=base,
        step=step / base,
        inertia=inertia.sum(axis=1),
        damping=damping.sum(axis=1) + load / base / f0,
        gain=rated / unit / droop / f0[:, None],
        highest=(top - power) / unit,
        lowest=(_stack([source.p_min_kw for source in sources], rows) - power) / unit,
        t1_s=_stack([source.t1_s for source in sources], rows),
        t2_s=_stack([source.t2_s for source in sources], rows),
        t3_s=_stack([source.t3_s for source in sources], rows),
        source_inertia=inertia,
        source_damping=damping,
        power=power / unit,
        follower=_stack([follower.p_kw for follower in followers], rows) / unit,
        deadband_hz=_stack([follower.deadband_hz for follower in followers], rows),
        span_hz=_stack([follower.droop_pu for follower in followers], rows) * f0[:, None],
        lag_s=_stack([follower.lag_s for follower in followers], rows),
        **_relays(rows, followers, ufls, f0, base),
        collapse_hz=collapse - f0,
        rise_hz=rise - f0,
    )


def _relays(
    rows: int, followers: Sequence[FrequencyWatt], ufls: Sequence[Stage], f0: Floats, base: Floats
) -> dict[str, Any]:
    """Relays that shed load, then those of followers, (R, k) each."""
    own = [(trip, j) for j, follower in enumerate(followers) for trip in follower.trips]
    limits = [*(stage.below_hz for stage in ufls), *(trip.limit_hz for trip, _ in own)]
    delays = [*(stage.delay_s for stage in ufls), *(trip.delay_s for trip, _ in own)]
    shed = [*(stage.shed_kw for stage in ufls), *(0.0 for _ in own)]
    above = [*(False for _ in ufls), *(trip.above for trip, _ in own)]
    victim = [*(-1 for _ in ufls), *(j for _, j in own)]
    shape = (rows, len(limits))
    return {
        "limit_hz": _stack(limits, rows) - f0[:, None],
        "delay_s": _stack(delays, rows),
        "shed": _stack(shed, rows) / base[:, None],
        "above": np.broadcast_to(np.array(above, dtype=np.bool_), shape),
        "victim": np.broadcast_to(np.array(victim, dtype=np.int64), shape),
    }


def _checked(name: str, value: Number, rows: int, *, least: float = -np.inf, equal: bool = True) -> Floats:
    found = _row(value, rows)
    allowed = np.isfinite(found) & ((found >= least) if equal else (found > least))
    if not allowed.all():
        sign = "≥" if equal else ">"
        rule = "be a number" if least == -np.inf else f"be {sign} {least:g}"
        raise ValueError(f"{name}(={found[~allowed][0]}) must {rule}.")
    return found


def _refuse_lags_without_inertia(plant: Plant) -> None:
    still: Bools = plant.inertia == 0
    lags = still[:, None] & ((plant.t1_s > 0) | (plant.t3_s > 0))
    if lags.any():
        value = np.where(plant.t1_s > 0, plant.t1_s, plant.t3_s)[lags][0]
        raise ValueError(f"t1_s or t3_s(={value}) must be 0 where no source has inertia_s > 0.")
