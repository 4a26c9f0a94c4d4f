"""One home with load, solar, battery and grid for a year in python-microgrid, by its own stepping; self-consumption.

Run by benchmarks/engine.py in an interpreter that has python-microgrid 1.4.1; prints one line.
"""

from __future__ import annotations

import time

import numpy as np
from pymgrid import Microgrid
from pymgrid.modules import BatteryModule, GridModule, LoadModule, RenewableModule

STEPS = 8_760


def main() -> None:
    """Greedy rule: the battery takes the surplus and gives the deficit, the grid takes the rest."""
    hours = np.arange(STEPS) % 24
    load = 0.4 + 0.3 * np.exp(-((hours - 19) ** 2) / 8)
    sun = 4 * np.maximum(0, np.sin((hours - 6) / 12 * np.pi)) * 0.5
    battery = BatteryModule(
        min_capacity=0, max_capacity=9.8, max_charge=4, max_discharge=4, efficiency=0.95, init_soc=0.5
    )
    prices = np.tile([21.61, 8.5, 0.0], (STEPS, 1))
    grid = GridModule(max_import=100, max_export=100, time_series=prices)
    micro = Microgrid([battery, ("load", LoadModule(time_series=load)), ("pv", RenewableModule(time_series=sun)), grid])
    began = time.process_time()
    for k in range(STEPS - 1):
        need = load[k] - sun[k]
        give = float(np.clip(need, -battery.max_consumption, battery.max_production))
        rest = need - give
        micro.step({"battery": [give], "grid": [rest]}, normalized=False)
    spent = time.process_time() - began
    print(f"{(STEPS - 1) / spent:,.0f} building-steps per CPU second")


if __name__ == "__main__":
    main()
