"""Half-hour demand (デマンド) and the contract that it makes.

The meter takes the mean import of each clock half-hour, :00 to :30 and :30 to :60. Below 500 kW the
contract of a month is the largest of these means in the month and the eleven months before (実量制) [1]_; the
demand charge is

    contract kW × price × (185 − power factor in %) / 100

that is, one percent off for each percent of power factor above 85 and one on for each below [2]_.

In this module, as on a bill, ``power_kw > 0`` is import. Import and export run on separate registers:
export in one minute does not undo import in another.

.. [1] Kansai Electric Power, high-voltage terms, kepco.jp/biz/yakkan/high/charge; Yonden, yonden.co.jp.
.. [2] Chubu Electric Power, business_matome/ryoukinshikumi, chuden.co.jp.
"""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.units import SECONDS_PER_HOUR, SLOT_S, Floats, Ints

RATCHET_MONTHS = 12
NEUTRAL_POWER_FACTOR_PERCENT = 85.0


def half_hour_demand_kw(power_kw: ArrayLike, *, step_s: float, offset_s: float = 0.0) -> Floats:
    """Mean import of each clock half-hour.

    Parameters
    ----------
    power_kw : (…, T) kW, > 0 import; constant inside a step.
    step_s : length of a step, whole seconds; need not divide the half-hour. Of a step longer than a
    half-hour the
        mean stands for each half-hour in it.
    offset_s : whole seconds from the beginning of the first half-hour to the first step, 0 ≤ offset < 1800.

    Returns
    -------
    (…, slots) kW; NaN for a half-hour that the data cover only in part.

    Raises ``ValueError``.

    >>> float(half_hour_demand_kw([400.0] * 15 + [100.0] * 15, step_s=60)[0])
    250.0
    """
    imported, seconds = slot_import_kws(power_kw, step_s=step_s, offset_s=offset_s)
    return np.where(seconds == SLOT_S, imported / SLOT_S, np.nan)


