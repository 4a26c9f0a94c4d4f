"""Scenario files: YAML → a frozen, checked :class:`Scenario`, or every problem at once."""

from ysc_sim.scenario.json_schema import json_schema
from ysc_sim.scenario.load import load_scenario, parse_scenario
from ysc_sim.scenario.resolved import resolved_yaml
from ysc_sim.scenario.schema import Scenario

__all__ = ["Scenario", "json_schema", "load_scenario", "parse_scenario", "resolved_yaml"]
