"""Cash flow of a purchase over years: payback, net present value, internal rate of return, cost of what is saved.

Year 0 pays the purchase: investment and installation less subsidy. At the end of year t = 1 … Y stand

    flow(t) = Σ savings · (1 + rise)^(t−1) − maintenance · (1 + rise_m)^(t−1) − replacements,

prices being those of today in year 1. An asset of L years is bought anew at the end of years L, 2L, … before Y. A
saving may fade with an asset's age: it loses ``lost_jpy`` in proportion to the share of the life that is over when the
year begins, and regains it when the asset is new. Nothing is counted for what is left at the end. All numbers
broadcast, so a thousand candidates are one call. Discounting and the internal rate follow the usual definitions [1]_:

    NPV = Σ flow(t) / (1 + r)^t,        IRR: the r at which NPV is 0.

.. [1] R. Brealey, S. Myers, F. Allen, "Principles of Corporate Finance", McGraw-Hill, ch. 2 and 5; the same as
   ``numpy_financial.npv`` and ``irr``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.units import Floats

MOST_YEARS = 100
GRID = 600
"""Rates at which the sign of the present value is looked at, from −99 % to +9,900 %, evenly in log(1 + r)."""
HALVINGS = 60
SMALL = 1e-9


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One thing that is bought, JPY; every field one number or an array of candidates."""

    investment_jpy: ArrayLike
    installation_jpy: ArrayLike = 0.0
    subsidy_jpy: ArrayLike = 0.0
    maintenance_jpy_per_year: ArrayLike = 0.0
    life_years: ArrayLike = np.inf
    """Whole years; inf: it outlives the study."""
    replacement_jpy: ArrayLike | None = None
    """What buying it anew costs; None: the investment again."""


@dataclass(frozen=True, kw_only=True)
class Saving:
    """One kind of money that is saved each year."""

    jpy_per_year: ArrayLike
    """In year 1, with everything new."""
    price_rise_per_year: ArrayLike = 0.0
    lost_jpy: Sequence[ArrayLike] = ()
    """Of each asset: by how much it is less, at prices of today, once its life is over; (): it does not fade."""
    missing_in_first_year_jpy: ArrayLike = 0.0
    """What year 1 lacks of it: peaks of before the purchase stay in a contract for twelve months."""


@dataclass(frozen=True)
class CashFlow:
    """Flows of all candidates, (…, Y + 1) JPY; > 0 is received."""

    outlay_jpy: Floats
    """Purchase (year 0) and replacements, counted positive."""
    maintenance_jpy: Floats
    saving_jpy: Floats
    discount_rate: Floats
    """(…, 1)"""

    @property
    def years(self) -> int:
        """Length of the study."""
        return int(self.flow_jpy.shape[-1]) - 1

    @cached_property
    def flow_jpy(self) -> Floats:
        """What comes in less what goes out, (…, Y + 1)."""
        return np.asarray(self.saving_jpy - self.maintenance_jpy - self.outlay_jpy)

    @cached_property
    def discounted_jpy(self) -> Floats:
        """Flows at their worth of today, (…, Y + 1)."""
        return np.asarray(self.flow_jpy * self._worth)

    @property
    def _worth(self) -> Floats:
        return np.asarray((1.0 + self.discount_rate) ** -np.arange(self.flow_jpy.shape[-1], dtype=np.float64))

    @property
    def npv_jpy(self) -> Floats:
        """Net present value, (…)."""
        return np.asarray(self.discounted_jpy.sum(axis=-1))

    @property
    def payback_years(self) -> Floats:
        """Time from which the sum of all flows is never below 0 again, (…); inf: it does not pay back."""
        return payback_years(self.flow_jpy)

    @property
    def discounted_payback_years(self) -> Floats:
        """The same with discounted flows."""
        return payback_years(self.discounted_jpy)

    @cached_property
    def irr(self) -> Floats:
        """Internal rate of return, (…); NaN where no rate makes the present value 0."""
        return internal_rate(self.flow_jpy)

    @property
    def cost_jpy(self) -> Floats:
        """Present value of purchase, replacements and maintenance, (…)."""
        return np.asarray(((self.outlay_jpy + self.maintenance_jpy) * self._worth).sum(axis=-1))

    def cost_per(self, saved_per_year: ArrayLike) -> Floats:
        """All costs laid on one quantity that is saved every year (kW, kWh, t), JPY for each of one year, (…).

        Present value of the costs by that of the quantity; inf where nothing is saved.
        """
        saved = np.asarray(saved_per_year, dtype=np.float64) * self._worth[..., 1:].sum(axis=-1)
        cost = np.broadcast_to(self.cost_jpy, np.broadcast_shapes(self.cost_jpy.shape, saved.shape))
        per: Floats = np.divide(cost, saved, out=np.full(cost.shape, np.inf), where=saved > 0)
        return per


