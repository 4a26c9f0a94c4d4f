"""Figures for Python users: ``results.plot.demand()`` is a plotly figure, to be looked at, changed, or written as SVG.

plotly is imported when a figure is made, not before. The report draws its own figures (``ysc_sim.report``).
"""

from ysc_sim.figures.plots import Plots
from ysc_sim.figures.svg import write_svg

__all__ = ["Plots", "write_svg"]
