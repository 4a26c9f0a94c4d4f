"""A pandapower file is data: nothing in it is executed, and what is wrong in it is named."""

import contextlib
import functools
import json
import sys

import numpy as np
import pytest

from ysc_sim.adapters.pandapower_json import MOST_BYTES, parse_pandapower_json, read_pandapower_json
from ysc_sim.adapters.pandapower_plain import convert
from ysc_sim.errors import ScenarioError
from ysc_sim.powerflow import solve

pandapower = pytest.importorskip("pandapower")
PROBE = "ysc_probe_that_must_not_run"


@pytest.fixture
def probe(tmp_path, monkeypatch):
    """A module that leaves a mark when it is imported, and another when its class is called."""
    mark = tmp_path / "executed"
    write = f"Path({str(mark)!r}).write_text"
    code = f"from pathlib import Path\n\n{write}('imported')\n\n\nclass Probe:\n    def __init__(self, *a, **k):\n"
    code += f"        {write}('imported and called')\n"
    (tmp_path / f"{PROBE}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield mark
    sys.modules.pop(PROBE, None)


def evil(part):
    """A network file with ``part`` in a place of its own choice."""
    data = json.loads(small_text())
    bomb = {"_module": PROBE, "_class": "Probe", "_object": "{}"}
    match part:
        case "root":
            data = bomb
        case "table":
            data["_object"]["line"] = bomb
        case "left out":
            data["_object"]["res_bus"] = bomb
        case "unknown":
            data["_object"]["anything"] = {"deep": [bomb]}
        case "cell":
            table = json.loads(data["_object"]["bus"]["_object"])
            table["data"][0][0] = bomb
            data["_object"]["bus"]["_object"] = json.dumps(table)
        case "controller":
            table = {"columns": ["object", "in_service"], "index": [0], "data": [[bomb, True]]}
            data["_object"]["controller"]["_object"] = json.dumps(table)
        case "escaped":
            data["_object"]["name"] = json.dumps(bomb).replace("_module", "\\u005fmodule")
    return json.dumps(data)


def small():
    """Two buses, a line, a load."""
    net = pandapower.create_empty_network()
    a, b = (pandapower.create_bus(net, 0.4, name=name) for name in ("start", "end"))
    pandapower.create_ext_grid(net, a)
    pandapower.create_line_from_parameters(net, a, b, 0.1, 0.2, 0.08, 100.0, 0.2)
    pandapower.create_load(net, b, 0.01, 0.003)
    return net


@functools.cache
def small_text():
    return pandapower.to_json(small())


def test_pandapowers_own_reader_would_run_it(probe):
    """The danger is real: without this, the tests below would prove nothing."""
    with contextlib.suppress(Exception):  # whatever comes of it, the code has run
        pandapower.from_json_string(evil("unknown"))
    assert "imported" in probe.read_text(encoding="utf-8")


@pytest.mark.parametrize("part", ["root", "table", "left out", "unknown", "cell", "controller", "escaped"])
def test_nothing_is_imported_or_called(probe, part):
    with pytest.raises(ScenarioError) as caught:
        parse_pandapower_json(evil(part), "grid.json")
    assert not probe.exists()
    assert PROBE not in sys.modules
    assert "network_names_code" in [problem.key for problem in caught.value.problems]


def altered(change):
    """The small network with a change in its plain form."""
    data = json.loads(small_text())
    body = data["_object"]
    framed = [name for name, value in body.items() if isinstance(value, dict) and value.get("_class") == "DataFrame"]
    tables = {name: json.loads(body[name]["_object"]) for name in framed}
    change(tables, body)
    for name, table in tables.items():
        body[name]["_object"] = json.dumps(table)
    return json.dumps(data)


def put(name, column, value, row=0):
    def change(tables, body):
        tables[name]["data"][row][tables[name]["columns"].index(column)] = value

    return change


def without(name, column):
    def change(tables, body):
        place = tables[name]["columns"].index(column)
        del tables[name]["columns"][place]
        for line in tables[name]["data"]:
            del line[place]

    return change


def said(key, value):
    return lambda tables, body: body.__setitem__(key, value)


def index(name, values):
    return lambda tables, body: tables[name].__setitem__("index", values)


def one_row(name):
    def change(tables, body):
        tables[name]["index"] = [0]
        tables[name]["data"] = [[None] * len(tables[name]["columns"])]

    return change


WRONG = {
    "a bus that is not there": (put("line", "to_bus", 7), "network_no_such"),
    "text for a number": (put("line", "length_km", "0.1"), "network_value"),
    "a list for a number": (put("line", "length_km", [0.1]), "network_value"),
    "nothing for a number": (put("line", "length_km", None), "network_value"),
    "half a bus": (put("line", "to_bus", 0.5), "network_value"),
    "true for a number": (put("bus", "vn_kv", True), "network_value"),
    "a number for true": (put("bus", "in_service", 1), "network_value"),
    "an enormous number": (put("bus", "vn_kv", 1e300), "network_value"),
    "a column is missing": (without("line", "length_km"), "network_column_missing"),
    "an index twice": (index("bus", [0, 0]), "network_index_wrong"),
    "a text as index": (index("bus", ["a", "b"]), "network_index_wrong"),
    "rows without index": (index("bus", [0]), "network_table_broken"),
    "another format": (said("format_version", "2.0"), "network_format"),
    "a table that cannot be represented": (one_row("xward"), "network_table_refused"),
    "a controller": (one_row("controller"), "network_table_refused"),
    "no source": (put("ext_grid", "in_service", False), "network_without_source"),
    "a frequency of nothing": (said("f_hz", 0), "network_value"),
    "options that are none": (said("user_pf_options", [1]), "network_value"),
    "an option of the wrong kind": (said("user_pf_options", {"trafo_model": 3.5e20}), "network_value"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named(case):
    change, key = WRONG[case]
    with pytest.raises(ScenarioError) as caught:
        parse_pandapower_json(altered(change), "grid.json")
    assert key in [problem.key for problem in caught.value.problems]
    assert "grid.json" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        '{"_class": "pandapowerNet"}',
        "[" * 100_000,
        "9" * 5000,
        '{"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": {"format_version": "3.0"}}',
        '{"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": "text"}',
    ],
)
def test_what_is_no_network_is_refused(text):
    with pytest.raises(ScenarioError):
        parse_pandapower_json(text, "grid.json")


def test_json_that_breaks_off_tells_line_and_column():
    with pytest.raises(ScenarioError) as caught:
        parse_pandapower_json('{"a": 1,\n "b": }', "grid.json")
    (problem,) = caught.value.problems
    assert (problem.key, problem.line, problem.column) == ("json_broken", 2, 7)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(ScenarioError) as caught:
        read_pandapower_json(path)
    assert caught.value.problems[0].key == "file_too_large"


def test_names_that_two_buses_share_are_no_names():
    net = small()
    net.bus.loc[1, "name"] = "start"
    pandapower.create_bus(net, 0.4, name="spare")
    assert parse_pandapower_json(pandapower.to_json(net)).bus_names == {"spare": 2}


def test_a_file_with_fewer_columns_means_what_pandapower_means():
    plain = parse_pandapower_json(altered(without("line", "df")))
    converted = convert(plain)
    net = small()
    pandapower.runpp(net, numba=False, tolerance_mva=1e-10)
    solution = solve(converted.net, converted.p_kw, converted.q_kvar, tolerance_pu=1e-10)
    assert np.abs(solution.v_pu[0]) == pytest.approx(net.res_bus.vm_pu.to_numpy(), abs=1e-9)


def test_what_stands_at_a_building_gives_way():
    plain = parse_pandapower_json(pandapower.to_json(small()))
    kept, gone = convert(plain), convert(plain, [1])
    assert kept.p_kw.tolist() == pytest.approx([0.0, -10.0])
    assert (gone.p_kw.tolist(), gone.replaced) == ([0.0, 0.0], 1)
