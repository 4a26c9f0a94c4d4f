"""The one clock: equal steps from a start, in a fixed time zone, never naive.

Interval ``k`` is ``[start + k·step, start + (k+1)·step)`` and carries the label of its start. Everything inside
the simulator counts whole seconds from ``start``; only this class turns them into dates.

>>> axis = TimeAxis.of("2026-08-03T00:00", step_s=60, days=1)
>>> axis.count, axis.slot_s, axis.slots
(1440, 1800, 48)
>>> axis.at(90).isoformat()
'2026-08-03T00:01:30+09:00'
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from ysc_sim.units import SLOT_S, Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

TOKYO = "Asia/Tokyo"


@dataclass(frozen=True)
class TimeAxis:
    """Equal intervals of ``step_s`` seconds, ``count`` of them, from the tz-aware ``start``.

    Raises ``ValueError`` where the start is naive, or the step neither divides nor is a whole multiple of the
    settlement interval (30 min), or lies outside 1 s … 1 h, or the start is not the start of a slot.
    """

    start: datetime
    step_s: int
    count: int

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError(f"start(={self.start.isoformat()}) must have a time zone.")
        if not step_is_allowed(self.step_s):
            raise ValueError(f"step_s(={self.step_s}) must divide 1800 or be 1800 or 3600.")
        if self.count < 1:
            raise ValueError(f"count(={self.count}) must be at least 1.")
        if self.seconds_of_day % self.slot_s:
            raise ValueError(f"start(={self.start.isoformat()}) must lie on a multiple of {self.slot_s} s.")

    @classmethod
    def of(cls, start: str | datetime, *, step_s: int, days: float, tz: str = TOKYO) -> TimeAxis:
        """An axis that covers ``days`` days; a start without a zone is read in ``tz``."""
        moment = datetime.fromisoformat(start) if isinstance(start, str) else start
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(tz))
        return cls(moment, step_s, round(days * 86400 / step_s))

    @property
    def seconds_of_day(self) -> int:
        """Seconds from local midnight to the start."""
        return self.start.hour * 3600 + self.start.minute * 60 + self.start.second

    @property
    def duration_s(self) -> int:
        """Length of the whole axis in seconds."""
        return self.step_s * self.count

    @cached_property
    def slot_s(self) -> int:
        """Settlement interval in seconds: 30 min, or the step where that is longer."""
        return max(self.step_s, SLOT_S)

    @cached_property
    def steps_per_slot(self) -> int:
        """Steps in one settlement slot."""
        return self.slot_s // self.step_s

    @property
    def slots(self) -> int:
        """Complete settlement slots on the axis."""
        return self.count // self.steps_per_slot

    def at(self, seconds: float) -> datetime:
        """The date ``seconds`` after the start."""
        # Aware datetimes add wall time; the detour over UTC keeps elapsed seconds right in zones with DST.
        utc = self.start.astimezone(ZoneInfo("UTC")) + timedelta(seconds=float(seconds))
        return utc.astimezone(self.start.tzinfo)

    def seconds(self, moment: datetime) -> float:
        """Seconds from the start to ``moment`` (may be negative); a naive moment is read in the axis' zone."""
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.start.tzinfo)
        return (moment - self.start).total_seconds()

    def index(self, *, step_s: int | None = None) -> pd.DatetimeIndex:
        """Tz-aware starts of all intervals (of ``step_s`` seconds instead, if given)."""
        import pandas as pd

        step = step_s or self.step_s
        return pd.date_range(self.start, periods=self.duration_s // step, freq=pd.Timedelta(seconds=step))

    @cached_property
    def hours_of_day(self) -> Floats:
        """Local hour of the start of each interval, 0 ≤ h < 24, shape (count,)."""
        seconds = self.seconds_of_day + self.step_s * np.arange(self.count, dtype=np.float64)
        return seconds / 3600.0 % 24.0

    @cached_property
    def day_of(self) -> Ints:
        """Calendar days since the day of the start, of each interval, shape (count,)."""
        seconds = self.seconds_of_day + self.step_s * np.arange(self.count, dtype=np.int64)
        return seconds // 86400


def step_is_allowed(step_s: int) -> bool:
    """Whether a step divides the half-hour or is a whole multiple of it, up to one hour.

    >>> [s for s in (0, 1, 7, 60, 900, 1800, 2700, 3600, 7200) if step_is_allowed(s)]
    [1, 60, 900, 1800, 3600]
    """
    return 1 <= step_s <= 3600 and (SLOT_S % step_s == 0 or step_s % SLOT_S == 0)
