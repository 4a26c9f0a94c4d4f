"""ysc-sim: a simulator of buildings that share energy, tied to the grid or islanded.

>>> import ysc_sim as ysc
>>> scenario = ysc.load_scenario("scenarios/one_home.yaml", overrides={"time.days": 3})
>>> results = ysc.run(scenario)
>>> results.metrics["community"]["money_residual_jpy"]
0.0

Names are bound when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ysc_sim.engine.simulate import run
    from ysc_sim.errors import InvariantError, PluginError, ResultError, ScenarioError, TariffError, YscError
    from ysc_sim.figures import Plots
    from ysc_sim.results import Results, load_results
    from ysc_sim.scenario import Scenario, load_scenario
    from ysc_sim.study.compare import compare

__version__ = "0.1.0"

_HOMES = {
    "run": "ysc_sim.engine.simulate",
    "load_scenario": "ysc_sim.scenario",
    "Scenario": "ysc_sim.scenario",
    "Plots": "ysc_sim.figures",
    "Results": "ysc_sim.results",
    "load_results": "ysc_sim.results",
    "compare": "ysc_sim.study.compare",
    "YscError": "ysc_sim.errors",
    "ScenarioError": "ysc_sim.errors",
    "PluginError": "ysc_sim.errors",
    "ResultError": "ysc_sim.errors",
    "TariffError": "ysc_sim.errors",
    "InvariantError": "ysc_sim.errors",
}

__all__ = [
    "InvariantError",
    "Plots",
    "PluginError",
    "ResultError",
    "Results",
    "Scenario",
    "ScenarioError",
    "TariffError",
    "YscError",
    "compare",
    "load_results",
    "load_scenario",
    "run",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ysc_sim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
