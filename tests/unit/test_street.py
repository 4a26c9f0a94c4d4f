"""The generated street: loop equations written out by hand, sizes as a planner picks them, order and names."""

import numpy as np
import pytest

from ysc_sim.community.street import street_sections
from ysc_sim.community.wires import Connection
from ysc_sim.powerflow import solve
from ysc_sim.scenario.network import Street
from ysc_sim.scenario.street_parts import library

OUTER = [1, -1, 0]
"""Wire 1 against wire 2."""


def homes(count, demand_kw=3.0, generation_kw=0.0, service_m=15.0):
    return [Connection(k, f"home_{k}", demand_kw, generation_kw, service_m) for k in range(count)]


def voltages(section, p_kw, q_kvar=0.0):
    """|V| of the watched pairs in volts, for one row of port powers."""
    solution = solve(section.net, np.atleast_2d(p_kw), np.broadcast_to(q_kvar, np.shape(p_kw)), tolerance_pu=1e-12)
    assert solution.ok.all()
    nodes = solution.v_pu.reshape(-1)
    first, second = section.watched.T
    return np.abs(nodes[first] - nodes[second]) * 101.0, solution


def by_loops(spec, power_kva):
    """Voltages 1-n, n-2, 1-2 at the one home of a one-pole street, by two loop equations and plain iteration."""
    transformer, wire = library().transformers["pole_30kva"], library().conductors["dv_cu_14"]
    base = 105.0**2 / 30_000.0
    r, x = transformer.r_percent / 100, transformer.x_percent / 100
    common, own = (r / 2 + 0.8j * x) * base, (r + 0.4j * x) * base
    z = complex(wire.r_ohm_per_km, wire.x_ohm_per_km) * spec.service_m / 1000
    half = 105.0 * spec.supply_v / spec.tap_v
    apparent = transformer.no_load_percent / 100 * 30_000.0
    iron = (transformer.no_load_w - 1j * np.sqrt(apparent**2 - transformer.no_load_w**2)) / 105.0**2
    van, vnb, pole_a = half + 0j, half + 0j, half + 0j
    for _ in range(200):
        i_an, i_nb, i_ab = (np.conj(1000 * s / v) for s, v in zip(power_kva, (van, vnb, van + vnb), strict=True))
        a, b = i_an + i_ab, i_nb + i_ab  # loop currents out of a, and back through b, at the home
        a0, b0 = a + iron * pole_a, b  # iron losses stand at one half
        pole_a = half - own * a0 - common * (a0 + b0)
        pole_b = half - own * b0 - common * (a0 + b0)
        van = pole_a - z * a - z * (a - b)
        vnb = pole_b - z * b + z * (a - b)
    return np.abs([van, vnb, van + vnb])


@pytest.mark.parametrize(
    "power_kva",
    [(0, 0, 0), (2 + 0.5j, 1 + 0.2j, 3 + 1j), (4, 0, 0), (0, 0, -8 + 2.6j), (3, -3, 0)],
    ids=["idle", "mixed", "one side", "solar", "side to side"],
)
def test_voltages_follow_the_loop_equations(power_kva):
    spec = Street(transformer="pole_30kva", service="dv_cu_14", service_m=40.0, supply_v=6650.0, tap_v=6750)
    (section,) = street_sections(spec, homes(1, service_m=40.0))
    power = np.array(power_kva, dtype=complex)
    found, _ = voltages(section, -power.real, -power.imag)
    assert found[-3:] == pytest.approx(by_loops(spec, power_kva), abs=1e-7)


def test_short_circuit_impedance_is_that_of_the_plate():
    """Rated current between the outer wires drops the percentage of the plate, against the ideal voltage."""
    spec = Street(transformer="pole_75kva", service="cv_325", service_m=1e-6)
    (section,) = street_sections(spec, homes(1, service_m=1e-6))
    part = library().transformers["pole_75kva"]
    _, idle = voltages(section, np.zeros(3))
    _, loaded = voltages(section, np.array([0.0, 0.0, -75.0]))
    between = [s.v_pu.reshape(-1, 3)[1] @ OUTER * 101.0 for s in (idle, loaded)]
    current = 75_000.0 / np.conj(loaded.v_pu.reshape(-1, 3)[-1] @ OUTER * 101.0)
    percent = 100.0 * (between[0] - between[1]) / current * 75_000.0 / 210.0**2
    assert abs(percent) == pytest.approx(1.8, abs=0.02)
    assert percent.real == pytest.approx(part.r_percent, abs=0.02)


def test_losses_are_what_the_source_gives_and_nobody_gets():
    (section,) = street_sections(Street(), homes(5))
    _, solution = voltages(section, -3.0 * section.load_to_port.sum(axis=0))
    assert solution.loss_kw[0] == pytest.approx(solution.slack_kw.sum() - 15.0, abs=1e-9)
    assert solution.loss_kw[0] > 0


