"""What a scenario file means, where its pieces stand, and which files are not even opened."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from ysc_sim.documents import Document, compose, inside, parse_yaml, read_text, read_yaml, suggest
from ysc_sim.errors import Problem, ScenarioError


def value(text: str) -> Any:
    return parse_yaml(f"a: {text}\n", "a.yaml").data["a"]


def only(error: pytest.ExceptionInfo[ScenarioError]) -> Problem:
    (problem,) = error.value.problems
    return problem


# YAML 1.2.2, section 10.3.2 (core schema), and 10.2.1.4 for what is written out as an example there.
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12:30", "12:30"),
        ("08:30", "08:30"),
        ("24:00", "24:00"),
        ("190:20:30", "190:20:30"),
        ("2026-08-03", "2026-08-03"),
        ("2026-08-03T00:00", "2026-08-03T00:00"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("NO", "NO"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("=", "="),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("Null", None),
        ("~", None),
        ("", None),
        ("nULL", "nULL"),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("0777", 777),
        ("-19", -19),
        ("0o7", 7),
        ("0o17", 15),
        ("0x3A", 58),
        ("0o8", "0o8"),
        ("0b11", "0b11"),
        ("-0x3A", "-0x3A"),
        ("1_000", "1_000"),
        ("1,000", "1,000"),
        ("1e3", 1000.0),
        ("1E+3", 1000.0),
        ("0.", 0.0),
        ("-0.0", -0.0),
        (".5", 0.5),
        ("+12e03", 12000.0),
        ("-2E+05", -200000.0),
        ("6.8523015e+5", 685230.15),
        ("1e-400", 0.0),
        (".", "."),
        ("+", "+"),
        ("e3", "e3"),
        ("1e", "1e"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("１２", "１２"),
        ("'12'", "12"),
        ('"true"', "true"),
        ('"\\u6a2a\\u6d5c"', "横浜"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ('!!int "12"', 12),
        ("!!float 1", 1.0),
        ("!!bool true", True),
        ("!!null ~", None),
        ("!!seq [1]", [1]),
        ("!!map {b: 1}", {"b": 1}),
        ("9999999999999999999999999999999999999999", 10**40 - 1),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, meant: Any) -> None:
    found = value(written)
    assert found == meant
    assert type(found) is type(meant)


def test_block_text_is_kept_as_written() -> None:
    assert parse_yaml("a: |\n  x\n   y\nb: >-\n  x\n  y\n", "a.yaml").data == {"a": "x\n y\n", "b": "x y"}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert parse_yaml("1: a\ntrue: b\n~: c\n12:30: d\n'<<': e\n", "a.yaml").data == {
        "1": "a",
        "true": "b",
        "~": "c",
        "12:30": "d",
        "<<": "e",
    }


def test_aliases_stand_for_copies() -> None:
    data = parse_yaml("a: &a {x: [1, 2]}\nb: *a\nc: [*a, *a]\n", "a.yaml").data
    assert data["b"] == data["a"] == data["c"][1]
    data["a"]["x"].append(3)
    assert data["b"] == {"x": [1, 2]} == data["c"][0]


def test_an_anchor_may_be_used_again() -> None:
    assert parse_yaml("[&a 1, *a, &a 2, *a]", "a.yaml").data == [1, 1, 2, 2]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "---\n...\n", "\ufeff"])
def test_an_empty_document_is_none(text: str) -> None:
    document = parse_yaml(text, "a.yaml")
    assert document.data is None
    assert document.place(("a",))[1] == 1


def test_a_byte_order_mark_is_taken_away_and_moves_nothing() -> None:
    for source in ("\ufeffa: 1", "\ufeffa: 1".encode()):
        document = parse_yaml(source, "a.yaml")
        assert document.data == {"a": 1}
        assert document.place(("a",)) == (1, 4)
    with pytest.raises(ScenarioError) as error:
        parse_yaml(b"\xef\xbb\xbfab\xff", "a.yaml")
    assert (only(error).line, only(error).column) == (1, 3)


def test_the_version_may_be_said() -> None:
    assert parse_yaml("%YAML 1.2\n---\na: NO\n", "a.yaml").data == {"a": "NO"}
    assert parse_yaml("%YAML 1.2 # said\r\n---\r\na: NO\r\n", "a.yaml").data == {"a": "NO"}


TEXT = """\
format: 1
site: {latitude_deg: 35.45, 名前: 横浜}
buildings:
  - id: office
    devices:
      - {kind: solar, rated_kw: 30}
  - &home
    id: home
