"""Settings of the whole suite."""

import os

from hypothesis import settings

os.environ.setdefault("YSC_LANG", "en")
settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
