"""Self-consumption under a flat tariff against a linear program.

With one import price above one export price, and a battery that no one else needs, no strategy with perfect foresight
imports less than the greedy rule. The program is written out here and solved by HiGHS through SciPy, which share
nothing with the engine: J. Huangfu, J. A. J. Hall, Mathematical Programming Computation 10, 2018.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community

DAYS = 365


def least_import_kwh(net_kwh: np.ndarray, energy: float, power_kwh: float, eta: float, start: float) -> float:
    """min Σ import, subject to the battery's energy and power, in every interval; net > 0 is surplus."""
    from scipy import sparse
    from scipy.optimize import linprog

    t = len(net_kwh)
    # Variables: charge, discharge, stored at the end, import, export, each of t intervals.
    eye, zero = sparse.eye(t, format="csr"), sparse.csr_matrix((t, t))
    shift = sparse.diags([np.ones(t - 1)], [-1], shape=(t, t), format="csr")
    store = sparse.hstack([-eta * eye, eye / eta, eye - shift, zero, zero])
    meter = sparse.hstack([eye, -eye, zero, -eye, eye])
    right = np.concatenate([np.concatenate([[start], np.zeros(t - 1)]), net_kwh])
    bounds = [(0, power_kwh)] * (2 * t) + [(0, energy)] * t + [(0, None)] * (2 * t)
    # A price on export far below that on import, and none on storage: ties do not matter to the import.
    cost = np.concatenate([np.zeros(3 * t), np.ones(t), np.zeros(t)])
    found = linprog(cost, A_eq=sparse.vstack([store, meter]), b_eq=right, bounds=bounds, method="highs")
    assert found.success
    return float(found.fun)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_greedy_rule_imports_what_the_linear_program_imports(tmp_path: Path, seed: int) -> None:
    data: dict[str, Any] = {
        "format": 1,
        "time": {"start": "2026-04-01T00:00", "days": DAYS, "step_s": 3600},
        "seed": seed,
        "buildings": [
            {
                "id": "home",
                "profile": "detached120_allelec",
                "diversity": {"shift_minutes": 60, "size_spread": 0.3},
                "devices": [
                    {"kind": "solar", "rated_kw": 5, "tilt_deg": 30, "azimuth_deg": 180},
                    {"kind": "battery", "energy_kwh": 9.8, "power_kw": 2.5, "soc_start": 0.3},
                ],
            }
        ],
    }
    path = tmp_path / "home.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    arrays = run_community(compile_community(ysc.load_scenario(path)))
    net = (arrays.columns["pv_kwh"] - arrays.columns["load_kwh"])[:, 0, 0]
    assert net.min() < 0 < net.max()
    expected = least_import_kwh(net, 9.8, 2.5, 0.95, 0.3 * 9.8)
    got = float(arrays.columns["import_kwh"].sum())
    assert got == pytest.approx(expected, rel=1e-6)
