"""``results.plot``: figures that show the stored numbers, in both languages; plotly is imported when one is made."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.errors import ResultError
from ysc_sim.figures import write_svg
from ysc_sim.words import LANGUAGES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def block() -> ysc.Results:
    short = {"time.days": 3, "time.step_s": 1800, "power_flow": "report"}
    return ysc.run(ysc.load_scenario(ROOT / "scenarios/yokohama_block.yaml", overrides=short))


@pytest.fixture(scope="module")
def ensemble() -> ysc.Results:
    said = {"time.days": 3, "ensemble.seeds": 6, "outages.0.start": "2026-04-07T20:00"}
    return ysc.run(ysc.load_scenario(ROOT / "scenarios/one_home.yaml", overrides=said))


EVERY = ("demand", "balance", "soc", "prices", "voltages", "energy_flows", "duration", "heat_map", "bills", "gains",
         "outages", "survival")  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", EVERY)
def test_every_figure_is_drawn_in_both_languages(block: ysc.Results, name: str, lang: str) -> None:
    drawn = getattr(block.plot, name)(lang=lang)
    assert drawn.data
    assert drawn.layout.title.text
    assert any("぀" <= sign <= "龠" for sign in str(drawn.to_dict())) == (lang == "ja")


def test_no_figure_is_forgotten() -> None:
    assert set(EVERY) == {name for name in vars(ysc.Plots) if not name.startswith("_")}


def test_the_numbers_of_a_figure_are_the_stored_ones(block: ysc.Results) -> None:
    community, metrics = block.frame("community"), block.metrics["community"]
    demand = block.plot.demand()
    assert np.array_equal(demand.data[0].y, community["demand_kw"].to_numpy())
    assert float(np.max(demand.data[0].y)) == metrics["peak_import_kw"]
    assert demand.layout.shapes[0].y0 == metrics["contract_kw"]
    (flows,) = block.plot.energy_flows().data
    assert metrics["import_kwh"] in flows.link.value
    cells = np.asarray(block.plot.heat_map("load_kwh").data[0].z)
    assert cells.shape == (48, 3)
    assert np.nansum(cells) / 2 == pytest.approx(metrics["load_kwh"], abs=1e-9)
    sorted_ = block.plot.duration("load_kwh", ["office"])
    assert sorted_.data[0].y[0] == pytest.approx(2 * community["load_kwh"].max())
    assert len(sorted_.data) == 2
    bills = block.plot.bills()
    own = block.frame("bills")
    stored = own[own["building"] == "community"]["amount_mjpy"].sum() / 1000
    assert sum(bills.data[-1].y) == pytest.approx(stored)
    gains = block.plot.gains()
    assert sorted(gains.data[0].x) == sorted(one["saving_jpy"] for one in block.metrics["buildings"].values())
    (voltage, _) = block.plot.voltages().data
    assert np.nanmin(voltage.y) == pytest.approx(metrics["min_voltage_pu"])


def test_an_outage_is_as_long_as_it_was(block: ysc.Results) -> None:
    (whole, lived) = block.plot.outages().data
    stored = block.frame("outages").iloc[0]
    assert whole.x[0] == stored["hours"] * 3.6e6
    assert lived.x[0] == stored["survived_h"] * 3.6e6
    curve = block.plot.survival().data[0]
    assert curve.x[-1] == stored["survived_h"]
    assert curve.y[-1] == 100


def test_an_ensemble_shows_its_band_and_one_row_if_asked(ensemble: ysc.Results) -> None:
    values = ensemble.frame("community")["demand_kw"].to_numpy().reshape(-1, 6)
    high, low, middle = ensemble.plot.demand().data
    assert np.allclose(high.y, np.percentile(values, 95, axis=1))
    assert np.allclose(low.y, np.percentile(values, 5, axis=1))
    assert np.allclose(middle.y, np.median(values, axis=1))
    (one,) = ensemble.plot.demand(row=3).data
    assert np.array_equal(one.y, values[:, 3])
    assert ensemble.plot.survival().data[0].name.endswith("(n = 6)")
    with pytest.raises(ValueError, match=r"row\(=6\)"):
        ensemble.plot.demand(row=6)


def test_what_cannot_be_shown_is_said(ensemble: ysc.Results) -> None:
    for draw in (ensemble.plot.prices, ensemble.plot.voltages):
        with pytest.raises(ResultError, match="nothing to show"):
            draw()
    with pytest.raises(ResultError, match="no building 'castle'"):
        ensemble.plot.demand("castle")
    with pytest.raises(ResultError, match="nothing to show"):
        ensemble.plot.heat_map("wind_kwh")
    with pytest.raises(ValueError, match="lang"):
        ensemble.plot.demand(lang="fr")


def test_a_long_run_is_shown_by_half_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    from ysc_sim.figures import series

    fine = ysc.run(ysc.load_scenario(ROOT / "scenarios/one_home.yaml", overrides={"time.days": 3, "time.step_s": 300}))
    table = fine.frame("community")
    monkeypatch.setattr(series, "MOST_POINTS", 800)
    (stored,) = fine.plot.soc().data
    assert np.array_equal(stored.y, table["soc_kwh"].to_numpy()[5::6])
    assert len(stored.x) == 144
    load = fine.plot.balance().data[-1]
    assert np.allclose(load.y, table["load_kwh"].to_numpy().reshape(-1, 6).sum(axis=1) * 2)
    assert float(np.max(fine.plot.demand().data[0].y)) == pytest.approx(fine.metrics["community"]["peak_import_kw"])
    monkeypatch.setattr(series, "MOST_POINTS", 10_000)
    assert len(fine.plot.soc().data[0].y) == 864


def test_local_times_stay_local(ensemble: ysc.Results) -> None:
    assert str(ensemble.plot.demand(row=0).data[0].x[0]).startswith("2026-04-06T00:00")


def test_a_stored_result_draws_the_same(block: ysc.Results, tmp_path: Path) -> None:
    block.save(tmp_path / "block")
    again = ysc.load_results(tmp_path / "block")
    for name in ("demand", "bills", "energy_flows"):
        assert getattr(again.plot, name)().to_json() == getattr(block.plot, name)().to_json()


def test_names_cannot_write_html(block: ysc.Results) -> None:
    from ysc_sim.figures.style import figure, harmless_html

    assert figure("<b>x</b>").layout.title.text == "&lt;b&gt;x&lt;/b&gt;"
    assert harmless_html("\u202e" + "x" * 300) == "?" + "x" * 58 + "…"


def test_plotly_is_imported_when_a_figure_is_made_and_not_before() -> None:
    code = f"""
