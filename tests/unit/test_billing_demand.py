"""Half-hour demand, contracts and demand charges on the published examples."""

import numpy as np
import pytest

from ysc_sim.billing import (
    adjusting_power_kw,
    contract_kw,
    demand_charge_jpy,
    forecast_demand_kw,
    half_hour_demand_kw,
)


def test_fifteen_minutes_at_400_and_at_100_kw_are_250_kw() -> None:
    """Panasonic's example of デマンド."""
    for step in (1, 5, 60, 300, 900):
        power = np.repeat([400.0, 100.0], 900 // step)
        assert half_hour_demand_kw(power, step_s=step).tolist() == [250.0]


def test_import_and_export_run_on_separate_registers() -> None:
    assert half_hour_demand_kw([400.0, -400.0], step_s=900).tolist() == [200.0]


def test_incomplete_half_hours_are_nan() -> None:
    demand = half_hour_demand_kw(np.full(60, 6.0), step_s=60, offset_s=600)
    assert demand[1] == 6.0
    assert np.isnan(demand[[0, 2]]).all()
    assert len(demand) == 3


def test_step_that_straddles_half_hours() -> None:
    """Steps of 20 min: the second half-hour is half of the second step and all of the third."""
    assert half_hour_demand_kw([30.0, 60.0, 90.0], step_s=1200).tolist() == [40.0, 80.0]


def test_longer_step_stands_for_each_half_hour() -> None:
    assert half_hour_demand_kw([[10.0, 30.0]], step_s=3600).tolist() == [[10.0, 10.0, 30.0, 30.0]]


@pytest.mark.parametrize(
    ("power", "step", "offset"),
    [([1.0], 0, 0), ([1.0], 60.5, 0), ([1.0], 60, 1800), ([1.0], 60, -60), ([np.nan], 60, 0), (1.0, 60, 0)],
)
def test_impossible_data_is_refused(power: list[float], step: float, offset: float) -> None:
    with pytest.raises(ValueError, match="must"):
        half_hour_demand_kw(power, step_s=step, offset_s=offset)


def test_contract_follows_the_sequence_of_kansai_electric() -> None:
    """kepco.jp/biz/yakkan/high/charge."""
    assert contract_kw([100, 110, 110, 105, 108]).tolist() == [100, 110, 110, 110, 110]


def test_peak_counts_for_twelve_months() -> None:
    peaks = [50.0] * 14
    peaks[1] = 80.0
    assert contract_kw(peaks).tolist() == [50.0] + [80.0] * 12 + [50.0]


def test_previous_peaks_age() -> None:
    assert contract_kw([50, 50], previous_kw=[90] + [60] * 10).tolist() == [90, 60]
    assert contract_kw([50], previous_kw=[90] + [60] * 11).tolist() == [60], "twelve months ago is too long"
    batch = contract_kw([[50.0, 50.0], [70.0, 20.0]], previous_kw=[[60.0], [10.0]])
    assert batch.tolist() == [[60, 60], [70, 70]]


def test_contract_refuses_what_cannot_be() -> None:
    for peaks, before in (([np.nan], ()), ([1.0], [-1.0])):
        with pytest.raises(ValueError, match="finite and at least 0"):
            contract_kw(peaks, previous_kw=before)


def test_one_kw_less_saves_a_year() -> None:
    for price, saved in ((3030, 30_906), (2530, 25_806)):
        assert demand_charge_jpy(1, price_jpy_per_kw=price, power_factor_percent=100) * 12 == saved


def test_power_factor() -> None:
    charges = demand_charge_jpy(100, price_jpy_per_kw=1000, power_factor_percent=[100, 85, 80])
    assert charges.tolist() == [85_000, 100_000, 105_000]
    with pytest.raises(ValueError, match="between 0 and 100"):
        demand_charge_jpy(1, price_jpy_per_kw=1, power_factor_percent=100.5)


def test_forecast_and_adjusting_power_agree() -> None:
    """Shedding the adjusting power now ends the half-hour at the target."""
    energy, power, elapsed, target = 50.0, 160.0, 900.0, 150.0
    shed = adjusting_power_kw(target, energy, power, elapsed)
    assert forecast_demand_kw(energy, power - shed, elapsed) == pytest.approx(target)
    assert adjusting_power_kw(150.0, 75.0, 10.0, 1800) == 0
    assert adjusting_power_kw(140.0, 75.0, 10.0, 1800) == np.inf
