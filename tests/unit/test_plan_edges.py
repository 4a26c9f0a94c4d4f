"""Plans at the edges of what they say: first and last days, chains of plan files, one band or none, one slot."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from ysc_sim.billing import bill, bill_lines, export_lines, load_tariff
from ysc_sim.billing.adjustment import Adjustment
from ysc_sim.billing.clock import Rule
from ysc_sim.billing.levy import LevyPeriod
from ysc_sim.billing.tariff import Base, EnergyPrice, ExportPrice, Rounding, Tariff, Tax
from ysc_sim.billing.usage import largest_by_month, months_of
from ysc_sim.errors import Problem, ScenarioError, TariffError

BASIC = load_tariff("tepco_hv_basic_2026")
AUGUST = datetime.fromisoformat("2026-08-01T00:00+09:00")
BANDS = BASIC.adjustment_band_names
ALL = EnergyPrice(price_jpy_per_kwh=10.0, source="test")
BASE = Base(unit="kW", price_jpy=100.0, source="test")


def said(tariff: Tariff, slots: int = 48 * 31, start: datetime = AUGUST) -> list[Problem]:
    return list(bill(tariff, np.ones(slots), start=start, step_s=1800).warnings)


# What a bill says of itself


def test_first_and_last_day_of_a_plan_are_valid() -> None:
    first = AUGUST.date()
    assert said(replace(BASIC, valid_from=first, valid_to=first)) == []
    late = said(replace(BASIC, valid_from=date(2026, 8, 2), valid_to=None))
    assert [p.key for p in late] == ["price_outside_validity"]
    assert late[0].values == {"plan": BASIC.name, "valid_from": "2026-08-02", "valid_to": "?", "months": "2026-08"}
    assert late[0].severity == "warning"
    past = said(replace(BASIC, valid_from=None, valid_to=date(2026, 7, 31)), 48 * (31 + 30 + 31))
    assert [p.key for p in past] == ["price_outside_validity"]
    assert past[0].values["valid_from"] == "?"
    assert past[0].values["months"] == "2026-08 … 2026-10"


def test_months_beside_the_table_of_the_levy_are_named() -> None:
    one = LevyPeriod(valid_from=date(2026, 9, 1), valid_to=date(2026, 9, 1), price_jpy_per_kwh=2.0, source="test")
    two = LevyPeriod(valid_from=date(2026, 10, 1), valid_to=date(2026, 10, 31), price_jpy_per_kwh=3.0, source="test")
    warnings = said(replace(BASIC, levy=(one, two)), 48 * (31 + 30 + 31 + 30))
    assert [p.key for p in warnings] == ["levy_outside_table"]
    assert warnings[0].values == {"valid_from": "2026-09-01", "valid_to": "2026-10-31", "months": "2026-08 … 2026-11"}
    table = bill(replace(BASIC, levy=(one, two)), np.ones(48 * 122), start=AUGUST, step_s=1800).months
    assert table["levy_jpy"].tolist() == [2.0 * 744, 2.0 * 720, 3.0 * 744, 3.0 * 720]
    assert said(replace(BASIC, levy="none")) == []


def test_days_that_a_month_lacks_are_told_to_the_thousandth() -> None:
    start = datetime.fromisoformat("2026-02-27T23:30+09:00")
    warnings = said(replace(BASIC, valid_from=None, valid_to=None), 50, start)
    assert [(p.key, p.values) for p in warnings] == [
        ("month_partly_covered", {"month": "2026-02", "days": 1.021, "length": 28}),
        ("month_partly_covered", {"month": "2026-03", "days": 0.021, "length": 31}),
    ]
    assert {p.severity for p in warnings} == {"warning"}


def test_assumed_adjustment_names_its_months() -> None:
    said_of = bill(BASIC, np.ones(48 * 61), start=AUGUST, step_s=1800).assumed
    assert said_of["fuel_adjustment"] == "0 JPY/kWh in 2026-08 … 2026-09, as no adjustments are given"
    assert "fuel_adjustment" not in bill(BASIC, [], start=AUGUST, step_s=1800).assumed
    assert set(BASIC.assumed) - {"fuel_adjustment"} <= set(said_of)


# Slots, months and bands


def test_slot_belongs_to_the_month_it_begins_in() -> None:
    months = months_of(datetime.fromisoformat("2026-12-31T23:00+09:00"), 1800, 3)
    assert months.names == ("2026-12", "2027-01")
    assert months.first.tolist() == [0, 2, 3]
    assert months.covered_s == (3600, 1800)
    assert months.numbers == (683, 684), "2026 is 56 years after 1970"
    peaks = largest_by_month(np.array([[1, 9], [5, 2], [3, 4]]), months)
    assert (peaks.tolist(), peaks.dtype) == ([[5, 9], [3, 4]], np.int64)
    assert months_of(AUGUST, 1800, 0).first.tolist() == [0]


def test_month_beside_month_and_band_beside_band() -> None:
    """Two months of two bands: noon dear, otherwise cheap; two meters, of which one rests in September."""
    clock = (Rule(band="dear", hours=(12, 13)), Rule(band="cheap"))
    prices = {"dear": replace(ALL, price_jpy_per_kwh=100.0), "cheap": replace(ALL, price_jpy_per_kwh=1.0)}
    plan = Tariff(name="two", title="", base=BASE, energy=prices, clock=clock)
    energy = np.full((48 * 61, 2), 1_000_000)
    energy[48 * 31 :, 1] = 0
    lines = bill_lines(plan, energy, start=AUGUST, adjustments={"2026-08": 0.5, "2026-09": {"dear": -1, "cheap": 2}})
    got = {(line.month, line.item): (line.amount_mjpy / 1000).tolist() for line in lines.lines}
    assert got["2026-08", "energy_dear"] == [6200.0, 6200.0]
    assert got["2026-08", "energy_cheap"] == [31 * 46.0] * 2
    assert got["2026-08", "fuel_adjustment"] == [744.0] * 2
    assert got["2026-09", "energy_dear"] == [6000.0, 0.0]
    assert got["2026-09", "fuel_adjustment_dear"] == [-60.0, 0.0]
    assert got["2026-09", "fuel_adjustment_cheap"] == [2 * 30 * 46.0, 0.0]
    assert [line.unit for line in lines.lines][:4] == ["kW", "kWh", "kWh", "kWh"]
    assert (lines.month_total_mjpy.sum(axis=1) == lines.total_mjpy).all()
    assert lines.largest_contract_kw.tolist() == [2.0, 2.0]
    assert lines.contract_kw.tolist() == [[2.0, 2.0], [2.0, 2.0]], "August's peak counts in September"


def test_load_that_is_never_the_same_is_split_at_the_slot() -> None:
    """1, 2 … 48 kWh: 12 to 13 o'clock are the 25th and 26th, 51 kWh; the others 1,125."""
    clock = (Rule(band="dear", hours=(12, 13)), Rule(band="cheap"))
    plan = Tariff(name="two", title="", base=BASE, energy={"dear": ALL, "cheap": ALL}, clock=clock)
    plan = replace(plan, adjustment=Adjustment(assumed_jpy_per_kwh=0.0))
    lines = bill_lines(plan, np.arange(1, 49)[:, None] * 1_000_000, start=AUGUST)
    kwh = {line.item: line.quantity.tolist() for line in lines.lines}
    assert (kwh["energy_dear"], kwh["energy_cheap"]) == ([51.0], [1125.0])


