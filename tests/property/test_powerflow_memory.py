"""A year of lowest and highest voltages needs little beyond its two input arrays: 35,040 rows × 1,000 buses in less
than 500 MB. Shown on fewer rows: what is needed is a fixed amount, and for each row no more than a few numbers."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys
import numpy as np
from ysc_sim.powerflow import Network, series_admittance, solve

def peak():
    return 1024 * next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

rows, buses, loops = (int(word) for word in sys.argv[1:])
rng = np.random.default_rng(0)
legs = [[int(rng.integers(max(0, k - 3), k)), k] for k in range(1, buses)]
legs += [[k, k + buses // 2] for k in range(1, loops + 1)]
z = (2e-4 + 1e-4j) * rng.uniform(0.5, 1.5, len(legs))
net = Network(v_nominal_kv=np.full(buses, 0.4), leg_bus=np.array(legs),
              leg_y_pu=series_admittance(z, v_kv=0.4, base_kva=1000.0), source_bus=np.array([0]),
              source_v_pu=np.array([[1.0 + 0j]]))
p = np.empty((rows, buses))
for low in range(0, rows, 100):
    p[low : low + 100] = -rng.uniform(0, 0.15, (min(100, rows - low), buses))
q = 0.3 * p
before = peak()
solution = solve(net, p, q, want=("v_min_pu", "v_max_pu"))
print(json.dumps({"more": peak() - before, "ok": bool(solution.ok.all())}))
"""
YEAR, LIMIT = 35_040, 500e6


def beyond(rows: int, buses: int, loops: int) -> float:
    """Bytes at the peak of a process that does nothing else, beyond what it held with its two inputs."""
    command = [sys.executable, "-c", PROGRAM, str(rows), str(buses), str(loops)]
    done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert done["ok"]
    return float(done["more"])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("buses", "loops", "few", "many"), [(1000, 0, 600, 2400), (95, 5, 4000, 16000)])
def test_a_year_fits(buses, loops, few, many):
    short, long = beyond(few, buses, loops), beyond(many, buses, loops)
    of_a_row = max(0.0, long - short) / (many - few)
    assert of_a_row <= 0.25 * 16 * buses  # far from a copy of either input
    assert long + (YEAR - many) * of_a_row < LIMIT