copies: [*home]
"""


@pytest.mark.parametrize(
    ("path", "of_value", "of_key"),
    [
        ((), (1, 1), (1, 1)),
        (("format",), (1, 9), (1, 1)),
        (("site",), (2, 7), (2, 1)),
        (("site", "名前"), (2, 33), (2, 29)),
        (("buildings", 0), (4, 5), (4, 5)),
        (("buildings", 0, "devices", 0, "rated_kw"), (6, 33), (6, 23)),
        (("copies", 0, "id"), (8, 9), (8, 5)),
        (("site", "longitude_deg"), (2, 7), (2, 1)),
        (("site", "latitude_deg", "x", 3), (2, 22), (2, 8)),
        (("buildings", 9, "id"), (4, 3), (3, 1)),
        (("buildings", "0"), (4, 3), (3, 1)),
        (("buildings", -1), (4, 3), (3, 1)),
        (("nothing",), (1, 1), (1, 1)),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_places(path: tuple[str | int, ...], of_value: tuple[int, int], of_key: tuple[int, int], ends: str) -> None:
    document = parse_yaml(TEXT.replace("\n", ends), "a.yaml")
    assert document.place(path) == of_value
    assert document.place(path, key=True) == of_key


def test_a_document_without_text_has_one_place() -> None:
    assert Document("a.yaml", {"a": 1}).place(("a",)) == (1, 1)


def test_what_an_alias_repeats_is_told_once() -> None:
    with pytest.raises(ScenarioError) as error:
        parse_yaml("a: &a {x: .nan}\nb: [*a, *a, *a]\n", "a.yaml")
    assert only(error).field == "a.x"


@pytest.mark.parametrize("text", ["[" + ".nan, " * 200 + "]", "[" + "*a, " * 200 + "]", "[" + "!x a, " * 200 + "]"])
def test_after_a_hundred_problems_the_rest_is_only_said_to_be(text: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse_yaml(text, "a.yaml")
    assert len(error.value.problems) == 101
    assert error.value.problems[-1].key == "yaml_many_problems"


def test_the_deepest_nesting_is_read() -> None:
    deepest = parse_yaml("[" * 64 + "]" * 64, "a.yaml").data
    for _ in range(63):
        (deepest,) = deepest
    assert deepest == []


def test_the_largest_number_of_values_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compose.MOST_VALUES == 500_000
    monkeypatch.setattr(compose, "MOST_VALUES", 1000)
    assert len(parse_yaml("[" + "a," * 999 + "]", "a.yaml").data) == 999
    with pytest.raises(ScenarioError) as error:
        parse_yaml("[" + "a," * 1000 + "]", "a.yaml")
    assert only(error).key == "yaml_too_many_nodes"


def test_a_long_text_weighs_more_each_time_it_is_repeated() -> None:
    text = f"a: &a {'x' * 10_000}\nb: [{'*a, ' * 15_000}]\n"  # 75 kB that would be written out as 150 MB
    with pytest.raises(ScenarioError) as error:
        parse_yaml(text, "a.yaml")
    assert only(error).key == "yaml_too_many_nodes"


def test_many_directives_do_not_take_their_square() -> None:
    """Each is compared with all before: libyaml needs half a second for 20,000, 25 minutes for a million."""
    with pytest.raises(ScenarioError) as error:
        parse_yaml("".join(f"%TAG !a{number}! x\n" for number in range(300_000)), "a.yaml")
    assert [problem.key for problem in error.value.problems] == ["yaml_directive"] * 10


# -- files ---------------------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    with pytest.raises(ScenarioError) as error:
        read_yaml(path)
    assert only(error).file == str(path)
    assert not only(error).line
    return only(error).key


def test_a_file_is_read_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "ａ.yaml"
    path.write_bytes("a: 横浜".encode())
    document = read_yaml(path)
    assert (document.name, document.data) == (str(path), {"a": "横浜"})


def test_only_regular_files_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(tmp_path / "none.yaml") == "file_missing"
    assert refused(tmp_path) == "not_a_regular_file"
    assert refused(tmp_path / "nul\0.yaml") == "file_unreadable"
    assert refused(tmp_path / ("x" * 5000)) == "file_unreadable"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.yaml")
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind("socket.yaml")
            monkeypatch.setattr(os, "open", None)  # would block, or never end
            assert refused(tmp_path / "pipe.yaml") == "not_a_regular_file"
            assert refused(tmp_path / "socket.yaml") == "not_a_regular_file"
            assert refused(Path("/dev/zero")) == "not_a_regular_file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_file_that_becomes_a_pipe_is_still_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looking and opening the file is exchanged: opening must not wait for a writer."""
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    look = os.stat

    def exchange(*args: Any, **kwargs: Any) -> os.stat_result:
        found = look(*args, **kwargs)
        path.unlink()
        os.mkfifo(path)
        return found

    monkeypatch.setattr(os, "stat", exchange)
    assert refused(path) == "not_a_regular_file"


