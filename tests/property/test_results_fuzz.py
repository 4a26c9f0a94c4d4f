"""A result folder of a stranger who vouches for every byte: whoever reads it ends with a result or a sentence.

The files are ours with a few values of their JSON changed, taken away or added, or with bytes of a table changed, and a
manifest whose checksums fit.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import ysc_sim as ysc
from ysc_sim.errors import YscError
from ysc_sim.report import build_report
from ysc_sim.study.export import export
from ysc_sim.study.replay import stored_scenario

SCENARIO = Path(__file__).parents[2] / "scenarios" / "yokohama_block.yaml"
SHORT = {"time.days": 0.5, "time.step_s": 1800, "outages": [], "buildings.home_sun.count": 1, "power_flow": "report"}
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))
"""More by hand: docs/validation.md."""
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=12),
    st.sampled_from(
        ["<script>alert(1)</script>", "=1+1", "../../etc/passwd", "Asia/Tokyo", "2026-08-03T00:00:00+09:00"]
    ),
    st.just([]),
    st.just({}),
    st.just([{"a": [1, None]}]),
)

FUZZ = settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking a folder takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all values of a JSON tree."""
    if path:
        yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def change(tree: Any, draw: Any) -> Any:
    """The tree with one value changed, taken away, or one added beside it."""
    tree = deepcopy(tree)
    path = draw(st.sampled_from(sorted(places(tree), key=repr)))
    node = tree
    for key in path[:-1]:
        node = node[key]
    what = draw(st.sampled_from(["change", "remove", "add"]))
    if what == "remove":
        del node[path[-1]]
    elif what == "add" and isinstance(node, dict):
        node[draw(st.text(max_size=8))] = draw(ODD)
    else:
        node[path[-1]] = draw(ODD)
    return tree


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return good_folder(tmp_path_factory.mktemp("good"))


def good_folder(place: Path) -> Path:
    return ysc.run(ysc.load_scenario(SCENARIO, overrides=SHORT)).save(place / "out")


def vouch(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if isinstance(manifest.get("files"), dict):
        for name in list(manifest["files"]):
            if (folder / name).is_file():
                manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def read_all(folder: Path, out: Path) -> str:
    """Everything that reads a result folder; how it ended: 'read', or the key of the first problem."""
    ending = "read"
    try:
        results = ysc.load_results(folder)
        for name in results.frames:
            with contextlib.suppress(YscError):
                results.frame(name)
        page = build_report(results)
        assert "<script>alert(1)" not in page
        with contextlib.suppress(YscError):
            export(results, "csv", out)
        ysc.compare([results, results])
    except YscError as error:
        problems = getattr(error, "problems", ())
        ending = problems[0].key if problems else error.key
    with contextlib.suppress(YscError):
        stored_scenario(folder)
    return ending


def copied(good: Path, place: Path) -> tuple[Path, Path]:
    """A copy of the folder, and where tables may be written."""
    folder, out = place / "forged", place / "csv"
    for path in (folder, out):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(good, folder)
    return folder, out


def changed_values(good: Path, place: Path, data: Any) -> str:
    folder, out = copied(good, place)
    for name in data.draw(st.lists(st.sampled_from(["manifest.json", "metrics.json"]), min_size=1, max_size=3)):
        tree = json.loads((folder / name).read_text(encoding="utf-8"))
        (folder / name).write_text(json.dumps(change(tree, data.draw)), encoding="utf-8")
        vouch(folder)
    return read_all(folder, out)


def changed_bytes(good: Path, place: Path, data: Any) -> str:
    folder, out = copied(good, place)
    table = data.draw(st.sampled_from(sorted(good.glob("*.parquet"))))
    content = bytearray(table.read_bytes())
    footer = st.integers(max(len(content) - 3000, 0), len(content) - 1)
    for at in data.draw(st.lists(st.one_of(footer, st.integers(0, len(content) - 1)), min_size=1, max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    (folder / table.name).write_bytes(content[: len(content) - data.draw(st.sampled_from([0, 0, 0, 1, 8, 500]))])
    vouch(folder)
    return read_all(folder, out)


@FUZZ
@given(st.data())
def test_changed_values_end_with_a_sentence(good: Path, tmp_path: Path, data: Any) -> None:
    changed_values(good, tmp_path, data)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numbers out of any range are drawn as they are
@FUZZ
@given(st.data())
def test_changed_bytes_of_a_table_end_with_a_sentence(good: Path, tmp_path: Path, data: Any) -> None:
    changed_bytes(good, tmp_path, data)


def test_instants_that_lie_between_microseconds_are_read(good: Path, tmp_path: Path) -> None:
    """pandas warns of nanoseconds that ``datetime`` does not hold; the fuzz above found a table with some."""
    folder, out = copied(good, tmp_path)
    changed = 0
    for path in sorted(folder.glob("*.parquet")):
        table = pq.read_table(path)
        for number, field in enumerate(table.schema):
            if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
                later = pc.add(table[number].cast(pa.int64()), 1).cast(field.type)
                table = table.set_column(number, field, later)
                changed += 1
        pq.write_table(table, path)
    vouch(folder)
    assert changed > 1
    assert read_all(folder, out) == "read"
