"""Every number on the pages is a stored one: each is found again, to the last digit, and shown as what it is."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from ysc_sim.engine.simulate import run
from ysc_sim.report import build_member_page, build_report, build_sheet
from ysc_sim.results import Results, load_results
from ysc_sim.scenario import load_scenario
from ysc_sim.study.invested import investment_of
from ysc_sim.study.stages import stages_of
from ysc_sim.study.who_gains import who_gains

SCENARIO = """
format: 1
name: Numbers
time: {start: 2026-03-30T00:00, days: 4}
wires: WIRES
market: {kind: mid_market_rate}
power_flow: FLOW
ensemble: {seeds: SEEDS}
buildings:
  - id: works
    profile: small_factory
    load_kwh_per_year: 90000
    strategy: {kind: peak_cut, target_kw: 15}
    devices:
      - {kind: solar, rated_kw: 40}
      - {kind: battery, energy_kwh: 40, power_kw: 20, investment_jpy_per_kwh: 30000}
  - {id: dwelling, profile: detached120_gas, count: 2}
outages:
  - {start: 2026-03-31T10:00, duration_h: 2}
"""
UNITS_SHOWN_AS_PERCENT = "1"
RESOLUTION = 0.5000001


class Numbers(HTMLParser):
    """All <data> elements: attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str], str]] = []
        self._open = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "data":
            self.found.append((dict(attrs), ""))
            self._open = True

    def handle_endtag(self, tag):
        self._open = self._open and tag != "data"

    def handle_data(self, data):
        if self._open:
            attributes, text = self.found[-1]
            self.found[-1] = (attributes, text + data)


def written(text: str) -> tuple[float, float]:
    """A shown number and the size of its last digit."""
    plain = text.replace(",", "").replace("−", "-").replace("+", "")
    mantissa, _, power = plain.partition("e")
    scale = 10.0 ** int(power or 0)
    places = len(mantissa.partition(".")[2])
    return float(plain), scale * 10.0**-places


def looked_up(attributes: dict[str, str], results: Results) -> tuple[float, float]:
    """The stored number behind an element, and what it is multiplied with to be shown."""
    if metric := attributes.get("data-metric"):
        building = attributes.get("data-building")
        numbers = results.metrics["buildings"][building] if building else results.metrics["community"]
        percent = results.metrics["units"][metric] == UNITS_SHOWN_AS_PERCENT and "_ratio" in metric
        return numbers[metric], 100.0 if percent else 1.0
    if study := attributes.get("data-study"):
        return studied(study, results)
    if entry := attributes.get("data-outage", attributes.get("data-event")):
        number, column = entry.split(".")
        frame = results.frame("outages" if "data-outage" in attributes else "events")
        return frame[frame["row"] == 0][column].iloc[int(number)], 1.0
    if branch := attributes.get("data-branch"):
        number, key = branch.split(".")
        return results.manifest["network"]["branches"][int(number)][key], 1.0
    if trade := attributes.get("data-trade"):
        side, column = trade.split(".")
        frame = results.frame("trades")
        mine = frame[(frame["row"] == 0) & (frame[side].astype(str) == attributes["data-building"])]
        return int(mine[column].sum()), 1e-6 if column == "energy_mwh" else 1e-3
    if bill := attributes.get("data-bill"):
        return billed(bill, attributes["data-months"].split(), results), 1.0
    if shared := attributes.get("data-shared"):
        node = results.manifest["shared_kwh"]
        for key in shared.split("."):
            node = node[int(key) if key.isdigit() else key]
        return node, 1.0
    if of_all := attributes.get("data-of-all"):
        return results.metrics["community"][of_all], 1.0
    raise AssertionError(f"a number from nowhere: {attributes}")


def studied(where: str, results: Results) -> tuple[float, float]:
    node = results.studies
    for key in where.split("."):
        node = node[int(key) if key.isdigit() else key]
    return node, 1e-3 if where.endswith("_mjpy") else 100.0 if where.endswith(("_ratio", ".ratio", ".irr")) else 1.0


