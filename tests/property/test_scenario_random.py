"""Random scenarios read back equal; random damage is always told, never a traceback."""

import json
import string
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ysc_sim.documents import parse_yaml
from ysc_sim.errors import ScenarioError
from ysc_sim.scenario import parse_scenario, resolved_yaml
from ysc_sim.scenario.overrides import override
from ysc_sim.scenario.tree import Tree, item_names
from ysc_sim.words import problem_line

HERE = Path(__file__).parent
IDS = st.text(string.ascii_letters + "診療所がー_-.0123456789", min_size=1, max_size=12).filter(
    lambda name: name[0] not in "-." and name[-1] != "." and name not in ("pool", "utility", "network", "operator")
)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cf", "Co", "Cn", "Zl", "Zp"]), max_size=20
)
POWERS = st.floats(0.001, 1e4, allow_nan=False)
BATTERY = st.fixed_dictionaries(
    {"kind": st.just("battery"), "energy_kwh": POWERS, "power_kw": POWERS},
    optional={"soc_start": st.floats(0.0, 1.0), "grid_forming": st.booleans()},
)
EV = st.fixed_dictionaries({"kind": st.just("ev")}, optional={"energy_kwh": POWERS, "days": st.just("weekdays")})
STRATEGY = st.one_of(
    st.sampled_from([{"kind": "none"}, {"kind": "self_consumption"}]),
    st.fixed_dictionaries({"kind": st.just("peak_cut"), "target_kw": POWERS}),
)
BUILDING = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "devices": st.lists(st.one_of(BATTERY, EV), max_size=3),
        "strategy": STRATEGY,
        "count": st.integers(1, 12),
        "diversity": st.fixed_dictionaries({"shift_minutes": st.floats(0, 60)}),
    },
)
SCENARIO = st.fixed_dictionaries(
    {
        "format": st.just(1),
        "time": st.fixed_dictionaries(
            {"start": st.just("2026-08-03T00:00"), "days": st.integers(1, 30)},
            optional={"step_s": st.sampled_from([60, 300, 1800, 3600])},
        ),
        "buildings": st.lists(BUILDING, min_size=1, max_size=4),
        "wires": st.sampled_from(["same_site", "private_line", "utility"]),
    },
    optional={
        "name": TEXTS,
        "description": TEXTS,
        "seed": st.integers(0, 2**40),
        "co2_kg_per_kwh": st.floats(0, 2),
    },
)


def told(text):
    """A scenario, or the problems that are told; anything else that is raised fails the test."""
    try:
        return parse_scenario(text, folder=HERE), ()
    except ScenarioError as error:
        return None, error.problems


def quoted(data):
    """YAML that every reader takes for the same: JSON is such YAML."""
    return json.dumps(data, ensure_ascii=False)


@given(SCENARIO)
def test_resolved_text_reads_back_equal(data):
    scenario, problems = told(quoted(data))
    if scenario is None:
        # ids are drawn without regard to each other: the only thing that may be wrong
        assert {problem.key for problem in problems if problem.severity == "error"} <= {
            "id_twice",
            "id_of_copy_taken",
        }
        return
    again = parse_scenario(resolved_yaml(scenario), folder=HERE)
    assert again == scenario
    assert again.sha256 == scenario.sha256
    assert (again.name, again.description) == (data.get("name", ""), data.get("description", ""))


JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


def damage(tree, draw, junk):
    """Puts junk somewhere into a tree."""
    here = tree
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = draw.draw(st.sampled_from(keys))
        if isinstance(here[key], dict | list) and here[key] and draw.draw(st.booleans()):
            here = here[key]
            continue
        here[key] = draw.draw(junk)
        break


@given(SCENARIO, st.data())
def test_any_damage_is_told_at_a_place(data, draw):
    damage(data, draw, JUNK)
    scenario, problems = told(quoted(data))
    assert (scenario is None) == bool(problems)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


@given(JUNK)
def test_any_document_is_a_scenario_or_told(data):
    assert told(quoted(data))[1], "no such document is a scenario"


@given(st.text(max_size=200))
def test_any_text_is_a_scenario_or_told(text):
    problems = told(text)[1]
    assert problems
    assert all(problem_line(problem) for problem in problems)


@given(SCENARIO, st.text(max_size=30), JUNK)
def test_any_override_is_done_or_told(data, key, value):
    tree = Tree.of(parse_yaml(quoted(data), "scenario.yaml"))
    override(tree, {key: value})
    assert tree.problems or tree.data != data or value == data


@given(st.lists(st.one_of(JUNK, st.fixed_dictionaries({}, optional={"id": IDS, "kind": IDS})), max_size=6))
def test_names_of_items_without_ids_are_different(items):
    names = item_names(items)
    own = [n for n, item in zip(names, items, strict=True) if not (isinstance(item, dict) and "id" in item)]
    assert len(names) == len(items)
    assert len(set(own)) == len(own) or any(name.isdecimal() for name in own)