import sys
import ysc_sim as ysc
results = ysc.run(ysc.load_scenario({str(ROOT / "scenarios/one_home.yaml")!r}, overrides={{"time.days": 3}}))
plots = results.plot
assert not [name for name in sys.modules if name.split(".")[0] == "plotly"], "too early"
plots.demand()
assert "plotly" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_svg_asks_for_what_it_needs(block: ysc.Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def to_image(self, **_: Any) -> bytes:
            raise RuntimeError("no browser here")

    with pytest.raises(ValueError, match="width_mm"):
        write_svg(Silent(), tmp_path / "x.svg", width_mm=0)
    with pytest.raises(ResultError, match="svg"):
        write_svg(Silent(), tmp_path / "x.png")
    monkeypatch.setitem(sys.modules, "kaleido", None)
    with pytest.raises(ResultError, match=r"ysc-sim\[figures\]"):
        write_svg(Silent(), tmp_path / "x.svg")
    assert not list(tmp_path.iterdir())


@pytest.mark.browser
def test_a_figure_becomes_an_svg_of_its_size(block: ysc.Results, tmp_path: Path) -> None:
    pytest.importorskip("kaleido")
    if not any(map(shutil.which, ("chromium", "google-chrome", "chrome"))):
        pytest.skip("no Chromium")
    path = write_svg(block.plot.demand(lang="ja"), tmp_path / "demand.svg", width_mm=127, height_mm=63.5)
    root = ElementTree.parse(path).getroot()
    assert root.tag.endswith("svg")
    assert (root.get("width"), root.get("height")) == ("480", "240")
    assert "契約電力" in path.read_text(encoding="utf-8")
