"""What electricity costs: half-hour demand, contracts, bills as on paper, double-entry accounts. Usable
alone.

>>> plan = load_tariff("tepco_hv_basic_2026")
>>> float(demand_charge_jpy(100, price_jpy_per_kw=plan.base.price_jpy, power_factor_percent=95))
227700.0
"""

from ysc_sim.billing.adjustment import (
    AdjustmentTable,
    fuel_adjustment_jpy_per_kwh,
    market_adjustments,
    mean_fuel_price_jpy_per_kl,
)
from ysc_sim.billing.bill import Bill, bill
from ysc_sim.billing.cash_flow import Asset, CashFlow, Saving, cash_flow, internal_rate, payback_years
from ysc_sim.billing.demand import (
    adjusting_power_kw,
    contract_kw,
    demand_charge_jpy,
    forecast_demand_kw,
    half_hour_demand_kw,
)
from ysc_sim.billing.ledger import Ledger, split_by_largest_remainder
from ysc_sim.billing.lines import bill_lines, export_lines
from ysc_sim.billing.plan_file import load_tariff, plan_names
from ysc_sim.billing.public_lines import arriving, both_ends, kept_part, sent_for
from ysc_sim.billing.sheet import BillLine, BillLines
from ysc_sim.billing.tariff import Tariff

__all__ = [
    "AdjustmentTable",
    "Asset",
    "Bill",
    "BillLine",
    "BillLines",
    "CashFlow",
    "Ledger",
    "Saving",
    "Tariff",
    "adjusting_power_kw",
    "arriving",
    "bill",
    "bill_lines",
    "both_ends",
    "cash_flow",
    "contract_kw",
    "demand_charge_jpy",
    "export_lines",
    "forecast_demand_kw",
    "fuel_adjustment_jpy_per_kwh",
    "half_hour_demand_kw",
    "internal_rate",
    "kept_part",
    "load_tariff",
    "market_adjustments",
    "mean_fuel_price_jpy_per_kl",
    "payback_years",
    "plan_names",
    "sent_for",
    "split_by_largest_remainder",
]
