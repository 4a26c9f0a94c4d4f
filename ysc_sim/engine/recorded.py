"""Which columns a run of a community can fill."""

from __future__ import annotations

from ysc_sim.community.arrays import Community

GENERATED = (("pv_kwh", "pv"), ("wind_kwh", "wind"), ("genset_kwh", "genset"))
STORED = (
    ("battery_charge_kwh", "battery"),
    ("battery_discharge_kwh", "battery"),
    ("soc_kwh", "battery"),
    ("ev_charge_kwh", "ev"),
    ("ev_discharge_kwh", "ev"),
    ("ev_trip_kwh", "ev"),
    ("ev_soc_kwh", "ev"),
)


def columns_of(community: Community) -> list[str]:
    """Columns that the devices of a community can fill."""
    classes = {fleet.energy_class for fleet in community.fleets}
    names = ["load_kwh", "import_kwh", "export_kwh"]
    names += [column for column, owner in GENERATED if owner in classes]
    names += [column for column, owner in STORED if owner in classes]
    if classes & {"battery", "ev"}:
        names.append("storage_loss_kwh")
    if community.switches:
        names += ["switched_off_kwh", "lost_comfort_jpy"]
    if community.may_be_dark or community.switches:
        names += [
            "unserved_kwh",
            *(f"unserved_kwh_tier{tier}" for tier in range(1, 5)),
            "interrupted_s",
        ]
    if community.may_be_dark:
        names += [f"island_served_kwh_tier{tier}" for tier in range(1, 5)]
    if community.island.cold_load is not None:
        names.append("pickup_kwh")
    if community.may_be_dark or community.export_bans or solved_inside(community):
        names.append("curtailed_kwh")
    if community.export_bans:
        names.append("relay_trips")
    return names


def solved_inside(community: Community) -> bool:
    """Whether the network is solved inside the run."""
    return community.wires is not None and community.wires.control
