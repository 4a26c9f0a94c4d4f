"""The manual says what the program does: its tables are made from the code, all pages are reached, links lead on."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import ysc_sim
from ysc_sim.plugins import registry
from ysc_sim.scenario.starters import starter_names

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "decisions" not in path.parts)


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hooks", ROOT / "tools/site/hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_table_that_a_page_asks_for_is_made(hooks: ModuleType) -> None:
    asked = {name for page in PAGES for name in hooks.MARK.findall(page.read_text(encoding="utf-8"))}
    assert asked == set(hooks.PARTS)
    for name, make in hooks.PARTS.items():
        made = make()
        assert made.count("\n") > 4, name
        assert all(line.startswith("| ") for line in made.splitlines() if line.startswith("|"))
    page = hooks.on_page_markdown("a\n<!-- generated: starters -->\nb")
    assert "| `factory` | 工場 |" in page
    assert all(f"`{name}`" in page for name in starter_names())


def test_the_reference_names_every_kind_field_and_metric(hooks: ModuleType) -> None:
    kinds, metrics, fields = hooks.kinds(), hooks.metrics(), hooks.scenario()
    for group in hooks.GROUPS:
        assert all(f"### `{kind}`" in kinds for kind in registry(group))
    for metric in registry("metrics").values():
        assert all(f"`{name}`" in metrics for name in vars(metric).get("defines", {}))
    assert "| `step_s` | s | `1800` |" in fields
    assert "| `start` |  | **needed** |" in fields
    assert all(f"`ysc {name}`" in hooks.commands() for name in ("init", "run", "compare", "sweep"))


def test_every_page_stands_in_the_contents_and_every_entry_is_a_page() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    def paths(entry: object) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        inner = entry.values() if isinstance(entry, dict) else entry
        return [path for part in inner for path in paths(part)]  # type: ignore[attr-defined]

    listed = paths(config["nav"])
    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in PAGES)
    assert all(page.stem == "index" or page.relative_to(DOCS).as_posix() in listed for page in PAGES)


def test_links_between_pages_lead_to_pages() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_citation_is_that_of_this_version() -> None:
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(said), "needed by the schema of CFF 1.2.0"
    assert said["cff-version"] == "1.2.0"
    assert said["authors"]
    assert all({"name"} <= set(author) or {"family-names", "given-names"} <= set(author) for author in said["authors"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert said["version"] == project["version"] == ysc_sim.__version__
    assert said["license"] == project["license"]
