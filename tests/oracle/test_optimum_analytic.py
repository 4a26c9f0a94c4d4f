"""The linear program and the strategy ``optimal`` against optima that can be worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.optimum import Dispatch, Stores, solve


def problem(need_kw: list[float], *, month: list[int] | None = None, **changes: object) -> Dispatch:
    slots = len(need_kw)
    months = np.zeros(slots, dtype=np.int64) if month is None else np.array(month)
    said = {
        "hours": 1.0,
        "fixed_kw": -np.array(need_kw)[:, None],
        "meter": np.array([0]),
        "month": months,
        "buy_jpy_per_kwh": np.full((slots, 1), 20.0),
        "sell_jpy_per_kwh": np.zeros((slots, 1)),
        "demand_jpy_per_kw": np.array([2000.0]),
        "paid_kw": np.zeros((1, months[-1] + 1)),
        "stores": Stores.one(room_kwh=0.0, power_kw=0.0),
    }
    return Dispatch(**{**said, **changes})


@pytest.mark.parametrize(
    ("room", "power", "start", "peak"),
    [
        (30.0, 100.0, 30.0, 90.0),  # 30 kWh over three hours of 100 kW
        (30.0, 5.0, 30.0, 95.0),  # the power limits
        (300.0, 100.0, 0.0, 60.0),  # nothing stored: five hours share 300 kWh
        (0.0, 100.0, 0.0, 100.0),
    ],
)
def test_square_wave(room: float, power: float, start: float, peak: float) -> None:
    store = Stores.one(room_kwh=room, power_kw=power, start_kwh=start)
    plan = solve(problem([0.0, 0.0, 100.0, 100.0, 100.0], stores=store))
    assert plan.contract_kw[0, 0] == pytest.approx(peak, abs=1e-6)


def test_losses_are_paid_for() -> None:
    """One hour of 100 kW behind one of 0: x is charged, η²·x comes back, and both hours are equal: x = 100/(1 + η²)."""
    store = Stores.one(room_kwh=1e3, power_kw=1e3, efficiency=0.9)
    plan = solve(problem([0.0, 100.0], stores=store))
    x = 100.0 / 1.81
    assert plan.contract_kw[0, 0] == pytest.approx(x, abs=1e-6)
    assert plan.cost_jpy == pytest.approx(2000 * x + 20 * 2 * x, rel=1e-9)


def test_ratchet_of_twelve_months() -> None:
    """A peak of month 0 is paid for in months 0 to 11; month 12 is free of it."""
    need = [100.0] + [40.0] * 12
    plan = solve(problem(need, month=list(range(13))))
    assert plan.contract_kw[0] == pytest.approx([100.0] * 12 + [40.0])
    assert plan.cost_jpy == pytest.approx(20 * sum(need) + 2000 * (100 * 12 + 40))


def test_negotiated_contract_costs_what_exceeds_it() -> None:
    plan = solve(problem([100.0, 40.0], month=[0, 1], negotiated_kw=np.array([80.0])))
    assert plan.contract_kw[0] == pytest.approx([20.0, 0.0])


def test_neighbours_trade_between_two_meters() -> None:
    """10 kWh of surplus at one meter, 10 of need at the other: the kWh is sold for 0 or saves 15."""
    said = problem(
        [0.0],
        fixed_kw=np.array([[10.0, -10.0]]),
        meter=np.array([0, 1]),
        buy_jpy_per_kwh=np.full((1, 2), 20.0),
        sell_jpy_per_kwh=np.full((1, 2), 8.0),
        demand_jpy_per_kw=np.zeros(2),
        paid_kw=np.zeros((2, 1)),
    )
    assert solve(said).cost_jpy == pytest.approx(200 - 80)
    traded = Dispatch(**{**vars(said), "trade_saves_jpy_per_kwh": np.full((1, 2), 15.0)})
    assert solve(traded).cost_jpy == pytest.approx(200 - 150)


def test_load_is_switched_off_where_comfort_is_cheaper_than_the_peak() -> None:
    said = {"switchable_kw": np.array([[0.0], [30.0]]), "switch_building": np.array([0])}
    for comfort, peak in ((100.0, 70.0), (3000.0, 100.0)):
        plan = solve(problem([50.0, 100.0], **said, comfort_jpy_per_kwh=np.array([comfort])))
        assert plan.contract_kw[0, 0] == pytest.approx(peak)


def test_selling_dearer_than_buying_has_an_end() -> None:
    plan = solve(problem([10.0], sell_jpy_per_kwh=np.full((1, 1), 48.0)))
    assert np.isfinite(plan.cost_jpy)


def test_strategy_meets_the_square_wave_in_the_engine(tmp_path: Path) -> None:
    """100 kW for six hours a day, 20 kW else; 120 kWh without losses: 100 − 120/6 = 80 kW."""
    rows = [f"2026-08-0{d}T{h:02d}:00,{100 if 9 <= h < 15 else 20}" for d in (3, 4) for h in range(24)]
    (tmp_path / "wave.csv").write_text("time,kW\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "a.yaml").write_text(
        """
format: 1
time: {start: 2026-08-03T00:00, days: 2}
buildings:
  - id: works
    profile: wave.csv
    strategy: {kind: optimal}
    devices:
      - {kind: battery, energy_kwh: 120, power_kw: 50, charge_efficiency: 1, discharge_efficiency: 1, soc_start: 1}
""",
        encoding="utf-8",
    )
    results = ysc.run(ysc.load_scenario(tmp_path / "a.yaml"))
    assert results.metrics["community"]["peak_import_kw"] == pytest.approx(80.0, abs=1e-5)
