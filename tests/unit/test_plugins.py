"""Plug-ins: found by entry point, loaded when asked for, refused by name."""

import subprocess
import sys
import textwrap
from importlib.metadata import EntryPoint

import pytest

from ysc_sim.contracts import Device
from ysc_sim.errors import PluginError
from ysc_sim.plugins import GROUPS, Registry, catalogue, plugin, registry


def point(name, value="ysc_sim.outages.windows:Windows", group="ysc_sim.outages"):
    return EntryPoint(name, value, group)


def test_every_group_has_its_built_in_kinds():
    kinds = {group: set(registry(group).kinds) for group in GROUPS}
    assert {"load", "solar", "wind", "battery", "ev"} <= kinds["devices"]
    assert {"none", "call_auction"} <= kinds["markets"]
    assert all(kinds[group] for group in GROUPS if group != "sections")  # those of the page are listed in it


def test_class_behind_a_kind():
    assert plugin("devices", "battery").kind == "battery"
    assert registry("devices")["battery"] is plugin("devices", "battery")
    assert set(dir(plugin("devices", "battery"))) >= {"bands", "advance", "start"} <= set(dir(Device))


def test_nearest_name():
    with pytest.raises(PluginError) as error:
        plugin("devices", "batery")
    assert error.value.key == "plugin_unknown"
    assert error.value.values["suggestion"] == "battery"
    with pytest.raises(PluginError) as error:
        registry("device")
    assert error.value.values["suggestion"] == "devices"


def test_two_of_one_name():
    with pytest.raises(PluginError) as error:
        Registry("outages", [point("windows"), point("windows", "other.package:Windows")])
    assert error.value.key == "plugin_twice"


def test_broken_outside_plug_in_warns_and_is_left_out():
    found = Registry("outages", [point("windows"), point("typhoon", "no_such_package:Typhoon")])
    with pytest.warns(RuntimeWarning, match="no_such_package"):
        assert list(found) == ["windows"]
    assert len(found) == 1
    assert "typhoon" not in found
    assert "no_such_package" in found.broken["typhoon"]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("storm", "ysc_sim.outages.windows:Windows", "windows"),
        ("windows", "ysc_sim.outages.windows:SECONDS_PER_HOUR", "int"),
        ("windows", "ysc_sim.outages.windows:WindowsSpec", "kind"),
    ],
)
def test_what_is_no_plug_in(name, value, reason):
    found = Registry("outages", [point(name, value)])
    with pytest.warns(RuntimeWarning, match=reason), pytest.raises(KeyError):
        found[name]


def test_loading_waits_until_a_kind_is_asked_for():
    code = """
        import sys
        from ysc_sim.plugins import plugin, registry
        assert "battery" in registry("devices").kinds
        assert "ysc_sim.devices.battery" not in sys.modules
        plugin("devices", "battery")
        assert "ysc_sim.devices.battery" in sys.modules
        assert "ysc_sim.devices.ev" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_catalogue_says_what_each_is():
    lines = {(line.group, line.kind): line for line in catalogue()}
    battery = lines["devices", "battery"]
    assert battery.works
    assert battery.module == "ysc_sim.devices.battery"
    assert battery.distribution.startswith("ysc-sim ")
    assert battery.summary == "All stationary batteries of a community."


OUTSIDE = '''
from dataclasses import dataclass
from typing import Annotated
from annotated_types import Gt


@dataclass(frozen=True, kw_only=True)
class PumpSpec:
    """A pump."""

    lift_m: Annotated[float, Gt(0)]
    """How high it lifts."""


class Pumps:
    """Pumps of a waterworks."""

    kind = "pump"
    Spec = PumpSpec
'''
VALIDATE = """
import sys
from ysc_sim.plugins import catalogue
from ysc_sim.scenario import json_schema, load_scenario
from ysc_sim.errors import ScenarioError
scenario = load_scenario(sys.argv[1])
pump = scenario.buildings[0].devices[0]
assert (pump.kind, pump.id, pump.spec.lift_m) == ("pump", "pump", 12.0)
assert any(line.kind == "pump" and line.distribution == "waterworks 1.0" for line in catalogue())
field = json_schema()["$defs"]["devices.pump"]["properties"]["lift_m"]
assert field["description"] == "How high it lifts." and field["exclusiveMinimum"] == 0
try:
    load_scenario(sys.argv[1], {"buildings.works.devices.pump.lift_m": -1})
except ScenarioError as error:
    print(*[problem.key for problem in error.problems])
"""


def test_outside_package_brings_a_device(tmp_path):
    site = tmp_path / "site"
    info = site / "waterworks-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "waterworks.py").write_text(OUTSIDE, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: waterworks\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[ysc_sim.devices]\npump = waterworks:Pumps\n", encoding="utf-8")
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        "format: 1\ntime: {start: 2026-08-03T00:00, days: 1}\n"
        "buildings: [{id: works, devices: [{kind: pump, lift_m: 12}]}]\n",
        encoding="utf-8",
    )
    start = f"import sys; sys.path.insert(0, {str(site)!r})\n"
    run = subprocess.run(
        [sys.executable, "-c", start + VALIDATE, str(scenario)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["must_be_above"]
