"""Steps taken at once leave the same bits behind as steps taken one by one."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

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
