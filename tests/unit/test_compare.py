"""Runs side by side."""

import math

import pytest

from ysc_sim.results import Results
from ysc_sim.study.compare import compare


class NoTables:
    zone = "UTC"

    def names(self):
        return ()

    def chunks(self, name):
        raise AssertionError(name)


def run(name: str, **numbers: float) -> Results:
    units = {key: "JPY" if key.endswith("_jpy") else "kW" for key in numbers}
    metrics = {"format": 1, "community": numbers, "buildings": {}, "units": units}
    return Results(manifest={"scenario": {"name": name}}, metrics=metrics, scenario_yaml="", tables=NoTables())


def test_differences_are_to_the_first_run():
    table = compare([run("a", bill_jpy=100.0, peak_import_kw=9.0), run("b", bill_jpy=80.0, peak_import_kw=9.5)])
    assert list(table.columns) == ["unit", "a", "b", "b − a"]
    assert table.loc["bill_jpy", "b − a"] == -20.0
    assert table.loc["peak_import_kw", "b − a"] == 0.5
    assert table.loc["peak_import_kw", "unit"] == "kW"


def test_what_a_run_does_not_have_is_nan_not_zero():
    table = compare([run("a", bill_jpy=1.0), run("b", peak_import_kw=2.0)])
    assert math.isnan(table.loc["peak_import_kw", "a"])
    assert math.isnan(table.loc["bill_jpy", "b − a"])


def test_equal_names_are_told_apart():
    table = compare([run("a", bill_jpy=1.0), run("a", bill_jpy=2.0), run("", bill_jpy=4.0)])
    assert list(table.columns) == ["unit", "a", "a (2)", "run 3", "a (2) − a", "run 3 − a"]


def test_nothing_cannot_be_compared():
    with pytest.raises(ValueError, match="at least one"):
        compare([])
    with pytest.raises(ValueError, match="names"):
        compare([run("a", bill_jpy=1.0)], names=["a", "b"])
