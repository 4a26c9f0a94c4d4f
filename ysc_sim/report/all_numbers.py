"""Every number of the run, with its unit and what it means."""

from __future__ import annotations

from typing import ClassVar

from ysc_sim.report.bilingual import Html, Label, Part, html, name, said, said_or
from ysc_sim.report.numbers import metric, unit_of
from ysc_sim.report.reading import Reading
from ysc_sim.report.tables import Head, table
from ysc_sim.words import words_of

SUFFIXES = ("_p05", "_p95")


class AllNumbers:
    """Table of all community metrics."""

    kind: ClassVar[str] = "numbers"
    order: ClassVar[int] = 100
    needs_course: ClassVar[bool] = False

    def title(self) -> Label:
        """Heading."""
        return said("report.numbers")

    def applies(self, results: Reading) -> bool:
        """Always."""
        return bool(results.metrics["community"])

    def render(self, results: Reading, lang: str) -> Html:
        """In the order in which the words list them; numbers of plug-ins behind."""
        community = results.metrics["community"]
        known = {metric_name: place for place, metric_name in enumerate(words_of("en")["metrics"])}
        names = [key for key in community if not (key.endswith(SUFFIXES) and key[:-4] in community)]
        names.sort(key=lambda key: (known.get(key, len(known)), key))
        heads = [
            Head(said("report.number"), numeric=False),
            Head(said("report.value")),
            Head(said("columns.unit"), numeric=False),
        ]
        ensemble = any(key.endswith(SUFFIXES) for key in community)
        if ensemble:
            heads[2:2] = [Head(said("report.p05")), Head(said("report.p95"))]
        heads.append(Head(said("report.meaning"), numeric=False, css="wide"))
        lines: list[list[Part]] = []
        for key in names:
            label = Html(f"{html(said_or(f'metrics.{key}', key))}<code>{html(name(key))}</code>")
            values = [metric(results, key, unit=False)]
            if ensemble:
                values += [metric(results, key + suffix, unit=False) for suffix in SUFFIXES]
            lines.append([label, *values, unit_of(results, key), said_or(f"meanings.{key}", "")])
        return table(heads, lines, said("report.numbers_table"))
