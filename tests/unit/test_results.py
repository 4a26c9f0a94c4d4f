"""Tables, numbers and folders of a run: three days of six buildings, one of them dark for two hours."""

import json
import os
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from ysc_sim.contracts import MetricInfo, MetricValues
from ysc_sim.errors import PluginError, ResultError
from ysc_sim.results import Results, load_results
from ysc_sim.results.arrays import BillLine, Event, OutageRecord, RunArrays
from ysc_sim.results.assemble import assemble_metrics
from ysc_sim.results.columns import BILL_COLUMNS, EVENT_COLUMNS, OUTAGE_COLUMNS, TRADE_COLUMNS
from ysc_sim.results.files import check_target
from ysc_sim.timeseries import TimeAxis

BUILDINGS = ("clinic", "factory", "home_1", "home_2", "office", "shop")
OUTAGE = slice(84, 88)
IDENTITY = {"name": "three days", "description": "", "sha256": "0" * 64, "seed": 3, "text": "format: 1\n"}


def make_arrays(rows: int = 1, record_s: int = 1800, seed: int = 3) -> RunArrays:
    """Books that add up: every building's meter, the point of connection, the trades between them."""
    rng = np.random.default_rng(seed)
    axis = TimeAxis.of("2026-08-30T00:00", step_s=record_s, days=3)
    slots, n, per = axis.slots, len(BUILDINGS), 1800 // record_s
    load = rng.integers(100_000, 900_000, (slots, rows, n))
    pv = rng.integers(0, 1_500_000, (slots, rows, n)) * (np.arange(slots) % 48 > 14)[:, None, None]
    unserved = np.zeros_like(load)
    unserved[OUTAGE] = load[OUTAGE]
    pv[OUTAGE] = 0
    net = pv - (load - unserved)
    exported, imported = np.maximum(net, 0), np.maximum(-net, 0)
    both = np.minimum(exported.sum(axis=2), imported.sum(axis=2))
    sold, bought = greedy(exported, both), greedy(imported, both)
    cleared_sold, cleared_bought = sold.copy(), bought.copy()
    cleared_bought[40, :, 2] += 5  # promised, not taken: short
    price = np.where((sold > 0) | (bought > 0), 15.5, 0.0)
    payment = np.rint((bought - sold) * price / 1000).astype(np.int64)
    whole = net.sum(axis=2)

    def kwh(mwh: np.ndarray) -> np.ndarray:
        return np.repeat(mwh / 1e6 / per, per, axis=0)

    bill = imported.sum(axis=0) * 30 // 1000 - exported.sum(axis=0) * 8 // 1000
    lines = [
        BillLine(month, b, "energy", "kWh", imported[:, :, b].sum(axis=0) / 1e6, np.full(rows, 30.0), bill[:, b])
        for b in range(n)
        for month in ("2026-08", "2026-09")
    ]
    lines.append(BillLine("2026-08", -1, "demand", "kW", np.full(rows, 9.5), np.full(rows, 1890.0), bill[:, 0]))
    left = np.ones(rows, dtype=np.int64)
    lines.append(BillLine("2026-08", -2, "rounding", "", np.zeros(rows), np.zeros(rows), left))
    return RunArrays(
        axis=axis,
        record_s=record_s,
        seeds=tuple(range(seed, seed + rows)),
        buildings=BUILDINGS,
        columns={
            "load_kwh": kwh(load),
            "unserved_kwh": kwh(unserved),
            "pv_kwh": kwh(pv),
            "import_kwh": kwh(imported),
            "export_kwh": kwh(exported),
            "interrupted_s": np.where(kwh(unserved) > 0, float(record_s), 0.0),
        },
        community={
            "import_kwh": kwh(np.maximum(-whole, 0)),
            "export_kwh": kwh(np.maximum(whole, 0)),
            "islanded_s": np.where(kwh(unserved).sum(axis=2) > 0, float(record_s), 0.0),
        },
        import_mwh=imported,
        export_mwh=exported,
        community_import_mwh=np.maximum(-whole, 0),
        community_export_mwh=np.maximum(whole, 0),
        meter_rounding_mwh=np.zeros((slots, rows), dtype=np.int64),
        bought_mwh=bought,
        sold_mwh=sold,
        cleared_bought_mwh=cleared_bought,
        cleared_sold_mwh=cleared_sold,
        trade_price_jpy_per_kwh=price,
        payment_mjpy=payment,
        bills=tuple(lines),
        bill_mjpy=bill,
        bill_alone_mjpy=bill + 1000,
        community_bill_mjpy=bill.sum(axis=1),
        rounding_mjpy=np.zeros(rows, dtype=np.int64),
        contract_kw=np.full((rows, n), 3.0),
        community_contract_kw=np.full(rows, 9.5),
        ledger_residual_mwh=np.zeros(rows, dtype=np.int64),
        money_residual_mjpy=np.zeros(rows, dtype=np.int64),
        energy_residual_kwh=np.full((rows, n), 1e-15),
        island_residual_kwh=np.zeros(rows),
        wires="private_line",
        power_factor_percent=100.0,
        co2_kg_per_kwh=0.42,
        outage_seconds=np.full(rows, 7200.0),
        events=tuple(
            Event(t, row, "community", before, after, cause)
            for row in range(rows)
            for t, before, after, cause in (
                (151_200.25, "GRID", "DEAD", "former"),
                (158_400.0, "DEAD", "GRID", "grid_returned"),
            )
        ),
        outages=tuple(
            OutageRecord(row, 151_200.25, 2.0, "community", 0.0, 0.0, (1.0, 2.0, 3.0, 4.5), "former", "")
            for row in range(rows)
        ),
        notes=({"key": "profile_small_factory", "profile": "small_factory", "assumed": True},),
    )


