"""Parts of the page. One section is one file; an outside package adds one by an entry point ``ysc_sim.sections``.

A section decides itself whether it has something to say; an empty one does not appear. It reads what is stored and
calculates nothing beyond layout.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

from ysc_sim.errors import PluginError
from ysc_sim.plugins import registry
from ysc_sim.report.all_numbers import AllNumbers
from ysc_sim.report.balance import Balance
from ysc_sim.report.bilingual import Html, Label
from ysc_sim.report.bills import Bills
from ysc_sim.report.demand import Demand
from ysc_sim.report.demand_response import DemandResponse
from ysc_sim.report.duration import Duration
from ysc_sim.report.each_building import EachBuilding
from ysc_sim.report.ensemble import Ensemble
from ysc_sim.report.flows import Flows
from ysc_sim.report.gains import Gains
from ysc_sim.report.headline import Headline
from ysc_sim.report.heat import HeatMaps
from ysc_sim.report.held_targets import HeldTargets
from ysc_sim.report.investment_part import InvestmentPart
from ysc_sim.report.network import NetworkSection
from ysc_sim.report.network_map import NetworkMap
from ysc_sim.report.new_peaks import NewPeaks
from ysc_sim.report.outages import Outages
from ysc_sim.report.provenance import Provenance
from ysc_sim.report.reading import Reading
from ysc_sim.report.storage import Storage
from ysc_sim.report.survival import SurvivalSection
from ysc_sim.report.trading import Trading
from ysc_sim.report.waterfall import Waterfall

GROUP = "sections"


@runtime_checkable
class Section(Protocol):
    """One part of the page. ``order`` says where it stands; built-in ones have 10, 20, … 110.

    A class attribute ``needs_course`` = False says that it also has its place where no course of time was recorded.
    """

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
    NewPeaks,
    Waterfall,
    InvestmentPart,
    Ensemble,
    Flows,
    Balance,
    Demand,
    HeldTargets,
    DemandResponse,
    Duration,
    HeatMaps,
    Storage,
    NetworkSection,
    NetworkMap,
    Trading,
    Outages,
    SurvivalSection,
    EachBuilding,
    Gains,
    Bills,
    AllNumbers,
    Provenance,
)


class PagePart(NamedTuple):
    """One section of a page: its anchor, heading and body."""

    kind: str
    title: Label
    body: Html


def rendered(results: Reading, lang: str) -> list[PagePart]:
    """All sections that have something to say, in the order of the page, those of outside packages among them.

    A section of an outside package that fails, or takes the name of another, warns and is left out.
    """
    made = [(section.order, _part(section, results, lang)) for section in _applying(BUILT_IN, results)]
    for kind, found in registry(GROUP).items():
        try:
            if kind in {make.kind for make in BUILT_IN}:
                raise PluginError("section_taken", kind=kind)
            section = _checked(found())
            if _has_course(section, results) and section.applies(results):
                made.append((int(section.order), _part(section, results, lang)))
        except Exception as error:  # whatever somebody else's section does must not take the page away
            reason = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
            origin = registry(GROUP).point(kind).value
            warnings.warn(
                str(PluginError("plugin_broken", group=GROUP, kind=kind, distribution=origin, reason=reason)),
                RuntimeWarning,
                stacklevel=2,
            )
    return [part for _, part in sorted(made, key=lambda entry: (entry[0], entry[1].kind))]


def built_in_parts(kinds: Iterable[type[Section]], results: Reading, lang: str) -> list[PagePart]:
    """These sections, as far as they have something to say, in the order given."""
    return [_part(section, results, lang) for section in _applying(kinds, results)]


def _applying(kinds: Iterable[type[Section]], results: Reading) -> Iterator[Section]:
    sections = (make() for make in kinds)
    return (section for section in sections if _has_course(section, results) and section.applies(results))


def _has_course(section: Section, results: Reading) -> bool:
    """Whether the result has the course of time that a section shows."""
    return not getattr(section, "needs_course", True) or results.has_course


def _part(section: Section, results: Reading, lang: str) -> PagePart:
    title = section.title()
    return PagePart(section.kind, Label(title[0], title[1]), Html(section.render(results, lang)))


def _checked(made: object) -> Section:
    if not isinstance(made, Section):
        raise PluginError("section_incomplete", found=type(made).__name__)
    return made
