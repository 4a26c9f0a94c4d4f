"""Local energy markets and fair sharing: arrays in, arrays out, usable alone.

Each mechanism is one file; those that the engine can run are plug-ins of the group ``ysc_sim.markets``.
"""

from ysc_sim.markets.bilateral import BilateralTrades, bilateral_trades
from ysc_sim.markets.bill_sharing import bill_sharing
from ysc_sim.markets.call_auction import clear_call_auction
from ysc_sim.markets.clearing import Clearing
from ysc_sim.markets.comparison import compare_mechanisms
from ysc_sim.markets.fairness import FairnessReport, fairness_report
from ysc_sim.markets.flexibility import FlexibilityCall, call_flexibility
from ysc_sim.markets.huang import huang
from ysc_sim.markets.island_scarcity import IslandShares, share_island
from ysc_sim.markets.mcafee import mcafee
from ysc_sim.markets.mid_market_rate import mid_market_rate
from ysc_sim.markets.muda import muda
from ysc_sim.markets.network_auction import NetworkClearing, NetworkLimits, clear_network_auction
from ysc_sim.markets.nucleolus import nucleolus
from ysc_sim.markets.order_book import OrderBook, Submission, Trade
from ysc_sim.markets.pay_as_bid import clear_pay_as_bid
from ysc_sim.markets.public_lines import PublicLineBill, allocate_meters, bill_public_lines
from ysc_sim.markets.scarce_side import scarce_side_price
from ysc_sim.markets.shapley import shapley_values
from ysc_sim.markets.sharing_estimate import EstimatedShares, estimate_sharing_shapley
from ysc_sim.markets.sharing_game import SharingShares, sharing_game_shapley
from ysc_sim.markets.supply_demand_ratio import supply_demand_ratio
from ysc_sim.optimum import Blocking

__all__ = [
    "BilateralTrades",
    "Blocking",
    "Clearing",
    "EstimatedShares",
    "FairnessReport",
    "FlexibilityCall",
    "IslandShares",
    "NetworkClearing",
    "NetworkLimits",
    "OrderBook",
    "PublicLineBill",
    "SharingShares",
    "Submission",
    "Trade",
    "allocate_meters",
    "bilateral_trades",
    "bill_public_lines",
    "bill_sharing",
    "call_flexibility",
    "clear_call_auction",
    "clear_network_auction",
    "clear_pay_as_bid",
    "compare_mechanisms",
    "estimate_sharing_shapley",
    "fairness_report",
    "huang",
    "mcafee",
    "mid_market_rate",
    "muda",
    "nucleolus",
    "scarce_side_price",
    "shapley_values",
    "share_island",
    "sharing_game_shapley",
    "supply_demand_ratio",
]
