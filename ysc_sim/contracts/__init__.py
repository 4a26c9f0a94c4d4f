"""What a plug-in sees, and what it owes: four small protocols and the frozen views they get.

A *device* kind is one struct-of-arrays object (a fleet) that offers bands of power and moves its own energy.
A *strategy* turns an observation into the power it wants from what is flexible at its buildings.
A *bidder* turns history into bids, a *market* turns bids into cleared energy and prices.
A *metric* turns the arrays of a finished run into numbers.

Nobody here knows an island from a grid: the engine clips what is wanted to the bands, and modes are data.
Sign: ``p_kw > 0`` injects into the building's bus. Shapes: ``R`` rows of the ensemble (all of them, or a
compressed part; a plug-in may not assume which), ``m`` devices of a fleet, ``n`` buildings.
"""

from ysc_sim.contracts.bidding import Bidder, Bids, BidView, Cleared, Flexible
from ysc_sim.contracts.devices import (
    Bands,
    Curtailable,
    Device,
    Flow,
    FrequencyCurved,
    Late,
    LoadSwitches,
    Measure,
    Measuring,
    Outlets,
    Placed,
    Startable,
    Store,
    Switchable,
    Vehicles,
    late,
    startable,
)
from ysc_sim.contracts.markets import (
    ContinuousMarket,
    Forecast,
    History,
    LotMarket,
    Market,
    Negotiation,
)
from ysc_sim.contracts.metrics import Metric, MetricInfo, MetricValues
from ysc_sim.contracts.outages import OutageModel, OutageWindow
from ysc_sim.contracts.planners import Cells, Contract, Outlook, Planner, Plant
from ysc_sim.contracts.relief import Called, ReliefBidder, ReliefMarket
from ysc_sim.contracts.strategies import Beyond, Notice, SlotMeters, Strategy, View, Wish
from ysc_sim.contracts.stretches import (
    Followed,
    Following,
    Recounting,
    Scheduled,
    Stepping,
    Steps,
    following,
    promises,
    recounting,
    scheduled,
    stepping,
)
from ysc_sim.contracts.wiring import NetworkMarket, Tangent, Wiring
from ysc_sim.contracts.world import SITE, DeviceState, EnergyClass, Moment, Rows, Site

__all__ = [
    "SITE",
    "Bands",
    "Beyond",
    "BidView",
    "Bidder",
    "Bids",
    "Called",
    "Cells",
    "Cleared",
    "ContinuousMarket",
    "Contract",
    "Curtailable",
    "Device",
    "DeviceState",
    "EnergyClass",
    "Flexible",
    "Flow",
    "Followed",
    "Following",
    "Forecast",
    "FrequencyCurved",
    "History",
    "Late",
    "LoadSwitches",
    "LotMarket",
    "Market",
    "Measure",
    "Measuring",
    "Metric",
    "MetricInfo",
    "MetricValues",
    "Moment",
    "Negotiation",
    "NetworkMarket",
    "Notice",
    "OutageModel",
    "OutageWindow",
    "Outlets",
    "Outlook",
    "Placed",
    "Planner",
    "Plant",
    "Recounting",
    "ReliefBidder",
    "ReliefMarket",
    "Rows",
    "Scheduled",
    "Site",
    "SlotMeters",
    "Startable",
    "Stepping",
    "Steps",
    "Store",
    "Strategy",
    "Switchable",
    "Tangent",
    "Vehicles",
    "View",
    "Wiring",
    "Wish",
    "following",
    "late",
    "promises",
    "recounting",
    "scheduled",
    "startable",
    "stepping",
]
