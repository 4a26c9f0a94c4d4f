"""Frequency after a load step, one machine, by ANDES: inputs and answers for tests/oracle/test_transient_andes.py.

    python -m venv env && env/bin/pip install -r requirements.txt && env/bin/python transients.py > answers.json

Machine GENCLS with governor TGOV1 (its limits inside the valve, as here); constant-power load over a lossless line.
"""

import contextlib
import io
import json
import logging
import sys

import andes
import numpy as np

CASES = 13
BASE_KW = 100_000.0
FREQUENCY_HZ = 50.0
START_S = 0.1
DURATION_S = 10.0


def cases() -> list[dict[str, float]]:
    """The published single-machine case first, then random ones; every third meets a limit of its valve."""
    made = [
        {"step": 0.1, "inertia_s": 4.0, "droop_pu": 0.05, "damping_pu": 0.0, "t1_s": 0.1, "t2_s": 0.0, "t3_s": 0.5}
        | {"p": 0.5, "p_max": 1.0, "p_min": 0.0}
    ]
    rng = np.random.default_rng(20261126)
    for number in range(1, CASES):
        step = float(rng.uniform(-0.12, 0.12))
        tight = number % 3 == 0
        t3 = float(rng.uniform(0.3, 2.0))
        made.append(
            {
                "step": step,
                "inertia_s": float(rng.uniform(2.0, 6.0)),
                "droop_pu": float(rng.uniform(0.03, 0.08)),
                "damping_pu": float(rng.uniform(0.0, 2.0)),
                "t1_s": float(rng.uniform(0.05, 0.5)),
                "t2_s": float(rng.uniform(0.0, 0.9 * t3)) if number % 2 else 0.0,
                "t3_s": t3,
                "p": 0.5,
                "p_max": 0.5 + abs(step) * (1.05 if tight else 4.0),
                "p_min": 0.5 - abs(step) * (1.05 if tight else 4.0),
            }
        )
    return made


def simulate(case: dict[str, float]) -> dict[str, list[float]]:
    """Time and frequency, at the solver's own steps."""
    system = andes.System()
    system.config.freq = FREQUENCY_HZ
    system.add("Bus", {"idx": 1, "Vn": 6.6, "v0": 1.0})
    system.add("Slack", {"idx": 1, "bus": 1, "Vn": 6.6, "Sn": 100.0, "v0": 1.0, "p0": case["p"], "a0": 0.0})
    # A bus without a line would be taken for an island of its own and left out.
    system.add("Bus", {"idx": 2, "Vn": 6.6, "v0": 1.0})
    system.add("Line", {"idx": 1, "bus1": 1, "bus2": 2, "Vn1": 6.6, "Vn2": 6.6, "r": 0.0, "x": 0.01})
    system.add("PQ", {"idx": "load", "bus": 2, "Vn": 6.6, "p0": case["p"], "q0": 0.0})
    system.add(
        "GENCLS",
        {"idx": "g", "bus": 1, "gen": 1, "Sn": 100.0, "Vn": 6.6, "fn": FREQUENCY_HZ, "D": case["damping_pu"]}
        | {"M": 2.0 * case["inertia_s"], "ra": 0.0, "xl": 0.0, "xd1": 0.3},
    )
    system.add(
        "TGOV1",
        {"syn": "g", "R": case["droop_pu"], "VMAX": case["p_max"], "VMIN": case["p_min"], "Dt": 0.0}
        | {"T1": case["t1_s"], "T2": case["t2_s"], "T3": case["t3_s"]},
    )
    system.PQ.config.p2p, system.PQ.config.p2z = 1.0, 0.0
    system.PQ.config.q2q, system.PQ.config.q2z = 1.0, 0.0
    system.setup()
    system.PFlow.run()
    system.TDS.config.tf = START_S
    system.TDS.config.fixt = 1
    system.TDS.config.tstep = 0.005
    system.TDS.config.tol = 1e-9
    system.TDS.config.no_tqdm = 1
    system.TDS.run()
    # The load steps between two runs of the same simulation.
    system.PQ.set("Ppf", "load", case["p"] + case["step"], attr="v")
    system.TDS.config.tf = START_S + DURATION_S
    system.TDS.run()
    speed = np.asarray(system.dae.ts.x)[:, int(system.GENCLS.omega.a[0])]
    return {"t_s": np.asarray(system.dae.ts.t) - START_S, "hz": speed * FREQUENCY_HZ}


def main() -> None:
    """Write what was asked and what was answered."""
    logging.disable(logging.CRITICAL)
    answers = []
    for case in cases():
        with contextlib.redirect_stdout(io.StringIO()):
            course = simulate(case)
        hz, t = np.asarray(course["hz"]), np.asarray(course["t_s"])
        at = int(np.argmin(hz) if case["step"] > 0 else np.argmax(hz))
        energy = np.trapezoid(hz - FREQUENCY_HZ, t)
        answers.append(
            {"case": case, "extreme_hz": float(hz[at]), "extreme_s": float(t[at]), "end_hz": float(hz[-1])}
            | {"swept_hz_s": float(energy), "at_half_s_hz": float(np.interp(0.5, t, hz))}
        )
    versions = {"andes": andes.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}
    json.dump(
        {"versions": versions, "base_kw": BASE_KW, "frequency_hz": FREQUENCY_HZ, "answers": answers},
        sys.stdout,
        indent=1,
    )


if __name__ == "__main__":
    main()
