"""When vehicles stand at their chargers: commuters and company cars by their usual day, visitors at random, or a file.

Every timetable is drawn once per row of the ensemble, by name of the charger, so that neither another charger nor
another row changes it; times are whole seconds.

* Home and company cars leave and come back around given times; driving takes an exponential share of energy.
* Visitors come at any time that the place is open, ``visits_per_day`` on average (Poisson); who finds the charger taken
  drives on. They stay 15 minutes and an exponential time more, and need an exponential energy.
* A file has a line per session: ``arrive``, ``leave``, ``energy_kwh``, and ``vehicle`` where there are several.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ysc_sim.contracts import Placed
from ysc_sim.documents import inside, read_text
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.units import Bools, Floats

DAY_S = 86_400
SHORTEST_S = 60
SHORTEST_VISIT_S = 900
MAX_BYTES = 20_000_000
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
COLUMNS = ("arrive", "leave", "energy_kwh")


def seconds_of_day(clock: str) -> int | None:
    """Seconds since midnight of ``HH:MM``; None where it is no such time.

    >>> seconds_of_day("18:30"), seconds_of_day("24:00")
    (66600, None)
    """
    found = CLOCK.fullmatch(clock)
    return None if found is None else int(found[1]) * 3600 + int(found[2]) * 60


class Timetable(NamedTuple):
    """Departures and arrivals in turn."""

    event_s: Floats
    """(S, m, 2·K + 2) seconds from the start: departures at even places, arrivals at odd ones; inf where none is."""
    energy_kwh: Floats
    """(S, m, K + 1): what the drive before arrival k took, or what the driver of session k needs."""
    away_first: Bools
    """(m,) whether nobody is there at the start: the event at place 0 does not happen."""
    turned_away: Floats
    """(S, m) visitors who found the charger taken."""


class Session(NamedTuple):
    """One stay at a charger."""

    arrive_s: float
    leave_s: float
    energy_kwh: float


def draw_timetable(placed: Placed) -> Timetable:
    """Timetables of all chargers in all rows."""
    rows, m = placed.site.rows.count, len(placed.specs)
    stays = [[_stays_of(placed, row, j) for j in range(m)] for row in range(rows)]
    longest = max((len(one.event_s) for line in stays for one in line), default=0)
    events = np.full((rows, m, longest + 2), np.inf)
    energy = np.zeros((rows, m, longest // 2 + 1))
    turned = np.zeros((rows, m))
    for row, line in enumerate(stays):
        for j, one in enumerate(line):
            events[row, j, : len(one.event_s)] = one.event_s
            energy[row, j, : len(one.energy_kwh)] = one.energy_kwh
            turned[row, j] = one.turned_away
    away = np.array([spec.sessions_file != "" or spec.use == "visitor" for spec in placed.specs], dtype=np.bool_)
    return Timetable(events, energy, away, turned)


@dataclass(frozen=True)
class _Stays:
    """One charger in one row."""

    event_s: Sequence[float] | Floats
    energy_kwh: Sequence[float] | Floats
    turned_away: int = 0


def _stays_of(placed: Placed, row: int, j: int) -> _Stays:
    spec, axis = placed.specs[j], placed.site.axis
    if spec.sessions_file:
        return _as_stays(read_sessions(placed.site.folder, spec.sessions_file, spec.vehicle, axis))
    if spec.use == "visitor":
        return _visits(spec, axis, placed.site.rows.generator(row, placed.ids[j], "visits"))
    return _drives(spec, axis, placed.site.rows.generator(row, placed.ids[j], "timetable"))


def _midnights(axis: TimeAxis) -> Floats:
    """Seconds from the start to the midnight of every day that the axis touches."""
    return DAY_S * np.arange(int(axis.day_of[-1]) + 1, dtype=np.float64) - axis.seconds_of_day


def _drives(spec: Any, axis: TimeAxis, random: np.random.Generator) -> _Stays:
    """A car that leaves and comes back on its days; one that had left before the start stays that day."""
    midnight = _midnights(axis)
    days = len(midnight)
    weekday = (axis.start.weekday() + np.arange(days)) % 7
    jitter = np.clip(random.standard_normal((days, 2)), -3, 3) * spec.jitter_minutes * 60.0
    energy = random.exponential(1.0, days) * spec.trip_kwh
    leave_at, arrive_at = seconds_of_day(spec.leave), seconds_of_day(spec.arrive)
    assert leave_at is not None
    assert arrive_at is not None
    leave = midnight + np.clip(np.rint(leave_at + jitter[:, 0]), 0, DAY_S - 2 * SHORTEST_S)
    arrive = midnight + np.clip(np.rint(arrive_at + jitter[:, 1]), 0, DAY_S - SHORTEST_S)
    arrive = np.maximum(arrive, leave + SHORTEST_S)
    drives = (leave > 0) & ((weekday < 5) if spec.days == "weekdays" else True)
    return _Stays(np.stack([leave[drives], arrive[drives]], axis=1).reshape(-1), energy[drives])


def _visits(spec: Any, axis: TimeAxis, random: np.random.Generator) -> _Stays:
    opens, closes = seconds_of_day(spec.open_from), seconds_of_day(spec.open_until)
    assert opens is not None
    assert closes is not None
    weekday = axis.start.weekday()
    sessions: list[Session] = []
    free_from, turned = -np.inf, 0
    for day, midnight in enumerate(_midnights(axis).tolist()):
        count = int(random.poisson(spec.visits_per_day))
        arrive = np.sort(midnight + np.rint(random.uniform(opens, closes, count)))
        more_s = max(spec.stay_minutes * 60.0 - SHORTEST_VISIT_S, 0.0)
        stay = SHORTEST_VISIT_S + np.rint(random.exponential(1.0, count) * more_s)
        energy = random.exponential(1.0, count) * spec.trip_kwh
        if spec.days == "weekdays" and (weekday + day) % 7 >= 5:
            continue
        for at, lasts, need in zip(arrive.tolist(), stay.tolist(), energy.tolist(), strict=True):
            if at < free_from:
                turned += at >= 0
                continue
            free_from = at + lasts + SHORTEST_S
            if at + lasts > 0:
                sessions.append(Session(max(at, 0.0), at + lasts, need))
    return _as_stays(sessions, turned)


def _as_stays(sessions: Sequence[Session], turned_away: int = 0) -> _Stays:
    """The first event, a departure of nobody, does not happen."""
    events = [-1.0]
    for session in sessions:
        events += [session.arrive_s, session.leave_s]
    return _Stays(events, [session.energy_kwh for session in sessions], turned_away)


def read_sessions(folder: Path, name: str, vehicle: str, axis: TimeAxis) -> list[Session]:
    """Sessions of a file that touch the run, in order. Raises ``ScenarioError`` with every problem of the file.

    ``vehicle``: only lines of that name; '' : all lines.
    """
    path = inside(folder, name)
    found = []
    for who, arrive, leave, energy in _read(path, path.stat().st_mtime_ns):
        if vehicle in ("", who):
            session = Session(axis.seconds(arrive), axis.seconds(leave), energy)
            if session.leave_s > 0 and session.arrive_s < axis.duration_s:
                found.append(session._replace(arrive_s=max(session.arrive_s, 0.0)))
    found.sort()
    for earlier, later in itertools.pairwise(found):
        if later.arrive_s < earlier.leave_s + 1:
            values = {"vehicle": vehicle, "time": axis.at(later.arrive_s).replace(tzinfo=None).isoformat(" ")}
            raise ScenarioError([Problem("sessions_overlap", values, name)])
    return found


@lru_cache(maxsize=32)
def _read(path: Path, changed: int) -> tuple[tuple[str, datetime, datetime, float], ...]:
    """All lines of a file: vehicle, arrival, departure, energy."""
    lines = list(csv.reader(read_text(path, max_bytes=MAX_BYTES).splitlines()))
    heading = [cell.strip().lower() for cell in lines[0]] if lines else []
    missing = [name for name in COLUMNS if name not in heading]
    if missing:
        raise ScenarioError([Problem("sessions_columns", {"missing": ", ".join(missing)}, path.name, 1, 1)])
    problems: list[Problem] = []
    found = []
    for number, cells in enumerate(lines[1:], start=2):
        if any(cell.strip() for cell in cells):
            session = _session(dict(zip(heading, cells, strict=False)))
            if isinstance(session, str):
                problems.append(Problem("sessions_line", {"field": session}, path.name, number, 1))
            else:
                found.append(session)
    if problems:
        raise ScenarioError(problems)
    return tuple(found)


def _session(line: dict[str, str]) -> tuple[str, datetime, datetime, float] | str:
    """One line, or the name of the field that is wrong."""
    times = {}
    for name in ("arrive", "leave"):
        try:
            times[name] = datetime.fromisoformat(line.get(name, "").strip().replace("/", "-"))
        except ValueError:
            return name
    try:
        energy = float(line.get("energy_kwh", ""))
    except ValueError:
        return "energy_kwh"
    if not 0 <= energy < 1e6:
        return "energy_kwh"
    if (times["arrive"].tzinfo is None) != (times["leave"].tzinfo is None) or times["leave"] <= times["arrive"]:
        return "leave"
    return line.get("vehicle", "").strip(), times["arrive"], times["leave"], energy


def session_problems(folder: Path, name: str, vehicle: str, axis: TimeAxis) -> Iterator[Problem]:
    """Everything that is wrong with a file for this run."""
    try:
        if not read_sessions(folder, name, vehicle, axis):
            yield Problem("sessions_none", {"vehicle": vehicle}, name)
    except ScenarioError as error:
        yield from error.problems
