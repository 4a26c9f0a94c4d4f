"""One member's own page: its half-hours, its bill, its numbers, and of the others only what they come to together.

Nobody's name but the member's own stands in the file, and no half-hour of anybody else, nor of the community, from
which those of a single neighbour could be told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ysc_sim.documents import suggest
from ysc_sim.errors import ResultError
from ysc_sim.report.balance import Balance
from ysc_sim.report.bilingual import Html, Label, html, in_a_row, name, said, sentence, told
from ysc_sim.report.bills import Bills
from ysc_sim.report.demand import Demand
from ysc_sim.report.duration import Duration
from ysc_sim.report.flows import Flows
from ysc_sim.report.headline import Card, card_html
from ysc_sim.report.heat import HeatMaps
from ysc_sim.report.numbers import digits, has, metric, positive
from ysc_sim.report.outages import Outages
from ysc_sim.report.page import document, header
from ysc_sim.report.reading import Reading
from ysc_sim.report.sections import Section, built_in_parts
from ysc_sim.report.storage import Storage
from ysc_sim.results import Results
from ysc_sim.results.files import MEMBER_PAGE, replace_text

if TYPE_CHECKING:
    import pandas as pd

HIDDEN = ("trades", "power_flow", "network_day")
"""Tables that tell of others."""
CARDS = (
    Card("bill_jpy", "bill_without_sharing_jpy"),
    Card("saving_jpy"),
    Card("peak_import_kw", "contract_kw", "base_contract"),
    Card("self_sufficiency_ratio"),
    Card("traded_kwh", "", "base_nothing"),
)


class MemberReading(Reading):
    """A result in which one building stands for the whole community. Raises ``ResultError`` for an unknown one."""

    def __init__(self, results: Results, member: str) -> None:
        super().__init__(results)
        if member not in self.buildings:
            near = suggest(member, self.buildings)
            raise ResultError("result_no_member", name=member, suggestion=near)
        self.member, self.others = member, tuple(other for other in self.buildings if other != member)
        self.of_all: Mapping[str, float] = self.metrics["community"]
        own = self.metrics["buildings"][member]
        self.metrics = {"community": own, "buildings": {member: own}, "units": self.metrics["units"]}
        self.manifest = self._without_others(self.manifest)
        self.scenario_yaml, self.studies, self.buildings = "", {}, (member,)
        self.frames = tuple(table for table in self.frames if table not in HIDDEN)

    def frame(self, name: str) -> pd.DataFrame:
        """A table, with what belongs to this member alone; as ``community`` its own half-hours."""
        if name in HIDDEN:
            raise KeyError(name)
        kept = f"of member: {name}"
        if kept not in self._kept:
            self._kept[kept] = self._own(name)
        return self._kept[kept]

    def _own(self, name: str) -> pd.DataFrame:
        if name == "community":
            return self.frame("buildings").drop(columns="building")
        frame = super().frame(name)
        if "building" in frame:
            return _without_categories(frame[frame["building"] == self.member])
        mine = _without_categories(frame[~frame["cell"].isin(self.others)].copy())
        if "device" in mine:
            own = mine["device"].str.startswith(f"{self.member}/")
            mine["device"] = np.where(own, mine["device"], "")
        return mine

    def _without_others(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Neither notes nor network nor contracts nor description, and a title only if it names nobody."""
        left_out = ("notes", "network", "shared_kwh", "plans", "better")
        shown = {key: value for key, value in manifest.items() if key not in left_out}
        titles = {key: str(manifest["scenario"].get(key, "")) for key in ("name", "name_ja")}
        shown["scenario"] = {
            **{key: "" if self.names_others(title) else title for key, title in titles.items()},
            "sha256": manifest["scenario"]["sha256"],
        }
        shown["terms"] = {**manifest["terms"], "one_contract": False}
        return shown

    def names_others(self, text: str) -> bool:
        """Whether the name of another building stands in a text."""
        return any(re.search(re.escape(other), text, re.IGNORECASE) for other in self.others)


def _without_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """Plain text instead of categories, which would carry all names along."""
    for column in frame.columns:
        if str(frame[column].dtype) == "category":
            frame = frame.assign(**{column: frame[column].astype(str)})
    return frame.reset_index(drop=True)


class MemberHeadline:
    """What the member pays and saves; of the community its saving and its size."""

    kind: ClassVar[str] = "headline"
    order: ClassVar[int] = 10

    def title(self) -> Label:
        """Heading."""
        return said("report.headline")

    def applies(self, results: Reading) -> bool:
        """Always."""
        return isinstance(results, MemberReading)

    def render(self, results: Reading, lang: str) -> Html:
        """Paragraph and cards."""
        assert isinstance(results, MemberReading)
        cards = "".join(card_html(results, card) for card in CARDS if has(results, card.name))
        return Html(f'<p class="lead">{in_a_row(*_sentences(results))}</p><div class="cards">{cards}</div>')


def _sentences(results: MemberReading) -> list[Html]:
    found = []
    if has(results, "load_kwh", "self_sufficiency_ratio"):
        values = {"load": metric(results, "load_kwh"), "share": metric(results, "self_sufficiency_ratio")}
        found.append(sentence("report.lead_energy", **values))
    if has(results, "bill_jpy", "bill_without_sharing_jpy", "saving_jpy"):
        gains = results.metrics["community"]["saving_jpy"] >= 0
        numbers = {
            "bill": metric(results, "bill_jpy"),
            "alone": metric(results, "bill_without_sharing_jpy"),
            "saving": metric(results, "saving_jpy"),
        }
        found.append(sentence("report.member_saves" if gains else "report.member_loses", **numbers))
    if positive(results, "unserved_kwh"):
        found.append(sentence("report.member_unserved", unserved=metric(results, "unserved_kwh")))
    if "saving_jpy" in results.of_all and results.others:
        together = Html(
            f'<data class="n" data-of-all="saving_jpy" value="{results.of_all["saving_jpy"]!r}">'
            f'{digits(results.of_all["saving_jpy"], "JPY")}</data><span class="u">{html(said("units.JPY"))}</span>'
        )
        members = str(len(results.others) + 1)
        found.append(sentence("report.member_together", members=members, saving=together))
    return found


SECTIONS: tuple[type[Section], ...] = (
    MemberHeadline,
    Flows,
    Balance,
    Demand,
    Duration,
    HeatMaps,
    Storage,
    Outages,
    Bills,
)


def build_member_page(results: Results, member: str, lang: str) -> str:
    """The page of one building as an HTML document in ``lang``. Raises ``ResultError`` for an unknown one."""
    reading = MemberReading(results, member)
    parts = built_in_parts(SECTIONS, reading, lang)
    title = name(member)
    scenario = told(reading.manifest["scenario"], "name")
    eyebrow = said("report.member_eyebrow", scenario=scenario) if scenario.en else said("report.eyebrow")
    return document(title, header(reading, title, eyebrow, lang), parts, lang)


def write_member_page(results: Results, folder: str | Path, member: str, lang: str) -> Path:
    """Write ``member_<id>.html`` into a result folder and return its path. Raises ``ResultError``."""
    page = build_member_page(results, member, lang)
    path = Path(folder) / MEMBER_PAGE.format(member=member)
    replace_text(path, page)
    return path
