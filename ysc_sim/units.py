"""Units, bounds and the only conversion factors of the project.

A field of a specification is written ``energy_kwh: KWh``; the annotation carries the bounds that pydantic
enforces at the edge, the unit that the manual and the JSON Schema show, and nothing else.
Energy is counted in integer milliwatt-hours (mWh) where it is settled, money in integer 1/1000 yen (mJPY).
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le

SECONDS_PER_HOUR = 3600
SLOT_S = 1800
"""Length of a settlement and demand (デマンド) slot: the clock half-hour."""
MWH_PER_KWH = 1_000_000
"""Milliwatt-hours in a kilowatt-hour."""
EMPTY_KWH = 1e-9
"""A store this near to a limit counts as being there: 1/1000 of the smallest unit that any account knows. Without it a
rounding error of the last bit could make an island step forward by nothing for ever. What is left is not lost."""
MJPY_PER_JPY = 1000
"""Thousandths of a yen in a yen."""
W_PER_KW = 1000

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Unit(str):
    """The unit of a field, as shown in the manual, the schema and the report."""

    __slots__ = ()


KW = Annotated[float, Ge(0), Le(1e9), Unit("kW")]
PositiveKW = Annotated[float, Gt(0), Le(1e9), Unit("kW")]
KWh = Annotated[float, Ge(0), Le(1e9), Unit("kWh")]
PositiveKWh = Annotated[float, Gt(0), Le(1e9), Unit("kWh")]
KVA = Annotated[float, Gt(0), Le(1e9), Unit("kVA")]
JPYPerKWh = Annotated[float, Ge(-1e6), Le(1e6), Unit("JPY/kWh")]
JPY = Annotated[float, Ge(-1e15), Le(1e15), Unit("JPY")]
Fraction = Annotated[float, Ge(0), Le(1), Unit("1")]
Efficiency = Annotated[float, Gt(0), Le(1), Unit("1")]
Hours = Annotated[float, Ge(0), Le(1e6), Unit("h")]
Minutes = Annotated[float, Ge(0), Le(1440), Unit("min")]
Seconds = Annotated[float, Ge(0), Le(1e10), Unit("s")]
Degrees = Annotated[float, Ge(-360), Le(360), Unit("°")]
Tilt = Annotated[float, Ge(0), Le(90), Unit("°")]
Latitude = Annotated[float, Ge(-90), Le(90), Unit("°")]
Longitude = Annotated[float, Ge(-180), Le(180), Unit("°")]
Metres = Annotated[float, Ge(0), Le(1e5), Unit("m")]
Percent = Annotated[float, Ge(0), Le(100), Unit("%")]


def hours(seconds: float) -> float:
    """Hours in ``seconds``.

    >>> hours(1800)
    0.5
    """
    return seconds / SECONDS_PER_HOUR
