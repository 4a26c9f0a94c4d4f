"""A scenario as an Excel workbook: sheets of settings and tables, read into the same tree as a YAML file."""

from ysc_sim.scenario.book.read import read_book
from ysc_sim.scenario.book.write import write_book

__all__ = ["read_book", "write_book"]
