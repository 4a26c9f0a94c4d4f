"""A group that buys: what is split adds up, nobody is forgotten, and who gains more alone stays out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ysc_sim.study.group_buy import GroupGains, group_gains
from ysc_sim.study.size import size

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHORT = {"time.days": "30", "size.refine": "0", "size.unseen_seeds": "0"}
SIZES = {
    "size.vary": "{buildings.factory.devices.solar.rated_kw: [75], buildings.factory.devices.battery.energy_kwh: [0]}"
}


@pytest.mark.parametrize("name", ["factory_150kw_neighbours", "factory_150kw_five_contracts"])
def test_splits_add_up_and_cover_everybody(name: str) -> None:
    found = size(SCENARIOS / f"{name}.yaml", {**SHORT, **SIZES})
    group = group_gains(found)
    assert group is not None
    assert group.members == ("clinic", "convenience_store", "factory", "office", "shop")
    gain = group.today_jpy.sum() - group.together_jpy.sum()
    for split in group.splits_jpy.values():
        assert split.sum() == pytest.approx(gain, rel=1e-4)
    assert (group.separate_gain_jpy >= 0).all()
    owner = group.members.index("factory")
    assert np.flatnonzero(group.devices_jpy).tolist() == [owner]
    assert [entry["member"] for entry in group.table()] == list(group.members)


def test_one_building_is_no_group() -> None:
    assert group_gains(size(SCENARIOS / "factory_150kw.yaml", {**SHORT, **SIZES})) is None


def test_who_gains_more_alone_stays_out() -> None:
    two = np.array([100.0, 100.0])
    group = GroupGains(
        members=("a", "b"),
        today_jpy=two,
        separate_jpy=np.array([60.0, 100.0]),
        contract_jpy=two,
        together_jpy=two,
        devices_jpy=np.zeros(2),
        splits_jpy={"shapley": np.array([30.0, 10.0])},
        deviation_jpy={"shapley": 10.0},
    )
    assert group.stays_out() == ["a"]
    assert [entry["stays_out"] for entry in group.table()] == [True, False]
