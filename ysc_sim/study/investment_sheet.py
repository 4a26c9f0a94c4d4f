"""The investment as an Excel workbook that can be recalculated: prices in, payback, NPV and IRR out.

Sheet 1 holds what can be changed: prices of the devices, interest, price rises, and the yearly savings that were
simulated. Sheet 2 is the cash flow, every cell a formula of sheet 1; the results stand above it, and beside them what
the program found. The formulas are those of :mod:`ysc_sim.billing.cash_flow`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ysc_sim.documents.workbook import column_name
from ysc_sim.errors import Problem, ResultError
from ysc_sim.study.export_xlsx import OPTIONS, Book
from ysc_sim.study.plain_csv import write_whole
from ysc_sim.study.purchase import Purchase, sizes_of
from ysc_sim.study.size import Sized
from ysc_sim.study.worth import STREAMS
from ysc_sim.units import Floats
from ysc_sim.words import harmless, problem_line, text

PRICES = (
    "investment_jpy",
    "investment_jpy_per_kw",
    "investment_jpy_per_kwh",
    "installation_jpy",
    "subsidy_jpy",
    "maintenance_jpy_per_year",
    "life_years",
    "replacement_jpy",
)
FIRST_DEVICE = 8
"""Line of the first device on the sheet of inputs, counted as Excel does."""
RATES = {"demand_jpy": "B3", "energy_jpy": "B4", "export_jpy": "B5"}
TOP = 9
"""Line of year 0 on the sheet of the cash flow."""
TINY = "0.000000001"


def write_investment(found: Sized, path: Path, rough: Sequence[Problem] = ()) -> None:
    """Write the workbook of the candidate shown, all of it or nothing. Raises ``ResultError``."""
    try:
        import xlsxwriter
    except ImportError:
        raise ResultError("excel_not_installed") from None
    if path.suffix.lower() != ".xlsx":
        raise ResultError("import_ending", path=str(path), known=".xlsx")

    def write(beside: Path) -> None:
        with xlsxwriter.Workbook(str(beside), {**OPTIONS, "constant_memory": False}) as book:
            _Sheets(Book(book), found, rough).write()

    write_whole(path, write)


class _Sheets:
    """Both sheets of one workbook while they are written."""

    def __init__(self, book: Book, found: Sized, rough: Sequence[Problem]) -> None:
        self.book, self.found, self.rough = book, found, rough
        self.varied: dict[str, Floats] = {key: np.array([value]) for key, value in found.sizes.items()}
        self.devices = found.bought
        self.inputs = text("cli.invest_inputs")[:31]
        self.percent = book.book.add_format({"num_format": "0.00%"})
        self.change = book.book.add_format({"bg_color": "#FFF6D5", "num_format": "#,##0.####"})
        self.first_stream = FIRST_DEVICE + len(self.devices) + 3

    def write(self) -> None:
        """All of it."""
        self._write_inputs()
        self._write_flow()

    # -- inputs --------------------------------------------------------------------------------------------------

    def _write_inputs(self) -> None:
        sheet = self.book.book.add_worksheet(self.inputs)
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 14, 15)
        finance = self.found.finance
        for row, (name, value) in enumerate(
            (
                ("discount_rate", finance.discount_rate),
                ("maintenance_rise", finance.maintenance_rise_per_year),
                ("demand_rise", finance.demand_price_rise_per_year),
                ("energy_rise", finance.energy_price_rise_per_year),
                ("export_rise", finance.export_price_rise_per_year),
            )
        ):
            sheet.write_string(row, 0, text(f"cli.invest_{name}"))
            sheet.write_number(row, 1, value, self.percent)
        heads = ["device", "kw", "kwh", *PRICES, "equipment", "count", "source"]
        for column, name in enumerate(heads):
            sheet.write_string(FIRST_DEVICE - 2, column, text(f"cli.invest_{name}"), self.book.bold)
        for place, device in enumerate(self.devices):
            self._write_device(sheet, FIRST_DEVICE - 1 + place, device)
        self._write_streams(sheet)
        for place, line in enumerate(self._remarks()):
            sheet.write_string(self.first_stream + 5 + place, 0, harmless(line, 900))

    def _write_device(self, sheet: Any, row: int, device: Purchase) -> None:
        kw, kwh = (float(size[0]) for size in sizes_of(device, self.varied, 1))
        sheet.write_string(row, 0, harmless(device.name, 120))
        sheet.write_number(row, 1, kw)
        sheet.write_number(row, 2, kwh)
        for place, name in enumerate(PRICES):
            value = device.life_years(self.found.finance) if name == "life_years" else getattr(device.prices, name)
            if value is not None:
                sheet.write_number(row, 3 + place, float(value), self.change)
            else:
                sheet.write_blank(row, 3 + place, None, self.change)
        line = row + 1
        worth = (device.prices.investment_jpy or 0.0) + (device.prices.investment_jpy_per_kw or 0.0) * kw
        worth += (device.prices.investment_jpy_per_kwh or 0.0) * kwh
        count = float(device.count) if self._is_bought(device) else 0.0
        formula = f"=(D{line}+E{line}*B{line}+F{line}*C{line})*M{line}"
        sheet.write_formula(row, 11, formula, self.book.yen, worth * count)
        sheet.write_number(row, 12, count)
        said = " ".join(part for part in (device.prices.price_date, device.prices.price_source) if part)
        sheet.write_string(row, 13, harmless(said, 300) if device.prices.price_source else self._assumed(said))

    def _assumed(self, date: str) -> str:
        return f"{date} {text('cli.invest_assumed')}".strip()

    def _is_bought(self, device: Purchase) -> bool:
        from ysc_sim.study.purchase import there

        return bool(there(device, self.varied, 1)[0])

    def _write_streams(self, sheet: Any) -> None:
        """What is paid a year before and after, the saving, what year 1 lacks, and what age takes, by device."""
        row = self.first_stream - 2
        heads = [text(f"cli.invest_{name}") for name in ("stream", "before", "after", "saving", "first_year")]
        heads += [f"{text('cli.invest_lost')} {harmless(device.name, 60)}" for device in self.devices]
        for column, name in enumerate(heads):
            sheet.write_string(row, column, name, self.book.bold)
        for place, stream in enumerate(STREAMS):
            line = self.first_stream + place
            before, after = (float(one.mean(stream)[0]) for one in (self.found.base, self.found.measured))
            sheet.write_string(line - 1, 0, text(f"cli.invest_{stream}"))
            sheet.write_number(line - 1, 1, before, self.book.yen)
            sheet.write_number(line - 1, 2, after, self.book.yen)
            sheet.write_formula(line - 1, 3, f"=B{line}-C{line}", self.book.yen, before - after)
            first = float(self.found.measured.mean("first_demand_jpy")[0]) if stream == "demand_jpy" else after
            sheet.write_number(line - 1, 4, first - after, self.book.yen)
            for column, old in enumerate(self.found.aged):
                sheet.write_number(line - 1, 5 + column, float(old.mean(stream)[0]) - after, self.book.yen)

    def _remarks(self) -> list[str]:
        lines = [text("cli.invest_change_me")]
        if self.rough:
            lines.append(text("cli.bill_rough"))
            lines += [problem_line(problem) for problem in self.rough]
        if self.found.buys_nothing:
            lines.append(text("cli.invest_not_advised"))
        return lines

    # -- cash flow -----------------------------------------------------------------------------------------------

    def _write_flow(self) -> None:
        sheet = self.book.book.add_worksheet(text("cli.invest_flow")[:31])
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 20, 15)
        self._write_results(sheet)
        heads = ["year", "outlay", "maintenance", *STREAMS, "flow_jpy", "sum", "discounted", "discounted_sum"]
        heads += ["below", "payback_here", "below_discounted", "discounted_payback_here"]
        for column, name in enumerate(heads):
            sheet.write_string(TOP - 2, column, text(f"cli.invest_{name}"), self.book.bold)
        sheet.freeze_panes(TOP - 1, 1)
        flow = self.found.flow
        totals, worth = np.cumsum(flow.flow_jpy), np.cumsum(flow.discounted_jpy)
        for year in range(flow.years + 1):
            line = TOP + year
            put = _Putter(sheet, line - 1, self.book.yen)
            sheet.write_number(line - 1, 0, year)
            put(1, self._outlay(line), float(flow.outlay_jpy[year]))
            put(2, self._maintenance(line), float(flow.maintenance_jpy[year]))
            for place, stream in enumerate(STREAMS):
                put(3 + place, self._saving(line, place, RATES[stream]), self._saved(place, year))
            put(6, f"=SUM(D{line}:F{line})-C{line}-B{line}", float(flow.flow_jpy[year]))
            put(7, f"=SUM(G${TOP}:G{line})", float(totals[year]))
            put(8, f"=G{line}/(1+'{self.inputs}'!$B$1)^A{line}", float(flow.discounted_jpy[year]))
            put(9, f"=SUM(I${TOP}:I{line})", float(worth[year]))
            self._payback_cells(put, line, year)

    def _outlay(self, line: int) -> str:
        """Purchase in year 0, replacements later."""
        parts = []
        last = TOP + self.found.flow.years
        for place in range(len(self.devices)):
            r, at = FIRST_DEVICE + place, f"'{self.inputs}'!"
            paid = f"({at}$L${r}+{at}$G${r}*{at}$M${r})"
            first = f"({paid}-MIN({at}$H${r}*{at}$M${r},{paid}))"
            again = f"IF(ISBLANK({at}$K${r}),{at}$L${r},{at}$K${r}*{at}$M${r})"
            due = f"AND(MOD(A{line},{at}$J${r})=0,A{line}<A${last})"
            parts.append(f"IF(A{line}=0,{first},IF({due},{again},0))")
        return "=" + ("+".join(parts) or "0")

    def _maintenance(self, line: int) -> str:
        at, last = f"'{self.inputs}'!", FIRST_DEVICE + len(self.devices) - 1
        if line == TOP or not self.devices:
            return "=0"
        upkeep = f"SUMPRODUCT({at}$I${FIRST_DEVICE}:$I${last},{at}$M${FIRST_DEVICE}:$M${last})"
        return f"={upkeep}*(1+{at}$B$2)^(A{line}-1)"

    def _saving(self, line: int, place: int, rate: str) -> str:
        if line == TOP:
            return "=0"
        at, row = f"'{self.inputs}'!", self.first_stream + place
        lost = ""
        for number in range(len(self.devices)):
            life = f"{at}$J${FIRST_DEVICE + number}"
            lost += f"-{at}${column_name(5 + number)}${row}*MOD(A{line}-1,{life})/{life}"
        column, digits = rate[0], rate[1:]
        rise = f"(1+{at}${column}${digits})^(A{line}-1)"
        return f"=({at}$D${row}{lost})*{rise}-IF(A{line}=1,{at}$E${row},0)"

    def _saved(self, place: int, year: int) -> float:
        """What the program found, so that the sheet shows numbers before it is recalculated."""
        if year == 0:
            return 0.0
        stream, found = STREAMS[place], self.found
        finance = found.finance
        rise = (
            finance.demand_price_rise_per_year,
            finance.energy_price_rise_per_year,
            finance.export_price_rise_per_year,
        )[place]
        new = float(found.measured.mean(stream)[0])
        now = float(found.base.mean(stream)[0]) - new
        for device, old in zip(self.devices, found.aged, strict=True):
            life = device.life_years(finance)
            now -= (float(old.mean(stream)[0]) - new) * ((year - 1) % life) / life
        missing = float(found.measured.mean("first_demand_jpy")[0]) - new if place == 0 and year == 1 else 0.0
        return now * (1.0 + rise) ** (year - 1) - missing

    def _payback_cells(self, put: _Putter, line: int, year: int) -> None:
        """Whether the sum is below 0, and, in the year after it was so for the last time, when it crossed."""
        last = TOP + self.found.flow.years
        for total, flow, below, column in (("H", "G", "K", 10), ("J", "I", "M", 12)):
            span = f"{flow}${TOP}:{flow}${last}"
            least = f"-{TINY}*MAX(MAX({span}),-MIN({span}),1)"
            put(column, f"=IF({total}{line}<{least},1,0)", None)
            if year:
                here = f"AND({below}{line - 1}=1,SUM({below}{line}:{below}${last})=0)"
                put(column + 1, f"=IF({here},A{line - 1}-{total}{line - 1}/{flow}{line},0)", None)
            else:
                put(column + 1, "=0", None)

    def _write_results(self, sheet: Any) -> None:
        last, flow = TOP + self.found.flow.years, self.found.flow
        never, later = text("report.size_never"), float(flow.discounted_payback_years)
        results = (
            ("payback", f'=IF(K{last}=1,"{never}",SUM(L{TOP}:L{last}))', float(flow.payback_years)),
            ("discounted_payback", f'=IF(M{last}=1,"{never}",SUM(N{TOP}:N{last}))', later),
            ("npv", f"=SUM(I{TOP}:I{last})", float(flow.npv_jpy)),
            ("irr", f'=IFERROR(IRR(G{TOP}:G{last},0.05),"")', float(flow.irr)),
        )
        sheet.write_string(0, 1, text("cli.invest_live"), self.book.bold)
        sheet.write_string(0, 2, text("cli.invest_found"), self.book.bold)
        for row, (name, formula, value) in enumerate(results, 1):
            shown: Any = value if math.isfinite(value) else (never if "payback" in name else "")
            look = self.percent if name == "irr" else self.book.yen
            sheet.write_string(row, 0, text(f"cli.invest_{name}"))
            sheet.write_formula(row, 1, formula, look, shown)
            if isinstance(shown, str):
                sheet.write_string(row, 2, shown)
            else:
                sheet.write_number(row, 2, shown, look)


class _Putter:
    """Writes formulas into one line."""

    def __init__(self, sheet: Any, row: int, look: Any) -> None:
        self._sheet, self._row, self._look = sheet, row, look

    def __call__(self, column: int, formula: str, value: float | None) -> None:
        self._sheet.write_formula(self._row, column, formula, self._look, 0 if value is None else value)