def test_steps_are_cut_at_their_ends_exactly() -> None:
    plan = load_tariff("toell_lv_c")
    for kwh, parts in ((120, [120, 0, 0]), (121, [120, 1, 0]), (300, [120, 180, 0]), (1000, [120, 180, 700])):
        lines = bill_lines(plan, np.array([[kwh * 1_000_000]]), start=AUGUST, contract=6)
        assert [line.quantity[0] for line in lines.lines if line.item.startswith("energy")] == parts
    assert plan.adjustment_band_names == (), "a step is no band of the clock"


def test_energy_that_a_register_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="slot_s"):
        bill_lines(BASIC, np.ones((2, 1), dtype=np.int64), start=AUGUST, slot_s=0)
    assert bill_lines(BASIC, np.ones((1, 1), dtype=np.int64), start=AUGUST, slot_s=1).contract_kw[0, 0] > 0


def test_price_of_a_kwh_with_tax_on_top() -> None:
    taxed = replace(BASIC, tax=Tax(included=False, rate=0.08))
    price = taxed.energy_price_jpy_per_kwh(AUGUST, 1800, 2, adjustments={"2026-08": 2.0})
    assert price.tolist() == pytest.approx([(17.43 + 2.0) * 1.08] * 2)
    assert replace(BASIC, levy="none").levy_jpy_per_kwh(AUGUST, 1800, 2).tolist() == [0.0, 0.0]
    eve = datetime.fromisoformat("2026-04-30T23:30+09:00")
    assert BASIC.levy_jpy_per_kwh(eve, 1800, 2).tolist() == [3.98, 4.18]


