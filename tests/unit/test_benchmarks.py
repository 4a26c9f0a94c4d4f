"""Every benchmark says what it does and can be asked; the table compares what it should."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import records
import table
from records import Figure

FOLDER = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))


def figure(**fields: object) -> Figure:
    return Figure(**{"name": "a", "value": 2.0, "unit": "s", **fields})


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_says_what_it_does(
    script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [f"{script}.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(FOLDER / f"{script}.py"), run_name="__main__")
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "usage:" in said
    assert len(said.splitlines()) > 4


def test_every_benchmark_is_in_the_table_and_gives_figures() -> None:
    assert {one.script for one in table.BENCHMARKS} == set(SCRIPTS) - {"table"}
    for script in set(SCRIPTS) - {"table"}:
        assert "emit(" in (FOLDER / f"{script}.py").read_text(encoding="utf-8"), script


def test_figures_are_written_only_where_somebody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "figures.jsonl"
    monkeypatch.delenv(records.VARIABLE, raising=False)
    records.emit("a", 1.0, "s")
    assert records.read(file) == []
    monkeypatch.setenv(records.VARIABLE, str(file))
    records.emit("a", 1.0, "s")
    records.emit("b", 5, "×", aim=4, high=True, peer="P")
    records.emit("a", 2.0, "s", peer="P", ratio=3)
    assert records.read(file) == [
        figure(peer="P", ratio=3.0),
        Figure(name="b", value=5.0, unit="×", aim=4, high=True, peer="P"),
    ]


@pytest.mark.parametrize(
    ("fields", "met"),
    [
        ({}, None),
        ({"aim": 2.0}, True),
        ({"aim": 1.9}, False),
        ({"aim": 2.0, "high": True}, True),
        ({"aim": 3.0, "high": True}, False),
    ],
)
def test_an_aim_is_a_bound_from_above_or_below(fields: dict[str, object], met: bool | None) -> None:
    assert figure(**fields).met is met


def test_a_row_tells_aim_peer_and_change() -> None:
    row = table.line(figure(aim=1.0, peer="P", ratio=2.5), figure(value=1.6))
    assert row == "| a | 2 | s | ≤ 1 | MISSED | P: × 2.50 | 1.6 | +25 % |"
    assert table.line(figure(peer="P"), None) == "| a | 2 | s |  |  | P: not installed |  |  |"


def test_releases_are_kept_and_the_one_before_is_found(tmp_path: Path) -> None:
    for version in ("0.9.0", "0.10.0", "0.2.0"):
        table.keep(tmp_path / f"{version}.json", "quick", [figure(value=1.0)], {"date": version})
    assert table.newest(tmp_path)["measured"]["quick"]["date"] == "0.10.0"
    assert table.newest(tmp_path, "0.10.0")["measured"]["quick"]["date"] == "0.9.0"
    assert table.newest(tmp_path / "none") == {}
    table.keep(tmp_path / "0.9.0.json", "full", [figure(name="b")], {"date": "later"})
    kept = json.loads((tmp_path / "0.9.0.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in kept["figures"]] == ["a", "b"]
    assert set(kept["measured"]) == {"quick", "full"}


def test_figures_of_a_script_come_back_and_a_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "HERE", tmp_path)
    text = f"import sys\nsys.path.insert(0, {str(FOLDER)!r})\nfrom records import emit\nemit('a', 2, 's')\n"
    (tmp_path / "good.py").write_text(text, encoding="utf-8")
    (tmp_path / "bad.py").write_text(text + "raise ValueError('no')\n", encoding="utf-8")
    assert table.run(table.Benchmark("good", ()), "quick", {}) == ([figure()], "")
    assert table.run(table.Benchmark("bad", ()), "quick", {}) == ([figure()], "ValueError: no")


def test_every_kept_release_can_be_read() -> None:
    for path in table.HISTORY.glob("*.json"):
        kept = json.loads(path.read_text(encoding="utf-8"))
        assert kept["figures"]
        assert all(Figure(**one).value == one["value"] for one in kept["figures"])
        for where in kept["measured"].values():
            assert where["load_average"]
            assert where["versions"]["numpy"]
