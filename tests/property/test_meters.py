"""Meters inside an interval, against a sum over a fine grid of instants written out in plain Python."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ysc_sim.community.segments import Segments
from ysc_sim.engine.meters import Rest, read_meters

POWER = st.floats(-10, 10).map(lambda x: round(x, 3))
DEVICE = st.tuples(POWER, st.floats(0, 1800).map(lambda x: round(x, 1)))


def plain_import_export(base_kw: float, devices: list[tuple[float, float]], dt_s: float) -> tuple[float, float, float]:
    """Walk the staircase edge by edge."""
    edges = sorted({0.0, dt_s, *(min(held, dt_s) for _, held in devices)})
    imported = exported = 0.0
    for start, end in itertools.pairwise(edges):
        net = base_kw + sum(p for p, held in devices if held > start)
        energy = net * (end - start) / 3600
        imported += max(-energy, 0.0)
        exported += max(energy, 0.0)
    return imported, exported, exported - imported


@given(st.lists(st.tuples(POWER, st.lists(DEVICE, min_size=1, max_size=3)), min_size=1, max_size=4))
def test_import_and_export_of_staircases(meters: list[tuple[float, list[tuple[float, float]]]]) -> None:
    dt_s = 1800.0
    expected = [plain_import_export(base, devices, dt_s) for base, devices in meters]
    group = [b for b, (_, devices) in enumerate(meters) for _ in devices]
    flat = [device for _, devices in meters for device in devices]
    powers = np.array([[p for p, _ in flat]])
    held = np.array([[min(h, dt_s) for _, h in flat]])
    net = np.array([[base + sum(p for p, h in devices) for base, devices in meters]])
    # A device held for no time at all has already stopped: the net at the start does not hold it, nor its rest.
    late = np.where(held > 0, powers, 0.0)
    net = np.array([[base for base, _ in meters]]) + Segments(np.array(group), len(meters)).sum(late)
    energy = np.array([[both for *_, both in expected]])
    rest = Rest(Segments(np.array(group), len(meters)), late, held)
    imported, exported = read_meters(net, energy, [rest], dt_s)
    np.testing.assert_allclose(imported[0], [i for i, _, _ in expected], atol=1e-9)
    np.testing.assert_allclose(exported[0], [e for _, e, _ in expected], atol=1e-9)
