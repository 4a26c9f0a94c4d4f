"""Parts of the page. One section is one file; an outside package adds one by an entry point ``ysc_sim.sections``.

A section decides itself whether it has something to say; an empty one does not appear. It reads what is stored and
calculates nothing beyond layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Protocol, runtime_checkable

from ysc_sim.plugins import GROUPS, registry
from ysc_sim.report.all_numbers import AllNumbers
from ysc_sim.report.balance import Balance
from ysc_sim.report.bilingual import Html, Label
from ysc_sim.report.bills import Bills
from ysc_sim.report.demand import Demand
from ysc_sim.report.each_building import EachBuilding
from ysc_sim.report.flows import Flows
from ysc_sim.report.headline import Headline
from ysc_sim.report.network import NetworkSection
from ysc_sim.report.outages import Outages
from ysc_sim.report.provenance import Provenance
from ysc_sim.report.reading import Reading
from ysc_sim.report.storage import Storage
from ysc_sim.report.trading import Trading

GROUP = "sections"


@runtime_checkable
class Section(Protocol):
    """One part of the page. ``order`` says where it stands; built-in ones have 10, 20, … 110."""

    kind: ClassVar[str]
    order: ClassVar[int]

    def title(self) -> Label:
        """Heading, in both languages."""
        ...

    def applies(self, results: Reading) -> bool:
        """Whether there is anything to show."""
        ...

    def render(self, results: Reading, lang: str) -> Html:
        """The section below its heading. ``lang`` is the language that the page opens in; both belong in it."""
        ...


BUILT_IN: tuple[type[Section], ...] = (
    Headline,
    Flows,
    Balance,
    Demand,
    Storage,
    NetworkSection,
    Trading,
    Outages,
    EachBuilding,
    Bills,
    AllNumbers,
    Provenance,
)


def sections() -> Iterator[Section]:
    """All sections in the order of the page, those of outside packages among them."""
    outside = list(registry(GROUP).values()) if GROUP in GROUPS else []
    yield from sorted((make() for make in (*BUILT_IN, *outside)), key=lambda section: (section.order, section.kind))
