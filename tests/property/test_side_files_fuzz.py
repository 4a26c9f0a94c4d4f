"""Whatever stands in a file beside a scenario, or in the scenario, reading ends with its content or with problems.

Good files with bytes cut out and put in: invoices, measured loads, charging sessions, monthly normals, price plans,
datasheets, scenarios and workbooks. Network files and result folders have tests of their own.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ysc_sim.billing.plan_file import PLANS, load_tariff
from ysc_sim.devices.datasheet import CATALOGUE, load_datasheet
from ysc_sim.devices.sessions import read_sessions
from ysc_sim.documents import parse_yaml
from ysc_sim.errors import YscError
from ysc_sim.scenario import load_scenario
from ysc_sim.scenario.book import write_book
from ysc_sim.scenario.starters import starter_text
from ysc_sim.study.invoices import read_invoices
from ysc_sim.timeseries import TimeAxis
from ysc_sim.timeseries.normals import read_normals
from ysc_sim.timeseries.profiles import profiles_folder
from ysc_sim.timeseries.read import read_measured
from ysc_sim.words import LANGUAGES, problem_line

ROOT = Path(__file__).parents[2]
AXIS = TimeAxis.of("2026-08-03T00:00", step_s=1800, days=7)
SESSIONS = """vehicle,arrive,leave,energy_kwh
van,2026-08-03T18:00,2026-08-04T08:00,12
van,2026-08-04 19:00,2026-08-05 07:30,8.5
"""
DAMAGES = [
    b"\0",
    b"\xff",
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\t",
    b": ",
    b"- ",
    b"&a ",
    b"*a",
    b"<<: ",
    b"!!python/none x",
    b"{",
    b"[",
]
DAMAGES += [
    b"9" * 400,
    b"1e999",
    b"-1",
    b"nan",
    b".inf",
    b"0000-00-00",
    b"24:00",
    b"2024-02-30T25:61",
    b"=1+1",
    b"../../x",
    b"",
]
DAMAGES += [
    "２０２６".encode(),
    "年月".encode("cp932"),
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"<!DOCTYPE x>",
    b"PK\x05\x06",
]
Cuts = list[tuple[int, int, bytes]]
cuts: st.SearchStrategy[Cuts] = st.lists(
    st.tuples(st.integers(0, 2**24), st.one_of(st.just(0), st.integers(0, 60)), st.sampled_from(DAMAGES)), max_size=5
)


def measured() -> bytes:
    """Two days of half-hours."""
    lines = [f"2026-08-{3 + k // 48:02d} {k // 2 % 24:02d}:{k % 2 * 30:02d},{5 + k % 7}" for k in range(96)]
    return "\n".join(["time,load (kW)", *lines]).encode()


def invoices_book() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for line in (ROOT / "scenarios" / "factory_150kw_invoices.csv").read_text("utf-8-sig").splitlines():
        book.active.append(line.split(","))
    book.save(file)
    return file.getvalue()


def scenario_book() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.xlsx"
        write_book(path, parse_yaml(starter_text("block", "ja"), "block").data, "ja")
        return path.read_bytes()


@cache
def kinds() -> dict[str, tuple[str, tuple[bytes, ...], Callable[[Path], object]]]:
    """Of each kind of file: its ending, good ones, and what reads it."""
    texts = (path.read_bytes() for path in sorted((ROOT / "scenarios").glob("*.yaml")))
    scenarios = tuple(
        text for text in texts if not re.search(rb"extends:|\.csv", text)
    )  # files beside them are not there
    plans = tuple((PLANS / f"{name}.yaml").read_bytes() for name in ("tepco_lv_power", "hokkaido_hv", "fit_50kw_2025"))
    normals = (profiles_folder() / "jp_yokohama_normals.csv").read_bytes()
    sheets = tuple(path.read_bytes() for path in sorted(CATALOGUE.glob("*.yaml")))
    bills = (ROOT / "scenarios" / "factory_150kw_invoices.csv").read_bytes()
    return {
        "scenario": (".yaml", scenarios, load_scenario),
        "workbook": (".xlsx", (scenario_book(),), load_scenario),
        "invoices": (".csv", (bills,), read_invoices),
        "invoices in a workbook": (".xlsx", (invoices_book(),), read_invoices),
        "measured load": (".csv", (measured(),), read_measured),
        "charging sessions": (
            ".csv",
            (SESSIONS.encode(),),
            lambda path: read_sessions(path.parent, path.name, "", AXIS),
        ),
        "normals": (".csv", (normals,), read_normals),
        "price plan": (".yaml", plans, load_tariff),
        "datasheet": (".yaml", sheets, lambda path: load_datasheet(path.name, path.parent)),
    }


def damaged(good: bytes, cuts: Cuts) -> bytes:
    """The file with places cut out and put in; of a workbook mostly inside a part, so that it is still a zip."""
    if good.startswith(b"PK") and cuts and cuts[0][0] % 8:
        return damaged_part(good, cuts)
    for place, length, new in cuts:
        at = place % (len(good) + 1)
        good = good[:at] + new + good[at + length :]
    return good


def damaged_part(good: bytes, cuts: Cuts) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(file, "w") as new:
        names = old.namelist()
        harmed = names[cuts[0][0] % len(names)]
        for name in names:
            content = old.read(name)
            new.writestr(name, damaged(content, cuts) if name == harmed else content)
    return file.getvalue()


def read(kind: str, data: bytes, folder: Path) -> str:
    """How the reading ended: 'read', or the key of the first problem."""
    ending, _, reader = kinds()[kind]
    with tempfile.TemporaryDirectory(
        dir=folder
    ) as own:  # readers remember a file by its path and the time of its change
        path = Path(own) / f"file{ending}"
        path.write_bytes(data)
        try:
            reader(path)
        except YscError as error:
            problems = getattr(error, "problems", ())
            said = [problem_line(problem, lang) for problem in problems for lang in LANGUAGES] or [str(error)]
            assert all(len(line) > 10 for line in said)
            return problems[0].key if problems else error.key
    return "read"


@pytest.mark.parametrize("kind", kinds())
def test_good_files_are_read(kind: str, tmp_path: Path) -> None:
    assert {read(kind, good, tmp_path) for good in kinds()[kind][1]} == {"read"}


@pytest.mark.parametrize("kind", kinds())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_end_with_content_or_problems(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    good = data.draw(st.sampled_from(kinds()[kind][1]))
    read(kind, damaged(good, data.draw(cuts)), tmp_path)
