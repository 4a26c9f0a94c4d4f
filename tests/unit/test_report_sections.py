"""Single sections of the page, on results whose numbers are known."""

import numpy as np
import pandas as pd
import pytest

from ysc_sim.engine.simulate import run
from ysc_sim.report import build_report
from ysc_sim.report.bills import columns_of
from ysc_sim.report.heat import by_day, png
from ysc_sim.report.monthly import fiscal_year, group_of
from ysc_sim.report.reading import Reading
from ysc_sim.report.storage import by_hour
from ysc_sim.scenario import load_scenario

SCENARIO = """
format: 1
time: {start: START, days: DAYS}
wires: private_line
market: {kind: mid_market_rate}
ensemble: {seeds: SEEDS}
buildings:
  - id: a
    profile: office
    load_kwh_per_year: 90000
    devices: [{kind: solar, rated_kw: 40}, {kind: battery, energy_kwh: 40, power_kw: 20}]
  - {id: b, profile: detached120_gas, count: 2}
"""


def made(tmp_path, days="4", seeds="1", start="2026-08-03T00:00"):
    path = tmp_path / "s.yaml"
    path.write_text(SCENARIO.replace("DAYS", days).replace("SEEDS", seeds).replace("START", start), encoding="utf-8")
    return run(load_scenario(path))


def kinds(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('<section id="')[1:]]


def test_sections_that_have_nothing_to_say_are_not_there(tmp_path):
    one_day = kinds(build_report(made(tmp_path, days="1"), "en"))
    assert not {"heat", "ensemble", "waterfall", "outages", "map", "network"} & set(one_day)
    four = kinds(build_report(made(tmp_path), "en"))
    assert {"heat", "duration", "gains", "storage", "bills"} <= set(four)
    assert "ensemble" in kinds(build_report(made(tmp_path, seeds="3"), "en"))


def test_a_heat_map_begins_with_the_hour_of_the_start(tmp_path):
    reading = Reading(made(tmp_path, days="2", start="2026-08-03T06:00"))
    grid, span = by_day(reading, "load_kwh")
    assert grid.shape == (48, 3)
    assert np.isnan(grid[:12, 0]).all()
    assert np.isnan(grid[12:, 2]).all()
    assert np.isfinite(grid[12:, 0]).all()
    assert span.start_s == -6 * 3600
    assert np.nansum(grid) / 2 == pytest.approx(reading.metrics["community"]["load_kwh"])


def test_levels_of_a_picture_are_the_bytes_behind_its_header():
    import struct
    import zlib

    levels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    content = png(levels, (1, 2, 3))
    place, parts = 8, {}
    while place < len(content):
        length = struct.unpack(">I", content[place : place + 4])[0]
        name = content[place + 4 : place + 8]
        body = content[place + 8 : place + 8 + length]
        assert zlib.crc32(name + body) == struct.unpack(">I", content[place + 8 + length : place + 12 + length])[0]
        parts[name] = body
        place += 12 + length
    assert struct.unpack(">II", parts[b"IHDR"][:8]) == (4, 3)
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), dtype=np.uint8).reshape(3, 5)
    assert np.array_equal(rows[:, 1:], levels)
    assert parts[b"tRNS"][0] == 0
    assert parts[b"tRNS"][255] == 255


def test_quantiles_of_a_day_are_those_of_the_table(tmp_path):
    results = made(tmp_path, seeds="2")
    found = by_hour(Reading(results), "soc_kwh")
    frame = results.frame("community")
    noon = frame[(frame["time"].dt.hour == 12) & (frame["time"].dt.minute == 0)]["soc_kwh"]
    assert found.shape == (5, 48)
    np.testing.assert_allclose(found[:, 24], np.quantile(noon, (0.05, 0.25, 0.5, 0.75, 0.95)))


def test_a_fiscal_year_runs_from_april_to_march():
    months = [f"2026-{number:02d}" for number in range(1, 13)]
    columns = columns_of(months)
    sums = {column.label.en: len(column.months) for column in columns if len(column.months) > 1}
    assert sums == {"FY 2025": 3, "FY 2026": 9, "Total": 12}
    whole = columns_of([*months[3:], "2027-01", "2027-02", "2027-03"])
    assert whole[-1].label == ("FY 2026", "2026年度")
    assert len(whole) == 13
    assert [column.label.en for column in columns_of(["2026-08", "2026-09"])] == ["2026-08", "2026-09", "Total"]
    assert fiscal_year("2026-01") == 2025
    assert group_of("energy") == group_of("energy_summer") == ("bill_energy", "grid")
    assert group_of("grid_export")[0] == "bill_export"


def test_what_leaves_the_mode_as_it_was_does_not_break_the_band(tmp_path):
    from ysc_sim.report.outages import stretches, window

    path = tmp_path / "s.yaml"
    text = SCENARIO.replace("DAYS", "2").replace("SEEDS", "1").replace("START", "2026-08-03T00:00")
    path.write_text(text + "outages: [{start: 2026-08-03T10:00, duration_h: 6}]\n", encoding="utf-8")
    reading = Reading(run(load_scenario(path)))
    events = reading.frame("events").copy()
    swing = events.iloc[[0]].assign(
        time=events["time"].iloc[0] + pd.Timedelta(hours=2), from_mode=events["to_mode"].iloc[0]
    )
    reading._kept["events"] = pd.concat([events, swing]).sort_values("time", kind="stable", ignore_index=True)
    (first, last), *_ = reading.outages_s
    found = list(stretches(reading, "community", window(reading, first, last)))
    assert [stretch.mode for stretch in found] == ["GRID", str(events["to_mode"].iloc[0]), "GRID"]
    assert [stretch.last_s for stretch in found[:2]] == [first, last]