def test_bill_of_nothing_is_whole_numbers_too() -> None:
    empty = bill_lines(BASIC, np.zeros((0, 3), dtype=np.int64), start=AUGUST)
    assert (empty.month_index.dtype, empty.amount_mjpy.dtype, empty.amount_mjpy.shape) == (np.int64, np.int64, (3, 0))


def test_adjustment_is_paid_for_rounded_energy_like_the_energy_itself() -> None:
    plan = replace(BASIC, rounding=Rounding(kwh="half_up"))
    for mwh, kwh in ((1_499_999, 1.0), (1_500_000, 2.0)):
        lines = bill_lines(plan, np.array([[mwh]]), start=AUGUST, adjustments={"2026-08": dict.fromkeys(BANDS, 3.0)})
        fuel = [line.quantity[0] for line in lines.lines if line.item.startswith("fuel_adjustment")]
        assert sorted(fuel) == [0.0, 0.0, 0.0, kwh]
    hourly = bill_lines(plan, np.array([[1]]), start=AUGUST, slot_s=3600)
    assert [p.values for p in hourly.warnings if p.key == "peaks_not_resolved"] == [{"step_s": 3600}]


# Export


def test_income_by_year_of_the_contract_and_its_rounding() -> None:
    rows = (
        ExportPrice(price_jpy_per_kwh=9.0, source="a", first_year=1, last_year=1),
        ExportPrice(price_jpy_per_kwh=5.5, source="b", first_year=3),
    )
    plan = Tariff(name="sell", title="", export=rows)
    assert [plan.export_price_in_year_jpy_per_kwh(year) for year in (1, 2, 3, 99)] == [9.0, 0.0, 5.5, 5.5]
    assert plan.export_price_jpy_per_kwh == 9.0
    sold = np.array([[1_000_000], [0], [100_000]])
    last = datetime.fromisoformat("2026-08-31T23:00+09:00")
    lines = export_lines(plan, sold, start=last, contract_year=3)
    assert [(line.month, line.item, int(line.amount_mjpy[0])) for line in lines.lines] == [
        ("2026-08", "export", -5500),
        ("2026-08", "rounding", 500),  # 5.5 yen are paid as 5
        ("2026-09", "export", -550),
        ("2026-09", "rounding", 550),
    ]
    assert [line.quantity[0] for line in lines.lines][::2] == [-1.0, -0.1]
    assert lines.contract_kw.tolist() == [[0.0, 0.0]]
    half_up = export_lines(replace(plan, rounding=Rounding(total="half_up")), sold, start=last, contract_year=3)
    assert half_up.total_mjpy.tolist() == [-7000]
    shipped = load_tariff("after_fit_tepco")
    assert export_lines(shipped, sold, start=last).assumed == shipped.assumed


# Plans that contradict themselves


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"base": BASE}, "belong together"),
        ({"energy": {"all": ALL}}, "belong together"),
        ({}, "needs base and energy, or export"),
        ({"base": BASE, "energy": {"a": ALL, "b": ALL}}, "needs a clock"),
        ({"base": BASE, "energy": {"all": ALL}, "clock": (Rule(band="all"), Rule(band="b"))}, "its bands must be"),
        ({"base": BASE, "energy": {"all": ALL}, "clock": (Rule(band="all", months=(1,)),)}, "last rule"),
        (
            {"base": BASE, "energy": {"all": ALL}, "adjustment": Adjustment(clock=(Rule(band="a", hours=(8, 22)),))},
            "last rule",
        ),
        ({"base": BASE, "energy": {"a": replace(ALL, up_to_kwh=5.0), "b": replace(ALL, up_to_kwh=9.0)}}, "rise"),
        (
            {
                "base": BASE,
                "energy": {"a": replace(ALL, up_to_kwh=5.0), "b": replace(ALL, up_to_kwh=5.0), "c": ALL},
            },
            "rise",
        ),
        (
            {"base": BASE, "energy": {"a": replace(ALL, up_to_kwh=5.0), "b": ALL}, "clock": (Rule(band="a"),)},
            "no clock",
        ),
    ],
)
def test_plan_that_contradicts_itself_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tariff(name="x", title="", **fields)  # type: ignore[arg-type]


