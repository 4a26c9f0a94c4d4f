"""Plug-ins: what is installed under a name, found through entry points, the built-in ones like anyone else's.

A device, strategy, forecast, bidder, market, outage model, metric or section of the report is a class behind an entry
point of the group ``ysc_sim.<group>``; the name of the entry point is its *kind*. Nothing is imported before it is
asked for. Two distributions that offer the same kind are an error. A plug-in of somebody else that cannot be
imported warns and is left out; a built-in one that cannot is a fault of this installation and raises.

>>> sorted(registry("outages"))
['random', 'rolling', 'typhoon', 'windows']
>>> plugin("outages", "windows").kind
'windows'
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from inspect import getdoc

from ysc_sim.documents import suggest
from ysc_sim.errors import PluginError

GROUPS = ("devices", "strategies", "forecasts", "bidders", "markets", "outages", "metrics", "sections")
"""Groups of plug-ins; the entry-point group is ``ysc_sim.<group>``."""

WITHOUT_SPEC = ("metrics", "sections")
"""Groups of which a scenario says nothing."""

OWN_DISTRIBUTION = "ysc-sim"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One line of ``ysc plugins``."""

    group: str
    kind: str
    distribution: str
    """Package that brings it, with its version."""
    module: str
    summary: str
    """First line of its docstring; of a broken one, why it is left out."""
    works: bool


class Registry(Mapping[str, type]):
    """Kind → class of one group, imported when looked up or iterated over; broken outside ones are left out.

    Raises ``PluginError`` (key ``plugin_twice``) when it is built from two entry points of one name.
    """

    def __init__(self, group: str, points: Iterable[EntryPoint]) -> None:
        self.group = group
        self._points: dict[str, EntryPoint] = {}
        for point in sorted(points, key=lambda p: (p.name, p.value)):
            if point.name in self._points:
                both = " , ".join(distribution_of(p) for p in (self._points[point.name], point))
                raise PluginError("plugin_twice", group=group, kind=point.name, distributions=both)
            self._points[point.name] = point
        self._classes: dict[str, type] = {}
        self.broken: dict[str, str] = {}
        """Kind → why an outside plug-in is left out; known once it has been looked up."""

    def __getitem__(self, kind: str) -> type:
        if kind not in self._classes:
            if kind not in self._points or kind in self.broken:
                raise KeyError(kind)
            self._load(kind)
        return self._classes[kind]

    def __iter__(self) -> Iterator[str]:
        """Kinds that can be imported; imports them."""
        return (kind for kind in self._points if self._works(kind))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def point(self, kind: str) -> EntryPoint:
        """Entry point behind a kind, broken or not."""
        return self._points[kind]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every name found, in order, broken or not; imports nothing."""
        return tuple(self._points)

    def _works(self, kind: str) -> bool:
        try:
            self[kind]
        except KeyError:
            return False
        return True

    def _load(self, kind: str) -> None:
        point = self._points[kind]
        try:
            self._classes[kind] = checked_class(self.group, kind, point.load())
        except Exception as error:  # whatever an outside module does on import must not stop the program
            reason = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
            broken = PluginError(
                "plugin_broken",
                group=self.group,
                kind=kind,
                distribution=distribution_of(point),
                reason=reason,
            )
            if is_built_in(point):
                raise broken from error
            self.broken[kind] = reason
            warnings.warn(str(broken), RuntimeWarning, stacklevel=3)
            raise KeyError(kind) from broken


@cache
def registry(group: str) -> Registry:
    """All plug-ins of a group: kind → class, loaded one by one as they are looked up.

    Raises ``PluginError`` where the group is unknown or two plug-ins share a name.
    """
    if group not in GROUPS:
        raise PluginError("plugin_group_unknown", group=group, suggestion=suggest(group, GROUPS))
    return Registry(group, entry_points(group=f"ysc_sim.{group}"))


def plugin(group: str, kind: str) -> type:
    """The class behind a kind. Raises ``PluginError``, with the nearest name, if it is missing or broken."""
    found = registry(group)
    try:
        return found[kind]
    except KeyError:
        if kind in found.broken:
            raise PluginError(
                "plugin_broken",
                group=group,
                kind=kind,
                distribution=distribution_of(found.point(kind)),
                reason=found.broken[kind],
            ) from None
        raise PluginError(
            "plugin_unknown",
            group=group,
            kind=kind,
            suggestion=suggest(kind, found.kinds),
            known=", ".join(found.kinds),
        ) from None


def catalogue() -> tuple[Listed, ...]:
    """Every plug-in that is installed, by group and kind: where it comes from and what it says of itself."""
    return tuple(listed(group, kind) for group in GROUPS for kind in registry(group).kinds)


def listed(group: str, kind: str) -> Listed:
    """What ``ysc plugins`` says about one kind."""
    point = registry(group).point(kind)
    works, summary = True, ""
    try:
        text = getdoc(plugin(group, kind)) or ""
        summary = text.partition("\n")[0]
    except PluginError as error:
        works, summary = False, str(error.values.get("reason", error))
    return Listed(
        group=group,
        kind=kind,
        distribution=distribution_of(point),
        module=point.module,
        summary=summary,
        works=works,
    )


def checked_class(group: str, kind: str, found: object) -> type:
    """``found``, if it is a class of that kind with a ``Spec`` to read; ``PluginError`` otherwise."""
    if not isinstance(found, type):
        raise PluginError("plugin_not_a_class", kind=kind, found=type(found).__name__)
    said = getattr(found, "kind", None)
    if said != kind:
        raise PluginError("plugin_kind_differs", kind=kind, said=str(said))
    if group not in WITHOUT_SPEC and not is_dataclass(getattr(found, "Spec", None)):
        raise PluginError("plugin_without_spec", kind=kind)
    return found


def is_built_in(point: EntryPoint) -> bool:
    """Whether an entry point belongs to this package."""
    return point.dist is not None and point.dist.name.replace("_", "-").lower() == OWN_DISTRIBUTION


def distribution_of(point: EntryPoint) -> str:
    """Name and version of the package that brings an entry point."""
    return "?" if point.dist is None else f"{point.dist.name} {point.dist.version}"
