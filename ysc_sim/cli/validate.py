"""``ysc validate``: every error of every file, each with its place."""

from __future__ import annotations

import sys
from pathlib import Path

from ysc_sim.errors import ScenarioError
from ysc_sim.words import problem_line, text


def validate_files(files: list[Path]) -> int:
    """Check all files; 0 if each is good (warnings allowed), 2 if any is not."""
    from ysc_sim.scenario import load_scenario

    status = 0
    for file in files:
        try:
            scenario = load_scenario(file)
        except ScenarioError as error:
            print(error, file=sys.stderr)
            status = 2
        else:
            for warning in scenario.warnings:
                print(problem_line(warning), file=sys.stderr)
            print(f"{file}: {text('cli.valid')}")
    return status
