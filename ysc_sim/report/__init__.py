"""The report of a run: self-contained pages that read results and calculate nothing."""

from ysc_sim.report.member import build_member_page, write_member_page
from ysc_sim.report.one_page import build_sheet, write_sheet
from ysc_sim.report.page import build_report, write_report

__all__ = [
    "build_member_page",
    "build_report",
    "build_sheet",
    "write_member_page",
    "write_report",
    "write_sheet",
]
