"""The tables and columns of a pandapower file that are read, each column with the kind of its values.

Everything that is not named here is either of no effect on a power flow (results, coordinates, costs) and left
unread, or refused by name. The columns are those of pandapower 3 ([1]_, "Datastructure and Elements").

.. [1] pandapower documentation, https://pandapower.readthedocs.io
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Kind = Literal["text", "true", "whole", "number"]


def _columns(
    *, text: str = "name type", true: str = "in_service", whole: str = "", number: str = ""
) -> dict[str, Kind]:
    kinds: dict[Kind, str] = {"text": text, "true": true, "whole": whole, "number": number}
    return {name: kind for kind, names in kinds.items() for name in names.split()}


TABLES: Mapping[str, Mapping[str, Kind]] = {
    "bus": _columns(text="name type zone", number="vn_kv min_vm_pu max_vm_pu"),
    "line": _columns(
        text="name std_type type",
        whole="from_bus to_bus parallel",
        number="length_km r_ohm_per_km x_ohm_per_km c_nf_per_km g_us_per_km max_i_ka df "
        "alpha temperature_degree_celsius",
    ),
    "trafo": _columns(
        text="name std_type tap_side tap_changer_type tap2_side tap2_changer_type vector_group",
        true="in_service tap_dependency_table",
        whole="hv_bus lv_bus parallel",
        number="sn_mva vn_hv_kv vn_lv_kv vk_percent vkr_percent pfe_kw i0_percent shift_degree df "
        "tap_neutral tap_min tap_max tap_step_percent tap_step_degree tap_pos "
        "tap2_neutral tap2_min tap2_max tap2_step_percent tap2_step_degree tap2_pos "
        "leakage_resistance_ratio_hv leakage_reactance_ratio_hv",
    ),
    "trafo3w": _columns(
        text="name std_type tap_side tap_changer_type vector_group",
        true="in_service tap_at_star_point tap_dependency_table",
        whole="hv_bus mv_bus lv_bus",
        number="sn_hv_mva sn_mv_mva sn_lv_mva vn_hv_kv vn_mv_kv vn_lv_kv vk_hv_percent vk_mv_percent vk_lv_percent "
        "vkr_hv_percent vkr_mv_percent vkr_lv_percent pfe_kw i0_percent shift_mv_degree shift_lv_degree "
        "tap_neutral tap_min tap_max tap_step_percent tap_step_degree tap_pos",
    ),
    "impedance": _columns(
        text="name",
        whole="from_bus to_bus",
        number="rft_pu xft_pu rtf_pu xtf_pu gf_pu bf_pu gt_pu bt_pu sn_mva",
    ),
    "switch": _columns(text="name type et", true="closed", whole="bus element", number="z_ohm in_ka"),
    "shunt": _columns(
        text="name", true="in_service step_dependency_table", whole="bus max_step", number="q_mvar p_mw vn_kv step"
    ),
    "load": _columns(
        whole="bus",
        number="p_mw q_mvar sn_mva scaling const_z_p_percent const_i_p_percent const_z_q_percent const_i_q_percent",
    ),
    "sgen": _columns(true="in_service current_source", whole="bus", number="p_mw q_mvar sn_mva scaling"),
    "storage": _columns(whole="bus", number="p_mw q_mvar sn_mva scaling"),
    "motor": _columns(
        text="name",
        whole="bus",
        number="pn_mech_mw loading_percent cos_phi cos_phi_n efficiency_percent efficiency_n_percent lrc_pu vn_kv "
        "scaling rx",
    ),
    "ward": _columns(text="name", whole="bus", number="ps_mw qs_mvar qz_mvar pz_mw"),
    "asymmetric_load": _columns(whole="bus", number="p_a_mw q_a_mvar p_b_mw q_b_mvar p_c_mw q_c_mvar sn_mva scaling"),
    "asymmetric_sgen": _columns(whole="bus", number="p_a_mw q_a_mvar p_b_mw q_b_mvar p_c_mw q_c_mvar sn_mva scaling"),
    "ext_grid": _columns(text="name", whole="bus", number="vm_pu va_degree slack_weight"),
    "gen": _columns(true="in_service slack", whole="bus", number="p_mw vm_pu sn_mva scaling slack_weight"),
}
REQUIRED: Mapping[str, str] = {
    "bus": "vn_kv in_service",
    "line": "from_bus to_bus length_km r_ohm_per_km x_ohm_per_km c_nf_per_km in_service",
    "trafo": "hv_bus lv_bus sn_mva vn_hv_kv vn_lv_kv vk_percent vkr_percent pfe_kw i0_percent in_service",
    "trafo3w": "hv_bus mv_bus lv_bus sn_hv_mva sn_mv_mva sn_lv_mva vn_hv_kv vn_mv_kv vn_lv_kv vk_hv_percent "
    "vk_mv_percent vk_lv_percent vkr_hv_percent vkr_mv_percent vkr_lv_percent pfe_kw i0_percent in_service",
    "impedance": "from_bus to_bus rft_pu xft_pu rtf_pu xtf_pu sn_mva in_service",
    "switch": "bus element et closed",
    "shunt": "bus q_mvar p_mw in_service",
    "load": "bus p_mw q_mvar in_service",
    "sgen": "bus p_mw q_mvar in_service",
    "storage": "bus p_mw q_mvar in_service",
    "motor": "bus pn_mech_mw cos_phi efficiency_percent loading_percent in_service",
    "ward": "bus ps_mw qs_mvar qz_mvar pz_mw in_service",
    "asymmetric_load": "bus p_a_mw q_a_mvar p_b_mw q_b_mvar p_c_mw q_c_mvar in_service",
    "asymmetric_sgen": "bus p_a_mw q_a_mvar p_b_mw q_b_mvar p_c_mw q_c_mvar in_service",
    "ext_grid": "bus vm_pu in_service",
    "gen": "bus p_mw vm_pu slack in_service",
}
"""Columns without which a table means nothing; none of their values may be missing."""
BUS_COLUMNS = ("bus", "from_bus", "to_bus", "hv_bus", "mv_bus", "lv_bus")
ENDS = BUS_COLUMNS[1:]
"""Columns of the ends of a branch."""
SWITCHED: Mapping[str, str] = {"b": "bus", "l": "line", "t": "trafo", "t3": "trafo3w"}
"""What the ``element`` of a switch is, by its ``et``."""
MUST_BE_UNSET = ("tap_dependency_table", "step_dependency_table")
"""Columns that point to tables of characteristics, which are not read."""
WITHOUT_EFFECT = frozenset(
    {"measurement", "pwl_cost", "poly_cost", "group", "bus_geodata", "line_geodata", "std_types", "characteristic"}
)
"""Tables that a power flow does not look at (``characteristic`` only where a column of dependency asks for it)."""
OPTIONS: Mapping[str, Kind] = {
    "trafo_model": "text",
    "trafo3w_losses": "text",
    "consider_line_temperature": "true",
    "switch_rx_ratio": "number",
    "tdpf": "true",
    "distributed_slack": "true",
    "neglect_open_switch_branches": "true",
    "enforce_p_lims": "true",
    "enforce_q_lims": "true",
}
"""Entries of ``user_pf_options`` that are handed on; the adapter refuses those that it has no counterpart for."""
