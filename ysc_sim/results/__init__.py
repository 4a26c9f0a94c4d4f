"""Results of a run: arrays, tables, files."""

from ysc_sim.results.results import Results, load_results

__all__ = ["Results", "load_results"]
