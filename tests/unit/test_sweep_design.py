"""Points of a sweep: grids, ranges, draws."""

import numpy as np
import pytest
from scipy.stats import qmc

from ysc_sim.errors import ScenarioError
from ysc_sim.study.design import design, read_axes


def test_a_grid_runs_through_the_last_key_fastest() -> None:
    points = design(read_axes(["a.b=1,2", "c=x,y,z"]), None, 1)
    assert [tuple(point.values()) for point in points] == [(a, c) for a in "12" for c in "xyz"]


def test_commas_in_brackets_and_dots_in_text_belong_to_a_value() -> None:
    (axis,) = read_axes(["island.shed_below_soc=[0,0.1,0.2,0.3],[0, 0, 0, 0]"])
    assert axis.values == ("[0,0.1,0.2,0.3]", "[0, 0, 0, 0]")
    assert read_axes(["profile=../x.csv"])[0].values == ("../x.csv",)


@pytest.mark.parametrize("sample", ["random:500", "sobol:512"])
def test_draws_fill_ranges_and_lists(sample: str) -> None:
    points = design(read_axes(["kwh=10.0..40", "n=1..4", "kind=a,b"]), sample, 7)
    kwh = np.array([float(point["kwh"]) for point in points])
    assert ((kwh >= 10) & (kwh < 40)).all()
    assert np.ptp(kwh) > 28
    assert {point["n"] for point in points} == {"1", "2", "3", "4"}
    share = np.mean([point["kind"] == "a" for point in points])
    assert share == pytest.approx(0.5, abs=0.08)
    assert design(read_axes(["kwh=10.0..40", "n=1..4", "kind=a,b"]), sample, 7) == points
    assert design(read_axes(["kwh=10.0..40", "n=1..4", "kind=a,b"]), sample, 8) != points


def test_sobol_points_are_more_even_than_random_ones() -> None:
    """Centred discrepancy (Hickernell 1998), of SciPy."""
    axes = read_axes(["x=0.0..1", "y=0.0..1"])
    even, drawn = (
        qmc.discrepancy([[float(point["x"]), float(point["y"])] for point in design(axes, f"{kind}:128", 3)])
        for kind in ("sobol", "random")
    )
    assert even < drawn / 4


def test_a_part_of_a_power_of_two_of_sobol_points() -> None:
    assert len(design(read_axes(["x=0.0..1"]), "sobol:3", 1)) == 3
    assert len(design(read_axes(["x=5..5"]), "sobol:1", 1)) == 1


@pytest.mark.parametrize(
    ("words", "sample", "key"),
    [
        ([], None, "vary_nothing"),
        (["a"], None, "vary_wrong"),
        (["=1"], None, "vary_wrong"),
        (["a=1,,2"], None, "vary_wrong"),
        (["a=3..1"], "random:3", "vary_wrong"),
        (["a=1..inf"], "random:3", "vary_wrong"),
        (["a=1", "a=2"], None, "vary_twice"),
        (["a=1..3"], None, "vary_range_in_grid"),
        (["a=1,2"], "halton:3", "sample_wrong"),
        (["a=1,2"], "sobol:0", "sample_wrong"),
        (["a=1,2"], "sobol:", "sample_wrong"),
        (["a" + str(k) + "=1,2,3,4,5,6,7,8,9,10" for k in range(7)], None, "vary_too_many"),
    ],
)
def test_what_makes_no_sense_is_refused(words: list[str], sample: str | None, key: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        design(read_axes(words), sample, 1)
    assert caught.value.problems[0].key == key
    assert str(caught.value)