def billed(where: str, months: list[str], results: Results, member: str = "") -> float:
    part, key, label = where.split(".")
    frame = results.frame("bills")
    frame = frame[(frame["row"] == 0) & frame["month"].isin(months)]
    accounts = frame["building"].astype(str)
    others = accounts.isin(["community", "operator", "network"])
    frame = frame[accounts == "community"] if part == "community" else frame[~others]
    if key:
        frame = frame[frame[key].astype(str) == label]
    return int(frame["amount_mjpy"].sum()) / 1000


def check(page: str, results: Results) -> int:
    numbers = Numbers(page).found
    for attributes, text in numbers:
        expected, factor = looked_up(attributes, results)
        assert float(attributes["value"]) == expected, attributes
        shown, digit = written(text)
        assert abs(shown - factor * expected) <= RESOLUTION * digit + 1e-12, (attributes, text)
    return len(numbers)


def made(folder: Path, *, seeds: int = 1, wires: str = "private_line", flow: str = "off") -> Results:
    path = folder / "numbers.yaml"
    text = SCENARIO.replace("SEEDS", str(seeds)).replace("WIRES", wires).replace("FLOW", flow)
    path.write_text(text, encoding="utf-8")
    scenario = load_scenario(path)
    results = run(scenario)
    results.studies["stages"] = stages_of(scenario, results)
    results.studies["investment"] = investment_of(scenario)
    if split := who_gains(scenario, results.arrays):
        results.studies["who_gains"] = split
    results.save(folder / "run")
    return load_results(folder / "run")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return made(tmp_path_factory.mktemp("one"))


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_report(results, lang):
    page = build_report(results, lang)
    assert page.count('data-study="investment.flow.') == 6 * 21
    assert check(page, results) > 150


def test_report_of_an_ensemble_on_a_solved_street(tmp_path):
    results = made(tmp_path, seeds=2, wires="utility", flow="report")
    page = build_report(results, "en")
    assert "data-branch=" in page
    assert "data-outage=" in page
    assert check(page, results) > 150


def test_sheet(results):
    assert check(build_sheet(results, "ja"), results) > 15


def test_members_page_holds_the_members_numbers(results):
    page = build_member_page(results, "works", "en")
    own = Results(
        manifest=results.manifest,
        metrics={**results.metrics, "community": results.metrics["buildings"]["works"]},
        scenario_yaml="",
        tables=results._tables,
    )
    numbers = [entry for entry in Numbers(page).found if "data-bill" not in entry[0] and "data-of-all" not in entry[0]]
    for attributes, text in numbers:
        expected, factor = looked_up(attributes, own)
        assert float(attributes["value"]) == expected
        shown, digit = written(text)
        assert abs(shown - factor * expected) <= RESOLUTION * digit
    assert len(numbers) > 15
    bills = results.frame("bills")
    mine = int(bills[bills["building"].astype(str) == "works"]["amount_mjpy"].sum()) / 1000
    totals = [float(a["value"]) for a, _ in Numbers(page).found if a.get("data-bill") == "members.."]
    assert mine in totals


@pytest.mark.parametrize(
    ("text", "expected"), [("12,346", (12346.0, 1.0)), ("−3.14", (-3.14, 0.01)), ("3.0e−12", (3e-12, 1e-13))]
)
def test_the_reader_of_this_test_reads_what_is_shown(text, expected):
    assert written(text) == pytest.approx(expected)


def test_frequencies_stand_beside_what_happened():
    frequency = Path(__file__).parents[2] / "scenarios" / "outage_causes" / "frequency.yaml"
    results = run(load_scenario(frequency, overrides={"island.frequency.inertia_s": 3.0}))
    page = build_report(results, "en")
    assert page.count("data-event=") == int(results.frame("events")["frequency_hz"].notna().sum()) > 0
    assert check(page, results) > 20
