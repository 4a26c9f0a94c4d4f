"""``results.plot``: one method a figure, each gives a ``plotly.graph_objects.Figure``.

>>> import ysc_sim as ysc
>>> results = ysc.run(ysc.load_scenario("scenarios/one_home.yaml", overrides={"time.days": 3}))
>>> figure = results.plot.demand(lang="ja")
>>> figure.layout.title.text, figure.data[0].name
('デマンド値', 'デマンド値')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ysc_sim.figures.series import Series
from ysc_sim.figures.style import chosen_language

if TYPE_CHECKING:
    from ysc_sim.results import Results


class Plots:
    """Figures of one result.

    ``building``: one building instead of the community. ``row``: one row of an ensemble; demand and stores else show
    the median and the 5 to 95 % band, the others the first row. ``lang``: en or ja, the language in use if not given.
    A figure that has nothing to show raises ``ResultError``, an unknown building or row ``ResultError`` or
    ``ValueError``.
    """

    def __init__(self, results: Results) -> None:
        self._series = Series(results)

    def demand(self, building: str | None = None, *, row: int | None = None, lang: str | None = None) -> Any:
        """Half-hour demand (デマンド値) against the contract, the peak marked."""
        from ysc_sim.figures.over_time import demand

        return demand(self._series, building, row, chosen_language(lang))

    def balance(self, building: str | None = None, *, row: int | None = None, lang: str | None = None) -> Any:
        """Where the power comes from, stacked, with the demand as a line."""
        from ysc_sim.figures.over_time import balance

        return balance(self._series, building, row, chosen_language(lang))

    def soc(self, building: str | None = None, *, row: int | None = None, lang: str | None = None) -> Any:
        """What batteries and vehicles hold."""
        from ysc_sim.figures.over_time import stored

        return stored(self._series, building, row, chosen_language(lang))

    def prices(self, *, row: int | None = None, lang: str | None = None) -> Any:
        """Price of local trade and traded power."""
        from ysc_sim.figures.over_time import prices

        return prices(self._series, row, chosen_language(lang))

    def voltages(self, *, row: int | None = None, lang: str | None = None) -> Any:
        """Lowest and highest voltage of the network, where it was solved."""
        from ysc_sim.figures.over_time import voltages

        return voltages(self._series, row, chosen_language(lang))

    def energy_flows(self, building: str | None = None, *, lang: str | None = None) -> Any:
        """Sankey diagram of the energy of the whole run."""
        from ysc_sim.figures.energy import flows

        return flows(self._series, building, chosen_language(lang))

    def duration(self, column: str = "import_kwh", buildings: Sequence[str] = (), *, lang: str | None = None) -> Any:
        """Duration curve of a column of the community, and of buildings beside it."""
        from ysc_sim.figures.energy import duration

        return duration(self._series, column, tuple(buildings), chosen_language(lang))

    def heat_map(
        self,
        column: str = "import_kwh",
        building: str | None = None,
        *,
        row: int | None = None,
        lang: str | None = None,
    ) -> Any:
        """Day against hour, the mean power (of a kWh column) as colour."""
        from ysc_sim.figures.energy import heat_map

        return heat_map(self._series, column, building, row, chosen_language(lang))

    def bills(self, building: str | None = None, *, lang: str | None = None) -> Any:
        """Bills by month, stacked by item."""
        from ysc_sim.figures.money import bills

        return bills(self._series, building, chosen_language(lang))

    def gains(self, *, lang: str | None = None) -> Any:
        """What each building saves against a bill of its own."""
        from ysc_sim.figures.money import gains

        return gains(self._series, chosen_language(lang))

    def outages(self, *, row: int = 0, lang: str | None = None) -> Any:
        """Outages on a line of time, and how long each cell lived."""
        from ysc_sim.figures.resilience import outages

        return outages(self._series, row, chosen_language(lang))

    def survival(self, *, lang: str | None = None) -> Any:
        """Share of the run's outages that a cell lives through for at least so many hours."""
        from ysc_sim.figures.resilience import survival

        return survival(self._series, chosen_language(lang))
