"""Scenario in, results out: compile, let the clock run, settle, bill, check, measure."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import Cleared, Metric
from ysc_sim.engine.accounts import Accounts, make_accounts
from ysc_sim.engine.bill_notes import plans_of, warnings_of
from ysc_sim.engine.branches import Trunk
from ysc_sim.engine.checks import check_trades
from ysc_sim.engine.clock import simulate
from ysc_sim.engine.island_trade import trade_in_islands
from ysc_sim.engine.measure import device_numbers
from ysc_sim.engine.new_peaks import with_peaks
from ysc_sim.engine.power_flow import solve_after_run, unsolved_notes
from ysc_sim.engine.run import Run
from ysc_sim.engine.settle import Meters, Trades, parts_of, read_registers, settle, with_islands
from ysc_sim.engine.shared_kwh import shared_kwh_terms
from ysc_sim.errors import InvariantError
from ysc_sim.plugins import plugin, registry
from ysc_sim.results import Results
from ysc_sim.results.arrays import RunArrays
from ysc_sim.results.power_flow import PowerFlow
from ysc_sim.scenario import Scenario
from ysc_sim.units import Floats, Ints


def run(scenario: Scenario, seed: int | None = None, progress: bool | Callable[[float], None] = False) -> Results:
    """Simulate a scenario, all rows of its ensemble in one batch.

    ``seed`` replaces the scenario's own. ``progress``: True draws a bar on standard error, a function is told the share
    that is done. Where nothing but numbers is recorded (``results: {record: none}``), the rows are run batch by batch,
    in bounded memory. Raises ``InvariantError`` if a law of physics or accounting was broken.
    """
    if seed is not None:
        scenario = scenario.with_seed(seed)
    if progress is True:
        with progress_bar(scenario.name) as told:
            return run(scenario, progress=told)
    told_or_none = progress or None
    began = time.perf_counter()
    if scenario.results.record == "none":
        from ysc_sim.engine.ensemble import run_batches

        return run_batches(scenario, told_or_none)
    community = compile_community(scenario)
    arrays = with_peaks(community, run_community(community, told_or_none))
    return Results.of_run(arrays, all_metrics(), scenario=scenario.identity(), wall_s=time.perf_counter() - began)


def all_metrics() -> list[Metric]:
    """Every metric that is installed, by name."""
    return [plugin("metrics", kind)() for kind in sorted(registry("metrics"))]


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[float], None]]:
    """A bar with the time left, on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def run_community(
    community: Community,
    progress: Callable[[float], None] | None = None,
    trunk: Trunk | None = None,
    *,
    tallied: bool = False,
) -> RunArrays:
    """The run itself, as arrays. ``trunk``: what its rows share before their outages.

    ``tallied``: the course of time is added up and forgotten: the run is one recorded interval, with what outages need
    to know beside it (``RunArrays.course``).
    """
    live = Run(community, tallied=tallied)
    simulate(live, progress, first=0 if trunk is None else trunk.lend(live))
    meters = read_registers(live.recorder)
    if tallied:
        live.recorder.release_registers()
    cleared = live.gate.outcome()
    island = trade_in_islands(community, live.recorder, meters.import_mwh, meters.export_mwh)
    live.recorder.release_registers()
    retailer = community.terms.retailer
    joined = live.recorder.joined
    together = None if joined is None else joined[:, :, community.cell_of.group]
    loss_rate = 0.0 if retailer is None else retailer.loss_rate
    trades = settle(meters, cleared, together, island, loss_rate, live.gate.traded)
    cleared = with_islands(cleared, island)
    residual = live.residual_kwh()
    check_trades(community, live, meters, trades)
    relief = live.gate.relief.settle(meters.import_mwh, meters.export_mwh)
    accounts = make_accounts(community, meters, trades, live.gate.planned_mwh, relief)
    _check_money(accounts)
    flow = solve_after_run(community, live)
    return _arrays(community, live, meters, cleared, trades, accounts, residual, flow)


def _check_money(accounts: Accounts) -> None:
    """What everybody paid, everybody received."""
    left = np.add.reduce(accounts.paid, axis=1)
    if left.any():
        row = int(np.flatnonzero(left)[0])
        raise InvariantError("money_broken", row=row, value=int(left[row]))


