"""The bill of one meter, itemised month by month so that a member can check it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.billing.adjustment import AdjustmentTable
from ysc_sim.billing.base_charge import Terms
from ysc_sim.billing.clock import EPOCH
from ysc_sim.billing.demand import slot_import_kws
from ysc_sim.billing.lines import make_lines
from ysc_sim.billing.sheet import DEMAND, EXCEEDANCE, FUEL, LEVY, ROUNDING, TAX, BillLines, energy_item
from ysc_sim.billing.tariff import Tariff
from ysc_sim.billing.usage import months_of
from ysc_sim.errors import Problem
from ysc_sim.units import MJPY_PER_JPY, MWH_PER_KWH, SECONDS_PER_HOUR, SLOT_S, Floats, Ints

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Bill:
    """A bill over some months."""

    tariff: Tariff
    sheet: BillLines
    """All lines, with ``R = 1``."""
    extra_warnings: tuple[Problem, ...] = field(default=())

    @property
    def total_jpy(self) -> float:
        """Sum of the months' totals."""
        return float(self.sheet.total_mjpy[0]) / MJPY_PER_JPY

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What the bill must say: keys and values, worded by ``ysc_sim.words.problem_line``."""
        return (*self.sheet.warnings, *self.extra_warnings)

    @property
    def assumed(self) -> Mapping[str, str]:
        """What the plan's sources do not give, and what was taken instead."""
        return self.sheet.assumed

    @cached_property
    def lines(self) -> pd.DataFrame:
        """One row per line: month, item, quantity, unit, price_jpy, amount_jpy; ``quantity × price =
        amount``.
        """
        import pandas as pd

        rows = [
            (
                line.month,
                line.item,
                line.quantity[0],
                line.unit,
                line.price_jpy[0],
                line.amount_mjpy[0] / MJPY_PER_JPY,
            )
            for line in self.sheet.lines
        ]
        return pd.DataFrame(rows, columns=["month", "item", "quantity", "unit", "price_jpy", "amount_jpy"])

    @cached_property
    def months(self) -> pd.DataFrame:
        """One row per month: month, demand_jpy (with any exceedance), energy_<band>_jpy,
        fuel_adjustment_jpy, levy_jpy, tax_jpy (0 where prices include tax), total_jpy (their sum, rounded
        as the plan says).
        """
        import pandas as pd

        columns = {DEMAND: "demand_jpy", EXCEEDANCE: "demand_jpy"}
        columns |= {energy_item(band): f"{energy_item(band)}_jpy" for band in self.tariff.band_names}
        names = [*dict.fromkeys(columns.values()), "fuel_adjustment_jpy", "levy_jpy", "tax_jpy"]
        columns |= {LEVY: "levy_jpy", TAX: "tax_jpy"}
        amounts = {name: np.zeros(len(self.sheet.months), dtype=np.int64) for name in names}
        for line in self.sheet.lines:
            if line.item != ROUNDING:
                # Every other item is the adjustment, whole or of one band.
                column = columns.get(line.item, f"{FUEL}_jpy")
                amounts[column][line.month_index] += line.amount_mjpy[0]
        amounts["total_jpy"] = self.sheet.month_total_mjpy[0]
        table = {name: amount / MJPY_PER_JPY for name, amount in amounts.items()}
        return pd.DataFrame({"month": list(self.sheet.months), **table})


def bill(
    tariff: Tariff,
    power_kw: ArrayLike,
    *,
    start: datetime,
    step_s: float,
    power_factor_percent: float = 100.0,
    contract: float | None = None,
    previous_kw: ArrayLike = (),
    adjustments: AdjustmentTable | None = None,
) -> Bill:
    """Bill of a measured load.

    Parameters
    ----------
    power_kw : (T,) kW, > 0 import, < 0 export (which the import register does not see); constant inside a
    step. start : tz-aware beginning of the first step. Months and bands are those of Japan's clock. step_s
    : whole seconds. Energy of a half-hour that the data cover only in part is billed; it makes no demand.
    contract, previous_kw, adjustments : see ``bill_lines``.

    Raises ``TariffError``, ``ValueError``.

    >>> from ysc_sim.billing import load_tariff
    >>> august = datetime.fromisoformat("2026-08-01T00:00+09:00")
    >>> load = np.full(48 * 31, 20.0)
    >>> result = bill(load_tariff("tepco_hv_basic_2026"), load, start=august, step_s=1800)
    >>> result.total_jpy                                         # 43,010.0 + 259,358.4 + 62,198.4, floored
    364566.0
    """
    power = np.asarray(power_kw, dtype=np.float64)
    if power.ndim != 1:
        raise ValueError(f"power_kw must be one row, not of shape {power.shape}; bill_lines takes many meters.")
    if start.tzinfo is None or start.utcoffset() is None:
        raise ValueError(f"start(={start.isoformat()}) must have a time zone.")
    elapsed = start - EPOCH
    offset = elapsed.seconds % SLOT_S + elapsed.microseconds / 1e6
    imported, covered = slot_import_kws(power, step_s=step_s, offset_s=offset)
    first_slot = start - timedelta(seconds=offset)
    months = months_of(first_slot, SLOT_S, len(imported))
    demand = np.where(covered == SLOT_S, imported / SLOT_S, 0.0)
    peak = np.array([demand[a:b].max() for a, b in pairwise(months.first)], dtype=np.float64)[:, None]
    terms = Terms(power_factor_percent, contract, previous_kw, adjustments)
    lines = make_lines(tariff, _register(imported)[:, None], peak, months, first_slot, SLOT_S, terms)
    return Bill(tariff, lines, _data_warnings(covered, step_s))


def _register(imported_kws: Floats) -> Ints:
    """Import of each slot as the difference of a register that counts whole mWh, so that sums stay true to
    1 mWh.
    """
    reading = np.rint(np.cumsum(imported_kws) / SECONDS_PER_HOUR * MWH_PER_KWH).astype(np.int64)
    return np.diff(reading, prepend=0)


def _data_warnings(covered_s: Ints, step_s: float) -> tuple[Problem, ...]:
    found: list[Problem] = []
    partly = int(np.count_nonzero(covered_s != SLOT_S))
    if partly:
        found.append(Problem("half_hours_partly_covered", {"count": partly}, severity="warning"))
    if step_s > SLOT_S:
        found.append(Problem("peaks_not_resolved", {"step_s": step_s}, severity="warning"))
    return tuple(found)
