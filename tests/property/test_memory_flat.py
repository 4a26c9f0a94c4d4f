"""However long a run is, what it holds in memory of its columns stays what it was; and the columns are whole."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ysc_sim.results import long_columns
from ysc_sim.results.long_columns import LongColumns

PROGRAM = """
import json, sys
import ysc_sim as ysc
from ysc_sim.community.compile import compile_community
from ysc_sim.engine import power_flow
from ysc_sim.engine.simulate import run_community
from ysc_sim.results import long_columns

long_columns.LARGE_BYTES, long_columns.HELD_BYTES = 1 << 20, 1 << 22
power_flow.BLOCK_VALUES = 1 << 15
arrays = run_community(compile_community(ysc.load_scenario(sys.argv[1])))
peak_kb = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
flow = arrays.power_flow
of_slots = ("import_mwh", "export_mwh", "bought_mwh", "sold_mwh", "payment_mjpy", "cleared_bought_mwh",
            "cleared_sold_mwh", "trade_price_jpy_per_kwh")
of_flow = ("p_kw", "q_kvar", "min_voltage_pu", "max_voltage_pu", "violated")
print(json.dumps({
    "peak": peak_kb * 1024,
    "columns": sum(column.nbytes for column in arrays.columns.values()),
    "slots": sum(getattr(arrays, name).nbytes for name in of_slots),
    "flow": sum(getattr(flow, name).nbytes for name in of_flow) if flow else 0,
    "traded": int(arrays.bought_mwh.sum()),
}))
"""


def run_of(days: int, folder: Path, **more: object) -> dict[str, int]:
    home = {"kind": "solar", "rated_kw": 4}, {"kind": "battery", "energy_kwh": 5, "power_kw": 3}
    buildings, step_s = more.pop("count", 20), more.pop("step_s", 60)
    data = {
        "format": 1,
        "time": {"start": "2026-04-01T00:00", "days": days, "step_s": step_s},
        "results": {"record": "step"},
        "wires": "private_line",
        "buildings": [{"id": "home", "count": buildings, "profile": "detached120_gas", "devices": list(home)}],
    }
    path = folder / f"days{days}.yaml"
    path.write_text(json.dumps(data | more), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")


@LINUX
def test_memory_does_not_grow_with_the_horizon(tmp_path: Path) -> None:
    short, long = run_of(8, tmp_path), run_of(40, tmp_path)
    more = long["columns"] - short["columns"]
    assert more > 50e6
    assert long["peak"] - short["peak"] < 0.4 * more


@LINUX
def test_nor_do_the_numbers_of_every_slot(tmp_path: Path) -> None:
    traded = {"count": 200, "step_s": 1800, "market": {"kind": "call_auction"}}
    short, long = run_of(20, tmp_path, **traded), run_of(120, tmp_path, **traded)
    more = long["slots"] - short["slots"]
    assert more > 50e6
    assert long["traded"] > short["traded"] > 0
    assert long["peak"] - short["peak"] < 0.3 * more


@LINUX
def test_nor_does_what_the_network_did(tmp_path: Path) -> None:
    short, long = (run_of(days, tmp_path, power_flow="report", count=30, step_s=300) for days in (10, 70))
    more = sum(long[name] - short[name] for name in ("flow", "columns"))
    assert more > 50e6
    assert long["peak"] - short["peak"] < 0.35 * more


@pytest.mark.parametrize("large", [0, 1 << 40])
def test_what_was_let_go_comes_back(large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_columns, "LARGE_BYTES", large)
    monkeypatch.setattr(long_columns, "HELD_BYTES", 1 << 12)
    columns = LongColumns({"a": np.float64, "b": np.float64}, (3_000, 2, 3))
    values = np.random.default_rng(7).random((3_000, 2, 3))
    for t in range(3_000):
        columns.arrays["a"][t] = values[t]
        columns.arrays["b"][t] += 1.0
        columns.let_go(t)
    for _ in range(2):
        for t in range(0, 3_000, 500):
            assert columns.arrays["a"][t : t + 500].tobytes() == values[t : t + 500].tobytes()
            columns.let_go(t)
    assert columns.arrays["b"].sum() == 18_000


def test_columns_without_names_or_intervals() -> None:
    assert LongColumns({}, (5, 1, 1)).arrays == {}
    empty = LongColumns({"a": np.float64}, (0, 1, 3))
    empty.let_go(5)
    assert empty.arrays["a"].shape == (0, 1, 3)
