"""What the bills of a run cannot be relied on for stands on its page, on the screen and in its manifest."""

from pathlib import Path

import pytest

import ysc_sim as ysc
from ysc_sim.billing import load_tariff, plan_names
from ysc_sim.cli.run import price_lines
from ysc_sim.report import build_report
from ysc_sim.scenario.load import parse_scenario
from ysc_sim.words import language, set_language
from ysc_sim.words.assumed import assumed_field, assumed_text

RUN = """
format: 1
time: {{start: {start}T00:00, days: 1, step_s: 1800}}
tariff: {{plan: {plan}{more}}}
wires: {wires}
buildings:
  - {{id: a, profile: office, load_kwh_per_year: {kwh}}}
  - {{id: b, profile: shop, load_kwh_per_year: 50000}}
"""


def run(start: str, plan: str, *, wires: str = "private_line", more: str = "", kwh: float = 50_000) -> ysc.Results:
    text = RUN.format(start=start, plan=plan, wires=wires, more=more, kwh=kwh)
    return ysc.run(parse_scenario(text, folder=Path()))


def keys(results: ysc.Results) -> list[str]:
    return [note["key"] for note in results.manifest["notes"] if not note["key"].startswith("profile")]


@pytest.mark.parametrize("wires", ["private_line", "utility"])
def test_prices_past_their_date_are_told_of_once(wires: str) -> None:
    results = run("2027-08-02", "tepco_hv_basic_2024", wires=wires)
    assert keys(results) == ["price_outside_validity", "levy_outside_table", "month_partly_covered"]
    before = language()
    for lang, words in (("en", "valid from 2024-04-01 to 2025-03-31"), ("ja", "有効期間は 2024-04-01 から 2025-03-31")):
        assert words in build_report(results, lang).split('id="bills"')[1].split("</section>")[0]
        set_language(lang)
        assert words in price_lines(results)[0]
    set_language(before)


def test_prices_that_hold_are_not_warned_of() -> None:
    results = run("2026-08-03", "tepco_hv_basic_2026")
    assert keys(results) == ["month_partly_covered"]
    assert price_lines(results) == []


def test_a_contract_that_is_negotiated_is_told_of() -> None:
    assert "contract_is_negotiated" in keys(run("2026-08-03", "tepco_hv_basic_2026", kwh=3e6))


def test_what_is_assumed_stands_below_the_bills_in_both_languages() -> None:
    results = run("2026-08-03", "tepco_hv_basic_2026", more=", adjustments: {2026-08: -1.5}")
    (plan,) = results.manifest["plans"]
    assert (plan["plan"], plan["buildings"]) == ("tepco_hv_basic_2026", 2)
    assert "fuel_adjustment" not in plan["assumed"], "it was given"
    part = build_report(results, "en").split('id="bills"')[1].split("</section>")[0]
    assert "the source says so for FY2024 only" in part
    assert "出典に記載があるのは2024年度のみ" in part


@pytest.mark.parametrize("name", plan_names())
def test_every_assumption_of_a_plan_that_sells_has_its_japanese(name: str) -> None:
    tariff = load_tariff(name)
    for field, said in tariff.assumed.items() if tariff.base else ():
        assert assumed_text(said, "en") == said
        assert assumed_text(said, "ja") != said, said
        assert assumed_field(field, "en") != field
