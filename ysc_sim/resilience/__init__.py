"""What a community lives through when the grid fails: arrays in, arrays out. NumPy only.

Loads and generation are powers in kW, both counted positive; energies of a store in kWh.
"""

from ysc_sim.resilience.indices import reliability_indices

__all__ = ["reliability_indices"]
