"""Scenario files: what they mean once read, extended and overridden."""

import os
from dataclasses import FrozenInstanceError

import pytest

from ysc_sim.community.members import spread_of
from ysc_sim.errors import ScenarioError
from ysc_sim.scenario import load_scenario, parse_scenario, resolved_yaml
from ysc_sim.scenario.check_inputs import named_files

SMALL = """
format: 1
name: Test
time: {start: 2026-08-03T00:00, days: 7}
buildings:
  - id: home
    profile: detached120_gas
    devices:
      - {kind: battery, energy_kwh: 10, power_kw: 5}
"""
BLOCK = """
format: 1
time: {start: 2026-08-03T00:00, end: 2026-08-05T00:00, step_s: 60}
wires: private_line
buildings:
  - id: office
    profile: office
    load_kwh_per_year: 9e4
    strategy: {kind: peak_cut, target_kw: 20}
    devices:
      - {kind: battery, energy_kwh: 40, power_kw: 20}
      - {kind: battery, energy_kwh: 10, power_kw: 5}
      - {kind: ev, id: van, leave: 08:30}
  - {id: house, profile: detached120_gas, count: 8}
outages:
  - {start: 2026-08-03T18:00, duration_h: 2}
"""


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="scenario.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def keys(error):
    return [problem.key for problem in error.value.problems]


def test_fields_and_defaults(write):
    scenario = load_scenario(write(BLOCK))
    assert scenario.time.days == 2.0
    assert scenario.time.axis.count == 2880
    assert scenario.time.axis.start.isoformat() == "2026-08-03T00:00:00+09:00"
    office, house = scenario.buildings
    assert [(d.id, d.kind) for d in office.devices] == [
        ("load", "load"),
        ("battery", "battery"),
        ("battery_2", "battery"),
        ("van", "ev"),
    ]
    assert office.devices[0].spec.load_kwh_per_year == 90_000.0
    assert office.devices[0].spec.tier_shares == (0.2, 0.3, 0.3, 0.2)
    assert office.strategy.spec.target_kw == 20.0
    assert office.diversity is None
    assert spread_of(house) == (90.0, 0.3)
    assert house.strategy.kind == "self_consumption"
    assert scenario.member_ids == ("office", *(f"house_{k}" for k in range(1, 9)))
    assert scenario.outages[0].kind == "windows"
    assert scenario.bidder.forecast.kind == "persistence"
    assert scenario.warnings == ()


def test_yaml_values_are_what_people_mean(write):
    # libraries' YAML 1.1 reads 12:30 as 750, NO as false, 1e3 as text
    text = SMALL.replace("name: Test", "name: NO\nseed: 1e3").replace(
        "power_kw: 5}", "power_kw: 5}\n      - {kind: ev, leave: 12:30}"
    )
    scenario = load_scenario(write(text))
    assert scenario.name == "NO"
    assert scenario.seed == 1000
    assert scenario.buildings[0].devices[2].spec.leave == "12:30"


def test_one_building_needs_no_wires(write):
    assert load_scenario(write(SMALL)).wires == "same_site"


def test_scenario_is_frozen(write):
    with pytest.raises(FrozenInstanceError):
        load_scenario(write(SMALL)).seed = 2


def test_copies_are_padded_to_one_width(write):
    text = SMALL.replace("id: home", "id: home\n    count: 12").replace("buildings", "wires: same_site\nbuildings")
    assert load_scenario(write(text)).member_ids[::11] == ("home_01", "home_12")


@pytest.mark.parametrize("text", [SMALL, BLOCK])
def test_resolved_text_reads_back_equal(write, tmp_path, text):
    scenario = load_scenario(write(text))
    again = parse_scenario(resolved_yaml(scenario), folder=tmp_path)
    assert again == scenario
    assert again.source_text == scenario.source_text
    assert again.sha256 == scenario.sha256 == scenario.identity()["sha256"]


def test_hash_follows_the_meaning_not_the_writing(write):
    plain = load_scenario(write(SMALL))
    spaced = load_scenario(write("# a comment\n" + SMALL.replace("days: 7", "step_s: 1800, days: 7.0")))
    other = load_scenario(write(SMALL.replace("days: 7", "days: 8")))
    assert plain.sha256 == spaced.sha256 != other.sha256


