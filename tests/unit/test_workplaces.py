"""Workplaces by floor area, and tiers by end use."""

from pathlib import Path

import pytest

import ysc_sim as ysc
from ysc_sim.devices.load import LoadSpec
from ysc_sim.devices.switchable_load import SwitchableLoadSpec
from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries.nonresidential import buildings, uses

SCENARIO = """
format: 1
time: {{start: 2026-01-01T00:00, days: 365, step_s: 3600}}
buildings:
  - id: shop
    profile: shop
{more}
"""
USES = ("    tier_uses: [[refrigeration], [light, fans], [other], [cooling]]\n", (0.12, 0.44, 0.21, 0.23))


def load(tmp_path: Path, more: str) -> ysc.Scenario:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO.format(more=more), encoding="utf-8")
    return ysc.load_scenario(path)


def test_floor_area_is_energy(tmp_path: Path) -> None:
    """Twice the floor, twice the energy; a standard year holds the published energy per m²."""
    one, two = (
        ysc.run(load(tmp_path, f"    floor_m2: {floor}")).metrics["community"]["load_kwh"] for floor in (250, 500)
    )
    assert two == pytest.approx(2 * one, rel=1e-12)
    assert one == pytest.approx(250 * buildings()["shop"].kwh_per_m2, rel=0.02)


@pytest.mark.parametrize("name", buildings())
def test_shares_of_all_uses_make_up_the_whole(name: str) -> None:
    whole = LoadSpec(profile=name, tier_uses=(tuple(uses(name)), (), (), ())).shares_of_tiers()
    assert whole[0] == pytest.approx(1.0)
    assert whole[1:] == pytest.approx((0, 0, 0), abs=1e-12)


def test_tiers_by_end_use(tmp_path: Path) -> None:
    """In an outage without any source each tier lacks its published share; heating, not named, is in tier 4."""
    text, shares = USES
    outage = "outages: [{start: 2026-04-06T09:00, duration_h: 5}]\n"
    found = ysc.run(load(tmp_path, text + outage)).metrics["community"]
    lacking = [found[f"unserved_kwh_tier{tier}"] for tier in (1, 2, 3, 4)]
    assert lacking == pytest.approx([share * found["unserved_kwh"] for share in shares], rel=1e-9)


def test_a_switchable_part_has_end_uses_too() -> None:
    part = SwitchableLoadSpec(profile="office", tier_uses=((), (), ("cooling", "heating"), ()))
    assert part.shares_of_tiers()[2] == pytest.approx(0.21)
    assert not part.check()


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("    tier_uses: [[refrigerator], [], [], []]", "use_unknown"),
        ("    tier_uses: [[light], [light], [], []]", "use_in_two_tiers"),
        ("    tier_uses: [[light], [], [], []]\n    tier_shares: [1, 0, 0, 0]", "said_twice"),
        ("    floor_m2: 100\n    load_kwh_per_year: 5000", "said_twice"),
        ("    floor_m2: 100\n  - {id: home, profile: detached120_gas, floor_m2: 120}", "not_a_workplace"),
        ("    floor_m2: 0", "must_be_above"),
        ("    tier_uses: [[light], []]", "list_too_short"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, more: str, key: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load(tmp_path, more)
    assert key in {problem.key for problem in error.value.problems}, error.value
