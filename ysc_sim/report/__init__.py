"""The report of a run: one self-contained page that reads results and calculates nothing."""

from ysc_sim.report.page import build_report, write_report

__all__ = ["build_report", "write_report"]
