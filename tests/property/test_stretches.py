"""Steps taken at once leave the same bits behind as steps taken one by one."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import DeviceState, View, promises, scheduled
from ysc_sim.devices.load import LoadFleet
from ysc_sim.engine import run as run_module
from ysc_sim.engine.simulate import run_community
from ysc_sim.strategies.self_consumption import SelfConsumption
from ysc_sim.units import Floats

SUN = {"kind": "solar", "rated_kw": 4}
HOME = {
    "id": "home",
    "count": 5,
    "profile": "detached120_gas",
    "devices": [SUN, {"kind": "battery", "energy_kwh": 5, "power_kw": 3, "soc_min": 0.1, "soc_max": 0.9}],
}
SHOP = {"id": "shop", "profile": "office", "load_kwh_per_year": 20_000, "strategy": {"kind": "none"}}
AUCTION = {"kind": "call_auction"}
AWAY = {"kind": "windows", "start": "2026-04-30T14:07:13", "duration_h": 2.5}
YESTERDAY = {"kind": "persistence", "of": "yesterday"}
CASES: dict[str, dict[str, Any]] = {
    "half-hours with a market": {"market": AUCTION},
    "a market that is read by its bidders": {"market": AUCTION, "bidder": {"kind": "zip"}},
    "bids that read stores": {"market": AUCTION, "bidder": {"kind": "marginal_value"}, "time": {"step_s": 600}},
    "yesterday": {"market": AUCTION, "bidder": {"kind": "truthful", "forecast": YESTERDAY}},
    "a week": {"market": AUCTION, "bidder": {"kind": "truthful", "forecast": {"kind": "weekly"}}},
    "minutes by the slot": {"time": {"step_s": 60, "days": 1}},
    "hours": {"time": {"step_s": 3600}, "market": {"kind": "mid_market_rate"}},
    "every step of rows": {"time": {"step_s": 300}, "ensemble": {"seeds": 3}, "results": {"record": "step"}},
    "nobody stores": {"buildings": [SHOP, {**SHOP, "id": "other", "devices": [SUN]}]},
    "an outage inside a step": {"outages": [AWAY], "time": {"step_s": 900}, "market": AUCTION},
    "outages of rows": {"outages": [{"kind": "random", "per_year": 400, "median_h": 1}], "ensemble": {"seeds": 3}},
    "a battery that wears": {"buildings": [{**SHOP, "devices": [{"kind": "battery", "model": "generic_home"}]}]},
}


COOLING = {"kind": "switchable_load", "profile": "shop", "load_kwh_per_year": 9000}
STORE = {"kind": "battery", "energy_kwh": 12, "power_kw": 6, "charge_efficiency": 0.93}
SOON = {**AWAY, "start": "2026-04-29T14:07:13"}
TARGET = {"target_kw": 4.0}
CALLED = {"start": "2026-04-29T13:00", "duration_h": 3, "notice_h": 1, "cut_kw": 2}
WATCHING: dict[str, dict[str, Any]] = {
    "peak cut": {"kind": "peak_cut", **TARGET},
    "no ratchet": {"kind": "peak_cut", **TARGET, "ratchet": False, "refill_soc": 0.5},
    "demand controller": {"kind": "demand_controller", **TARGET, "settle_minutes": 2},
    "rotation": {"kind": "aircon_rotation", **TARGET},
    "together": {"kind": "group_peak_cut"},
    "together, a target": {"kind": "group_peak_cut", **TARGET},
    "one level": {"kind": "constant_draw"},
    "prices": {"kind": "tou_arbitrage"},
    "plans": {"kind": "mpc"},
    "foresight": {"kind": "optimal"},
    "response": {"kind": "demand_response", "inner": {"kind": "self_consumption"}, "events": [CALLED]},
    "a reserve": {"kind": "reserve_level", "level": 0.6, "inner": {"kind": "peak_cut", **TARGET}},
    "a forecast reserve": {"kind": "reserve_forecast", "inner": {"kind": "self_consumption"}},
    "a promise": {"kind": "deliver_trades"},
    "notices": {"kind": "reserve_on_notice", "inner": {"kind": "none"}},
    "nothing": {"kind": "none"},
}
"""Strategies that look at meters, stores, prices, promises or notices."""


def made(folder: Path, change: dict[str, Any]) -> Any:
    data: dict[str, Any] = {
        "format": 1,
        "time": {"start": "2026-04-29T00:00", "days": 3, "step_s": 1800} | change.get("time", {}),
        "tariff": {"plan": "tepco_hv_basic_2026", "export_jpy_per_kwh": 8.5},
        "wires": "private_line",
        "results": {"record": "slot"},
        "buildings": [HOME, SHOP],
    }
    path = folder / "stretch.yaml"
    path.write_text(json.dumps(data | {key: value for key, value in change.items() if key != "time"}), encoding="utf-8")
    return ysc.load_scenario(path)


def bits(value: Any) -> Any:
    """Everything in it, arrays as bytes."""
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if hasattr(value, "__dataclass_fields__"):
        return [bits(getattr(value, field.name)) for field in fields(value)]
    if hasattr(value, "items"):
        return {key: bits(inside) for key, inside in value.items()}
    return [bits(inside) for inside in value] if isinstance(value, tuple | list) else repr(value)


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr(run_module, "can_stretch", lambda community: False)


@pytest.mark.parametrize("name", CASES)
def test_the_bits_are_those_of_single_steps(name: str, tmp_path: Path, one_by_one: Callable[[], None]) -> None:
    scenario = made(tmp_path, CASES[name])
    at_once = run_community(compile_community(scenario))
    one_by_one()
    step_by_step = run_community(compile_community(scenario))
    for field in fields(at_once):
        assert bits(getattr(at_once, field.name)) == bits(getattr(step_by_step, field.name)), field.name


def test_a_market_in_the_loop_is_cleared_in_it_and_alike(tmp_path: Path, one_by_one: Callable[[], None]) -> None:
    community = compile_community(made(tmp_path, {"market": AUCTION}))
    after, inside = (run_community(replace(community, market_in_loop=loop)) for loop in (False, True))
    assert inside.bought_mwh.any()
    assert inside.bought_mwh.tobytes() == after.bought_mwh.tobytes()
    assert inside.bill_mjpy.tobytes() == after.bill_mjpy.tobytes()


def test_numbers_alone_are_those_of_single_steps(tmp_path: Path, one_by_one: Callable[[], None]) -> None:
    change = {"results": {"record": "none"}, "ensemble": {"seeds": 2, "outages": {"every_h": 17, "duration_h": 3}}}
    scenario = made(tmp_path, change)
    at_once = ysc.run(scenario).metrics
    one_by_one()
    assert ysc.run(scenario).metrics == at_once


def test_far_fewer_acts_than_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acts: list[int] = []
    act = run_module.Run.act

    def counted(run: run_module.Run, t_s: int) -> None:
        acts.append(t_s)
        act(run, t_s)

    monkeypatch.setattr(run_module.Run, "act", counted)
    run_community(compile_community(made(tmp_path, {"outages": [AWAY], "time": {"step_s": 300}})))
    assert 1 < len(acts) < 60  # the outage's own steps, of 864


class Looking(SelfConsumption):
    """Changed what it decides, and promised nothing."""

    def decide(self, view: View, state: DeviceState) -> Floats:
        return np.minimum(-view.fixed_kw, view.store.stored_kwh)


class Lying(Looking):
    from_fixed: ClassVar[bool] = True

    decide = Looking.decide


class OtherLoad(LoadFleet):
    def bands(self, *given: Any) -> Any:
        return super().bands(*given)


def test_a_promise_ends_where_the_method_is_changed(tmp_path: Path) -> None:
    assert promises(SelfConsumption([], []), "from_fixed", "decide")
    assert not promises(Looking([], []), "from_fixed", "decide")
    community = compile_community(made(tmp_path, {}))
    load = next(fleet for fleet in community.fleets if fleet.kind == "load")
    assert scheduled(load)
    assert not scheduled(OtherLoad(load.placed))


def test_who_promised_and_looks_elsewhere_is_told(tmp_path: Path) -> None:
    community = compile_community(made(tmp_path, {"buildings": [HOME]}))
    control = replace(community.controls[0], strategy=Lying([], []))
    with pytest.raises(TypeError, match=r"looks at View\.fixed_kw alone"):
        run_community(replace(community, controls=(control,)))


def watched(first: str, second: str, *, loads: int, model: str = "", **more: Any) -> dict[str, Any]:
    """Two firms with strategies and loads that may be switched off, and one home."""
    battery = STORE if not model else {"kind": "battery", "model": model, "energy_kwh": 10}
    both = [
        {**SHOP, "strategy": WATCHING[kind], "devices": [SUN] * place + [battery] + [COOLING] * loads}
        for place, kind in enumerate((first, second))
    ]
    return {"buildings": [{**both[1], "id": "a_firm"}, both[0], {**HOME, "count": 1}], **more}


def alike(scenario: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a run both ways."""
    at_once = run_community(compile_community(scenario))
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "can_stretch", lambda community: False)
        one_by_one = run_community(compile_community(scenario))
    for field in fields(at_once):
        assert bits(getattr(at_once, field.name)) == bits(getattr(one_by_one, field.name)), field.name


