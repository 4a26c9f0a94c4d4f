"""Whatever a run leaves behind, its folder gives it back; and a run that is killed leaves no folder."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as np_arrays

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.results import Results, load_results
from ysc_sim.results.arrays import BillLine, Event, OutageRecord, RunArrays
from ysc_sim.timeseries import TimeAxis

IDENTITY = {"name": "any", "description": "", "sha256": "", "seed": 0, "text": "format: 1\n"}
NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
KWH = st.floats(0, 1e9, allow_nan=False)
ANY = st.floats(allow_nan=False, allow_infinity=False, width=64)


@st.composite
def runs(draw) -> RunArrays:
    """Arrays of any content whose shapes belong together; the books need not add up to be kept faithfully."""
    n, rows, slots = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 3))
    per = draw(st.sampled_from([1, 2, 30]))
    zone = draw(st.sampled_from(["Asia/Tokyo", "UTC", "Europe/Berlin"]))
    step = 1800 // per
    count = slots * per + draw(st.integers(1, 2)) if slots == 0 or draw(st.booleans()) else slots * per
    axis = TimeAxis.of("2026-10-25T00:00", step_s=step, days=count * step / 86400, tz=zone)
    slots = axis.slots

    def whole(*shape: int) -> np.ndarray:
        return draw(np_arrays(np.int64, shape, elements=st.integers(0, 2**40)))

    def real(*shape: int) -> np.ndarray:
        return draw(np_arrays(np.float64, shape, elements=KWH))

    line = st.builds(
        BillLine,
        st.sampled_from(["2026-10", "2026-09"]),
        st.integers(-2, n - 1),
        NAMES,
        NAMES,
        np_arrays(np.float64, (rows,), elements=ANY),
        np_arrays(np.float64, (rows,), elements=ANY),
        np_arrays(np.int64, (rows,), elements=st.integers(-(2**60), 2**60)),
    )
    row = st.integers(0, rows - 1)
    event = st.builds(Event, st.floats(0, 1e6), row, NAMES, NAMES, NAMES, NAMES)
    tiers = st.tuples(KWH, KWH, KWH, KWH)
    outage = st.builds(OutageRecord, row, st.floats(0, 1e6), KWH, NAMES, KWH, KWH, tiers, NAMES, NAMES)
    names = draw(st.lists(NAMES, min_size=n, max_size=n, unique=True))
    return RunArrays(
        axis=axis,
        record_s=step,
        seeds=tuple(range(rows)),
        buildings=tuple(sorted(names)),
        columns={name: real(count, rows, n) for name in ("load_kwh", "import_kwh", "export_kwh", "soc_kwh")},
        community={name: real(count, rows) for name in ("import_kwh", "export_kwh", "islanded_s")},
        import_mwh=whole(slots, rows, n),
        export_mwh=whole(slots, rows, n),
        community_import_mwh=whole(slots, rows),
        community_export_mwh=whole(slots, rows),
        meter_rounding_mwh=whole(slots, rows),
        bought_mwh=whole(slots, rows, n),
        sold_mwh=whole(slots, rows, n),
        cleared_bought_mwh=whole(slots, rows, n),
        cleared_sold_mwh=whole(slots, rows, n),
        trade_price_jpy_per_kwh=draw(np_arrays(np.float64, (slots, rows, n), elements=st.floats(-1e3, 1e3))),
        payment_mjpy=whole(slots, rows, n),
        bills=tuple(draw(st.lists(line, max_size=3))),
        bill_mjpy=whole(rows, n),
        bill_alone_mjpy=whole(rows, n),
        community_bill_mjpy=whole(rows),
        rounding_mjpy=whole(rows),
        contract_kw=real(rows, n),
        community_contract_kw=None,
        ledger_residual_mwh=whole(rows),
        money_residual_mjpy=whole(rows),
        energy_residual_kwh=real(rows, n),
        island_residual_kwh=real(rows),
        wires="utility",
        power_factor_percent=100.0,
        co2_kg_per_kwh=0.0,
        outage_seconds=real(rows),
        events=tuple(draw(st.lists(event, max_size=3))),
        outages=tuple(draw(st.lists(outage, max_size=3))),
    )


class Bill:
    kind = "bill"
    defines: ClassVar = {"bill_jpy": MetricInfo("JPY", -1)}

    def compute(self, arrays: RunArrays) -> MetricValues:
        return MetricValues({"bill_jpy": arrays.community_bill_mjpy / 1000}, {"bill_jpy": arrays.bill_mjpy / 1000})


@settings(max_examples=60)
@given(runs())
def test_a_result_comes_back_from_its_folder(arrays):
    results = Results.of_run(arrays, [Bill()], scenario=IDENTITY, wall_s=0.5)
    with tempfile.TemporaryDirectory() as folder:
        results.save(Path(folder) / "out")
        loaded = load_results(Path(folder) / "out")
        for name in results.frames:
            pd.testing.assert_frame_equal(loaded.frame(name), results.frame(name), check_exact=True)
        assert loaded.metrics == results.metrics
        assert loaded.manifest == results.manifest
        assert loaded.digest() == results.digest()
        loaded.save(Path(folder) / "again")
        first = {path.name: path.read_bytes() for path in (Path(folder) / "out").iterdir()}
        again = {path.name: path.read_bytes() for path in (Path(folder) / "again").iterdir()}
        assert first == again


@settings(max_examples=40)
@given(runs(), st.data())
def test_sums_of_the_tables_are_sums_of_the_arrays(arrays, data):
    results = Results.of_run(arrays, [], scenario=IDENTITY, wall_s=0)
    row = data.draw(st.integers(0, len(arrays.seeds) - 1))
    frame = results.frame("trades")
    mine = frame[frame["row"] == row]
    assert mine.loc[mine["buyer"] == "pool", "energy_mwh"].sum() == (
        np.where(arrays.cleared_sold_mwh > 0, arrays.sold_mwh, 0)[:, row].sum()
    )
    buildings = results.frame("buildings")
    assert len(buildings) == arrays.columns["load_kwh"].size
    np.testing.assert_array_equal(buildings["load_kwh"], arrays.columns["load_kwh"].ravel())
    utc = results.frame("community")["time"].dt.tz_convert("UTC")
    assert (utc.drop_duplicates().diff().dropna() == pd.Timedelta(seconds=arrays.record_s)).all()


KILLED = """
import os, signal, sys
import ysc_sim.results.files as files
def die(partial, folder):
    os.kill(os.getpid(), signal.SIGKILL)
files._replace = die
from pathlib import Path
from typing import ClassVar
def fill(partial):
    (partial / "metrics.json").write_text("{}")
files.write_folder(Path(sys.argv[1]), fill)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal of POSIX systems")
def test_a_run_that_is_killed_before_the_rename_leaves_no_folder(tmp_path):
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "out")], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    left = list(tmp_path.iterdir())
    assert len(left) == 1
    assert left[0].name.startswith(".out.")
    import os

    os.utime(left[0], (0, 0))
    arrays_free_result(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def arrays_free_result(folder: Path) -> None:
    from ysc_sim.results.files import write_folder

    write_folder(folder, lambda partial: (partial / "manifest.json").write_text("{}") and None)