def test_plan_of_one_day() -> None:
    day = date(2026, 8, 1)
    assert replace(BASIC, valid_from=day, valid_to=day).valid_to == day
    with pytest.raises(ValueError, match="later"):
        replace(BASIC, valid_from=date(2026, 8, 2), valid_to=day)


# Plan files


def chain(folder: Path, length: int) -> Path:
    """``length`` files, each extending the next, the last a shipped plan."""
    for k in range(length):
        base = f"p{k + 1}.yaml" if k + 1 < length else "tepco_hv_basic_2026"
        (folder / f"p{k}.yaml").write_text(f"extends: {base}\nassumed: {{note{k}: here}}\n")
    return folder / "p0.yaml"


def test_chain_of_plans_has_a_longest(tmp_path: Path) -> None:
    plan = load_tariff(chain(tmp_path, 8))
    assert plan.name == "p0"
    assert {f"note{k}" for k in range(8)} | set(BASIC.assumed) == set(plan.assumed), "maps are laid over each other"
    assert plan.base == BASIC.base
    with pytest.raises(ScenarioError) as caught:
        load_tariff(chain(tmp_path, 9))
    problem = caught.value.problems[0]
    assert (problem.key, problem.field) == ("plan_extends_wrong", "extends")


def test_plan_file_of_either_suffix_and_of_any_when_given_as_a_path(tmp_path: Path) -> None:
    text = "name: mine\nextends: tepco_hv_basic_2026\nbase: {price_jpy: 1}\n"
    for file in ("a.yml", "a.yaml", "a.txt"):
        (tmp_path / file).write_text(text)
        given = tmp_path / file
        plan = load_tariff(given if file == "a.txt" else str(given))
        assert (plan.name, plan.base.price_jpy, plan.base.unit) == ("mine", 1.0, "kW")  # type: ignore[union-attr]
    with pytest.raises(TariffError) as caught:
        load_tariff("a.txt")
    assert caught.value.values["plan"] == "a.txt"
    assert "tepco_hv_basic_2026, " in str(caught.value.values["known"])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("bass: 1", {"key": "bass", "suggestion": "base"}),
        ("adjustment: {market: {unitz: 1}}", {"key": "unitz", "suggestion": "units"}),
        ("adjustment: {clock: [{bnd: x}]}", {"key": "bnd", "suggestion": "band"}),
        ("export: [{pric_jpy_per_kwh: 1}]", {"key": "pric_jpy_per_kwh", "suggestion": "price_jpy_per_kwh"}),
        ("rounding: {totl: floor}", {"key": "totl", "suggestion": "total"}),
        ("tax: {rat: 0.1}", {"key": "rat", "suggestion": "rate"}),
        ("rounding: {kw: up}", {"value": "up"}),
        ("adjustment: {assumed_jpy_per_kwh: .inf}", {"value": ".inf"}),
        ("tax: {rate: 1.5}", {"value": 1.5}),
        ("levy: [{valid_from: 2026-01-01}]", {"key": "valid_to"}),
        ("clock: [{band: all, hours: [8, 8]}]", {"reason": "hours(=[8.0, 8.0]) must not begin and end together"}),
    ],
)
def test_wrong_field_is_told_with_what_was_meant(tmp_path: Path, text: str, values: dict[str, object]) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"extends: tepco_hv_basic_2026\n{text}\n")
    with pytest.raises(ScenarioError) as caught:
        load_tariff(path)
    assert values in [{key: problem.values.get(key) for key in values} for problem in caught.value.problems]