def cash_flow(
    assets: Sequence[Asset],
    savings: Sequence[Saving],
    *,
    years: int = 20,
    discount_rate: ArrayLike = 0.03,
    maintenance_rise_per_year: ArrayLike = 0.0,
) -> CashFlow:
    """The cash flow of buying ``assets`` that bring ``savings``.

    Raises ``ValueError`` for numbers that are not finite, amounts of assets below 0, lives that are not whole years
    ≥ 1, or rates at or below −1.

    >>> battery = Asset(investment_jpy=1_000_000, life_years=10)
    >>> flow = cash_flow([battery], [Saving(jpy_per_year=150_000)], years=12, discount_rate=0.0)
    >>> flow.flow_jpy.tolist()[-4:]                                    # bought anew at the end of year 10
    [150000.0, -850000.0, 150000.0, 150000.0]
    >>> float(flow.payback_years), float(flow.npv_jpy)                 # 6.7 years, but the second one is not earned
    (inf, -200000.0)
    """
    if not 1 <= years <= MOST_YEARS:
        raise ValueError(f"years(={years}) must lie between 1 and {MOST_YEARS}.")
    rate = _rate("discount_rate", discount_rate)
    shape = np.broadcast_shapes(
        rate.shape,
        *(np.shape(amount) for asset in assets for amount in vars(asset).values() if amount is not None),
        *(np.shape(amount) for one in savings for amount in _numbers_in(one)),
    )
    outlay, maintenance, saving = (np.zeros((*shape, years + 1)) for _ in range(3))
    year = np.arange(1, years + 1, dtype=np.float64)
    rise = (1.0 + _rate("maintenance_rise_per_year", maintenance_rise_per_year)[..., None]) ** (year - 1.0)
    for asset in assets:
        _buy(asset, year, outlay)
        maintenance[..., 1:] += _amount("maintenance_jpy_per_year", asset.maintenance_jpy_per_year)[..., None] * rise
    spent = [_spent_life(asset, year) for asset in assets]
    for one in savings:
        saving[..., 1:] += _saved(one, spent, year)
    return CashFlow(outlay, maintenance, saving, np.broadcast_to(rate[..., None], (*shape, 1)))


def _buy(asset: Asset, year: Floats, outlay: Floats) -> None:
    """Purchase and replacements of one asset, added in place."""
    first = _amount("investment_jpy", asset.investment_jpy)
    again = first if asset.replacement_jpy is None else _amount("replacement_jpy", asset.replacement_jpy)
    outlay[..., 0] += first + _amount("installation_jpy", asset.installation_jpy)
    outlay[..., 0] -= _amount("subsidy_jpy", asset.subsidy_jpy)
    life = _life(asset)[..., None]
    due = (np.fmod(year, life) == 0) & (year < year[-1])
    outlay[..., 1:] += again[..., None] * due


def _spent_life(asset: Asset, year: Floats) -> Floats:
    """Share of the asset's life that is over when each year begins, (…, Y)."""
    life = _life(asset)[..., None]
    age = np.fmod(year - 1.0, life)
    return np.where(np.isfinite(life), age / np.where(np.isfinite(life), life, 1.0), 0.0)


