"""The simulator: SimPy carries edges, NumPy carries state."""
