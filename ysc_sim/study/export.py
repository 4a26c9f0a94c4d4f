"""Stored results as tables for spreadsheets and other programs: what a person asks of a run, in half-hours.

Energies are kWh and money is yen (the stored tables count mWh and thousandths of a yen). In an ensemble every
row of it stands in the tables, and totals are means over the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ysc_sim.errors import Problem, ResultError, ScenarioError
from ysc_sim.results import Results
from ysc_sim.study.plain_csv import write_csv, write_whole
from ysc_sim.units import MJPY_PER_JPY, MWH_PER_KWH, SLOT_S
from ysc_sim.words import has, in_language, item_label, label, metric_label, text, words_of

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "parquet", "xlsx"]
FORMATS: tuple[Format, ...] = ("csv", "parquet", "xlsx")
KEYS = ("time", "row", "building")
COMMUNITY = "community"
MOST_LINES = 20_000_000
LAST = ("soc_kwh", "ev_soc_kwh")
"""What is a stock, not a flow: its value at the end of a half-hour counts."""
MEANS = ("_kw", "_kvar", "_per_kwh", "_percent", "_pu")


@dataclass(frozen=True)
class Table:
    """One table of an export."""

    key: str
    """Stem of its file; in a workbook, ``title`` is the name of its sheet."""
    frame: pd.DataFrame
    """Columns under their own names, English."""

    @property
    def title(self) -> str:
        """Name in the language in use."""
        return text(f"cli.table_{self.key}")

    @property
    def headings(self) -> list[str]:
        """Names of the columns in the language in use, with their units; of times with their zone."""
        names = list(self.frame.columns)
        zones = [str(getattr(self.frame[name].dtype, "tz", "") or "") for name in names]
        return [heading(name) + (f" ({zone})" if zone else "") for name, zone in zip(names, zones, strict=True)]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Line by line, as Python values; what is not known is None."""
        columns = [_values(self.frame[name]) for name in self.frame.columns]
        return zip(*columns, strict=True) if columns else iter(())


def heading(name: str) -> str:
    """A column's name in the language in use, with its unit behind.

    >>> heading("load_kwh"), heading("time")
    ('Demand (kWh)', 'Time')
    """
    known = {"energy_kwh": ("columns.energy_mwh", "kWh"), "payment_jpy": ("columns.payment_mjpy", "JPY")}
    known |= {"amount_jpy": ("columns.amount_mjpy", "JPY")}
    if name in known:
        return f"{text(known[name][0])} ({label('units', known[name][1])})"
    said = metric_label(name)
    unit = unit_of(name)
    return f"{said} ({label('units', unit)})" if unit else said


def unit_of(name: str) -> str:
    """Unit that a column's name ends in, empty where it ends in none."""
    endings = {"_jpy_per_kwh": "JPY/kWh", "_kwh": "kWh", "_kw": "kW", "_kvar": "kvar", "_jpy": "JPY", "_s": "s"}
    endings |= {"_percent": "%", "_pu": "pu", "_h": "h", "hours": "h"}
    plain = name.rstrip("1234").removesuffix("_tier")
    return next((unit for ending, unit in endings.items() if plain.endswith(ending)), "")


def _values(column: pd.Series) -> list[Any]:
    """A column as Python values, NaN as None."""
    import pandas as pd

    if str(column.dtype).startswith("datetime"):
        return [None if value is pd.NaT else value.to_pydatetime(warn=False) for value in column.tolist()]
    if column.dtype.kind == "f":
        return [None if value != value else value for value in column.tolist()]
    return column.astype(object).tolist() if column.dtype.kind not in "iub" else column.tolist()


