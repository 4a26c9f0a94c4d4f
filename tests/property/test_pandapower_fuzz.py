"""Whatever stands in a network file, reading ends with a network, or with problems that name the place."""

import json
import os
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ysc_sim.adapters.pandapower import UnrepresentableElementError
from ysc_sim.adapters.pandapower_json import parse_pandapower_json
from ysc_sim.adapters.pandapower_plain import convert
from ysc_sim.errors import ScenarioError
from ysc_sim.words import problem_line

pandapower = pytest.importorskip("pandapower")
networks = pytest.importorskip("pandapower.networks")

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "20"))
"""More by hand: docs/validation.md."""
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-2, 6),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["inf", "NaN", "Yz", "Dyn11", "b", "l", "t", [], {}, [1, 2], {"_module": "os"}]),
)


@cache
def file() -> dict[str, Any]:
    """A network with every kind of element, its tables as trees rather than as text inside text."""
    net = networks.example_multivoltage()
    net.xward = net.xward.drop(net.xward.index)  # has no counterpart
    data = json.loads(pandapower.to_json(net))
    for table in data["_object"].values():
        if isinstance(table, dict) and isinstance(table.get("_object"), str):
            table["_object"] = json.loads(table["_object"])
    return data


def text_of(data: dict[str, Any]) -> str:
    for table in data.get("_object", {}).values() if isinstance(data.get("_object"), dict) else ():
        if isinstance(table, dict) and isinstance(table.get("_object"), dict) and "columns" in table["_object"]:
            table["_object"] = json.dumps(table["_object"])
    return json.dumps(data)


def harm(data: dict[str, Any], draw: Any) -> None:
    """One cell, row, column, table or option becomes something else or goes."""
    tables = data["_object"]
    name = draw(st.sampled_from([k for k, v in tables.items() if isinstance(v, dict)] + ["f_hz", "sn_mva", "version"]))
    table = tables.get(name)
    inner = table.get("_object") if isinstance(table, dict) else None
    what = draw(st.sampled_from(["cell", "cell", "cell", "column", "index", "row", "whole", "gone"]))
    if what == "gone":
        tables.pop(name, None)
    elif what == "whole" or not isinstance(inner, dict) or not inner.get("data"):
        tables[name] = draw(ODD)
    elif what in ("column", "index"):
        names = inner["columns" if what == "column" else "index"]
        names[draw(st.integers(0, len(names) - 1))] = draw(ODD)
    else:
        row = draw(st.integers(0, len(inner["data"]) - 1))
        if what == "row":
            inner["data"][row] = draw(ODD)
        elif isinstance(inner["data"][row], list) and inner["data"][row]:
            inner["data"][row][draw(st.integers(0, len(inner["data"][row]) - 1))] = draw(ODD)


def read(text: str) -> str:
    """How the reading ended."""
    try:
        convert(parse_pandapower_json(text, "grid.json"))
    except ScenarioError as error:
        lines = [problem_line(problem, lang) for problem in error.problems for lang in ("en", "ja")]
        return (
            "problems" if lines and all(line.startswith("grid.json") for line in lines) else "problems without a place"
        )
    except UnrepresentableElementError as error:
        return "element" if str(error) else "element without a name"
    return "network"


def read_harmed(data: Any) -> str:
    tree = deepcopy(file())
    for _ in range(data.draw(st.integers(1, 3))):
        harm(tree, data.draw)
    return read(text_of(tree))


def test_the_network_itself_is_read() -> None:
    assert read(text_of(deepcopy(file()))) == "network"


@settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.data())
def test_a_harmed_network_is_read_or_refused_with_its_place(data: Any) -> None:
    assert read_harmed(data) in ("network", "problems", "element")
