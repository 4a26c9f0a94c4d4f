"""How the kernels are compiled. Importing this module imports numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
"""No global lock; no test for division by zero; a product and a sum may be rounded once instead of twice."""


def part(function: _Function) -> _Function:
    """To be called by kernels only."""
    return cast(_Function, numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS)(function))


def kernel(signature: Any) -> Callable[[_Function], _Function]:
    """Compiled for good where numba finds a place for it: beside this file, or in the user's own cache."""

    def made(function: _Function) -> _Function:
        try:
            return cast(_Function, numba.njit(signature, cache=True, no_cfunc_wrapper=True, **_OPTIONS)(function))
        except RuntimeError:  # no such place
            return cast(_Function, numba.njit(signature, no_cfunc_wrapper=True, **_OPTIONS)(function))

    return made