class TestExtends:
    def test_maps_merge_lists_with_ids_merge_others_are_replaced(self, write):
        write(BLOCK, "base/block.yaml")
        scenario = load_scenario(
            write(
                """
extends: base/block.yaml
time: {step_s: 1800}
buildings:
  - {id: shop, profile: shop}
  - {id: house, count: 2}
outages: []
"""
            )
        )
        assert scenario.time.step_s == 1800
        assert scenario.time.days == 2.0
        assert [(b.id, b.count) for b in scenario.buildings] == [("office", 1), ("house", 2), ("shop", 1)]
        assert scenario.buildings[1].devices[0].spec.profile == "detached120_gas"
        assert scenario.outages == ()

    def test_another_kind_replaces_what_belonged_to_the_old_one(self, write):
        write(BLOCK, "block.yaml")
        text = "extends: block.yaml\nbuildings: [{id: office, strategy: {kind: none}}]\n"
        assert load_scenario(write(text)).buildings[0].strategy.kind == "none"

    def test_chain_names_the_right_file(self, write):
        write(BLOCK, "a.yaml")
        write("extends: ../a.yaml\nbuildings: [{id: shop, profile: shop, cuont: 3}]\n", "deep/b.yaml")
        path = write("extends: deep/b.yaml\nseed: 4\nbuildings: [{id: house, count: -1}]\n")
        with pytest.raises(ScenarioError) as error:
            load_scenario(path)
        places = {p.key: (p.file[len(str(path.parent)) + 1 :], p.line, p.column) for p in error.value.problems}
        assert places == {"unknown_key": ("deep/b.yaml", 2, 39), "must_be_at_least": ("scenario.yaml", 3, 32)}

    def test_too_deep(self, write):
        write(SMALL, "9.yaml")
        for k in range(9):
            write(f"extends: {k + 1}.yaml\n", f"{k}.yaml")
        assert load_scenario(write("extends: 2.yaml\n", "1.yaml")).name == "Test"
        with pytest.raises(ScenarioError) as error:
            load_scenario(write("extends: 0.yaml\n"))
        assert "extends_too_deep" in keys(error)

    def test_link_out_of_the_folder_is_refused(self, write, tmp_path):
        write(SMALL, "outside.yaml")
        (tmp_path / "inside").mkdir()
        (tmp_path / "inside" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
        with pytest.raises(ScenarioError) as error:
            load_scenario(write("extends: link.yaml\n", "inside/scenario.yaml"))
        assert keys(error) == ["path_escapes"]


class TestOverrides:
    @pytest.mark.parametrize(
        ("key", "value", "read"),
        [
            ("time.step_s", "300", lambda s: s.time.step_s == 300),
            ("seed", 7, lambda s: s.seed == 7),
            ("name", "12:30", lambda s: s.name == "12:30"),
            (
                "buildings.office.devices.battery.energy_kwh",
                "41",
                lambda s: s.buildings[0].devices[1].spec.energy_kwh == 41,
            ),
            (
                "buildings.office.devices.battery_2.power_kw",
                "6",
                lambda s: s.buildings[0].devices[2].spec.power_kw == 6,
            ),
            (
                "buildings.0.devices.van.leave",
                "09:00",
                lambda s: s.buildings[0].devices[3].spec.leave == "09:00",
            ),
            (
                "buildings.office.load_kwh_per_year",
                "5",
                lambda s: s.buildings[0].devices[0].spec.load_kwh_per_year == 5,
            ),
            (
                "buildings.office.devices.load.profile",
                "shop",
                lambda s: s.buildings[0].devices[0].spec.profile == "shop",
            ),
            (
                "buildings.*.strategy.kind",
                "none",
                lambda s: {b.strategy.kind for b in s.buildings} == {"none"},
            ),
            ("outages.*.duration_h", "3", lambda s: s.outages[0].spec.duration_h == 3.0),
            ("outages", "[]", lambda s: s.outages == ()),
            ("outages.0.duration_h", "3", lambda s: s.outages[0].spec.duration_h == 3.0),
            ("market.kind", "call_auction", lambda s: s.market.kind == "call_auction"),
            ("island.shed_below_soc", [0, 0, 0, 0.5], lambda s: s.island.shed_below_soc == (0, 0, 0, 0.5)),
        ],
    )
    def test_value_arrives(self, write, key, value, read):
        assert read(load_scenario(write(BLOCK), {key: value}))

    @pytest.mark.parametrize(
        ("key", "value", "expected"),
        [
            ("time.dys", "3", "unknown_key"),
            ("tarif.plan", "x", "unknown_key"),
            ("buildings.ofice.count", "3", "key_unknown_item"),
            ("buildings.9.count", "3", "key_unknown_item"),
            ("wires.kind", "3", "key_into_value"),
            ("time..days", "3", "key_empty_part"),
            ("buildings.house.devices.*.power_kw", "3", "key_matches_nothing"),
            ("outages", "[", "yaml_bracket_open"),
            ("seed", "[1]", "not_a_whole_number"),
            ("format", "2", "format_newer"),
        ],
    )
    def test_key_that_leads_nowhere(self, write, key, value, expected):
        with pytest.raises(ScenarioError) as error:
            load_scenario(write(BLOCK), {key: value})
        problem = error.value.problems[0]
        assert (problem.key, problem.file, problem.line) == (expected, "--set", 0)

    def test_suggestion(self, write):
        with pytest.raises(ScenarioError, match="Did you mean 'office'"):
            load_scenario(write(BLOCK), {"buildings.ofice.count": "3"})

    def test_kind_comes_before_its_fields_in_whatever_order(self, write):
        overrides = {"buildings.house.strategy.target_kw": "9", "buildings.house.strategy.kind": "peak_cut"}
        assert load_scenario(write(BLOCK), overrides).buildings[1].strategy.spec.target_kw == 9.0

    def test_id_with_a_dot(self, write):
        text = SMALL.replace("id: home", "id: block.1")
        scenario = load_scenario(write(text), {"buildings.block.1.devices.battery.power_kw": "6"})
        assert scenario.buildings[0].devices[1].spec.power_kw == 6.0

    def test_over_extends(self, write):
        write(BLOCK, "block.yaml")
        path = write("extends: block.yaml\n")
        assert load_scenario(path, {"buildings.house.count": "3"}).buildings[1].count == 3
        assert load_scenario(path).buildings[1].count == 8


class TestFiles:
    TEXT = SMALL + "tariff: {plan: data/mine.yaml}\n"

    def test_named_file_lies_in_the_folder(self, write):
        write("format: 1", "data/mine.yaml")
        with pytest.raises(ScenarioError) as error:
            load_scenario(write(self.TEXT))
        # the file is there; what is wrong with the plan has a place inside it
        assert all(p.file.endswith("mine.yaml") and p.line for p in error.value.problems)

    def test_folder_is_no_file(self, write, tmp_path):
        (tmp_path / "data" / "mine.yaml").mkdir(parents=True)
        with pytest.raises(ScenarioError) as error:
            load_scenario(write(self.TEXT))
        assert keys(error) == ["not_a_regular_file"]

    @pytest.mark.parametrize("make", [os.mkfifo, lambda path: os.symlink("/dev/zero", path), os.mkdir])
    def test_profile_that_is_no_regular_file(self, write, tmp_path, make):
        """A pipe would wait for ever, /dev/zero never end."""
        make(tmp_path / "meter.csv")
        with pytest.raises(ScenarioError) as error:
            load_scenario(write(SMALL.replace("profile: detached120_gas", "profile: meter.csv")))
        assert keys(error) in (["not_a_regular_file"], ["path_escapes"])
        assert error.value.problems[0].line > 1

    def test_what_stands_in_a_profile_has_its_place_in_that_file(self, write):
        write("time,kW\n2026-08-03T00:00,1\n2026-08-03T00:30,many\n", "data/meter.csv")
        text = BLOCK.replace("profile: detached120_gas", "profile: data/meter.csv")
        with pytest.raises(ScenarioError) as error:
            load_scenario(write(text))
        # eight houses and a name each: told once, where it stands
        assert [(p.file.endswith("meter.csv"), p.line) for p in error.value.problems] == [(True, 3)]

    def test_files_of_a_scenario(self, write):
        days = "\n".join(f"2026-08-{3 + k // 48:02d}T{k % 48 // 2:02d}:{k % 2 * 3}0,1" for k in range(48 * 7))
        write(f"time,kW\n{days}\n", "data/meter.csv")
        scenario = load_scenario(write(SMALL.replace("profile: detached120_gas", "profile: data/meter.csv")))
        assert named_files(scenario) == ("data/meter.csv",)
        assert named_files(load_scenario(write(SMALL))) == ()


def test_file_that_does_not_exist(tmp_path):
    with pytest.raises(ScenarioError) as error:
        load_scenario(tmp_path / "nowhere.yaml")
    assert keys(error) == ["file_missing"]


def test_outage_in_another_zone_and_end_with_zone(write):
    text = BLOCK.replace("start: 2026-08-03T18:00,", "start: 2026-08-03T09:00Z,")
    assert load_scenario(write(text)).outages[0].spec.start == "2026-08-03T09:00Z"
    outside = BLOCK.replace("start: 2026-08-03T18:00,", "start: 2026-08-05T00:00,")
    with pytest.raises(ScenarioError) as error:
        load_scenario(write(outside))
    assert keys(error) == ["outage_outside"]


def test_one_mixed_naive_and_aware_dates(write):
    text = BLOCK.replace("end: 2026-08-05T00:00", "end: 2026-08-05T00:00+09:00")
    with pytest.raises(ScenarioError) as error:
        load_scenario(write(text))
    assert keys(error) == ["dates_of_two_kinds"]


def test_an_id_that_is_no_text_is_told_once_and_nothing_else(write):
    text = SMALL.replace("kind: battery,", "kind: battery, id: true,") + "      - {kind: solar, id: 3, rated_kw: 1}\n"
    with pytest.raises(ScenarioError) as error:
        load_scenario(write(text))
    assert keys(error) == ["not_text_value", "not_text_value"]
