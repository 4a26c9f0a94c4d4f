"""When the compiled kernel (:mod:`.lanes`) runs, and how rows come to it and back. Only here is it imported, and only
when it is to run: the package stands on NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.blocks import aligned
from ysc_sim.powerflow.fixed_point import State
from ysc_sim.powerflow.lane_form import LaneForm
from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Bools, Floats, Ints

if TYPE_CHECKING:
    from ysc_sim.powerflow.lanes import Walk

PAYS_FROM = 4_000_000
"""Loaded ports × rows from which the compiled kernel is chosen where numba is installed: half a second for NumPy, which
is what it costs to import numba and to load the kernel from its cache."""
NUMPY_NS = 130.0
"""What a loaded port costs a row in NumPy, roughly as measured."""
_NO_VOLTAGES: Complexes = np.empty((0, 0), dtype=np.complex128)
_NO_ROWS: Floats = np.empty(0)
_NO_PORTS: Floats = np.empty((2, 0, 0))
_NO_PLACES: Ints = np.empty(0, dtype=np.int64)


def is_compiled(kernel: str | None, ports: int, rows: int, *, pays_from: int | None = None) -> bool:
    """Whether the compiled kernel is to run: asked for, or chosen by the size of the task alone.

    Raises ``ImportError`` where it is asked for and numba is missing or refuses this NumPy.

    >>> is_compiled("dense", 1000, 35_040), is_compiled(None, 10, 100)
    (False, False)
    """
    if kernel == "compiled":
        if refusal := _refusal():
            raise ImportError(f"kernel='compiled' needs numba ({refusal}): pip install 'ysc-sim[fast]'.")
        return True
    large = ports * rows >= (PAYS_FROM if pays_from is None else pays_from)
    return kernel is None and large and not _refusal()


@cache
def _refusal() -> str:
    """Why numba cannot be imported; empty where it can. One that is older than NumPy refuses it at import."""
    try:
        import_module("numba")
    except ImportError as error:
        return str(error)
    return ""


def pays(form: LaneForm) -> bool:
    """False for networks of many nodes and few loads, such as feeders in phases: their dense product is smaller."""
    return form.cost_ns <= NUMPY_NS * len(form.port)


def walk_of(form: LaneForm, numbers: type[np.complexfloating[Any, Any]]) -> Walk:
    """The form as the kernel takes it, in a float type."""
    from ysc_sim.powerflow.lanes import Walk

    given = {name: getattr(form, name) for name in Walk._fields if hasattr(form, name)}
    given |= {name: given[name].astype(numbers) for name in ("z", "gives", "takes")}
    real = np.zeros(0, dtype=numbers).real.dtype.type
    return Walk(**given, one=real(1), zero=real(0))


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Arrays of all rows of the solution, written in the rows that are solved; ``None``: not wanted."""

    v_pu: Complexes | None = None
    """(T, nodes)"""
    v_min_pu: Floats | None = None
    """(T,), and so is ``v_max_pu``; both or none"""
    v_max_pu: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class LaneRows:
    """Rows on one form."""

    form: LaneForm
    p_kw: Floats
    """(T, columns)"""
    q_kvar: Floats
    counted: Ints
    """Nodes that the lowest and highest voltage are taken of."""

    @cached_property
    def _means(self) -> tuple[Walk, Walk, Floats, npt.NDArray[Any]]:
        """What the kernel works with: the form, and memory, in float64 and float32."""
        from ysc_sim.powerflow.lanes import LANES

        shape = (len(self.form.up) + 1, 2 * LANES)
        space, rough = aligned((5, *shape), np.float64), aligned((5, *shape), np.float32)
        return walk_of(self.form, np.complex128), walk_of(self.form, np.complex64), space, rough

    def voltages(self, rows: Ints, targets: Targets) -> tuple[Floats, Bools]:
        """Write the voltages of nodes; answers what is missed at most [kVA] and which rows stand still, each (c,)."""
        return self._run(rows, targets, _NO_PORTS, _NO_PORTS)

    def state(self, rows: Ints) -> tuple[State, Floats]:
        """Voltages and currents of the ports, and what is missed at most [kVA]."""
        shape = (2, len(self.form.port), len(rows))
        voltage, current = aligned(shape, np.float64), aligned(shape, np.float64)
        missed, still = self._run(rows, Targets(), voltage, current)
        return State(voltage=voltage.transpose(1, 0, 2), current=current.transpose(1, 0, 2), still=still), missed

    def _run(self, rows: Ints, targets: Targets, voltage: Floats, current: Floats) -> tuple[Floats, Bools]:
        from ysc_sim.powerflow.lanes import Wanted, solve_rows

        form = self.form
        counted, square = self._counted()
        wanted = Wanted(
            node=_NO_PLACES if targets.v_pu is None else form.node,
            node_unit=form.node_unit,
            v_pu=_NO_VOLTAGES if targets.v_pu is None else targets.v_pu,
            counted=counted,
            counted_square=square,
            v_min_pu=_NO_ROWS if targets.v_min_pu is None else targets.v_min_pu,
            v_max_pu=_NO_ROWS if targets.v_max_pu is None else targets.v_max_pu,
            **port_targets(form, voltage, current),
        )
        verdict = np.zeros((2, len(rows)))
        walk, rough, space, rough_space = self._means
        powers = readable(self.p_kw), readable(self.q_kvar)
        solve_rows(*powers, rows, walk, rough, wanted, space, rough_space, verdict)
        return verdict[0], verdict[1] == 1

    def _counted(self) -> tuple[Ints, Floats]:
        """Places and |unit|² of the counted nodes that live; without any, a voltage of 0."""
        living = self.counted[self.form.node_unit[self.counted] != 0]
        if not len(living):
            return np.array([len(self.form.up)]), np.zeros(1)
        return self.form.node[living], np.abs(self.form.node_unit[living]) ** 2


def readable(values: Floats) -> Floats:
    """Where the compiled kernel can read them."""
    return values if values.flags.aligned else np.ascontiguousarray(values)


def port_targets(form: LaneForm, voltage: Floats, current: Floats) -> dict[str, Any]:
    """Fields of a ``Wanted`` for voltages and currents of ports, each (2, P, rows); without rows: not wanted."""
    return {
        "port": form.port if voltage.shape[2] else _NO_PLACES,
        "voltage_factor": form.voltage_factor,
        "current_factor": form.current_factor,
        "voltage": voltage,
        "current": current,
    }


def no_nodes(form: LaneForm) -> dict[str, Any]:
    """Fields of a ``Wanted`` for nodes: none is."""
    none = {"node": _NO_PLACES, "node_unit": form.node_unit, "v_pu": _NO_VOLTAGES, "counted": _NO_PLACES}
    return none | dict.fromkeys(("counted_square", "v_min_pu", "v_max_pu"), _NO_ROWS)