def test_loading_is_current_over_ampacity():
    spec = Street(transformer="pole_10kva", service="dv_cu_14")
    (section,) = street_sections(spec, homes(1))
    _, solution = voltages(section, np.array([0.0, 0.0, -10.0]))
    nodes = solution.v_pu.reshape(-1, 3)
    ampere = 10_000.0 / abs(nodes[-1] @ OUTER * 101.0)
    service, transformer = solution.branch_loading_percent[0].max(axis=1)
    assert service == pytest.approx(100.0 * ampere / 70.0, rel=1e-9)
    assert transformer == pytest.approx(100.0 * ampere / (10_000.0 / 210.0), rel=0.02)


def test_a_group_ends_with_the_count_or_with_what_a_pole_carries():
    assert [len(s.buildings) for s in street_sections(Street(), homes(19))] == [8, 8, 3]
    assert [len(s.buildings) for s in street_sections(Street(), homes(4, demand_kw=45.0))] == [2, 2]
    one, alone = street_sections(Street(), [*homes(1), Connection(1, "mill", 900.0, 0.0, 20.0)])
    assert len(one.buildings) == len(alone.buildings) == 1
    assert "2 x cubicle_500kva" in alone.net.branch_names[-1]


@pytest.mark.parametrize(
    ("demand_kw", "generation_kw", "size"), [(2.3, 0.0, "20kva"), (2.3, 4.0, "50kva"), (2.3, 8.0, "75kva")]
)
def test_the_transformer_fits_what_is_planned(demand_kw, generation_kw, size):
    (section,) = street_sections(Street(), homes(8, demand_kw, generation_kw))
    assert section.net.branch_names[-1].endswith(f"pole_{size}")


def test_the_transformer_hangs_on_the_middle_pole_and_lines_lead_away_from_it():
    (section,) = street_sections(Street(), homes(8))
    assert section.net.branch_names[:3] == ("trunk 1-2", "trunk 2-3", "trunk 3-4")
    assert section.net.branch_names[-1].startswith("transformer 2")
    assert section.net.leg_bus.tolist()[:3] == [[2, 1], [2, 3], [3, 4]]
    assert section.net.leg_bus.tolist()[-1] == [0, 2]


def test_the_heavier_side_changes_from_home_to_home():
    spec = Street(share_100v=0.5, imbalance=0.2)
    (section,) = street_sections(spec, homes(3))
    assert section.load_to_port[0, :3] == pytest.approx([0.3, 0.2, 0.5])
    assert section.load_to_port[1, 3:6] == pytest.approx([0.2, 0.3, 0.5])
    assert section.load_to_port.sum(axis=1) == pytest.approx([1, 1, 1])
    assert section.other_to_port[:, 2::3] == pytest.approx(np.eye(3))


def test_limits_hold_at_homes_only():
    (section,) = street_sections(Street(), homes(2))
    at_home = section.watched_building >= 0
    assert np.isinf(section.low_pu[~at_home]).all()
    assert section.high_pu[at_home][:3] * [101, 101, 202] == pytest.approx([107, 107, 222])
    assert section.low_pu[at_home][:3] * [101, 101, 202] == pytest.approx([95, 95, 182])


def test_every_part_of_the_library_says_where_it_comes_from():
    parts = library()
    for part in (*parts.conductors.values(), *parts.transformers.values()):
        assert part.source
    sizes = [part.ampacity_a / part.r_ohm_per_km for part in parts.conductors_for("trunk")]
    assert sizes == sorted(sizes)
    assert {part.use for part in parts.conductors.values()} == {"trunk", "service", "any"}


def test_sections_together_are_the_sections_apart():
    """Behind a held high voltage transformers do not know of each other."""
    connections = [Connection(k, f"home_{k}", 3.0 + k, 2.0, 10.0 + k) for k in range(19)]
    apart = street_sections(Street(), connections)
    together = street_sections(Street(), connections, most_ports=50)
    assert [len(s.buildings) for s in apart] == [8, 7, 4]
    assert [len(s.buildings) for s in together] == [15, 4]
    power = -np.linspace(0.5, 3.0, 19)
    at_homes = []
    for sections in (apart, together):
        found, loss, percent = [], 0.0, {}
        for section in sections:
            across, solution = voltages(section, power[section.buildings] @ section.load_to_port)
            found.append(across[section.watched_building >= 0])
            loss += solution.loss_kw[0]
            percent |= dict(zip(section.net.branch_names, solution.branch_loading_percent[0].max(axis=1), strict=True))
        at_homes.append((np.concatenate(found), loss, percent))
    (v, loss, percent), (v_together, loss_together, percent_together) = at_homes
    assert v_together == pytest.approx(v, abs=1e-6)
    assert loss_together == pytest.approx(loss, abs=1e-9)
    assert percent_together == pytest.approx(percent, rel=1e-6)
