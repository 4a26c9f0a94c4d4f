"""What a community lives through when the grid fails: arrays in, arrays out. NumPy only.

Loads and generation are powers in kW, both counted positive; energies of a store in kWh.
"""

from ysc_sim.resilience.forward import TierSurvival, survival_by_tier
from ysc_sim.resilience.generators import survival_probability
from ysc_sim.resilience.indices import reliability_indices
from ysc_sim.resilience.reserve import reserve_curve
from ysc_sim.resilience.survival import survival_hours
from ysc_sim.resilience.synchronism import synchronising_time_s
from ysc_sim.resilience.transient import (
    FrequencyResponse,
    FrequencyWatt,
    Outcome,
    Source,
    Stage,
    TransientEvent,
    Trip,
    frequency_response,
)

__all__ = [
    "FrequencyResponse",
    "FrequencyWatt",
    "Outcome",
    "Source",
    "Stage",
    "TierSurvival",
    "TransientEvent",
    "Trip",
    "frequency_response",
    "reliability_indices",
    "reserve_curve",
    "survival_by_tier",
    "survival_hours",
    "survival_probability",
    "synchronising_time_s",
]