def greedy(parts: np.ndarray, total: np.ndarray) -> np.ndarray:
    """The first ones in line get theirs until ``total`` is used up."""
    running = np.minimum(np.cumsum(parts, axis=2), total[:, :, None])
    return np.diff(running, axis=2, prepend=0)


class Sums:
    """A metric plug-in."""

    kind = "sums"
    defines: ClassVar = {
        "load_kwh": MetricInfo("kWh", 0),
        "gini_of_savings": MetricInfo("1", -1),
        "loss_kwh": MetricInfo("kWh", -1),
    }

    def compute(self, arrays: RunArrays) -> MetricValues:
        own = np.add.reduce(arrays.columns["load_kwh"], axis=0)
        nothing = np.full(len(arrays.seeds), np.nan)
        return MetricValues({"load_kwh": own.sum(axis=1), "gini_of_savings": nothing}, {"load_kwh": own})


def make_results(**options) -> Results:
    return Results.of_run(make_arrays(**options), [Sums()], scenario=IDENTITY, wall_s=1.0)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# -- tables
# ------------------------------------------------------------------------------------------------------------


def test_the_buildings_table_says_what_the_arrays_say():
    arrays = make_arrays(rows=2)
    frame = Results.of_run(arrays, [], scenario=IDENTITY, wall_s=0).frame("buildings")
    assert len(frame) == 144 * 2 * 6
    line = frame[(frame["row"] == 1) & (frame["building"] == "office")].set_index("time")
    when = pd.Timestamp("2026-08-31T13:30", tz="Asia/Tokyo")
    assert line.loc[when, "load_kwh"] == arrays.columns["load_kwh"][75, 1, 4]
    assert line.loc[when, "demand_kw"] == arrays.import_mwh[75, 1, 4] / 1e6 / 0.5
    assert str(frame["time"].dtype) == "datetime64[ns, Asia/Tokyo]"


