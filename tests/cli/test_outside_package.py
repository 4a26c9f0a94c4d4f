"""A package of somebody else with one device: found by its entry point, validated, run, in the results."""

import json
import os
import subprocess
import sys
from pathlib import Path

DEVICE = '''
"""A lamp: constant power, all of it critical."""

from dataclasses import dataclass

import numpy as np

from ysc_sim.contracts import Bands, Flow
from ysc_sim.units import PositiveKW


@dataclass(frozen=True, kw_only=True)
class LampSpec:
    """One lamp."""

    rated_kw: PositiveKW
    """Power."""


class LampFleet:
    """All lamps."""

    kind = "lamp"
    energy_class = "load"
    Spec = LampSpec

    def __init__(self, placed):
        self.placed = placed
        self.flexible = self.stores = False
        self.forming = np.zeros(len(placed.specs), dtype=bool)
        self.tier_shares = np.tile([1.0, 0.0, 0.0, 0.0], (len(placed.specs), 1))
        self._power = -placed.column("rated_kw")[None, :]

    def start(self):
        return {"row": np.zeros((self.placed.site.rows.count, 1))}

    def bands(self, state, moment):
        power = np.repeat(self._power, len(state["row"]), axis=0)
        return Bands(power, np.zeros_like(power), power)

    def advance(self, state, p_kw, dt_s, moment):
        return Flow(p_kw * (dt_s / 3600))

    def next_event_s(self, state, moment):
        return None

    def on_event(self, state, moment):
        pass
'''
ENTRY_POINTS = "[ysc_sim.devices]\nlamp = lamp_package:LampFleet\n"
METADATA = "Metadata-Version: 2.1\nName: lamp-package\nVersion: 1.0\n"


def test_a_device_of_somebody_else_runs(tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "lamp_package-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "lamp_package.py").write_text(DEVICE, encoding="utf-8")
    (info / "METADATA").write_text(METADATA, encoding="utf-8")
    (info / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    scenario = tmp_path / "lamp.yaml"
    scenario.write_text(
        "format: 1\n"
        "time: {start: 2026-08-03T00:00, days: 1}\n"
        "buildings: [{id: a, devices: [{kind: lamp, rated_kw: 0.5}, {kind: battery, energy_kwh: 2, power_kw: 1}]}]\n"
        "outages: [{start: 2026-08-03T00:30, duration_h: 1}]\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(site), "YSC_LANG": "en"}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ysc_sim", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)

    done = call("run", str(scenario), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "out/metrics.json").read_text(encoding="utf-8"))["community"]
    assert abs(metrics["load_kwh"] - 12.0) < 1e-9
    assert metrics["unserved_kwh"] == 0
    assert "lamp-package" in call("plugins").stdout
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(scenario.read_text(encoding="utf-8").replace("0.5", "-1"), encoding="utf-8")
    refused = call("validate", str(wrong))
    assert refused.returncode == 2
    assert "wrong.yaml:3:" in refused.stderr


SECTIONS = '''
"""Two sections: one says what was imported, the other fails."""

from ysc_sim.report.bilingual import Html, Label
from ysc_sim.report.numbers import metric


class Greeting:
    kind, order = "greeting", 15

    def title(self):
        return Label("Greeting", "ごあいさつ")

    def applies(self, results):
        return "import_kwh" in results.metrics["community"]

    def render(self, results, lang):
        return Html(f"<p>{metric(results, 'import_kwh')}</p>")


class Broken(Greeting):
    kind = "broken"

    def render(self, results, lang):
        return Html(1 / 0)


class Usurper(Greeting):
    kind = "headline"
'''


def test_a_section_of_somebody_else_is_on_the_page_and_a_broken_one_is_not(tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "greeting_package-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "greeting_package.py").write_text(SECTIONS, encoding="utf-8")
    (info / "METADATA").write_text(METADATA.replace("lamp", "greeting"), encoding="utf-8")
    points = "".join(
        f"{kind} = greeting_package:{made}\n"
        for kind, made in (("greeting", "Greeting"), ("broken", "Broken"), ("headline", "Usurper"))
    )
    (info / "entry_points.txt").write_text("[ysc_sim.sections]\n" + points, encoding="utf-8")
    scenario = tmp_path / "home.yaml"
    scenario.write_text(
        "format: 1\ntime: {start: 2026-08-03T00:00, days: 1}\n"
        "buildings: [{id: a, devices: [{kind: battery, energy_kwh: 2, power_kw: 1}]}]\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "ysc_sim", "run", str(scenario), "--out", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(site), "YSC_LANG": "en"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "'headline'" in done.stderr
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    order = [part.split('"')[0] for part in page.split('<section id="')[1:]]
    assert order[:2] == ["headline", "greeting"]
    assert "broken" not in order
    assert order.count("headline") == 1
    assert "ごあいさつ" in page
