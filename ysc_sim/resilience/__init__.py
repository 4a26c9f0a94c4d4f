"""What a community lives through when the grid fails: arrays in, arrays out. NumPy only.

Loads and generation are powers in kW, both counted positive; energies of a store in kWh.
"""

from ysc_sim.resilience.forward import TierSurvival, survival_by_tier
from ysc_sim.resilience.generators import survival_probability
from ysc_sim.resilience.indices import reliability_indices
from ysc_sim.resilience.reserve import reserve_curve
from ysc_sim.resilience.survival import survival_hours

__all__ = [
    "TierSurvival",
    "reliability_indices",
    "reserve_curve",
    "survival_by_tier",
    "survival_hours",
    "survival_probability",
]
