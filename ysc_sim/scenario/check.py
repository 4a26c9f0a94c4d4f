"""Cross rules: what no single field can say. Each is a small pure function; all of them always run.

A rule takes the scenario and the tree, which knows where everything was written, and gives problems. A rule
that cannot judge (because the clock itself is wrong, say) gives none; the rule that can says so.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ysc_sim.contracts import ReliefBidder, ReliefMarket
from ysc_sim.documents import suggest
from ysc_sim.errors import Problem
from ysc_sim.plugins import plugin
from ysc_sim.scenario.check_cells import CELL_RULES
from ysc_sim.scenario.check_inputs import INPUT_RULES
from ysc_sim.scenario.check_network import NETWORK_RULES
from ysc_sim.scenario.check_tariffs import TARIFF_RULES
from ysc_sim.scenario.check_weather import WEATHER_RULES
from ysc_sim.scenario.kinds import Choice, Forecasting, parts_of
from ysc_sim.scenario.retailer import Retailer
from ysc_sim.scenario.schema import Scenario
from ysc_sim.scenario.tree import Path_, Tree
from ysc_sim.scenario.varied import varied_rows_are_possible
from ysc_sim.timeseries.axis import step_is_allowed
from ysc_sim.units import SECONDS_PER_HOUR, SLOT_S

MAX_BUILDING_STEPS = 1_000_000_000
RESERVED_IDS = frozenset({"community", "pool", "operator", "utility", "network"})
"""Names that results use beside those of buildings."""


def check(scenario: Scenario, tree: Tree) -> list[Problem]:
    """Every problem that the cross rules find; those of severity ``warning`` do not stop a run."""
    return [problem for rule in RULES for problem in rule(scenario, tree)]


def time_is_whole(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """A zone that exists, a step that fits the half-hour, real dates, one of ``days`` and ``end``."""
    time = scenario.time
    try:
        ZoneInfo(time.tz)
    except (ValueError, KeyError, OSError):
        yield tree.problem("time_zone_unknown", ("time", "tz"), {"value": time.tz})
    if not step_is_allowed(time.step_s):
        yield tree.problem("step_does_not_fit", ("time", "step_s"), {"value": time.step_s})
    unreadable = False
    for name in ("start", "end"):
        value = getattr(time, name)
        if value is not None and read_date(value) is None:
            unreadable = True
            yield tree.problem("not_a_date_time", ("time", name), {"value": value})
    if time.days is None and time.end is None:
        yield tree.problem("days_or_end", ("time",), {})
    elif time.days is None and not unreadable:
        yield tree.problem("dates_of_two_kinds", ("time", "end"), {"start": time.start})
    elif time.end is not None and time.days is not None:
        yield tree.problem("days_and_end", ("time", "end"), {})


def time_is_on_slots(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """The start lies on a slot, and a whole number of slots follows."""
    time, start = scenario.time, read_date(scenario.time.start)
    slot_s = max(SLOT_S, time.step_s)
    if start is not None and (start.hour * 3600 + start.minute * 60 + start.second + start.microsecond / 1e6) % slot_s:
        yield tree.problem("start_off_slot", ("time", "start"), {"value": time.start, "minutes": slot_s // 60})
    if time.days is None:
        return
    last = ("time", "days") if "days" in (tree.data.get("time") or {}) else ("time", "end")
    seconds = time.days * 86400
    if seconds <= 0:
        yield tree.problem("end_before_start", last, {"start": time.start})
    elif abs(seconds / slot_s - round(seconds / slot_s)) > 1e-6:
        yield tree.problem("length_off_slot", last, {"value": f"{seconds:g}", "minutes": slot_s // 60})


def ids_are_safe(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Letters, digits, ``_``, ``-``, ``.``; nothing that turns a line round, names a folder or is taken."""
    for b, building in enumerate(scenario.buildings):
        where: Path_ = ("buildings", b)
        if not is_safe(building.id):
            yield tree.problem("id_unsafe", (*where, "id"), {"value": building.id})
        elif building.id in RESERVED_IDS:
            yield tree.problem("id_reserved", (*where, "id"), {"value": building.id})
        for d, device in enumerate(building.devices):
            if device.id and not is_safe(device.id):  # none where a wrong one was taken out
                yield tree.problem("id_unsafe", (*where, "devices", d, "id"), {"value": device.id})