@pytest.mark.parametrize("kind", WATCHING)
def test_who_watches_sees_what_single_steps_show(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = watched(kind, kind, loads=1, time={"step_s": 900, "days": 2}, market=AUCTION)
    alike(made(tmp_path, change), monkeypatch)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.tuples(*[st.sampled_from(sorted(set(WATCHING) - {"foresight"}))] * 2),
    loads=st.integers(0, 2),
    model=st.sampled_from(["", "", "generic_home", "generic_business"]),
    step_s=st.sampled_from([300, 900, 1800]),
    rows=st.integers(1, 3),
    market=st.sampled_from(["none", "call_auction"]),
    bidder=st.sampled_from(["truthful", "marginal_value"]),
    record=st.sampled_from(["slot", "step", "none"]),
    outage=st.sampled_from([[], [SOON], [{"kind": "random", "per_year": 400, "median_h": 1}]]),
)
def test_random_communities_whose_strategies_watch(
    kinds: tuple[str, str],
    loads: int,
    model: str,
    step_s: int,
    rows: int,
    market: str,
    bidder: str,
    record: str,
    outage: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change = watched(*kinds, loads=loads, model=model, time={"step_s": step_s, "days": 1})
    change |= {"market": {"kind": market}, "bidder": {"kind": bidder}, "ensemble": {"seeds": rows}}
    change |= {"results": {"record": record}, "outages": outage}
    alike(made(tmp_path, change), monkeypatch)


def test_sizes_of_rows_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    energy, power = (f"buildings.shop.devices.battery.{name}" for name in ("energy_kwh", "power_kw"))
    sizes = {energy: (0.0, 1.0, 12.0, 50.0), power: (0.0, 1.0, 6.0, 20.0)}
    change = watched("demand controller", "peak cut", loads=1, time={"step_s": 300, "days": 1})
    scenario = made(tmp_path, change)
    alike(replace(scenario, ensemble=replace(scenario.ensemble, vary=sizes)), monkeypatch)


@pytest.mark.parametrize("loads", [0, 1])
def test_who_watches_acts_in_stretches(loads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module.Run, "act", lambda run, t_s: pytest.fail(f"an act of its own at {t_s} s"))
    change = watched("demand controller", "together", loads=loads, time={"step_s": 60, "days": 1})
    arrays = run_community(compile_community(made(tmp_path, change)))
    assert ("switched_off_kwh" in arrays.columns) == bool(loads)
