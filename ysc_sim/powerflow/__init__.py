"""AC power flow of feeders: many rows at once, each one verified or said to be unsolved. NumPy only.

Injections are ``> 0`` into the bus. See ``docs/powerflow.md`` for equations, conventions and limits.
"""

from ysc_sim.powerflow.controls import ConstantPowerFactor, PVBus, VoltVar, VoltWatt
from ysc_sim.powerflow.elimination import SingularNetworkError
from ysc_sim.powerflow.forming import Forming
from ysc_sim.powerflow.island import solve_island
from ysc_sim.powerflow.network import EARTH, Network, series_admittance
from ysc_sim.powerflow.sensitivity import Sensitivities, sensitivities
from ysc_sim.powerflow.solution import Reason, Solution
from ysc_sim.powerflow.solve import solve
from ysc_sim.powerflow.windings import Winding, unit_admittance
from ysc_sim.powerflow.wiring import Wiring

__all__ = [
    "EARTH",
    "ConstantPowerFactor",
    "Forming",
    "Network",
    "PVBus",
    "Reason",
    "Sensitivities",
    "SingularNetworkError",
    "Solution",
    "VoltVar",
    "VoltWatt",
    "Winding",
    "Wiring",
    "sensitivities",
    "series_admittance",
    "solve",
    "solve_island",
    "unit_admittance",
]
