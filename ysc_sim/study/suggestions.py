"""Suggestions of Optuna [1]_ for sizes, in batches: a tree-structured Parzen estimator that pretends to have bad
answers for what is under way, so that a batch does not ask the same thing many times.

.. [1] T. Akiba, S. Sano, T. Yanase, T. Ohta, M. Koyama, "Optuna: a next-generation hyperparameter optimization
   framework", KDD 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ysc_sim.errors import PluginError
from ysc_sim.units import Floats

LARGE = 1e30
"""Told for what is out of the question."""


class Suggestions:
    """Asks for sizes inside ranges and learns what they were worth. Raises ``PluginError`` without Optuna."""

    def __init__(self, ranges: Mapping[str, tuple[float, float]], seed: int) -> None:
        try:
            import optuna
        except ImportError:
            raise PluginError("optuna_not_installed") from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(multivariate=True, constant_liar=True, seed=seed % 2**32)
        self._study = optuna.create_study(direction="minimize", sampler=sampler)
        self._ranges: dict[str, Any] = {
            key: optuna.distributions.FloatDistribution(low, high) for key, (low, high) in ranges.items()
        }
        self._open: list[Any] = []

    def ask(self, count: int) -> dict[str, Floats]:
        """Sizes of ``count`` candidates, key → (count,)."""
        self._open = [self._study.ask(self._ranges) for _ in range(count)]
        return {key: np.array([trial.params[key] for trial in self._open]) for key in self._ranges}

    def tell(self, scores: Floats) -> None:
        """What the candidates of the last ``ask`` were worth; smaller is better."""
        for trial, value in zip(self._open, scores, strict=True):
            self._study.tell(trial, float(value) if np.isfinite(value) else LARGE)
        self._open = []
