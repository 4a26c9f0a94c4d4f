"""Every demand-response event of a run: delivered against award, payment, and the worst of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ysc_sim.billing.demand_response import baseline_kw, delivery, working_dates
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays
from ysc_sim.scenario import Scenario
from ysc_sim.units import MWH_PER_KWH, SECONDS_PER_HOUR, Floats

if TYPE_CHECKING:
    import pandas as pd

DAY_S = 86_400
COLUMNS = ("event", "start", "row", "sites", "award_kw", "baseline_kwh", "delivered_kwh", "ratio", "payment_jpy")


def respond(
    scenario: Scenario, *, jpy_per_kwh: float = 0.0, penalty_jpy_per_kwh: float = 0.0, days: int = 10, best: int = 10
) -> pd.DataFrame:
    """Run a scenario and settle the events of its strategies of kind ``demand_response``.

    One line per event and row of the ensemble, all buildings that were called added up: baseline (see
    :func:`ysc_sim.billing.demand_response.baseline_kw`), what their meters show, delivery, payment. The settlement's
    baseline is worked out from the meters alone, not taken from the strategy. Before there is a comparable day,
    baseline, delivery, ratio and payment are NaN: such an event cannot be settled.
    """
    arrays = run_community(compile_community(scenario))
    return settle_events(scenario, arrays, jpy_per_kwh, penalty_jpy_per_kwh, days, best)


def settle_events(
    scenario: Scenario, arrays: RunArrays, jpy_per_kwh: float, penalty_jpy_per_kwh: float, days: int, best: int
) -> pd.DataFrame:
    """The table of :func:`respond` for a run that is at hand."""
    import pandas as pd

    calls = events_of(scenario, arrays)
    event_days: dict[int, set[int]] = {}
    for (start, _), called in calls.items():
        for b in called:
            event_days.setdefault(b, set()).add(int((start + arrays.axis.seconds_of_day) // DAY_S))
    lines: list[dict[str, Any]] = []
    for number, ((start_s, slots), called) in enumerate(sorted(calls.items()), start=1):
        sites = sorted(called)
        found = _base_and_actual(arrays, sites, start_s, slots, event_days, days, best)
        award = np.array([called[b] for b in sites])
        for row in range(len(arrays.seeds)):
            head = (number, arrays.axis.at(int(start_s)), row, len(sites), float(award.sum()))
            if found is None:
                lines.append(dict(zip(COLUMNS, (*head, *[np.nan] * (len(COLUMNS) - len(head))), strict=True)))
                continue
            result = delivery(
                found[0][row].sum(axis=0),
                found[1][row].sum(axis=0),
                award_kw=award.sum(),
                slot_h=arrays.axis.slot_s / SECONDS_PER_HOUR,
                jpy_per_kwh=jpy_per_kwh,
                penalty_jpy_per_kwh=penalty_jpy_per_kwh,
            )
            numbers = (result.baseline_kwh, result.delivered_kwh, result.ratio, result.payment_jpy)
            lines.append(dict(zip(COLUMNS, (*head, *(float(x) for x in numbers)), strict=True)))
    return pd.DataFrame(lines, columns=list(COLUMNS))


def settled(scenario: Scenario, arrays: RunArrays) -> list[dict[str, Any]]:
    """:func:`settle_events` without prices, as plain data: what a result folder keeps. What is not known is None."""
    table = settle_events(scenario, arrays, 0.0, 0.0, 10, 10)
    lines: list[dict[str, Any]] = []
    for record in table.to_dict(orient="records"):
        known = {str(name): None if value != value else value for name, value in record.items()}
        lines.append({**known, "start": record["start"].isoformat()})
    return lines


def events_of(scenario: Scenario, arrays: RunArrays) -> dict[tuple[float, int], dict[int, float]]:
    """(start s, slots) of each event → building → cut kW."""
    from datetime import datetime

    calls: dict[tuple[float, int], dict[int, float]] = {}
    place = {name: b for b, name in enumerate(arrays.buildings)}
    axis = arrays.axis
    for building in scenario.buildings:
        if building.strategy.kind != "demand_response":
            continue
        for event in building.strategy.spec.events:
            begin = datetime.fromisoformat(event.start)
            begin = begin.replace(tzinfo=begin.tzinfo or axis.start.tzinfo)
            start_s = (begin - axis.start).total_seconds()
            slots = int(np.ceil(event.duration_h * SECONDS_PER_HOUR / axis.slot_s))
            if start_s >= 0 and start_s + slots * axis.slot_s <= axis.duration_s:
                for name in building.member_ids:
                    calls.setdefault((start_s, slots), {})[place[name]] = event.cut_kw
    return calls


def _base_and_actual(
    arrays: RunArrays,
    sites: list[int],
    start_s: float,
    slots: int,
    event_days: dict[int, set[int]],
    days: int,
    best: int,
) -> tuple[Floats, Floats] | None:
    """Baseline and import of each site during an event, (S, sites, slots) kW; None before there is a baseline.

    Days with an event of its own do not count for a site; those with another's do.
    """
    axis = arrays.axis
    per_day = DAY_S // axis.slot_s
    lead = axis.seconds_of_day // axis.slot_s
    power = arrays.import_mwh[:, :, sites] / MWH_PER_KWH * SECONDS_PER_HOUR / axis.slot_s
    whole = np.concatenate([np.zeros((lead, *power.shape[1:])), power])
    whole = np.concatenate([whole, np.zeros((-len(whole) % per_day, *power.shape[1:]))])
    by_day = np.moveaxis(whole.reshape(-1, per_day, *power.shape[1:]), (2, 3), (0, 1))
    day, first = divmod(int((start_s + axis.seconds_of_day) // axis.slot_s), per_day)
    kinds = working_dates(axis.start.date(), day + 1)
    base = np.zeros((*by_day.shape[:2], slots))
    alike: dict[frozenset[int], list[int]] = {}
    for place, site in enumerate(sites):
        alike.setdefault(frozenset(event_days[site]), []).append(place)
    for called, places in alike.items():
        quiet = np.array([d not in called and (d > 0 or lead == 0) for d in range(day)], dtype=np.bool_)
        comparable = (kinds[:day] == kinds[day]) & quiet
        if not comparable.any():
            return None
        base[:, places] = baseline_kw(
            by_day[:, places, :day],
            by_day[:, places, day],
            first_slot=first,
            slots=slots,
            comparable=comparable,
            days=days,
            best=best,
        )
    return base, by_day[:, :, day, first : first + slots]
