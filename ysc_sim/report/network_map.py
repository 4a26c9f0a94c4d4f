"""Map of the network over its hardest day: dots coloured by voltage, strokes by loading, a slider for the time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from ysc_sim.report.bilingual import Html, Label, attributes, html, instant, name, said, sentence
from ysc_sim.report.reading import Reading
from ysc_sim.report.tree import places
from ysc_sim.units import Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

TABLE = "network_day"
WIDE, HIGH = 1000, 1000
PER_PU, PER_PERCENT = 10_000, 10
"""Whole numbers in the page: 1/100 % of nominal voltage, 1/10 % of loading."""
LOADING_STEPS = (25, 50, 75, 100)
MOST_NAMES, LINE_PX, LEAST_PX, MOST_PX = 48, 19, 220, 760
BRANCHES = ("line", "transformer", "switch")


class Drawn(NamedTuple):
    """What the table holds: parts in their order, values by instant, whole numbers as in the page, −1: not known."""

    seconds: list[float]
    names: list[str]
    kinds: list[str]
    buildings: list[str]
    ends: list[tuple[int, int]]
    buses: int
    values: Ints
    """(instants, buses + branches)"""


class NetworkMap:
    """Every bus and branch, half-hour by half-hour."""

    kind: ClassVar[str] = "map"
    order: ClassVar[int] = 54

    def title(self) -> Label:
        """Heading."""
        return said("report.map")

    def applies(self, results: Reading) -> bool:
        """Where the network was solved."""
        return "network" in results.manifest and TABLE in results.frames and len(results.frame(TABLE)) > 0

    def render(self, results: Reading, lang: str) -> Html:
        """Slider, sentence, drawing, legend."""
        drawn = read(results.frame(TABLE), results)
        network = results.manifest["network"]
        steps = voltage_steps(*(float(limit) for limit in network["limits_pu"]))
        first = hardest(drawn, steps)
        data = {
            "times": [round(results.at(seconds).timestamp()) for seconds in drawn.seconds],
            "zone": results.manifest["time"]["zone"],
            "buses": drawn.buses,
            "steps": [steps, [PER_PERCENT * step for step in LOADING_STEPS]],
            "values": drawn.values.tolist(),
        }
        slider = (
            f'<input type="range" min="0" max="{len(drawn.seconds) - 1}" value="{first}" step="1" '
            f"{attributes(said('report.map_time'), lang)}>"
        )
        left_out = int(network.get("map_left_out", 0))
        more = html(said("report.map_left_out", count=str(left_out))) if left_out else ""
        return Html(
            f'<figure class="map" data-map="{escape(json.dumps(data, separators=(",", ":")))}">{slider}'
            f'<p class="now" aria-live="polite">{_now(results, drawn, first)}</p>{_drawing(drawn, steps, first, lang)}'
            f'<p class="picked"> </p>{_legend(steps)}'
            f"<figcaption>{html(said('report.map_note'))} {more}</figcaption></figure>"
        )


def read(frame: pd.DataFrame, results: Reading) -> Drawn:
    """The table as the map needs it: every instant has the same parts in the same order."""
    times = frame["time"].drop_duplicates()
    size = len(frame) // len(times)
    part = frame.iloc[:size]
    kinds = [str(kind) for kind in part["element"]]
    buses = sum(kind not in BRANCHES for kind in kinds)
    voltage = frame["voltage_pu"].to_numpy(dtype=np.float64).reshape(len(times), size)[:, :buses]
    loading = frame["loading_percent"].to_numpy(dtype=np.float64).reshape(len(times), size)[:, buses:]
    return Drawn(
        seconds=[results.seconds(time.to_pydatetime(warn=False)) for time in times],
        names=[str(label) for label in part["name"]],
        kinds=kinds,
        buildings=[str(label) for label in part["building"]],
        ends=list(zip(part["start_bus"].tolist()[buses:], part["end_bus"].tolist()[buses:], strict=True)),
        buses=buses,
        values=np.hstack([_whole(voltage, PER_PU), _whole(loading, PER_PERCENT)]),
    )


def _whole(values: Floats, per: int) -> Ints:
    return np.where(np.isfinite(values), np.rint(np.nan_to_num(values) * per), -1).astype(np.int64)


def voltage_steps(low_pu: float, high_pu: float) -> list[int]:
    """Bounds of the seven colours: below the limit, thirds of the way to it on either side, above the limit.

    >>> voltage_steps(0.94, 1.06)
    [9400, 9600, 9800, 10200, 10400, 10600]
    """
    below, above = 1.0 - low_pu, high_pu - 1.0
    bounds = [1 - below, 1 - below * 2 / 3, 1 - below / 3, 1 + above / 3, 1 + above * 2 / 3, 1 + above]
    return [round(PER_PU * bound) for bound in bounds]


def colour(drawn: Drawn, number: int, value: int, steps: Sequence[int]) -> str:
    """Class of a part: which of the colours its value falls into; ``none`` where it is not known."""
    if value < 0:
        return "none"
    bounds = steps if number < drawn.buses else [PER_PERCENT * step for step in LOADING_STEPS]
    letter = "v" if number < drawn.buses else "w"
    return f"{letter}{sum(value > bound for bound in bounds)}"


def hardest(drawn: Drawn, steps: Sequence[int]) -> int:
    """The instant at which voltage or loading goes farthest, measured by its limit."""
    values = np.where(drawn.values < 0, np.nan, drawn.values.astype(np.float64))
    volts, loads = values[:, : drawn.buses], values[:, drawn.buses :]
    over = (volts - PER_PU) / np.where(volts >= PER_PU, max(steps[-1] - PER_PU, 1), max(PER_PU - steps[0], 1))
    parts = np.hstack([np.abs(over), loads / (100 * PER_PERCENT)])
    return int(np.argmax(np.nan_to_num(parts).max(axis=1)))


def _now(results: Reading, drawn: Drawn, step: int) -> Html:
    """The sentence under the slider; the script fills its gaps anew."""
    volts, loads = drawn.values[step, : drawn.buses], drawn.values[step, drawn.buses :]
    known, loaded = volts[volts >= 0], loads[loads >= 0]
    low, high = (f"{known.min() / 100:.1f} %", f"{known.max() / 100:.1f} %") if known.size else ("–", "–")
    load = f"{loaded.max() / PER_PERCENT:.0f} %" if loaded.size else "–"
    when = html(instant(results.at(drawn.seconds[step])))
    values = {"when": when, "low": low, "high": high, "load": load}
    return sentence("report.map_now", **{k: Html(f'<b class="{k}">{v}</b>') for k, v in values.items()})


def _drawing(drawn: Drawn, steps: Sequence[int], step: int, lang: str) -> str:
    roots = [number for number in range(drawn.buses) if drawn.kinds[number] == "source"]
    across, down, lines = places(drawn.buses, drawn.ends, roots)
    leaves, named = _named(drawn, lines, set(roots))
    x = np.rint(20 + across * (WIDE - 40)).astype(np.int64).tolist()
    y = np.rint(20 + down * (HIGH - 40)).astype(np.int64).tolist()
    shapes = []
    for number, (start, end) in enumerate(drawn.ends, start=drawn.buses):
        css = f"wire {drawn.kinds[number]} {colour(drawn, number, int(drawn.values[step, number]), steps)}"
        shapes.append(_shape(drawn, number, css, f"M{x[start]} {y[start]}L{x[end]} {y[end]}"))
    for number in range(drawn.buses):
        css = f"{drawn.kinds[number]} {colour(drawn, number, int(drawn.values[step, number]), steps)}"
        shapes.append(_shape(drawn, number, css, f"M{x[number]} {y[number]}h0"))
    labels = "".join(
        f'<span class="at{"" if bus in leaves else " inner"}" style="left:{x[bus] / 10:.1f}%;top:{y[bus] / 10:.1f}%">'
        f"{html(name(drawn.buildings[bus] or drawn.names[bus], 20))}</span>"
        for bus in sorted(named)
    )
    height = min(max(LINE_PX * lines, LEAST_PX), MOST_PX)
    svg = (
        f'<svg viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none" role="img" '
        f"{attributes(said('report.map_says'), lang)}>{''.join(shapes)}</svg>"
    )
    return f'<div class="net" style="height:{height}px">{svg}{labels}</div>'


def _named(drawn: Drawn, lines: int, roots: set[int]) -> tuple[set[int], set[int]]:
    """Buses at the end of a line, and those whose name is written: ends and buildings, where there are few."""
    joins = np.bincount(np.array(drawn.ends, dtype=np.int64).ravel(), minlength=drawn.buses)
    leaves = {bus for bus in range(drawn.buses) if joins[bus] <= 1} - roots
    homes = {bus for bus in range(drawn.buses) if drawn.buildings[bus]}
    return leaves, leaves | homes if lines <= MOST_NAMES else set()


def _shape(drawn: Drawn, number: int, css: str, path: str) -> str:
    label = drawn.names[number]
    if number < drawn.buses and drawn.buildings[number]:
        label = drawn.buildings[number]
    shown = escape(name(label or drawn.kinds[number]).en)
    return f'<path class="{css}" data-n="{number}" d="{path}"><title>{shown}</title></path>'


def _legend(steps: Sequence[int]) -> str:
    volts = _swatches("v", [f"{bound / 100:.1f}" for bound in steps])
    loads = _swatches("w", [str(bound) for bound in LOADING_STEPS])
    dead = f'<i class="none"></i> {html(said("report.map_dead"))}'
    return (
        f'<div class="scale"><p>{html(said("report.map_voltage"))} (%) {volts}</p>'
        f"<p>{html(said('report.map_loading'))} (%) {loads}</p><p>{dead}</p></div>"
    )


def _swatches(letter: str, bounds: Sequence[str]) -> str:
    """Each colour with the bound at its upper end; the last one has none."""
    parts = [f'<span><i class="{letter}{n}"></i><small>{bound}</small></span>' for n, bound in enumerate(bounds)]
    return " ".join([*parts, f'<span><i class="{letter}{len(bounds)}"></i></span>'])
