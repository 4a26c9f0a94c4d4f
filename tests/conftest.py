"""Settings of the whole suite."""

import os

from hypothesis import settings

os.environ.setdefault("YSC_LANG", "en")
# Small matrices only: threads of the linear algebra that wait for each other cost more than they give, the more so
# where several test processes share the cores. No result depends on it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