def ids_are_different(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """No two buildings, copies counted, and no two devices of a building share a name."""
    first: dict[str, int] = {}
    for b, building in enumerate(scenario.buildings):
        for name in building.member_ids:
            if name in first:
                line = tree.line(("buildings", first[name], "id"))
                key = "id_twice" if building.count == scenario.buildings[first[name]].count == 1 else "id_of_copy_taken"
                values = {"value": name, "first_line": line, "id": building.id}
                yield tree.problem(key, ("buildings", b, "id"), values)
                break
            first[name] = b
        seen: dict[str, int] = {}
        for d, device in enumerate(building.devices):
            if device.id and device.id in seen:
                line = tree.line(("buildings", b, "devices", seen[device.id], "id"))
                values = {"value": device.id, "first_line": line}
                yield tree.problem("id_twice", ("buildings", b, "devices", d, "id"), values)
            seen.setdefault(device.id, d)


def specs_agree(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """What each plug-in's ``Spec.check()`` says of its own fields; ``known`` names get a "did you mean"."""
    for path, spec in all_specs(scenario):
        check_spec: Callable[[], list[tuple[str, str, dict[str, Any]]]] | None = getattr(spec, "check", None)
        for key, field, values in check_spec() if check_spec else ():
            said = getattr(spec, field, None) if field else None
            if "known" in values and "suggestion" not in values and isinstance(said, str):
                values = {**values, "suggestion": suggest(said, str(values["known"]).split(", "))}
            yield tree.problem(key, (*path, *field.split(".")) if field else path, values)


def wires_are_said(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Several buildings say whose wires join them; some fields belong to the utility's wires alone."""
    if scenario.wires is None and tree.data.get("wires") is None:  # what was said but not understood is told already
        yield tree.problem("wires_needed", ("buildings",), {"count": len(scenario.member_ids)})
    if scenario.wires == "utility":
        return
    if scenario.tariff.wheeling_jpy_per_kwh is not None:
        yield tree.problem("only_over_utility_wires", ("tariff", "wheeling_jpy_per_kwh"), {"wires": scenario.wires})
    if scenario.retailer != Retailer():
        yield tree.problem("only_over_utility_wires", ("retailer",), {"wires": scenario.wires})
    if scenario.islanding_agreement:
        yield tree.problem("only_over_utility_wires", ("islanding_agreement",), {"wires": scenario.wires})


def export_ban_has_a_meter(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Over the utility's wires several buildings have no common meter that could be kept from running backwards."""
    if scenario.export == "forbidden" and scenario.wires == "utility" and len(scenario.member_ids) > 1:
        yield tree.problem("export_ban_without_meter", ("export",), {})


def wheeling_is_said_once(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """The wheeling charge belongs to the wires, not to one building's contract."""
    for b, building in enumerate(scenario.buildings):
        if building.tariff is not None and building.tariff.wheeling_jpy_per_kwh is not None:
            where = ("buildings", b, "tariff", "wheeling_jpy_per_kwh")
            yield tree.problem("wheeling_of_building", where, {})


def bidder_has_a_market(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """A bidder that is named while nothing is traded bids in vain."""
    market: Any = plugin("markets", scenario.market.kind)
    if issubclass(market, ReliefMarket):
        yield from relief_can_be_had(scenario, tree)
    elif scenario.bidder != Forecasting.truthful() and not market.trades:
        yield tree.problem("bidder_in_vain", ("bidder",), {"market": scenario.market.kind}, severity="warning")


def relief_can_be_had(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """A market for relief needs somebody who offers it, and a common peak."""
    said = {"market": scenario.market.kind}
    if not issubclass(plugin("bidders", scenario.bidder.kind), ReliefBidder):
        yield tree.problem("relief_needs_offers", ("bidder",), said)
    if len(scenario.member_ids) < 2 or scenario.wires == "utility":
        yield tree.problem("relief_needs_one_contract", ("market",), said)


def shedding_is_in_order(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """The more critical tier is shed at the lower state of charge."""
    levels = scenario.island.shed_below_soc
    if any(a > b for a, b in itertools.pairwise(levels)):
        yield tree.problem("tiers_out_of_order", ("island", "shed_below_soc"), {"value": list(levels)})


def outages_are_inside(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """A given window lies inside the simulated time; overlapping ones count as one."""
    axis = scenario.clock()
    if axis is None:
        return
    spans: list[tuple[float, float, int]] = []
    for number, outage in enumerate(scenario.outages):
        start, hours = (
            read_date(getattr(outage.spec, "start", None)),
            getattr(outage.spec, "duration_h", None),
        )
        if start is None or not isinstance(hours, int | float):
            continue
        begin = axis.seconds(start)
        end = begin + hours * SECONDS_PER_HOUR
        values = {"start": axis.start.isoformat(), "end": axis.at(axis.duration_s).isoformat()}
        if end <= 0 or begin >= axis.duration_s:
            yield tree.problem("outage_outside", ("outages", number, "start"), values)
        elif begin < 0:
            yield tree.problem("outage_cut", ("outages", number, "start"), values, severity="warning")
        if not getattr(outage.spec, "cell", ""):
            spans.append((begin, end, number))
    last = -float("inf")
    for begin, end, number in sorted(spans):
        if begin < last:
            yield tree.problem("outages_overlap", ("outages", number), {}, severity="warning")
        last = max(last, end)


def ensemble_is_possible(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Starts are drawn or counted, not both; the outage fits into the simulated time."""
    outages, axis = scenario.ensemble.outages, scenario.clock()
    if outages is None:
        return
    wrong = outages.check()
    for key, _, values in wrong:
        yield tree.problem(key, ("ensemble", "outages"), values)
    if axis is not None and not wrong and not outages.starts_s(axis, scenario.seed):
        values = {"hours": f"{outages.first_h + outages.duration_h:g}", "days": f"{axis.duration_s / 86_400:g}"}
        yield tree.problem("ensemble_outage_too_long", ("ensemble", "outages", "duration_h"), values)


def run_is_possible(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """Steps × buildings × rows have a bound; above it the estimate is told."""
    if scenario.time.days is None:
        return
    steps = round(scenario.time.days * 86400 / scenario.time.step_s)
    buildings = sum(building.count for building in scenario.buildings)
    rows = scenario.ensemble.rows(scenario.clock(), scenario.seed)
    if steps * buildings * rows > MAX_BUILDING_STEPS:
        values = {
            "steps": f"{steps:,}",
            "buildings": f"{buildings:,}",
            "rows": f"{rows:,}",
            "product": f"{steps * buildings * rows:.2g}",
            "limit": f"{MAX_BUILDING_STEPS:,}",
        }
        yield tree.problem("run_too_large", ("time",), values)


def all_specs(scenario: Scenario) -> Iterator[tuple[Path_, Any]]:
    """Every plug-in's specification with the path where its fields stand."""
    yield ("market",), scenario.market.spec
    yield from specs_in(("bidder",), scenario.bidder)
    yield ("retailer",), scenario.retailer
    for name in ("frequency", "shedding", "scarcity", "engines"):
        rules = getattr(scenario.island, name)
        if rules is not None:
            yield ("island", name), rules
    for k, inverters in enumerate(scenario.island.inverters):
        for j, relay in enumerate(inverters.relays):
            yield ("island", "inverters", k, "relays", j), relay
    for number, outage in enumerate(scenario.outages):
        yield ("outages", number), outage.spec
    for b, building in enumerate(scenario.buildings):
        yield from specs_in(("buildings", b, "strategy"), building.strategy)
        for d, device in enumerate(building.devices):
            yield ("buildings", b, "devices", d), device.spec


def specs_in(path: Path_, choice: Choice) -> Iterator[tuple[Path_, Any]]:
    """A choice's specification and those of the choices inside it."""
    yield path, choice.spec
    for name, part in parts_of(choice):
        yield from specs_in((*path, name), part)


def read_date(text: Any) -> datetime | None:
    """A local date and time; None where the text is none. A number is none: 20260803 is not a date here."""
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) and len(text) >= 10 and text[4] == "-" else None
    except ValueError:
        return None


def is_safe(name: str) -> bool:
    """Whether a name may stand in tables, files and keys: letters and digits of any script, ``_-.``.

    >>> is_safe("診療所_2"), is_safe("../x"), is_safe("a\\u202eb"), is_safe("*"), is_safe("")
    (True, False, False, False, False)
    """
    letters = all(c in "_-." or unicodedata.category(c)[0] in "LMN" for c in name)
    return bool(name) and letters and name[0] not in "-." and not name.endswith(".")


RULES: tuple[Callable[[Scenario, Tree], Iterator[Problem]], ...] = (
    time_is_whole,
    time_is_on_slots,
    ids_are_safe,
    ids_are_different,
    specs_agree,
    wires_are_said,
    wheeling_is_said_once,
    export_ban_has_a_meter,
    bidder_has_a_market,
    shedding_is_in_order,
    outages_are_inside,
    ensemble_is_possible,
    varied_rows_are_possible,
    run_is_possible,
    *CELL_RULES,
    *INPUT_RULES,
    *TARIFF_RULES,
    *NETWORK_RULES,
    *WEATHER_RULES,
)
