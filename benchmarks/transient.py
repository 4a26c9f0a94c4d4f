"""Seconds for a year of disturbances: 8,760 transients of 10 s in one batch, one core.

    python benchmarks/transient.py [--repeat 3]

Islands of two machines with governors, sun that follows frequency and three stages of shedding; every row another step
and another inertia. Beside it the same batch by a plain fixed-step Runge-Kutta of fourth order at 10 ms, without
locating anything: what most transient programs do. Target: at most 3 s.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from records import emit

from ysc_sim.resilience import FrequencyWatt, Source, Stage, frequency_response

ROWS, DURATION_S, F0 = 8_760, 10.0, 50.0


def islands() -> tuple[np.ndarray, list[Source], list[FrequencyWatt], list[Stage]]:
    rng = np.random.default_rng(1)
    step_kw = rng.uniform(-30.0, 120.0, ROWS)
    inertia_s = rng.uniform(2.0, 5.0, ROWS)
    sources = [
        Source(rated_kva=150, droop_pu=0.04, inertia_s=inertia_s, damping_pu=1.0, t1_s=0.1, t3_s=0.5, p_kw=60),
        Source(rated_kva=100, droop_pu=0.03, inertia_s=1.0, t1_s=0.05, p_kw=40),
    ]
    followers = [FrequencyWatt(p_kw=50, deadband_hz=0.036, droop_pu=0.05, lag_s=0.5)]
    stages = [Stage(below_hz=below, delay_s=0.1, shed_kw=20) for below in (49.0, 48.8, 48.5)]
    return step_kw, sources, followers, stages


def fixed_steps(dt_s: float = 0.01) -> np.ndarray:
    """Lowest frequency of each row, by RK4 with relays looked at once a step."""
    step_kw, (machine, _), _, stages = islands()
    inertia = 2 * (machine.inertia_s * 150.0 + 1.0 * 100.0) / F0
    f = np.zeros(ROWS)
    va, la, vb, cut = (np.zeros(ROWS) for _ in range(4))
    timers, shed, lowest = np.zeros((3, ROWS)), np.zeros(ROWS), np.zeros(ROWS)
    tripped = np.zeros((3, ROWS), dtype=bool)

    def rates(f: np.ndarray, va: np.ndarray, la: np.ndarray, vb: np.ndarray, cut: np.ndarray) -> list[np.ndarray]:
        power = la + vb + cut + shed - step_kw - (150.0 + 100.0) * f / F0
        aim = -50.0 * np.clip((f - 0.036) / (F0 * 0.05), 0.0, 1.0)
        return [
            power / inertia,
            (np.clip(-150 / 0.04 * f / F0, -60, 90) - va) / 0.1,
            (va - la) / 0.5,
            (np.clip(-100 / 0.03 * f / F0, -40, 60) - vb) / 0.05,
            (aim - cut) / 0.5,
        ]

    x = [f, va, la, vb, cut]
    for _ in range(round(DURATION_S / dt_s)):
        k1 = rates(*x)
        k2 = rates(*(v + 0.5 * dt_s * k for v, k in zip(x, k1, strict=True)))
        k3 = rates(*(v + 0.5 * dt_s * k for v, k in zip(x, k2, strict=True)))
        k4 = rates(*(v + dt_s * k for v, k in zip(x, k3, strict=True)))
        x = [v + dt_s / 6 * (p + 2 * q + 2 * r + s) for v, p, q, r, s in zip(x, k1, k2, k3, k4, strict=True)]
        for i, stage in enumerate(stages):
            timers[i] = np.where(F0 + x[0] < stage.below_hz, timers[i] + dt_s, 0.0)
            trips = ~tripped[i] & (timers[i] >= stage.delay_s)
            tripped[i] |= trips
            shed += trips * stage.shed_kw
        np.minimum(lowest, x[0], out=lowest)
    return F0 + lowest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    step_kw, sources, followers, stages = islands()
    own, peer = [], []
    for _ in range(repeat):
        began = time.process_time()
        found = frequency_response(
            step_kw, sources, followers=followers, ufls=stages, load_kw=100, load_damping_pu=1.0, duration_s=DURATION_S
        )
        own.append(time.process_time() - began)
        began = time.process_time()
        lowest = fixed_steps()
        peer.append(time.process_time() - began)
    ratio = np.median(np.array(peer) / np.array(own))
    falling = step_kw > 0
    apart = np.abs(lowest - found.nadir_hz)[falling]
    name = f"transient, {ROWS:,} islands × {DURATION_S:g} s"
    emit(name, min(own), "s", aim=3, peer="Runge-Kutta of 10 ms steps", ratio=ratio)
    print(f"{ROWS} transients × {DURATION_S:g} s, CPU seconds: {min(own):.2f} (target 3), fixed steps {min(peer):.2f}")
    print(
        f"ratio {ratio:.2f}; nadir of fixed steps off by up to {apart.max():.2g} Hz, median {np.median(apart):.2g} Hz"
    )


if __name__ == "__main__":
    main()