def test_the_community_table_sums_buildings_and_keeps_the_point_of_connection():
    arrays = make_arrays(rows=2)
    frame = Results.of_run(arrays, [], scenario=IDENTITY, wall_s=0).frame("community")
    second = frame[frame["row"] == 1].reset_index(drop=True)
    np.testing.assert_allclose(second["load_kwh"], arrays.columns["load_kwh"][:, 1].sum(axis=1), rtol=1e-15)
    np.testing.assert_array_equal(second["import_kwh"], arrays.community["import_kwh"][:, 1])
    assert second["traded_kwh"].sum() == pytest.approx(arrays.sold_mwh[:, 1].sum() / 1e6, rel=1e-14)
    assert second["demand_kw"].max() == arrays.community_import_mwh[:, 1].max() / 1e6 / 0.5
    assert set(second["price_jpy_per_kwh"].dropna()) == {15.5}


def test_the_identity_at_each_meter_holds_in_the_table():
    frame = make_results().frame("buildings")
    taken = frame["load_kwh"] - frame["unserved_kwh"] + frame["export_kwh"]
    np.testing.assert_allclose(taken, frame["import_kwh"] + frame["pv_kwh"], atol=1e-12)


def test_a_slot_s_trade_and_demand_are_spread_over_its_minutes():
    fine, coarse = make_results(record_s=60).frame("community"), make_results().frame("community")
    assert len(fine) == 30 * len(coarse)
    assert fine["traded_kwh"].sum() == pytest.approx(coarse["traded_kwh"].sum(), rel=1e-12)
    assert (fine["demand_kw"].to_numpy().reshape(-1, 30) == coarse["demand_kw"].to_numpy()[:, None]).all()


def test_trades_conserve_energy_and_money_and_show_what_fell_short():
    frame = make_results(rows=2).frame("trades")
    assert list(frame.columns) == ["time", "row", *(column.name for column in TRADE_COLUMNS)]
    sold, bought = frame[frame["buyer"] == "pool"], frame[frame["seller"] == "pool"]
    assert sold["energy_mwh"].sum() == bought["energy_mwh"].sum() > 0
    np.testing.assert_array_equal(
        frame["payment_mjpy"], np.rint(frame["energy_mwh"] * frame["price_jpy_per_kwh"] / 1000).astype(int)
    )
    short = frame[frame["status"] != "delivered"]
    assert set(short["buyer"]) == {"home_1"}
    assert len(short) == 2
    order = list(zip(frame["time"], frame["row"], strict=True))
    assert order == sorted(order)


def test_bills_are_in_order_and_name_the_accounts():
    frame = make_results(rows=2).frame("bills")
    assert list(frame.columns) == [column.name for column in BILL_COLUMNS]
    assert len(frame) == 14 * 2
    first = frame[(frame["month"] == "2026-08") & (frame["row"] == 0)]
    assert list(first["building"]) == [*BUILDINGS, "community", "operator"]
    assert frame["month"].is_monotonic_increasing
    assert frame["amount_mjpy"].dtype == np.int64


def test_events_and_outages_carry_instants_to_the_microsecond():
    results = make_results()
    events, outages = results.frame("events"), results.frame("outages")
    assert list(events.columns) == [column.name for column in EVENT_COLUMNS]
    assert list(outages.columns) == [column.name for column in OUTAGE_COLUMNS]
    began = pd.Timestamp("2026-08-31T18:00:00.250", tz="Asia/Tokyo")
    assert events["time"][0] == outages["start"][0] == began
    assert list(events["to_mode"]) == ["DEAD", "GRID"]
    assert outages.loc[0, "unserved_kwh_tier4"] == 4.5


def test_an_unknown_table_is_refused_by_name():
    with pytest.raises(ResultError) as caught:
        make_results().frame("nonsense")
    assert caught.value.key == "result_no_table"


# -- numbers
# -----------------------------------------------------------------------------------------------------------