def _arrays(
    community: Community,
    run: Run,
    meters: Meters,
    cleared: Cleared,
    trades: Trades,
    accounts: Accounts,
    residual: Floats,
    flow: PowerFlow | None,
) -> RunArrays:
    columns, whole = run.recorder.columns, run.recorder.community
    if run.tally is not None:
        columns = {name: total[None] for name, total in run.tally.columns.items()}
        whole = {name: total[None] for name, total in run.tally.whole.items()}
    outside = -(accounts.paid[:, accounts.utility] + accounts.paid[:, accounts.network])
    return RunArrays(
        axis=run.axis,
        record_s=run.record_s if run.tally is None else run.axis.duration_s,
        seeds=community.site.rows.seeds,
        buildings=community.buildings,
        columns=columns,
        community={name: column[:, :, 0] for name, column in whole.items()},
        course=None if run.tally is None else run.tally.course(),
        import_mwh=meters.import_mwh,
        export_mwh=meters.export_mwh,
        community_import_mwh=meters.grid_import_mwh,
        community_export_mwh=meters.grid_export_mwh,
        meter_rounding_mwh=meters.rounding_mwh,
        bought_mwh=trades.bought_mwh,
        sold_mwh=trades.sold_mwh,
        cleared_bought_mwh=cleared.bought_mwh,
        cleared_sold_mwh=cleared.sold_mwh,
        trade_price_jpy_per_kwh=cleared.price_jpy_per_kwh,
        payment_mjpy=trades.payment_mjpy,
        bills=tuple(accounts.lines),
        bill_mjpy=accounts.bill_mjpy,
        bill_alone_mjpy=accounts.alone_mjpy,
        community_bill_mjpy=outside,
        rounding_mjpy=accounts.paid[:, accounts.rounding] + accounts.paid[:, accounts.operator],
        contract_kw=accounts.contract_kw,
        community_contract_kw=accounts.community_contract_kw,
        ledger_residual_mwh=_ledger_residual(meters, trades),
        money_residual_mjpy=np.add.reduce(accounts.paid, axis=1),
        energy_residual_kwh=residual,
        island_residual_kwh=run.state.stray_kwh[:, 0],
        wires=community.terms.wires,
        power_factor_percent=(community.terms.shared or community.terms.own[0]).power_factor_percent,
        co2_kg_per_kwh=community.terms.co2_kg_per_kwh,
        outage_seconds=_outage_seconds(community),
        events=tuple(run.events),
        outages=tuple(run.yard.log.records),
        power_flow=flow,
        notes=(*community.notes, *unsolved_notes(flow), *warnings_of(accounts.said)),
        plans=plans_of(accounts.said),
        device_numbers=device_numbers(community, run.state),
        shared_kwh=shared_kwh_terms(community.terms, run.axis, len(community.buildings)),
        values=run.prices.by_plan() if community.market.trades else None,
    )


def _outage_seconds(community: Community) -> Floats:
    """Seconds without grid of each row, (S,)."""
    end = community.site.axis.duration_s
    each = community.row_outages or (community.outages,) * community.rows
    return np.array(
        [sum(min(window.end_s, end) - window.start_s for window in some) for some in each], dtype=np.float64
    )


def _ledger_residual(meters: Meters, trades: Trades) -> Ints:
    """Energy that the ledger does not account for, (S,) mWh: sold − bought, and the connection against meters."""
    left: Ints = np.zeros(meters.grid_import_mwh.shape[1], dtype=np.int64)
    for part in parts_of(len(meters.import_mwh), math.prod(meters.import_mwh.shape[1:])):
        nets = np.add.reduce(meters.export_mwh[part], axis=2) - np.add.reduce(meters.import_mwh[part], axis=2)
        through = meters.grid_export_mwh[part] - meters.grid_import_mwh[part] + meters.loss_mwh[part]
        left += np.add.reduce(np.abs(nets - through - meters.remainder_mwh[part]), axis=0)
        slots = trades.within(part)
        sold, bought = (np.add.reduce(side[slots], axis=2) for side in (trades.sold_mwh, trades.bought_mwh))
        left += np.add.reduce(np.abs(sold - bought - trades.loss_mwh[slots]), axis=0)
        for held in (meters.held, trades.held):
            held.let_go(part.start)
    return left
