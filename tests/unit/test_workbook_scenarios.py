"""A scenario as a workbook says what its YAML twin says, in either language; what people type is understood."""

from __future__ import annotations

import shutil
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest

from ysc_sim.documents.reader import parse_yaml, read_yaml
from ysc_sim.engine.simulate import run
from ysc_sim.errors import ScenarioError
from ysc_sim.scenario import load_scenario, parse_scenario
from ysc_sim.scenario.book import write_book
from ysc_sim.scenario.book.layout import SETTINGS, TABLES, columns_known, labels, plain, settings_known
from ysc_sim.scenario.starters import starter_line, starter_names, starter_text
from ysc_sim.words import LANGUAGES, words_of

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_scenario_goes_through_a_workbook_unchanged(path: Path, lang: str, tmp_path: Path) -> None:
    book, data = tmp_path / "book.xlsx", read_yaml(path).data
    write_book(book, data, lang)
    if "extends" in data:  # what it extends lies beside it
        for other in SHIPPED:
            shutil.copy(other, tmp_path)
    read = load_scenario(book)
    assert read == load_scenario(path)
    assert read.sha256 == load_scenario(path).sha256
    assert [w.key for w in read.warnings] == [w.key for w in load_scenario(path).warnings]


@pytest.mark.parametrize("name", starter_names())
def test_every_template_runs_and_its_workbook_gives_the_same_numbers(name: str, tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    write_book(book, parse_yaml(starter_text(name, "en"), name).data, "ja")
    short = {"time.days": 1, "time.step_s": 1800, "outages": []} | (
        {"ensemble": {"seeds": 2}} if "ensemble" in name else {}
    )
    file = tmp_path / "scenario.yaml"
    file.write_text(starter_text(name, "en"), encoding="utf-8")
    twin = run(load_scenario(file, overrides=short))
    assert run(load_scenario(book, overrides=short)).metrics == twin.metrics
    assert twin.metrics["community"]["load_kwh"] > 0


@pytest.mark.parametrize("name", starter_names())
def test_a_template_says_the_same_in_both_languages(name: str) -> None:
    english, japanese = (starter_text(name, lang) for lang in LANGUAGES)
    assert "[[" not in english + japanese
    assert "|" not in english + japanese
    in_words = {"name", "description"}
    data = [parse_yaml(text, name).data for text in (english, japanese)]
    one, other = ({k: v for k, v in said.items() if k not in in_words} for said in data)
    assert one == other
    assert data[0]["name"] != data[1]["name"]
    assert starter_line(name, "en").isascii()
    assert not starter_line(name, "ja").isascii()
    comments = [line.partition("#")[2] for line in english.splitlines()]
    assert sum(bool(comment) for comment in comments) >= 2
    assert not parse_scenario(english, folder=ROOT).warnings


def test_labels_are_unlike_one_another() -> None:
    for lang in LANGUAGES:
        names = [plain(str(said)) for said in words_of(lang)["fields"].values()]
        assert len(set(names)) == len(names)
        for key, said in words_of(lang)["fields"].items():
            assert labels("fields")[plain(str(said))] == key, said
    assert set(words_of("en")["hints"]) == set(words_of("en")["fields"])


def test_every_item_and_column_is_a_field_of_the_schema() -> None:
    for names in SETTINGS.values():
        assert {".".join(name.split(".")[:2]) for name in names} <= settings_known()
    for key, table in TABLES.items():
        assert set(table.columns) <= columns_known(key)


def small(tmp_path: Path) -> tuple[Path, openpyxl.Workbook]:
    text = """
format: 1
time: {start: 2026-08-03T00:00, days: 1}
tariff: {plan: toell_lv_c, contract: 6}
buildings: [{id: house, profile: detached120_gas, devices: [{kind: ev, leave: "08:30"}]}]
"""
    path = tmp_path / "book.xlsx"
    write_book(path, parse_yaml(text, "small").data, "ja")
    return path, openpyxl.load_workbook(path)


def test_cells_are_understood_as_people_type_them(tmp_path: Path) -> None:
    path, whole = small(tmp_path)
    settings, buildings, devices = whole["シナリオ"], whole["建物"], whole["設備"]
    settings["B4"] = date(2026, 8, 3)
    settings["B2"] = "  夏の家  "
    settings["A24"], settings["B24"] = "time.tz", "Asia/Tokyo"
    buildings["A2"] = 101
    buildings["B2"] = "戸建 120 m² ガス"
    buildings["D2"] = "０．２、0.3, 0.3；0.2"
    devices["A2"], devices["B2"] = 101, "電気自動車"
    devices["M2"], devices["N2"] = time(9, 15), "17:00"
    devices["P2"] = "社用車 (読まない)"
    outages = whole["停電"]
    outages["B2"], outages["C2"] = "２０２６/8/3 9:00", 1.5
    whole.create_sheet("Sheet1")
    whole.save(path)
    read = load_scenario(path)
    assert (read.name, read.time.start, read.time.tz) == ("夏の家", "2026-08-03T00:00", "Asia/Tokyo")
    (house,) = read.buildings
    load, car = house.devices
    assert (house.id, load.spec.profile, load.spec.tier_shares) == ("101", "detached120_gas", (0.2, 0.3, 0.3, 0.2))
    assert (car.kind, car.spec.leave, car.spec.arrive) == ("ev", "09:15", "17:00")
    assert (read.outages[0].spec.start, read.outages[0].spec.duration_h) == ("2026-08-03T09:00", 1.5)
    assert read.warnings == ()


def test_a_sheet_of_ones_own_is_told_of_and_not_read(tmp_path: Path) -> None:
    path, whole = small(tmp_path)
    whole.create_sheet("Kalkulation")["A1"] = "x"
    whole.save(path)
    assert [(w.key, w.severity) for w in load_scenario(path).warnings] == [("workbook_sheet_unknown", "warning")]


def test_titles_above_and_empty_lines_between_do_no_harm(tmp_path: Path) -> None:
    path, whole = small(tmp_path)
    before = load_scenario(path)
    whole["建物"].insert_rows(1, 2)
    whole["建物"]["A1"] = "建物の一覧"
    whole["設備"].insert_rows(2)
    whole["シナリオ"].insert_rows(3)
    whole.save(path)
    assert load_scenario(path) == before


def test_a_workbook_may_build_on_a_yaml_file_and_the_other_way_round(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        "format: 1\ntime: {start: 2026-08-03T00:00, days: 1}\ntariff: {plan: toell_lv_c, contract: 6}\n"
        "buildings: [{id: house, profile: detached120_gas, devices: [{kind: solar, rated_kw: 4}]}]\n",
        encoding="utf-8",
    )
    whole = openpyxl.Workbook()
    whole.active.title = "scenario"
    for line in (["item", "value"], ["extends", "base.yaml"], ["time.days", 2], ["seed", 3]):
        whole.active.append(line)
    whole.save(tmp_path / "over.xlsx")
    read = load_scenario(tmp_path / "over.xlsx")
    assert (read.time.days, read.buildings[0].id) == (2, "house")
    (tmp_path / "top.yaml").write_text("extends: over.xlsx\nname: top\n", encoding="utf-8")
    assert load_scenario(tmp_path / "top.yaml").seed == 3
    whole.active["B4"] = -1
    whole.save(tmp_path / "over.xlsx")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(tmp_path / "top.yaml")
    assert [problem.cell for problem in caught.value.problems] == ["scenario!B4"]


def test_formula_like_names_are_text_and_stay_so(tmp_path: Path) -> None:
    names = ["=1+1", "+SUM(A1)", "-2", "@x", "<script>alert(1)</script>", "\u202eabc", "x" * 300]
    for name in names:
        data = parse_yaml(starter_text("house", "en"), "house").data | {"name": name}
        path = tmp_path / "book.xlsx"
        write_book(path, data, "en")
        cell = openpyxl.load_workbook(path)["scenario"]["B2"]
        assert (cell.data_type, cell.value) == ("s", name)
        assert load_scenario(path).name == name


def test_drop_downs_offer_what_the_program_knows(tmp_path: Path) -> None:
    path, whole = small(tmp_path)
    rules = {str(rule.sqref): rule.formula1 for rule in whole["設備"].data_validations.dataValidation}
    assert rules["A2:A501"] == "'建物'!$A$2:$A$501"
    offered = {whole["選択肢"].cell(1, c).value: c for c in range(1, whole["選択肢"].max_column + 1)}
    assert {"devices", "strategies", "profile", "plan", "markets", "wires"} <= set(offered)
    column = [cell.value for cell in whole["選択肢"][openpyxl.utils.get_column_letter(offered["devices"])]]
    assert "蓄電池" in column
    assert datetime(2026, 8, 3) == whole["シナリオ"]["B4"].value
    assert path.exists()
