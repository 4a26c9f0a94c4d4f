"""Settings of the whole suite."""

import os
import sys

import pytest
from hypothesis import settings

os.environ.setdefault("YSC_LANG", "en")
# Small matrices only: threads of the linear algebra that wait for each other cost more than they give, the more so
# where several test processes share the cores. No result depends on it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def no_numba(monkeypatch):
    """As where it is missing, or refuses this NumPy: its import fails."""
    from ysc_sim.powerflow import lane_rows

    lane_rows._refusal.cache_clear()
    monkeypatch.setitem(sys.modules, "numba", None)
    yield
    lane_rows._refusal.cache_clear()
