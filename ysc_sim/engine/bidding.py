"""What a bidder is shown at the gate: expectations, prices, stores and vehicles, each worked out when asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import Bids, BidView, Cleared, Flexible, History, Plant, Vehicles, recounting
from ysc_sim.engine.beyond import vehicles_of
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.outlook import plant_of
from ysc_sim.engine.prices import Prices
from ysc_sim.units import Floats

DAY_S = 86_400


class Viewer:
    """Makes the view of each gate."""

    def __init__(self, community: Community, prices: Prices) -> None:
        self.community = community
        self.prices = prices

    @cached_property
    def plant(self) -> Plant:
        """Powers and efficiencies of the buildings' batteries."""
        return plant_of(self.community, np.arange(len(self.community.buildings)))

    @cached_property
    def _batteries(self) -> list[int]:
        return [i for i, fleet in enumerate(self.community.fleets) if fleet.stores and fleet.energy_class == "battery"]

    def view(self, slot: int, past: History, frame: Frame, state: State, last: tuple[Bids, Cleared] | None) -> BidView:
        """What bidders see when they bid for ``slot`` at the instant of ``frame``."""
        forecast, wait = self.community.forecast, slot - past.slots - past.forgotten
        expected = forecast.predict(past) if wait == 0 else forecast.predict_ahead(past, wait + 1)[wait]

        def prices(count: int) -> tuple[Floats, Floats]:
            return self.prices.values_ahead(slot, count)

        def ahead(count: int) -> Floats:
            return forecast.predict_ahead(past, wait + count)[wait:]

        def vehicles() -> Vehicles | None:
            if not frame.bands:
                fleets = zip(self.community.fleets, state.fleets, strict=True)
                frame.bands = [fleet.bands(part, frame.moment) for fleet, part in fleets]
            return vehicles_of(self.community, state, frame)

        return BidView(
            slot=slot,
            slot_s=self.community.site.axis.slot_s,
            t_s=float(frame.moment.t_s),
            expected_kwh=expected,
            prices=prices,
            ahead=ahead,
            stores=lambda: self.stores(state),
            vehicles=vehicles,
            last=last,
        )

    def view_of_all(self, first: int, last: int, frame: Frame) -> BidView:
        """What bidders see at the gates of the slots from ``first`` to ``last``, one behind the other: (K, R, n)."""
        forecast = self.community.forecast
        assert recounting(forecast)
        recorder, axis = frame.recorder, self.community.site.axis
        imported, exported = (
            values[: last + 1] for values in (recorder.register_import_kwh, recorder.register_export_kwh)
        )
        past = History(imported, exported, DAY_S // axis.slot_s)
        values = self.prices.values_ahead(first, last - first + 1)

        def prices(count: int) -> tuple[Floats, Floats]:
            return values[0][None, :, None], values[1][None, :, None]

        return BidView(
            slot=first,
            slot_s=axis.slot_s,
            t_s=float(frame.moment.t_s),
            expected_kwh=forecast.predict_each(past, last - first + 1),
            prices=prices,
        )

    def stores(self, state: State) -> Flexible | None:
        """The buildings' batteries as they are now."""
        if not self._batteries:
            return None
        stored, room = np.zeros(state.net_kw.shape), np.zeros(state.net_kw.shape)
        for i in self._batteries:
            to_building, store = self.community.by_building[i], self.community.fleets[i].store(state.fleets[i])
            shape = store.stored_kwh.shape
            stored += to_building.sum(np.array(np.broadcast_to(store.stored_kwh - store.floor_kwh, shape)))
            room += to_building.sum(np.array(np.broadcast_to(store.capacity_kwh - store.stored_kwh, shape)))
        plant = self.plant
        return Flexible(
            np.maximum(stored, 0.0),
            np.maximum(room, 0.0),
            plant.charge_kw,
            plant.discharge_kw,
            plant.charge_efficiency,
            plant.discharge_efficiency,
        )