def _saved(one: Saving, spent: Sequence[Floats], year: Floats) -> Floats:
    """One saving in every year, (…, Y)."""
    if len(one.lost_jpy) not in (0, len(spent)):
        raise ValueError(f"lost_jpy must name every asset: {len(one.lost_jpy)} of {len(spent)}.")
    now = _finite("jpy_per_year", one.jpy_per_year)[..., None]
    for lost, share in zip(one.lost_jpy, spent, strict=False):
        now = now - _finite("lost_jpy", lost)[..., None] * share
    rise = _rate("price_rise_per_year", one.price_rise_per_year)[..., None]
    missing = _finite("missing_in_first_year_jpy", one.missing_in_first_year_jpy)[..., None] * (year == 1)
    return np.asarray(now * (1.0 + rise) ** (year - 1.0) - missing)


def _numbers_in(one: Saving) -> tuple[ArrayLike, ...]:
    return (one.jpy_per_year, one.price_rise_per_year, one.missing_in_first_year_jpy, *one.lost_jpy)


def _finite(name: str, value: ArrayLike) -> Floats:
    numbers = np.asarray(value, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name}(={value!r}) must be finite.")
    return numbers


def _amount(name: str, value: ArrayLike) -> Floats:
    numbers = _finite(name, value)
    if (numbers < 0).any():
        raise ValueError(f"{name}(={value!r}) must be at least 0.")
    return numbers


def _rate(name: str, value: ArrayLike) -> Floats:
    numbers = _finite(name, value)
    if (numbers <= -1).any():
        raise ValueError(f"{name}(={value!r}) must be above -1.")
    return numbers


def _life(asset: Asset) -> Floats:
    life = np.asarray(asset.life_years, dtype=np.float64)
    if not ((life >= 1) & ((life == np.rint(life)) | np.isinf(life))).all():
        raise ValueError(f"life_years(={asset.life_years!r}) must be whole years, at least 1.")
    return life


def payback_years(flow_jpy: ArrayLike) -> Floats:
    """When the sum of flows (…, Y + 1) is ≥ 0 for good, evenly inside a year, (…); inf where it ends below 0.

    >>> payback_years([[-100.0, 40.0, 40.0, 40.0], [-100.0, 10.0, 10.0, 10.0]]).tolist()
    [2.5, inf]
    """
    flow = np.asarray(flow_jpy, dtype=np.float64)
    total = np.cumsum(flow, axis=-1)
    below = total < -SMALL * np.maximum(np.abs(flow).max(axis=-1, initial=0.0, keepdims=True), 1.0)
    count = flow.shape[-1]
    last = count - 1 - np.argmax(below[..., ::-1], axis=-1)
    ever, never = below.any(axis=-1), below[..., -1]
    after = np.minimum(last + 1, count - 1)
    gap = -np.take_along_axis(total, last[..., None], axis=-1)[..., 0]
    step = np.take_along_axis(flow, after[..., None], axis=-1)[..., 0]
    share = np.divide(gap, step, out=np.zeros_like(gap), where=ever & ~never & (step != 0))
    return np.where(never, np.inf, np.where(ever, last + share, 0.0))


def internal_rate(flow_jpy: ArrayLike) -> Floats:
    """Rate at which the present value of flows (…, Y + 1) is 0, the one nearest to 0; NaN where there is none.

    >>> float(internal_rate([-100.0, 60.0, 60.0]).round(6))
    0.130662
    """
    flow = np.asarray(flow_jpy, dtype=np.float64)
    flat = flow.reshape(-1, flow.shape[-1])
    grid = np.linspace(np.log(0.01), np.log(100.0), GRID)
    value = flat @ np.exp(-grid[None, :] * np.arange(flat.shape[1])[:, None])
    turns = (value[:, :-1] <= 0) != (value[:, 1:] <= 0)
    middle = np.abs(np.exp((grid[:-1] + grid[1:]) / 2) - 1.0)
    nearest = np.argmin(np.where(turns, middle, np.inf), axis=1)
    low, high = grid[nearest], grid[nearest + 1]
    rising = np.take_along_axis(value, nearest[:, None], axis=1)[:, 0] <= 0
    periods = np.arange(flat.shape[1])
    for _ in range(HALVINGS):
        half = (low + high) / 2.0
        negative = (flat * np.exp(-half[:, None] * periods)).sum(axis=1) <= 0
        left = negative == rising
        low, high = np.where(left, half, low), np.where(left, high, half)
    rate = np.where(turns.any(axis=1), np.expm1((low + high) / 2.0), np.nan)
    return rate.reshape(flow.shape[:-1])