def test_an_ensemble_s_numbers_are_means_with_a_band_and_no_nan():
    infos = Sums.defines
    community = {"load_kwh": np.array([1.0, 2.0, 6.0]), "gini_of_savings": np.array([0.1, np.nan, 0.2])}
    own = {"load_kwh": np.array([[1.0, 5.0], [2.0, 6.0], [3.0, np.inf]])}
    numbers = assemble_metrics([MetricValues(community, own)], infos, ("a", "b"), (1, 2, 3))
    assert numbers["community"] == {"load_kwh": 3.0, "load_kwh_p05": 1.1, "load_kwh_p95": pytest.approx(5.6)}
    assert numbers["buildings"]["a"]["load_kwh"] == 2.0
    assert numbers["buildings"]["b"] == {}
    assert numbers["units"] == {"load_kwh": "kWh", "load_kwh_p05": "kWh", "load_kwh_p95": "kWh"}


def test_the_mean_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=101) * 10.0 ** rng.integers(-8, 8, 101)
    turned = [
        assemble_metrics([MetricValues({"load_kwh": x})], Sums.defines, (), range(101))["community"]
        for x in (rows, rows[::-1], rng.permutation(rows))
    ]
    assert turned[0] == turned[1] == turned[2]


def test_a_metric_that_nobody_declared_or_two_give_is_refused():
    values = MetricValues({"load_kwh": np.ones(1)})
    with pytest.raises(PluginError, match="load_kwh"):
        assemble_metrics([values], {}, (), (1,))
    with pytest.raises(PluginError, match="load_kwh"):
        assemble_metrics([values, values], Sums.defines, (), (1,))


# -- folder
# ------------------------------------------------------------------------------------------------------------


def test_what_is_saved_is_what_is_loaded(tmp_path):
    results = make_results(rows=2, record_s=900)
    results.save(tmp_path / "out", report_html="<html></html>")
    loaded = load_results(tmp_path / "out")
    assert loaded.metrics == json.loads(json.dumps(results.metrics))
    assert loaded.manifest == json.loads(json.dumps(results.manifest))
    assert loaded.scenario_yaml == "format: 1\n"
    for name in results.frames:
        pd.testing.assert_frame_equal(loaded.frame(name), results.frame(name))
    assert loaded.digest() == results.digest()


def test_the_same_data_gives_the_same_bytes(tmp_path):
    make_results(rows=2).save(tmp_path / "a")
    make_results(rows=2).save(tmp_path / "b")
    load_results(tmp_path / "b").save(tmp_path / "c")
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b") == files_of(tmp_path / "c")


def test_the_digest_sees_a_single_bit_and_not_the_power_flow(tmp_path):
    base = make_results()
    other = make_arrays()
    other.columns["load_kwh"][7, 0, 3] = np.nextafter(other.columns["load_kwh"][7, 0, 3], 9.0)
    assert Results.of_run(other, [], scenario=IDENTITY, wall_s=0).digest() != base.digest()
    digest = make_results().digest()
    base.metrics["community"]["loss_kwh"] = 5.0
    assert base.digest() == digest
    changed = make_results()
    changed.metrics["community"]["load_kwh"] += 1e-9
    assert changed.digest() != digest


def test_a_run_without_trades_events_or_outages_has_empty_tables(tmp_path):
    arrays = make_arrays()
    fields = {name: getattr(arrays, name) for name in arrays.__dataclass_fields__}
    nothing = np.zeros((0, 1, 6), dtype=np.int64)
    fields |= {"events": (), "outages": (), "bills": (), "trade_price_jpy_per_kwh": nothing.astype(float)}
    fields |= {"cleared_bought_mwh": nothing, "cleared_sold_mwh": nothing}
    results = Results.of_run(RunArrays(**fields), [], scenario=IDENTITY, wall_s=0)
    results.save(tmp_path / "out")
    loaded = load_results(tmp_path / "out")
    for name in ("trades", "events", "outages", "bills"):
        assert len(results.frame(name)) == 0
        pd.testing.assert_frame_equal(loaded.frame(name), results.frame(name))