def slot_import_kws(power_kw: ArrayLike, *, step_s: float, offset_s: float) -> tuple[Floats, Ints]:
    """Import of each half-hour in kW·s (…, slots), and the seconds of it that the data cover (slots,).

    Raises ``ValueError``.
    """
    power = np.asarray(power_kw, dtype=np.float64)
    step, offset = _whole_seconds("step_s", step_s), _whole_seconds("offset_s", offset_s)
    if step < 1 or not 0 <= offset < SLOT_S:
        raise ValueError(f"step_s(={step_s}) must be > 0 and offset_s(={offset_s}) at least 0 and below {SLOT_S}.")
    if power.ndim == 0:
        raise ValueError("power_kw must have a time axis.")
    if not np.isfinite(power).all():
        raise ValueError("power_kw must be finite everywhere.")
    # The coarsest grid on which both the steps and the half-hours begin.
    grid = gcd(step, offset, SLOT_S)
    fine = np.repeat(np.maximum(power, 0.0), step // grid, axis=-1)
    before = offset // grid
    after = -(before + fine.shape[-1]) % (SLOT_S // grid)
    covered = np.pad(np.ones(fine.shape[-1], dtype=np.int64), (before, after))
    if before or after:
        fine = np.pad(fine, [(0, 0)] * (power.ndim - 1) + [(before, after)])
    by_slot = np.ascontiguousarray(fine).reshape(*power.shape[:-1], -1, SLOT_S // grid)
    seconds = np.add.reduce(covered.reshape(-1, SLOT_S // grid), axis=-1) * grid
    return np.add.reduce(by_slot, axis=-1) * grid, seconds


def _whole_seconds(name: str, value: float) -> int:
    if not float(value).is_integer():
        raise ValueError(f"{name}(={value}) must be whole seconds.")
    return int(value)


def contract_kw(monthly_peak_kw: ArrayLike, *, previous_kw: ArrayLike = ()) -> Floats:
    """Contract of each month: the largest peak of the month and the eleven before.

    ``monthly_peak_kw`` (…, M) kW of consecutive months; ``previous_kw`` (…, k) of the months before, oldest
    first. In the first year only the months so far count.

    Raises ``ValueError`` where a peak is negative or not finite.

    >>> contract_kw([100, 110, 110, 105, 108]).tolist()
    [100.0, 110.0, 110.0, 110.0, 110.0]
    >>> contract_kw([90] * 13, previous_kw=[120]).tolist()[10:]   # the 120 kW count for eleven more months
    [120.0, 90.0, 90.0]
    """
    peaks = np.asarray(monthly_peak_kw, dtype=np.float64)
    before = np.asarray(previous_kw, dtype=np.float64)
    for name, values in (("monthly_peak_kw", peaks), ("previous_kw", before)):
        if not (np.isfinite(values) & (values >= 0)).all():
            raise ValueError(f"{name} must be finite and at least 0.")
    before = before[..., -(RATCHET_MONTHS - 1) :]
    shape = np.broadcast_shapes(peaks.shape[:-1], before.shape[:-1])
    known = before.shape[-1]
    months = np.concatenate(
        [np.broadcast_to(before, (*shape, known)), np.broadcast_to(peaks, (*shape, peaks.shape[-1]))], axis=-1
    )
    largest = months.copy()
    for back in range(1, RATCHET_MONTHS):
        np.maximum(largest[..., back:], months[..., :-back], out=largest[..., back:])
    return largest[..., known:]


def demand_charge_jpy(
    contract_kw: ArrayLike, *, price_jpy_per_kw: ArrayLike, power_factor_percent: ArrayLike = 100.0
) -> Floats:
    """Demand charge of a month, JPY: kW × price × (185 − PF)/100; all arguments broadcast.

    Raises ``ValueError`` where the power factor lies outside 0 … 100 %.

    >>> [float(demand_charge_jpy(1, price_jpy_per_kw=price)) * 12 for price in (3030, 2530)]
    [30906.0, 25806.0]
    """
    factor = np.asarray(power_factor_percent, dtype=np.float64)
    if not ((factor >= 0) & (factor <= 100)).all():
        raise ValueError(f"power_factor_percent(={power_factor_percent!r}) must lie between 0 and 100.")
    percent = NEUTRAL_POWER_FACTOR_PERCENT + 100.0 - factor
    kw, price = np.asarray(contract_kw, dtype=np.float64), np.asarray(price_jpy_per_kw, dtype=np.float64)
    return np.asarray(kw * price * percent / 100.0)


def forecast_demand_kw(energy_kwh: ArrayLike, power_kw: ArrayLike, elapsed_s: ArrayLike) -> Floats:
    """Demand at the end of the half-hour if the import goes on as it is: (E + P·(T − t)) / T.

    ``energy_kwh`` imported since the half-hour began, ``elapsed_s`` ago; the demand so far is the same with
    ``power_kw = 0``. All arguments broadcast.

    >>> float(forecast_demand_kw(50.0, 160.0, 900))
    180.0
    """
    left_s = SLOT_S - np.asarray(elapsed_s, dtype=np.float64)
    kws = np.asarray(energy_kwh) * SECONDS_PER_HOUR + np.asarray(power_kw) * left_s
    return np.asarray(kws / SLOT_S)


def adjusting_power_kw(
    target_kw: ArrayLike, energy_kwh: ArrayLike, power_kw: ArrayLike, elapsed_s: ArrayLike
) -> Floats:
    """Power by which the import must fall now so that the half-hour ends at ``target_kw``: (F − D*)·T / (T
    − t).

    Negative: so much may be restored. Infinite at the end of the half-hour unless the target is met exactly.

    >>> float(adjusting_power_kw(150.0, 50.0, 160.0, 900))
    60.0
    """
    over_kw = forecast_demand_kw(energy_kwh, power_kw, elapsed_s) - np.asarray(target_kw, dtype=np.float64)
    left_s = SLOT_S - np.asarray(elapsed_s, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(over_kw == 0, 0.0, over_kw * SLOT_S / left_s)
