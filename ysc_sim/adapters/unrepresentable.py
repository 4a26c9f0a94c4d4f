"""The error of every adapter for what it cannot carry over."""

from __future__ import annotations


class UnrepresentableElementError(ValueError):
    """An element in service has no counterpart here; the message names it and says what to do."""
