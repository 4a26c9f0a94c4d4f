"""Grid-forming inverters: what they promise, and how those at one bus act together."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.network import Network
from ysc_sim.units import Bools, Floats, Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Forming:
    """g grid-forming inverters with droop; fields (g,), (T, g) or one number for all.

        f = f₀·(1 − p_droop·(P − p_ref)/rated),   |V| = v_ref − q_droop·(Q − q_ref)/rated

    ``bus``: positions (g,). A droop of 0 holds frequency or voltage. ``p_min_kw``, ``p_max_kw``: limits whose
    crossing makes a row ``FORMING_LIMIT``; ``None``: no limit. Droop control of parallel inverters: [1]_.

    .. [1] M. C. Chandorkar, D. M. Divan, R. Adapa, "Control of parallel connected inverters in standalone AC
       supply systems", IEEE Trans. Industry Applications 29 (1993) 136–143.

    >>> Forming(bus=[0, 3], rated_kva=50.0, p_ref_kw=[10.0, 5.0]).p_droop_pu
    array([[0.02, 0.02]])
    """

    bus: npt.ArrayLike
    rated_kva: npt.ArrayLike
    p_ref_kw: npt.ArrayLike = 0.0
    q_ref_kvar: npt.ArrayLike = 0.0
    v_ref_pu: npt.ArrayLike = 1.0
    p_droop_pu: npt.ArrayLike = 0.02
    q_droop_pu: npt.ArrayLike = 0.05
    p_min_kw: npt.ArrayLike | None = None
    p_max_kw: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        """Bring every field to (1 or T, g) and check it."""
        put = object.__setattr__
        bus = np.atleast_1d(np.asarray(self.bus))
        if bus.ndim != 1 or not np.issubdtype(bus.dtype, np.integer):
            raise ValueError(f"bus(={self.bus!r}) must hold whole numbers (g,).")
        put(self, "bus", bus.astype(np.int64))
        for item in fields(self)[1:]:
            value = getattr(self, item.name)
            if value is not None:
                put(self, item.name, _rows(np.asarray(value, dtype=np.float64), len(bus), item.name))
        for name, lowest in (("rated_kva", 0.0), ("v_ref_pu", 0.0)):
            if np.any(getattr(self, name) <= lowest):
                raise ValueError(f"{name}(={np.nanmin(getattr(self, name))}) must be > 0.")
        for name in ("p_droop_pu", "q_droop_pu"):
            if np.any(getattr(self, name) < 0):
                raise ValueError(f"{name}(={np.nanmin(getattr(self, name))}) must be >= 0.")
        if self.p_min_kw is not None and self.p_max_kw is not None and np.any(self.p_min_kw > self.p_max_kw):  # type: ignore[operator]
            raise ValueError("p_min_kw must be <= p_max_kw.")

    @property
    def count(self) -> int:
        """Number of inverters g."""
        return len(np.asarray(self.bus))

    @property
    def rows(self) -> int:
        """Rows T that the fields need; 1 where none depends on the row."""
        return max(len(value) for value in self._values().values())

    def _values(self) -> dict[str, Floats]:
        return {
            item.name: getattr(self, item.name) for item in fields(self)[1:] if getattr(self, item.name) is not None
        }

    def at(self, rows: Ints) -> dict[str, Floats]:
        """Every field as (g, 1 or c) for some rows."""
        return {name: (value if len(value) == 1 else value[rows]).T for name, value in self._values().items()}

    def finite(self, rows: Ints) -> Bools:
        """Rows whose fields are numbers (limits may be infinite)."""
        good = np.ones(len(rows), dtype=bool)
        for name, value in self._values().items():
            fine = ~np.isnan(value) if name.endswith(("min_kw", "max_kw")) else np.isfinite(value)
            good &= (fine if len(value) == 1 else fine[rows]).all(axis=1)
        return good

    def check(self, net: Network) -> None:
        """``ValueError`` where a bus is not there or the network has no balanced voltages to form."""
        bus = np.asarray(self.bus)
        if len(bus) and not (bus.min() >= 0 and bus.max() < net.bus_count):
            raise ValueError(f"bus(={bus.tolist()}) must lie in [0, {net.bus_count}).")
        if net.conductors not in (1, 3):
            raise ValueError(f"islands need phases=1 or phases=3; the network has {net.conductors} conductors.")


def _rows(value: Floats, count: int, name: str) -> Floats:
    if value.ndim == 0:
        return np.full((1, count), float(value))
    value = value[None] if value.ndim == 1 else value
    if value.ndim != 2 or value.shape[1] != count:
        raise ValueError(f"{name} has shape {value.shape}; it must be ({count},) or (T, {count}).")
    return value


@dataclass(frozen=True, kw_only=True)
class Droop:
    """The inverters of each node together, in p.u.: G nodes × (1 or c) rows.

    ``slack_p``·(P − p_ref) + (f/f₀ − 1) = 0 and ``slack_q``·(Q − q_ref) + v − v_ref = 0.
    """

    p_ref: Floats
    slack_p: Floats
    q_ref: Floats
    slack_q: Floats
    v_ref: Floats
    consistent: Bools
    """(1 or c,) False: two inverters of a node hold different voltages."""

    def take(self, rows: Ints | slice | Bools) -> Droop:
        """The chosen rows."""
        names = ("p_ref", "slack_p", "q_ref", "slack_q", "v_ref")
        values = {name: getattr(self, name) for name in names}
        taken = {name: value if value.shape[1] == 1 else value[:, rows] for name, value in values.items()}
        one = self.consistent if len(self.consistent) == 1 else self.consistent[rows]
        return Droop(**taken, consistent=one)


def droop_of(given: dict[str, Floats], node: Ints, count: int, base_kva: float) -> Droop:
    """Droop of ``count`` nodes from the inverters' fields (g, ·); ``node`` (g,) of each."""
    rated = given["rated_kva"] / base_kva
    with np.errstate(divide="ignore"):
        stiff_p, stiff_q = rated / given["p_droop_pu"], rated / given["q_droop_pu"]
    v = np.broadcast_to(given["v_ref_pu"], np.broadcast_shapes(given["v_ref_pu"].shape, stiff_q.shape))
    holds = np.broadcast_to(np.isinf(stiff_q), v.shape)
    weight = np.where(_sum(holds, node, count)[node] > 0, holds, np.where(np.isinf(stiff_q), 0.0, stiff_q))
    v_ref = _sum(weight * v, node, count) / _sum(weight, node, count)
    apart = holds & (np.abs(v - v_ref[node]) > 1e-12)
    slack_p, slack_q = np.broadcast_arrays(1 / _sum(stiff_p, node, count), 1 / _sum(stiff_q, node, count))
    return Droop(
        p_ref=_sum(given["p_ref_kw"] / base_kva, node, count),
        slack_p=slack_p,
        q_ref=_sum(given["q_ref_kvar"] / base_kva, node, count),
        slack_q=slack_q,
        v_ref=v_ref,
        consistent=~np.asarray(apart.any(axis=0), dtype=bool),
    )


def _sum(values: Floats | Bools, node: Ints, count: int) -> Floats:
    answer = np.zeros((count, values.shape[1]))
    np.add.at(answer, node, values)
    return answer


def divided(total: Floats, ref: Floats, rated: Floats, droop: Floats, fall: Floats, node: Ints) -> Floats:
    """Each inverter's part (g, c) of the power ``total`` (G, c) of its node.

    With droop: ref + rated·``fall``/droop, ``fall`` (g, c) being how far frequency or voltage is below its
    reference; without: what is left, in proportion to the ratings.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        answer = np.where(droop > 0, ref + rated * fall / droop, 0.0)
    without = np.broadcast_to(np.where(droop > 0, 0.0, rated), answer.shape)
    rest = total - _sum(answer, node, len(total))
    weight = _sum(without, node, len(total))
    return answer + np.where(without > 0, without * rest[node] / np.where(weight > 0, weight, 1.0)[node], 0.0)
