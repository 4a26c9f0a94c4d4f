"""Metrics, energy, trade and money have the same SHA-256 whatever processor, thread count or hash seed computed them.

OPENBLAS_CORETYPE makes the linear algebra library take the code of another kind of processor. Batches, row order,
building order and worker processes have tests of their own (test_engine_random, test_row_outages, test_sweep).
NumPy's own ``exp`` and ``sin`` may differ in the last bit between processors with and without AVX-512:
docs/limitations.md.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHORT = {
    "yokohama_block": {"time.days": 2, "time.step_s": 300, "power_flow": "report", "outages": [], "ensemble.seeds": 2},
    "higashimatsushima": {"time.days": 0.5, "outages.0.start": "2026-01-12T03:00"},
    "rolling_blackout_2011": {"time.days": 4},
    "sharing_street": {"time.days": 2, "site.weather": "synthetic"},
    "peak_cut_smes": {"time.days": 1},
    "demand_response_29_sites": {"time.days": 4},
    "constant_draw_house": {"time.days": 9},
}
PROGRAM = """
import json, sys
import ysc_sim as ysc
for name, overrides in json.loads(sys.argv[2]).items():
    results = ysc.run(ysc.load_scenario(f"{sys.argv[1]}/scenarios/{name}.yaml", overrides=overrides))
    print(name, results.digest())
"""
MACHINES = (
    {"OPENBLAS_NUM_THREADS": "2", "PYTHONHASHSEED": "1"},
    {"OPENBLAS_CORETYPE": "Haswell", "PYTHONHASHSEED": "2"},
    {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "1"},
)


@pytest.fixture(scope="module")
def here() -> str:
    """Digests with the settings of the tests."""
    return digests({})


def digests(machine: dict[str, str]) -> str:
    command = [sys.executable, "-c", PROGRAM, str(ROOT), json.dumps(SHORT)]
    done = subprocess.run(
        command, env={**os.environ, **machine}, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: next(iter(machine.values())))
def test_another_machine_gives_the_same_bits(here: str, machine: dict[str, str]) -> None:
    assert here.count("\n") == len(SHORT)
    assert digests(machine).splitlines() == here.splitlines()
