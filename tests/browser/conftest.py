"""A headless Chromium and pages for it to open. Without one, or without Selenium, these tests say so and skip."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ysc_sim.engine.simulate import run
from ysc_sim.report import build_member_page, build_report, build_sheet
from ysc_sim.report.comparison import build_comparison
from ysc_sim.results import Results
from ysc_sim.scenario import load_scenario
from ysc_sim.study.comparison import Comparison
from ysc_sim.study.stages import stages_of

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SCENARIO = """
format: 1
name: A street with everything
description: Three days of a workshop and five homes on one street; two hours without grid.
time: {start: 2026-05-11T00:00, days: 3}
wires: utility
market: {kind: mid_market_rate}
power_flow: report
network: {kind: street, buildings_per_transformer: 6, supply_v: 6700}
buildings:
  - id: workshop
    profile: small_factory
    load_kwh_per_year: 40000
    strategy: {kind: peak_cut, target_kw: 8}
    tier_shares: [0.3, 0.3, 0.2, 0.2]
    devices:
      - {kind: solar, rated_kw: 20}
      - {kind: battery, energy_kwh: 20, power_kw: 8}
  - id: sun
    profile: detached120_gas
    count: 3
    devices: [{kind: solar, rated_kw: 5.5}, {kind: battery, energy_kwh: 9, power_kw: 3}]
  - id: car
    profile: detached120_allelec
    devices: [{kind: ev, energy_kwh: 40, charge_kw: 6, discharge_kw: 6}]
  - {id: flat, profile: apartment70_gas}
outages:
  - {start: 2026-05-12T17:00, duration_h: 2}
ensemble: {seeds: ROWS}
"""


class Browser:
    """One tab: what the tests ask of a page."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, width: int = 1200, height: int = 900, theme: str = "light") -> None:
        """Load a page from the disk in a window of this size, in a system of this theme; forget what was before."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        self.media("", theme)
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(path.as_uri())

    def media(self, kind: str, theme: str = "light") -> None:
        """Screen or print, light or dark."""
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": features})

    def ask(self, script: str, *arguments: Any) -> Any:
        """What a piece of JavaScript returns."""
        return self.driver.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """What stands on the console."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Addresses that were asked for since the page was opened, pictures inside the page apart."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith("data:")]

    def printed(self) -> bytes:
        """The page as PDF, at the size that it asks for."""
        from base64 import b64decode

        asked = {"printBackground": True, "preferCSSPageSize": True}
        return b64decode(self.driver.execute_cdp_cmd("Page.printToPDF", asked)["data"])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="browser test skipped: Selenium is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    chauffeur = shutil.which("chromedriver")
    if program is None or chauffeur is None:
        pytest.skip("browser test skipped: no Chromium with chromedriver on this machine (Debian: chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=chauffeur))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


def scenario_file(folder: Path, rows: int = 1) -> Path:
    path = folder / "street.yaml"
    path.write_text(SCENARIO.replace("ROWS", str(rows)), encoding="utf-8")
    return path


def made(folder: Path, rows: int = 1) -> Results:
    """Results of the scenario above."""
    scenario = load_scenario(scenario_file(folder, rows))
    results = run(scenario)
    results.studies["stages"] = stages_of(scenario, results)
    return results


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return made(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def page(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page") / "report.html", build_report(results, "en"))


@pytest.fixture(scope="session")
def pages(results: Results, page: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Report of one row and of an ensemble, sheet of A4, page of a member, comparison of two runs."""
    folder = tmp_path_factory.mktemp("pages")
    fewer = run(load_scenario(scenario_file(folder), overrides={"buildings.workshop.strategy.kind": "none"}))
    return {
        "report": page,
        "ensemble": written(folder / "ensemble.html", build_report(made(folder, rows=3), "ja")),
        "sheet": written(folder / "sheet.html", build_sheet(results, "ja")),
        "member": written(folder / "member.html", build_member_page(results, "workshop", "ja")),
        "comparison": written(folder / "comparison.html", build_comparison(Comparison([results, fewer], None), "ja")),
    }


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def write(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    folder = tmp_path_factory.mktemp("written")
    return lambda name, text: written(folder / name, text)
