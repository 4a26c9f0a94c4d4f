"""What a caller may hand to a solve, brought to arrays of one row count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.controls import ConstantPowerFactor, Control, PVBus, VoltVar, VoltWatt
from ysc_sim.powerflow.network import Complexes, Network
from ysc_sim.units import Bools, Floats, Ints


def rows_of(net: Network, value: npt.ArrayLike, name: str) -> Floats:
    """``value`` as (T, ports)."""
    array = np.asarray(value, dtype=np.float64)
    count, m = len(net.ports), net.conductors
    if array.ndim == 0:
        return np.full((1, count), float(array))
    if m > 1 and array.shape[-2:] == (net.bus_count, m) and count == net.bus_count * m:
        array = array.reshape(*array.shape[:-2], count)
    array = array[None] if array.ndim == 1 else array
    if array.ndim != 2 or array.shape[1] != count:
        raise ValueError(f"{name} has shape {np.shape(value)}; its last axis must hold {count} ports.")
    return array


def source_rows(net: Network, v_source_pu: npt.ArrayLike | None) -> Complexes:
    """(1 or T, sources, m) voltages held by the sources."""
    own = net.source_v_pu[None]
    if v_source_pu is None:
        return own
    asked = np.asarray(v_source_pu, dtype=np.float64)
    if asked.ndim == 0 and len(net.source_bus) == 1:
        asked = asked[None]
    asked = asked[None] if asked.ndim == 1 else asked
    if asked.ndim != 2 or asked.shape[1] != len(net.source_bus):
        count = len(net.source_bus)
        raise ValueError(f"v_source_pu has shape {asked.shape}; its last axis must hold {count} sources.")
    turn = np.exp(1j * np.angle(own))
    asked = np.where(asked < 0, np.nan, asked)  # no magnitude: such a row is refused
    return np.asarray(np.where(np.isnan(own), np.nan, turn) * asked[:, :, None])


def switch_rows(net: Network, closed: npt.ArrayLike | None) -> Bools:
    """(1 or T, switches) states."""
    states = np.asarray(net.switch_closed if closed is None else closed)
    states = states[None] if states.ndim == 1 else states
    if states.ndim != 2 or states.shape[1] != len(net.switch_closed) or states.dtype != np.bool_:
        raise ValueError(f"closed must be bool with {len(net.switch_closed)} switches in its last axis.")
    return states


def common_rows(**lengths: int) -> int:
    """The number of rows T: every length must be 1 or T."""
    rows = max(lengths.values()) if min(lengths.values()) else 0
    for name, length in lengths.items():
        if length not in (1, rows):
            raise ValueError(f"{name} has {length} rows, but others have {rows}; give one row or as many.")
    return rows


def repeated(value: Floats, rows: int) -> Floats:
    """A view of (T, …) on an array of 1 or T rows."""
    return np.broadcast_to(value, (rows, *value.shape[1:]))


def patterns(states: Bools, rows: int) -> Iterator[tuple[Bools, slice | Ints]]:
    """Each switch pattern with the rows that have it."""
    if len(states) == 1 or not states.shape[1]:
        yield states[0], slice(0, rows)
        return
    kinds, which = np.unique(states, axis=0, return_inverse=True)
    for k, kind in enumerate(kinds):
        yield kind, np.flatnonzero(which.ravel() == k)


def check_tolerance(tolerance_pu: float) -> None:
    """``ValueError`` unless it is a positive number."""
    if not tolerance_pu > 0:
        raise ValueError(f"tolerance_pu(={tolerance_pu}) must be > 0.")


def wanted(want: Iterable[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """Names of the results to keep."""
    names = tuple(known) if want is None else ((want,) if isinstance(want, str) else tuple(want))
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"want names unknown results {unknown}; known are {list(known)}.")
    return names


ControlsOfPorts = Mapping[int, tuple[Control, ...]]
Asked = Mapping[int | str, Control | Sequence[Control]]


def controls_of(net: Network, asked: Asked | None) -> ControlsOfPorts:
    """Controls by port number: the network's own, those of a port replaced where ``asked`` names it."""
    answer: dict[int, tuple[Control, ...]] = {int(port): (control,) for port, control in net.controls.items()}
    for key, given in (asked or {}).items():
        port = _port(net, key)
        chosen = (given,) if isinstance(given, ConstantPowerFactor | VoltVar | VoltWatt | PVBus) else tuple(given)
        for one in chosen:
            if not isinstance(one, ConstantPowerFactor | VoltVar | VoltWatt | PVBus):
                raise ValueError(f"controls[{key!r}] holds {one!r}; it must be a control.")
        kinds = [type(one) for one in chosen]
        if len(set(kinds)) < len(kinds) or (PVBus in kinds and len(kinds) > 1):
            raise ValueError(f"controls[{key!r}] must hold one control of a kind, and a PVBus stands alone.")
        answer[port] = chosen
    return {port: given for port, given in sorted(answer.items()) if given}


def _port(net: Network, key: int | str) -> int:
    if isinstance(key, str):
        if key not in net.port_names:
            raise ValueError(f"controls names port {key!r}, which the network does not have.")
        return net.port_names.index(key)
    if not 0 <= int(key) < len(net.ports):
        raise ValueError(f"controls names port {key}; the network has ports 0 … {len(net.ports) - 1}.")
    return int(key)
