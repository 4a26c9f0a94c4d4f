"""The JSON Schema agrees with the loader, and says what every field means."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from ysc_sim.plugins import registry
from ysc_sim.scenario import json_schema, load_scenario
from ysc_sim.scenario.json_schema import CHOSEN

BAD = Path(__file__).parent.parent / "cases" / "bad" / "scenario"
SCENARIO = """
format: 1
time: {start: 2026-08-03T00:00, days: 7}
wires: private_line
tariff:
  plan: tepco_hv_basic_2026
  previous_kw: [1, 2.5]
  adjustments: {2026-08: {morning: 1, noon: 2, evening: 3, night: 1}}
market: {kind: call_auction}
bidder: {kind: truthful, forecast: {kind: persistence, of: yesterday}}
buildings:
  - id: office
    profile: office
    tier_shares: [0.1, 0.2, 0.3, 0.4]
    strategy: {kind: peak_cut, target_kw: 20}
    devices: [{kind: battery, energy_kwh: 40, power_kw: 20}, {kind: ev, leave: "08:30"}]
  - {id: house, profile: detached120_gas, count: 8, diversity: {shift_minutes: 10}}
outages:
  - {start: 2026-08-05T18:00, duration_h: 2}
  - {kind: windows, start: 2026-08-06T18:00, duration_h: 2}
"""


@pytest.fixture(scope="module")
def schema():
    return json_schema()


@pytest.fixture(scope="module")
def validator(schema):
    return jsonschema.Draft202012Validator(schema)


def test_is_a_schema(schema):
    jsonschema.Draft202012Validator.check_schema(schema)


def test_good_scenario_passes(validator, tmp_path):
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    scenario = load_scenario(path)
    assert list(validator.iter_errors(yaml.safe_load(SCENARIO))) == []
    assert list(validator.iter_errors(yaml.safe_load(scenario.source_text))) == []


FIELD_CASES = (
    "01_unknown_key",
    "01_unknown_key_top",
    "01_unknown_key_building",
    "06_text_is_no_truth",
    "17_negative_capacity",
    "18_efficiency_in_percent",
    "kind_unknown",
    "kind_missing",
    "kind_not_a_map",
    "field_missing",
    "wrong_types",
    "network_kind_unknown",
    "network_street_wrong",
    "format_missing",
    "40_newer_format",
)


@pytest.mark.parametrize("case", FIELD_CASES)
def test_what_the_loader_refuses_in_a_field_the_schema_marks(validator, case):
    data = yaml.safe_load((BAD / f"{case}.yaml").read_text(encoding="utf-8").replace("NO", "'NO'"))
    assert list(validator.iter_errors(data))


def test_file_that_extends_may_leave_out_what_is_needed(validator):
    assert validator.is_valid({"extends": "base.yaml", "seed": 4})
    assert not validator.is_valid({"seed": 4})


def objects(node):
    """Every object with fields, with a name for it."""
    for name, part in {"scenario": node, **node["$defs"]}.items():
        if "properties" in part:
            yield name, part


def test_every_field_is_described_and_every_object_is_closed(schema):
    for name, part in objects(schema):
        assert part["additionalProperties"] is False, name
        for field, said in part["properties"].items():
            assert said.get("description"), f"{name}.{field} has no text below it"


def test_units_stand_in_the_descriptions(schema):
    battery = schema["$defs"]["devices.battery"]
    assert battery["properties"]["energy_kwh"]["description"].endswith("[kWh]")
    assert battery["properties"]["energy_kwh"]["anyOf"][0]["exclusiveMinimum"] == 0
    assert battery["anyOf"] == [{"required": ["model"]}, {"required": ["energy_kwh", "power_kw"]}]
    assert schema["$defs"]["Time"]["properties"]["step_s"]["description"].endswith("[s]")


def test_every_installed_kind_is_offered_once(schema):
    for group in CHOSEN:
        offered = [ref["$ref"].rpartition(".")[2] for ref in schema["$defs"][group]["oneOf"]]
        assert offered == list(registry(group))
        for kind in offered:
            assert schema["$defs"][f"{group}.{kind}"]["properties"]["kind"]["const"] == kind


def test_every_depth_of_power_flow_is_offered(schema):
    assert schema["properties"]["power_flow"]["enum"] == ["off", "report", "control"]


def test_both_kinds_of_network_are_offered(validator):
    scenario = yaml.safe_load(SCENARIO)
    street = {"kind": "street", "trunk": "ow_cu_60", "service_m_of": {"office": 40}}
    file = {"kind": "pandapower", "file": "grid.json", "buses": {"office": "bus 3", "house": [1, 2]}}
    for network in (street, file, {}):
        assert validator.is_valid({**scenario, "network": network, "power_flow": "report"}), network
    for network in ({"kind": "stret"}, {**street, "file": "a.json"}, {"kind": "pandapower"}, 3):
        assert not validator.is_valid({**scenario, "network": network}), network


def test_every_reference_leads_somewhere(schema):
    def references(node):
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            for part in node.values():
                yield from references(part)
        elif isinstance(node, list):
            for part in node:
                yield from references(part)

    for reference in references(schema):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]