def test_a_folder_that_is_not_a_result_is_left_alone(tmp_path):
    mine = tmp_path / "photos"
    mine.mkdir()
    (mine / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(ResultError) as caught:
        make_results().save(mine)
    assert caught.value.key == "result_target_taken"
    assert files_of(mine) == {"cat.jpg": b"cat"}
    file = tmp_path / "notes"
    file.write_text("x")
    with pytest.raises(ResultError):
        check_target(file)


def test_an_older_result_is_replaced_but_not_one_with_something_added(tmp_path):
    out = tmp_path / "out"
    make_results().save(out)
    make_results(seed=4).save(out)
    assert load_results(out).digest() == make_results(seed=4).digest()
    (out / "my notes.txt").write_text("keep me")
    with pytest.raises(ResultError, match=r"my notes\.txt"):
        make_results().save(out)
    assert (out / "my notes.txt").exists()


def test_a_failure_between_writing_and_renaming_leaves_what_was_there(tmp_path, monkeypatch):
    out = tmp_path / "out"
    make_results().save(out)
    before = files_of(out)
    rename = os.rename

    def fail(source, target):
        if str(source).endswith(".partial"):
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail)
    for target in (out, tmp_path / "new"):
        with pytest.raises(ResultError, match="No space left"):
            make_results(seed=4).save(target)
    assert files_of(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# -- a folder from a stranger
# -------------------------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path):
    make_results().save(tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", b""),
        ("manifest.json", b"[]"),
        ("manifest.json", b'{"format": 1}'),
        ("manifest.json", b'{"format": 2, "package": "ysc-sim"}'),
        ("manifest.json", b"[" * 200_000),
        ("manifest.json", b'{"format": 1, "package": "ysc-sim", "x": NaN}'),
        ("manifest.json", b'{"format": 1, "x": 1e999}'),
        ("manifest.json", b'{"format": ' + b"9" * 5000 + b"}"),
        ("manifest.json", b"\xff\xfe"),
        ("metrics.json", b'{"format": 1}'),
        ("scenario.yaml", b"changed"),
    ],
)
def test_a_damaged_or_changed_file_is_named_and_refused(stored, name, content):
    (stored / name).write_bytes(content)
    with pytest.raises(ResultError, match=r"manifest|metrics|scenario|result"):
        load_results(stored)


def test_a_missing_or_special_file_is_refused(stored):
    (stored / "metrics.json").unlink()
    os.mkfifo(stored / "metrics.json")
    with pytest.raises(ResultError):
        load_results(stored)
    with pytest.raises(ResultError):
        load_results(stored.parent / "absent")


def forge(folder: Path, frame: pd.DataFrame) -> Results:
    """Another community table, with a manifest that vouches for it."""
    import hashlib

    frame.to_parquet(folder / "community.parquet", index=False)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["community.parquet"] = hashlib.sha256((folder / "community.parquet").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return load_results(folder, most_cells=2_000_000)


def test_a_table_that_was_changed_is_refused(stored):
    frame = load_results(stored).frame("community")
    frame["load_kwh"] *= 2
    frame.to_parquet(stored / "community.parquet", index=False)
    with pytest.raises(ResultError) as caught:
        load_results(stored).frame("community")
    assert caught.value.key == "result_changed"


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("result_column_wrong", lambda frame: frame.assign(surprise=1.0)),
        ("result_column_wrong", lambda frame: frame.assign(load_kwh="much")),
        ("result_column_wrong", lambda frame: frame.assign(row=0.5)),
        ("result_column_wrong", lambda frame: frame.assign(time=0)),
        ("result_too_large", lambda frame: pd.DataFrame({"load_kwh": np.zeros(3_000_000)})),
    ],
)
def test_a_forged_table_is_refused(stored, key, change):
    results = forge(stored, change(load_results(stored).frame("community")))
    with pytest.raises(ResultError) as caught:
        results.frame("community")
    assert caught.value.key == key


def test_a_table_that_is_no_parquet_is_refused(stored):
    import hashlib

    (stored / "community.parquet").write_bytes(b"PAR1 nonsense PAR1")
    manifest = json.loads((stored / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["community.parquet"] = hashlib.sha256(b"PAR1 nonsense PAR1").hexdigest()
    (stored / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ResultError) as caught:
        load_results(stored).frame("community")
    assert caught.value.key == "result_damaged"
