"""Runs side by side: every number of each, and how far it is from the first, the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from ysc_sim.results import Results

DIFFERENCE = "{name} − {baseline}"


def compare(results: Sequence[Results], names: Sequence[str] | None = None) -> pd.DataFrame:
    """Community metrics × runs, with the differences to the first run.

    One line per metric that any run has (index ``metric``), in the order of their names. Columns: ``unit``,
    one for each run, and for each but the first ``<run> − <first>``. What a run does not have is NaN.
    ``names`` are the runs' own names unless given; equal ones are numbered. Raises ``ValueError`` without
    runs, or with a wrong number of names.
    """
    import pandas as pd

    if not results:
        raise ValueError("results(=[]) must hold at least one run.")
    given = [str(result.manifest["scenario"]["name"]) for result in results] if names is None else list(names)
    if len(given) != len(results):
        raise ValueError(f"names(={given!r}) must be {len(results)} names.")
    labels = distinct(given)
    units: dict[str, str] = {}
    for result in results:
        units.update({name: result.metrics["units"][name] for name in result.metrics["community"]})
    index = pd.Index(sorted(units), name="metric")
    columns: dict[str, pd.Series] = {"unit": pd.Series(units, dtype=object).reindex(index)}
    for label, result in zip(labels, results, strict=True):
        columns[label] = pd.Series(result.metrics["community"], dtype="float64").reindex(index)
    for label in labels[1:]:
        columns[DIFFERENCE.format(name=label, baseline=labels[0])] = columns[label] - columns[labels[0]]
    return pd.DataFrame(columns, index=index)


def distinct(names: Sequence[str]) -> list[str]:
    """Names made different by a number where they repeat, or where there is none.

    >>> distinct(["block", "block", "", "unit"])
    ['block', 'block (2)', 'run 3', 'unit (2)']
    """
    taken = {"unit"}
    labels = []
    for position, name in enumerate(names, start=1):
        label = base = name or f"run {position}"
        number = 2
        while label in taken:
            label, number = f"{base} ({number})", number + 1
        taken.add(label)
        labels.append(label)
    return labels
