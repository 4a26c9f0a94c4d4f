"""The one door: rows of injections in, certified rows of results out.

Rows are grouped by switch pattern, cut into chunks that fit the cache, and each chunk goes through the fixed
point (:mod:`.fixed_point`) on the form of ports that suits the network (:mod:`.ports`). Rows that it leaves
go to Newton (:mod:`.newton`). Whatever found the voltages, a row is ``ok`` only if its largest complex power
mismatch, computed in float64 from voltages and currents, is within the tolerance; everything else is NaN with
a reason.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy.typing as npt

from ysc_sim.powerflow.arguments import (
    Asked,
    patterns,
    source_rows,
    switch_rows,
    wanted,
)
from ysc_sim.powerflow.batch import Group, Task
from ysc_sim.powerflow.elimination import SingularNetworkError
from ysc_sim.powerflow.network import Network
from ysc_sim.powerflow.recorder import Recorder, kept_shapes
from ysc_sim.powerflow.solution import RESULTS, Reason, Solution


def solve(
    net: Network,
    p_kw: npt.ArrayLike,
    q_kvar: npt.ArrayLike,
    *,
    tolerance_pu: float = 1e-8,
    v_source_pu: npt.ArrayLike | None = None,
    closed: npt.ArrayLike | None = None,
    controls: Asked | None = None,
    want: Iterable[str] | None = None,
    kernel: str | None = None,
) -> Solution:
    """AC power flow of T independent rows.

    Parameters
    ----------
    p_kw, q_kvar : (T, n_bus), (T, n_bus, 3) for three phases, or (T, ports) [kW, kvar], or one such row
        Injected nominal power (> 0 into the bus). One row of either is repeated for all rows of the other.
    tolerance_pu : largest complex power mismatch at any port, on ``net.base_kva``
    v_source_pu : (T, sources) or (sources,): magnitude held by each source instead of the network's own
    closed : (T, switches) or (switches,) bool: switch states instead of the network's own
    controls : {port number or name: control, or a sequence of controls}, added to those of the network, which
        a port that is named here loses
    want : names of the results to keep, of ``RESULTS``; default all. ``ok``, ``reason``, ``mismatch_pu``
        always are
    kernel : ``"dense"``, ``"tree"``, ``"sparse"`` or ``"compiled"`` (extra ``fast``) instead of the choice by shape

    Raises ``ValueError`` for wrong shapes or names, ``ImportError`` where the compiled kernel is asked for without
    numba, ``SingularNetworkError`` where nothing fixes the voltage of a living node (if only some switch patterns leave
    it so, their rows are ``NOT_CONVERGED`` instead). A row that cannot be solved never raises: it is not ``ok``.

    >>> import numpy as np
    >>> from ysc_sim.powerflow import Network, series_admittance, solve
    >>> y = series_admittance(np.array([0.016 + 0j]), v_kv=0.4, base_kva=1000.0)
    >>> net = Network(v_nominal_kv=np.array([0.4, 0.4]), leg_bus=np.array([[0, 1]]), leg_y_pu=y,
    ...               source_bus=np.array([0]), source_v_pu=np.array([[1 + 0j]]))
    >>> solution = solve(net, [[0, -90.0], [0, -9000.0]], 0.0)
    >>> solution.v_pu[0].real.round(6), [reason.name for reason in solution.reason]
    (array([1.      , 0.990918]), ['OK', 'NO_SOLUTION'])
    """
    names = wanted(want, RESULTS)
    source_v, states = source_rows(net, v_source_pu), switch_rows(net, closed)
    task = Task.of(
        net, p_kw, q_kvar, controls, tolerance_pu=tolerance_pu, v_source_pu=len(source_v), closed=len(states)
    )
    recorder = Recorder(net, Solution(task.rows, kept_shapes(net, names)))
    every = list(patterns(states, task.rows))
    for state, chosen in every:
        try:
            Group(task, state, source_v, kernel).run(chosen, recorder)
        except SingularNetworkError:  # of this pattern alone: the other rows are kept
            if len(every) == 1:
                raise
            recorder.refuse(chosen, Reason.NOT_CONVERGED)
    return recorder.finish()
