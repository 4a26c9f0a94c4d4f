"""Every column of the result tables: name, unit, meaning. Docs, schema of the files and the report come from here.

Identity at each meter (INTERFACE.md): load − unserved + export + battery_charge + ev_charge (+ loss) =
import + pv + wind + genset + battery_discharge + ev_discharge, within meter rounding.
"""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """One column of a table; ``meaning`` is its English sentence (Japanese: ``words``, section ``columns``)."""

    name: str
    unit: str
    meaning: str


KEYS = (
    Column("time", "", "start of the interval, with time zone"),
    Column("row", "1", "row of the ensemble, 0 where there is one"),
    Column("building", "", "identifier of the building"),
)
TIER_COLUMNS = tuple(
    Column(f"unserved_kwh_tier{tier}", "kWh", f"demand of priority tier {tier} not served (1 critical … 4 first to go)")
    for tier in (1, 2, 3, 4)
)
BUILDING_COLUMNS = (
    Column("load_kwh", "kWh", "demand, whether served or not"),
    Column("unserved_kwh", "kWh", "demand not served"),
    *TIER_COLUMNS,
    *(
        Column(f"island_served_kwh_tier{tier}", "kWh", f"demand of tier {tier} served while its cell had no grid")
        for tier in (1, 2, 3, 4)
    ),
    Column("pickup_kwh", "kWh", "part of demand that is beyond the profile after an interruption (cold-load pickup)"),
    Column("switched_off_kwh", "kWh", "part of it that a strategy switched off"),
    Column("lost_comfort_jpy", "JPY", "what that part is worth to those who miss it, at the devices' values"),
    Column("pv_kwh", "kWh", "solar energy used, after curtailment"),
    Column("wind_kwh", "kWh", "wind energy used, after curtailment"),
    Column("genset_kwh", "kWh", "energy of any other generator"),
    Column("curtailed_kwh", "kWh", "solar and wind energy that could not be used"),
    Column("relay_trips", "1", "times that the reverse-power relay opened (of a common meter: at its first building)"),
    Column("import_kwh", "kWh", "energy in through the building's meter, local trade included"),
    Column("export_kwh", "kWh", "energy out through the building's meter, local trade included"),
    Column("battery_charge_kwh", "kWh", "energy into stationary batteries, at their terminals"),
    Column("battery_discharge_kwh", "kWh", "energy out of stationary batteries, at their terminals"),
    Column("ev_charge_kwh", "kWh", "energy into electric vehicles, at the charger"),
    Column("ev_discharge_kwh", "kWh", "energy out of electric vehicles (V2H), at the charger"),
    Column("storage_loss_kwh", "kWh", "energy lost inside batteries and vehicles"),
    Column("ev_trip_kwh", "kWh", "energy that vehicles used away from the building"),
    Column("soc_kwh", "kWh", "energy stored in stationary batteries at the end of the interval"),
    Column("ev_soc_kwh", "kWh", "energy stored in vehicles at the end of the interval, present or not"),
    Column("interrupted_s", "s", "time during which critical demand (tier 1) was not fully served"),
    Column(
        "demand_kw",
        "kW",
        "mean import of the half-hour that holds the interval (デマンド値), from the meter's integers",
    ),
)
COMMUNITY_COLUMNS = (
    Column("import_kwh", "kWh", "energy in through the community's point of connection"),
    Column("export_kwh", "kWh", "energy out through the community's point of connection"),
    Column("islanded_s", "s", "time without the grid"),
    Column("loss_kwh", "kWh", "energy lost in the wires, where the network is solved inside the run"),
    Column("demand_kw", "kW", "mean import of the half-hour at the point of connection, from the meters' integers"),
    Column("traded_kwh", "kWh", "energy sold from building to building; a half-hour's trade in equal parts"),
    Column("price_jpy_per_kwh", "JPY/kWh", "price of local trade, weighted by energy"),
)
"""At the community; every other building column is summed."""
TRADE_COLUMNS = (
    Column("seller", "", "building that sold, or pool"),
    Column("buyer", "", "building that bought, or pool"),
    Column("energy_mwh", "mWh", "delivered energy, whole milliwatt-hours"),
    Column("price_jpy_per_kwh", "JPY/kWh", "price"),
    Column("payment_mjpy", "1/1000 JPY", "payment from buyer to seller, whole thousandths of a yen"),
    Column("status", "", "delivered, short (less than cleared) or failed (nothing was delivered)"),
)
BILL_COLUMNS = (
    Column("month", "", "month, YYYY-MM"),
    Column("row", "1", "row of the ensemble"),
    Column("building", "", "building, community, operator (rounding account) or network (its operator)"),
    Column("item", "", "what is charged"),
    Column("quantity", "", "how much of it"),
    Column("unit", "", "unit of the quantity"),
    Column("price_jpy", "JPY", "price of one unit"),
    Column("amount_mjpy", "1/1000 JPY", "amount, whole thousandths of a yen; > 0 is paid"),
)
EVENT_COLUMNS = (
    Column("time", "", "instant of the change, with time zone"),
    Column("row", "1", "row of the ensemble"),
    Column("cell", "", "cell: community or building"),
    Column("from_mode", "", "mode before"),
    Column("to_mode", "", "mode after"),
    Column("cause", "", "what triggered it"),
    Column("frequency_hz", "Hz", "frequency farthest from nominal in the transient, where one was looked at"),
    Column(
        "swing_kwh", "kWh", "what forming devices gave in the transient beyond what is booked (loads took as much less)"
    ),
)
OUTAGE_COLUMNS = (
    Column("row", "1", "row of the ensemble"),
    Column("start", "", "start of the outage, with time zone"),
    Column("hours", "h", "length of the outage"),
    Column("cell", "", "cell: community or building"),
    Column("soc_start_kwh", "kWh", "energy in its stores at the start"),
    Column("survived_h", "h", "time from the start until the cell went dark; the whole outage if it did not"),
    *TIER_COLUMNS,
    Column("cause", "", "why it went dark: none, energy, power, former, voltage, frequency, start, sync"),
    Column("device", "", "device that failed it"),
)
POWER_FLOW_COLUMNS = (
    Column("p_kw", "kW", "mean power that the building injects; of the community: what the source feeds in"),
    Column("q_kvar", "kvar", "reactive power, in the same direction"),
    Column("min_voltage_pu", "pu", "lowest voltage at the connection; of the community: of any energised bus"),
    Column("max_voltage_pu", "pu", "highest voltage at the connection; of the community: of any energised bus"),
    Column("loss_kw", "kW", "loss in lines and transformers; at the community only"),
    Column("max_line_loading_percent", "%", "loading of the most loaded line; at the community only"),
    Column("max_transformer_loading_percent", "%", "loading of the most loaded transformer; at the community only"),
)
"""Beside time, row and building; a number that is not known stands as NaN."""
NETWORK_DAY_COLUMNS = (
    Column("element", "", "source or bus; line, transformer or switch"),
    Column("number", "1", "position among the buses, or among the branches"),
    Column("name", "", "its name in the network"),
    Column("building", "", "building that is connected there"),
    Column("start_bus", "1", "bus at which the branch begins, -1 for a bus"),
    Column("end_bus", "1", "bus at which it ends"),
    Column("voltage_pu", "pu", "voltage of the wires farthest from nominal; missing at a branch"),
    Column("loading_percent", "%", "loading; missing at a bus"),
)
"""Beside time: the hardest day of the network, first row of the ensemble."""