def test_a_file_that_may_not_be_read_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")

    def forbid(*args: Any) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", forbid)
    with pytest.raises(ScenarioError) as error:
        read_yaml(path)
    assert only(error).values["reason"] == "Permission denied"


def test_sixteen_megabytes_are_read_and_not_one_byte_more(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\n#" + b"x" * (16_000_000 - 6))
    assert read_yaml(path).data == {"a": 1}
    with path.open("ab") as file:
        file.write(b"x")
    assert refused(path) == "file_too_large"
    with pytest.raises(ScenarioError) as error:
        read_yaml(path, max_bytes=500_000)
    assert only(error).values["limit_mb"] == 0.5


@pytest.mark.skipif(os.name == "nt", reason="files are not sparse by themselves there")
def test_a_sparse_file_of_a_terabyte_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate(10**12)
    assert refused(path) == "file_too_large"


def test_text_of_japanese_excel_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for encoding in ("utf-8", "utf-8-sig", "cp932"):
        path.write_bytes("時刻,㈱髙①\n".encode(encoding))
        assert read_text(path, max_bytes=100) == "時刻,㈱髙①\n"
    path.write_bytes(b"a\x81")  # half a character
    with pytest.raises(ScenarioError) as error:
        read_text(path, max_bytes=100)
    assert only(error).key == "file_not_text"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("../secret.csv", "path_escapes"),
        ("data/../../secret.csv", "path_escapes"),
        ("data/../meter.csv", "path_escapes"),
        ("..\\secret.csv", "path_escapes"),
        ("..", "path_escapes"),
        ("/etc/passwd", "path_escapes"),
        ("\\\\server\\share\\a.csv", "path_escapes"),
        ("C:\\a.csv", "path_escapes"),
        ("C:a.csv", "path_escapes"),
        ("a\0.csv", "path_escapes"),
        ("out/secret.csv", "path_escapes"),
        ("link.csv", "path_escapes"),
        ("circle.csv", "file_unreadable"),
        ("http://example.com/a.csv", "no_url"),
        ("HTTPS://example.com/a.csv", "no_url"),
        ("file:///etc/passwd", "no_url"),
        ("file:/etc/passwd", "no_url"),
        ("s3://bucket/a.csv", "no_url"),
        ("data:text/csv,1", "no_url"),
        ("javascript:alert(1)", "no_url"),
        ("none.csv", "file_missing"),
        ("meter.csv/a", "file_unreadable"),
        ("data", "not_a_regular_file"),
        (".", "not_a_regular_file"),
        ("", "not_a_regular_file"),
        ("pipe.csv", "not_a_regular_file"),
        ("x" * 5000, "file_unreadable"),
    ],
)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs links and pipes")
def test_files_are_found_only_inside_the_folder(name: str, key: str, tmp_path: Path) -> None:
    root = furnished(tmp_path)
    with pytest.raises(ScenarioError) as error:
        inside(root, name)
    assert only(error).key == key


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs links and pipes")
def test_files_inside_the_folder_are_found(tmp_path: Path) -> None:
    root = furnished(tmp_path)
    assert inside(root, "meter.csv") == (root / "meter.csv").resolve()
    assert inside(root, "./data/横浜.csv") == (root / "data" / "横浜.csv").resolve()
    assert inside(root, "inner.csv") == (root / "meter.csv").resolve()
    (tmp_path / "door").symlink_to(root)
    assert inside(tmp_path / "door", "meter.csv") == (root / "meter.csv").resolve()


def furnished(folder: Path) -> Path:
    root = folder / "scenario"
    (root / "data").mkdir(parents=True)
    (folder / "secret.csv").write_text("1")
    (root / "meter.csv").write_text("1")
    (root / "data" / "横浜.csv").write_text("1")
    (root / "link.csv").symlink_to(folder / "secret.csv")
    (root / "inner.csv").symlink_to(root / "meter.csv")
    (root / "out").symlink_to(folder)
    (root / "circle.csv").symlink_to(root / "circle.csv")
    os.mkfifo(root / "pipe.csv")
    return root


# -- did you mean --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("enrgy_kwh", "energy_kwh"),
        ("energy_kw", "energy_kwh"),
        ("POWER_KW", "power_kw"),
        ("power", "power_kw"),
        ("soc_mn", "soc_min"),
        ("zzz", None),
        ("", None),
        ("energy_kwh" * 1_000_000, None),
    ],
)
def test_the_nearest_name_is_suggested(word: str, meant: str | None) -> None:
    assert suggest(word, iter(["energy_kwh", "power_kw", "soc_min", "soc_max"])) == meant


def test_nothing_is_suggested_among_nothing() -> None:
    assert suggest("energy_kwh", []) is None