class Export:
    """All tables of a result. Raises ``ResultError`` where a stored one cannot be trusted or is too long."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.rows = int(results.manifest.get("rows", 1))

    def tables(self) -> list[Table]:
        """In the order in which they are shown."""
        found = [self.summary, self.monthly, self.lines, self.half_hours("community"), self.half_hours("buildings")]
        return [*found, self.trades, self.metrics, self.events, self.outages]

    @cached_property
    def summary(self) -> Table:
        """What was run, and the numbers that most people ask for."""
        import pandas as pd

        manifest, community = self.results.manifest, self.results.metrics["community"]
        clock = manifest["time"]
        facts: list[tuple[str, object, str]] = [
            (text("cli.summary_name"), in_language(manifest["scenario"], "name"), ""),
            (text("cli.summary_description"), in_language(manifest["scenario"], "description"), ""),
            (text("cli.summary_start"), str(clock["start"]), ""),
            (text("cli.summary_days"), clock["step_s"] * clock["count"] / 86_400, ""),
            (text("cli.summary_rows"), self.rows, ""),
            (text("cli.summary_seed"), str(manifest["seed"]), ""),
            (text("cli.summary_version"), f"ysc-sim {manifest['version']}", ""),
            ("SHA-256", str(manifest["scenario"]["sha256"]), ""),
        ]
        units = self.results.metrics["units"]
        known = words_of("en")["metrics"]
        names = [name for name in known if name in community] + sorted(set(community) - set(known))
        facts += [(metric_label(name), community[name], label("units", units[name])) for name in names]
        return Table("summary", pd.DataFrame(facts, columns=["quantity", "value", "unit"], dtype=object))

    @cached_property
    def lines(self) -> Table:
        """Every line of every bill; those of one account and month stand together."""
        bills = self._frame("bills")
        frame = bills[["building", "month", "row", "item", "quantity", "unit", "price_jpy"]].copy()
        frame["amount_jpy"] = bills["amount_mjpy"] / MJPY_PER_JPY
        frame["item"] = frame["item"].astype(object).map(item_label)
        frame["unit"] = frame["unit"].astype(object).map(lambda unit: label("units", unit) if unit else "")
        order = frame.assign(
            _account=frame["building"].astype(object).map(self._place), _line=np.arange(len(frame))
        ).sort_values(["_account", "month", "row", "_line"], kind="stable")
        return Table("bill_lines", order.drop(columns=["_account", "_line"]).reset_index(drop=True))

    def _place(self, account: str) -> tuple[int, str]:
        """Buildings by name, the operator's rounding account, then the community's own contract."""
        return (0 if account in self.results.buildings else 2 if account == COMMUNITY else 1, account)

    @cached_property
    def months(self) -> list[str]:
        """Months that are billed, in order."""
        return sorted(set(self.lines.frame["month"].astype(object)))

    @cached_property
    def accounts(self) -> list[str]:
        """Who is billed."""
        return list(dict.fromkeys(self.lines.frame["building"].astype(object)))

    @cached_property
    def monthly(self) -> Table:
        """One line an account: its bill of each month, and the total."""
        import pandas as pd

        lines = self.lines.frame
        table = pd.DataFrame(0.0, index=self.accounts, columns=self.months)
        for (account, month), amount in lines.groupby(["building", "month"], observed=True)["amount_jpy"]:
            table.loc[account, month] = round(float(amount.sum()), 3) / self.rows
        table["total_jpy"] = table.sum(axis=1).round(9)
        table.insert(0, "building", table.index)
        return Table("bills", table.reset_index(drop=True))

    def stored_total_jpy(self, account: str) -> float | None:
        """The bill that the metrics hold, for comparison."""
        metrics = self.results.metrics
        own = metrics["community"] if account == COMMUNITY else metrics["buildings"].get(account, {})
        value = own.get("bill_jpy")
        return None if value is None else float(value)

    def half_hours(self, name: Literal["community", "buildings"]) -> Table:
        """A recorded table, added up to half-hours where its steps are shorter."""
        frame = self._frame(name)
        if int(self.results.manifest["time"]["record_s"]) < SLOT_S:
            frame = to_half_hours(frame)
        return Table(f"half_hours_{name}", frame)

    @cached_property
    def trades(self) -> Table:
        """Local trade, kWh and yen."""
        frame = self._frame("trades")
        energy = frame.pop("energy_mwh") / MWH_PER_KWH
        payment = frame.pop("payment_mjpy") / MJPY_PER_JPY
        status = frame.pop("status").astype(object).map(lambda word: label("cli", f"trade_{word}"))
        price = frame.pop("price_jpy_per_kwh")
        return Table(
            "trades", frame.assign(energy_kwh=energy, price_jpy_per_kwh=price, payment_jpy=payment, status=status)
        )

    @cached_property
    def metrics(self) -> Table:
        """Every number: of the community, and of each building in a column of its own."""
        import pandas as pd

        metrics = self.results.metrics
        buildings = list(self.results.buildings)
        names = sorted(set(metrics["community"]).union(*metrics["buildings"].values()))
        data: dict[str, list[Any]] = {
            "metric": names,
            "label": [metric_label(name) for name in names],
            "unit": [label("units", metrics["units"][name]) for name in names],
            "meaning": [text(f"meanings.{name}") if has(f"meanings.{name}") else "" for name in names],
            "community": [metrics["community"].get(name) for name in names],
        }
        for building in buildings:
            data[f"building {building}"] = [metrics["buildings"][building].get(name) for name in names]
        frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in data.items()})
        return Table("metrics", frame)

    @cached_property
    def events(self) -> Table:
        """Changes of mode."""
        frame = self._frame("events")
        for name in ("from_mode", "to_mode"):
            frame[name] = frame[name].astype(object).map(lambda mode: label("modes", mode))
        frame["cause"] = frame["cause"].astype(object).map(lambda cause: label("causes", cause))
        return Table("events", frame)

    @cached_property
    def outages(self) -> Table:
        """One line an outage and island."""
        frame = self._frame("outages")
        frame["cause"] = frame["cause"].astype(object).map(lambda cause: label("causes", cause))
        return Table("outages", frame)

    def _frame(self, name: str) -> pd.DataFrame:
        frame = self.results.frame(name)
        if len(frame) > MOST_LINES:
            raise ResultError("export_too_large", table=name, lines=len(frame), limit=MOST_LINES)
        return frame


def to_half_hours(frame: pd.DataFrame) -> pd.DataFrame:
    """Flows added up, stocks at the end, powers, prices and voltages as means, by half-hour (and row, and building)."""
    keys = [name for name in KEYS if name in frame.columns]
    start = frame["time"].dt.floor(f"{SLOT_S}s")
    rest = [name for name in frame.columns if name not in keys]
    how = {name: "last" if name in LAST else "mean" if name.endswith(MEANS) else "sum" for name in rest}
    how |= {name: name[:3] for name in rest if name.startswith(("min_", "max_"))}
    grouped = frame.assign(time=start).groupby(keys, sort=True, observed=True, as_index=False)
    done: pd.DataFrame = grouped.agg(how)
    return done[[*keys, *rest]]


def export(results: Results, form: Format, path: Path) -> None:
    """Write all tables: one workbook (``xlsx``), or one file each into a folder (``csv``, ``parquet``).

    Names and words are in the language in use; Parquet keeps the English names of the columns. Raises ``ResultError``.
    """
    found = Export(results)
    if form == "xlsx":
        from ysc_sim.study.export_xlsx import write_workbook

        write_workbook(found, path)
        return
    if path.exists() and not path.is_dir():
        raise ResultError("result_target_taken", path=str(path))
    for table in found.tables():
        file = path / f"{table.key}.{form}"
        if form == "csv":
            write_csv(file, heads(table), table.rows())
        else:
            frame = table.frame
            write_whole(file, lambda beside, frame=frame: parquet_of(frame).to_parquet(beside, index=False))  # type: ignore[misc]


def heads(table: Table) -> list[str]:
    """Headings of a table; months and buildings stand for themselves."""
    if table.key == "bills":
        middle = [f"{name} ({label('units', 'JPY')})" for name in table.frame.columns[1:-1]]
        return [text("columns.building"), *middle, f"{text('report.total')} ({label('units', 'JPY')})"]
    if table.key == "metrics":
        named = [text(f"cli.metrics_{name}") for name in ("name", "label", "unit", "meaning", "community")]
        return [*named, *(name.removeprefix("building ") for name in table.frame.columns[5:])]
    if table.key == "summary":
        return [text("cli.quantity"), text("cli.value"), text("cli.unit")]
    return table.headings


def parquet_of(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose columns hold one type each."""
    mixed = [name for name in frame.columns if frame[name].dtype == object]
    numbers = {name for name in mixed if all(v is None or isinstance(v, int | float) for v in frame[name])}
    return frame.assign(**{n: frame[n].astype("float64") if n in numbers else frame[n].map(_as_text) for n in mixed})


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


def default_target(folder: Path, form: Format) -> Path:
    """Where an export goes that nobody named: beside the result folder."""
    folder = folder.resolve()
    return folder.with_name(f"{folder.name}.xlsx" if form == "xlsx" else f"{folder.name}-{form}")


def check_format(form: str) -> Format:
    """One of ``FORMATS``. Raises ``ScenarioError``."""
    for known in FORMATS:
        if form.lower().lstrip(".") == known:
            return known
    raise ScenarioError([Problem("export_format", {"value": form, "known": ", ".join(FORMATS)})])
