"""Figures of the pages beside the report: round ticks, names that do not lie on each other, axes that say units."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ysc_sim.report.chart import LINE_HIGH, Chart, round_ticks
from ysc_sim.report.parallel import axis_of, colour, write_parallel

TEXT = re.compile(r'<text x="([-\d.]+)" y="([-\d.]+)" text-anchor="(start|end)">([^<]*)</text>')


@given(st.floats(-1e5, 1e5), st.floats(1e-2, 1e6))
def test_ticks_are_round_rise_and_lie_inside(low: float, span: float) -> None:
    high = low + span
    ticks = round_ticks(low, high)
    assert 4 <= len(ticks) <= 12
    steps = np.diff(ticks)
    assert steps.min() > 0
    assert np.allclose(steps, steps[0], rtol=1e-6, atol=1e-9)
    assert low - 1e-6 * span <= ticks[0] <= ticks[-1] <= high + 1e-6 * span
    mantissa = steps[0] / 10.0 ** math.floor(math.log10(steps[0]) + 1e-6)
    assert min(abs(mantissa - size) for size in (1.0, 2.0, 2.5, 5.0)) < 1e-4


def test_names_of_dots_do_not_lie_on_each_other() -> None:
    chart = Chart(25.0, 0.0, 500.0)
    places = [(7.0, 0.0), (8.0, 15.0), (8.0, 210.0), (9.0, 238.0), (10.0, 160.0), (24.0, 495.0), (24.0, 497.0)]
    for number, (x, y) in enumerate(places):
        chart.point(x, y, 0, f"policy number {number}")
    drawn = chart.svg("h", "yen", "price")
    boxes = []
    for at, height, anchor, label in TEXT.findall(drawn):
        if label.startswith("policy"):
            x, long = float(at), 6.6 * len(label)
            boxes.append((x if anchor == "start" else x - long, x + long if anchor == "start" else x, float(height)))
    assert len(boxes) >= 6
    for k, (a, b, h) in enumerate(boxes):
        assert all(b < c or a > d or abs(h - other) > LINE_HIGH for c, d, other in boxes[k + 1 :])
    # Every dot says its name to who points at it.
    assert drawn.count("<title>policy number") == len(places)


@pytest.mark.parametrize(("lang", "unit"), [("en", "JPY"), ("ja", "円")])
def test_parallel_coordinates_say_units_and_values(tmp_path: Path, lang: str, unit: str) -> None:
    table = pd.DataFrame({"buildings.home.devices.battery.energy_kwh": [5.0, 10.0], "bill_jpy": [1500.0, 1200.0]})
    keys = ["buildings.home.devices.battery.energy_kwh"]
    path = write_parallel(tmp_path / "sweep.html", table, keys, "<b>home", lang, {"bill_jpy": "JPY"})
    page = path.read_text(encoding="utf-8")
    assert f">{unit}</text>" in page
    assert "<b>home" not in page
    assert page.count("<path") == 2
    assert f": 1,500 {unit}</title>" in page
    assert "home battery energy_kwh: 5" in page
    # The cheaper run is blue, the dear one orange.
    assert page.count(colour(0.0)) == page.count(colour(1.0)) == 1


def test_an_axis_of_one_value_or_of_none_is_drawn() -> None:
    assert axis_of([3.0, 3.0], "x").place.tolist() == [0.5, 0.5]
    assert axis_of([3.0, 3.0], "x").ticks == [(0.5, "3")]
    empty = axis_of([float("nan")], "x")
    assert np.isnan(empty.place).all()
