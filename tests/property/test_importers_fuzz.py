"""Any bytes become a table of finite numbers on an even axis, or a worded error; never anything else."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ysc_sim.errors import ScenarioError
from ysc_sim.timeseries.importers import Options, import_file, importers
from ysc_sim.words import problem_line

sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))
import importer_samples as samples

DAMAGES = [b"\0", b"\xff", b'"', b",", b"\n", b"\r", b"-", b"9" * 400, b"1e999", b"nan", b"24:00", b"2024/2/29", b""]
DAMAGES += [
    "２０２６".encode(),
    "年月日,時刻コード".encode("cp932"),
    b"+14:00",
    b"0000-00-00",
    b"\x1a",
    b"\xe2\x80\xa8",
]


def packed() -> bytes:
    """A table of our own as parquet."""
    import io

    import pandas as pd

    time = pd.date_range("2026-08-03", periods=48, freq="30min", tz="Asia/Tokyo")
    file = io.BytesIO()
    pd.DataFrame({"time": time, "demand_kw": np.arange(48.0)}).to_parquet(file)
    return file.getvalue()


SMALL = [(samples.FOLDER / name).read_bytes() for name in samples.KINDS]
LARGE = [samples.metpv11()[:8000], samples.metpv20()[:8000], samples.epw()[:8000]]
SEEDS = SMALL + [text.encode() for text in LARGE] + [packed()]


def check(path: Path, data: bytes, kind: str, options: Options) -> str:
    """How the reading ended: 'table', or the key of the first problem."""
    path.write_bytes(data)
    table, problems = None, ()
    try:
        table = import_file(path, kind, options)
    except ScenarioError as error:
        problems = error.problems
    if table is None:
        assert problems
        assert all(len(problem_line(problem, lang)) > 10 for problem in problems for lang in ("en", "ja"))
        return problems[0].key
    assert table.columns
    assert table.count > 0
    assert all(len(values) == table.count and np.isfinite(values).all() for values in table.columns.values())
    assert table.start.tzinfo is not None
    assert table.end > table.start
    return "table"


def damaged(seed: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, new in cuts:
        at = place % (len(seed) + 1)
        seed = seed[:at] + new + seed[at + length :]
    return seed


kinds = st.sampled_from(["auto", *importers()])
cuts = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 60), st.sampled_from(DAMAGES)), max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400), kind=kinds)
@example(data=b"LOCATION,", kind="epw")
@example(data=b"\xef\xbb\xbf", kind="auto")
@example(data="時刻コード".encode("utf-16"), kind="auto")
def test_any_bytes(tmp_path: Path, data: bytes, kind: str) -> None:
    check(tmp_path / "any", data, kind, Options())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.sampled_from(SEEDS),
    cuts=cuts,
    kind=kinds,
    fill_h=st.sampled_from([0.0, 2.0, 48.0]),
)
def test_damaged_samples(
    tmp_path: Path, seed: bytes, cuts: list[tuple[int, int, bytes]], kind: str, fill_h: float
) -> None:
    check(tmp_path / "damaged", damaged(seed, cuts), kind, Options(fill_h=fill_h))


@pytest.mark.parametrize("name", ["metpv11", "metpv20", "epw"])
def test_damaged_years(tmp_path: Path, name: str) -> None:
    whole = getattr(samples, name)().encode()
    rng = random.Random(1)
    for _ in range(8):
        at = rng.randrange(len(whole))
        check(tmp_path / "year", whole[:at] + rng.choice(DAMAGES) + whole[at + rng.randrange(40) :], "auto", Options())
