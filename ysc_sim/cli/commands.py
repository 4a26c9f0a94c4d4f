"""The commands of ``ysc`` and their options; what they do stands in the files beside this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from ysc_sim.words import LANGUAGES, text

app = typer.Typer(
    name="ysc",
    help=text("cli.help"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _language(value: Optional[str]) -> Optional[str]:  # noqa: UP045 - typer reads the annotation
    if value is not None and value not in LANGUAGES:
        raise typer.BadParameter(text("cli.unknown_language"))
    return value


Lang = Annotated[str | None, typer.Option("--lang", help=text("cli.option_lang"), callback=_language)]
Out = Annotated[Path | None, typer.Option("--out", help=text("cli.option_out"))]
Quiet = Annotated[bool, typer.Option("--quiet", help=text("cli.option_quiet"))]


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help=text("cli.option_version"))] = False,
    lang: Lang = None,
) -> None:
    """Say which version this is."""
    if show:
        from ysc_sim import __version__

        typer.echo(f"ysc-sim {__version__}")
        raise typer.Exit


@app.command(help=text("cli.demo"))
def demo(out: Out = None, quiet: Quiet = False, lang: Lang = None) -> None:
    """Run the shipped demonstration."""
    from ysc_sim.cli.run import run_demo

    run_demo(out, quiet=quiet)


@app.command(help=text("cli.init"))
def init(
    folder: Annotated[Path | None, typer.Argument(help=text("cli.argument_folder"))] = None,
    template: Annotated[str, typer.Option("--template", help=text("cli.option_template"))] = "block",
    excel: Annotated[bool, typer.Option("--excel", help=text("cli.option_excel"))] = False,
    list_: Annotated[bool, typer.Option("--list", help=text("cli.option_list"))] = False,
    lang: Lang = None,
) -> None:
    """Write a commented starter scenario."""
    from ysc_sim.cli.init import list_templates, write_template

    if list_ or folder is None:
        list_templates()
    else:
        write_template(folder, template, excel=excel)


@app.command(help=text("cli.validate"))
def validate(
    files: Annotated[list[Path], typer.Argument(help=text("cli.argument_scenarios"))], lang: Lang = None
) -> None:
    """Show every error of some scenarios at once."""
    from ysc_sim.cli.validate import validate_files

    raise typer.Exit(validate_files(files))


@app.command(help=text("cli.schema"))
def schema(lang: Lang = None) -> None:
    """Write the JSON Schema of a scenario to standard output."""
    import json

    from ysc_sim.scenario import json_schema

    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@app.command(help=text("cli.run"))
def run(
    file: Annotated[Path | None, typer.Argument(help=text("cli.argument_scenario"))] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help=text("cli.option_set"), metavar="KEY=VALUE")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help=text("cli.option_seed"))] = None,
    out: Out = None,
    no_report: Annotated[bool, typer.Option("--no-report", help=text("cli.option_no_report"))] = False,
    stages: Annotated[bool, typer.Option("--stages", help=text("cli.option_stages"))] = False,
    no_investment: Annotated[bool, typer.Option("--no-investment", help=text("cli.option_no_investment"))] = False,
    replay: Annotated[Path | None, typer.Option("--replay", help=text("cli.option_replay"), metavar="MANIFEST")] = None,
    inputs: Annotated[Path | None, typer.Option("--inputs", help=text("cli.option_inputs"), metavar="DIR")] = None,
    quiet: Quiet = False,
    lang: Lang = None,
) -> None:
    """Simulate one scenario, or repeat a stored run."""
    from ysc_sim.cli.run import run_file

    if replay is not None:
        from ysc_sim.cli.replay import replay_run

        if file is not None or set_ or seed is not None or stages:
            raise typer.BadParameter(text("cli.replay_alone"))
        raise typer.Exit(replay_run(replay, inputs or Path(), out, report=not no_report, quiet=quiet))
    if file is None:
        raise typer.BadParameter(text("cli.run_needs"))
    run_file(
        file,
        set_ or [],
        seed,
        out,
        report=not no_report,
        quiet=quiet,
        stages=stages,
        investment=not no_investment,
    )


@app.command(help=text("cli.survival"))
def survival(
    file: Annotated[Path, typer.Argument(help=text("cli.argument_scenario"))],
    hours: Annotated[str, typer.Option("--hours", help=text("cli.option_hours"), metavar="H1,H2…")] = "24,72",
    sizes: Annotated[str | None, typer.Option("--sizes", help=text("cli.option_sizes"), metavar="F1,F2…")] = None,
    price: Annotated[bool, typer.Option("--price", help=text("cli.option_price"))] = False,
    gap: Annotated[int, typer.Option("--gap", help=text("cli.option_gap"), metavar="N")] = 0,
    promise: Annotated[int, typer.Option("--promise", help=text("cli.option_promise"), metavar="N")] = 0,
    set_: Annotated[list[str] | None, typer.Option("--set", help=text("cli.option_set"), metavar="KEY=VALUE")] = None,
    out: Out = None,
    into: Annotated[Path | None, typer.Option("--into", help=text("cli.option_into"), metavar="DIR")] = None,
    quiet: Quiet = False,
    lang: Lang = None,
) -> None:
    """Hours survived from an outage that starts with every step."""
    from ysc_sim.cli.survival import Asked, survival_file

    asked = Asked(sizes=sizes, price=price, gap=gap, promise=promise)
    survival_file(file, hours, set_ or [], out, into=into, asked=asked, quiet=quiet)


@app.command(help=text("cli.sweep"))
def sweep(
    file: Annotated[Path, typer.Argument(help=text("cli.argument_scenario"))],
    vary: Annotated[list[str], typer.Option("--vary", help=text("cli.option_vary"), metavar="KEY=V1,V2…|KEY=LO..HI")],
    sample: Annotated[
        str | None, typer.Option("--sample", help=text("cli.option_sample"), metavar="sobol:N|random:N")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help=text("cli.option_set"), metavar="KEY=VALUE")] = None,
    workers: Annotated[int, typer.Option("--workers", help=text("cli.option_workers"))] = 1,
    cluster: Annotated[str | None, typer.Option("--cluster", help=text("cli.option_cluster"))] = None,
    out: Out = None,
    resume: Annotated[bool, typer.Option("--resume", help=text("cli.option_resume"))] = False,
    quiet: Quiet = False,
    lang: Lang = None,
) -> None:
    """Run one scenario many times."""
    from ysc_sim.cli.sweep import sweep_file

    sweep_file(file, vary, sample, set_ or [], workers, cluster, out, resume=resume, quiet=quiet)


@app.command(help=text("cli.size"))
def size(
    file: Annotated[Path, typer.Argument(help=text("cli.argument_scenario"))],
    set_: Annotated[list[str] | None, typer.Option("--set", help=text("cli.option_set"), metavar="KEY=VALUE")] = None,
    optuna: Annotated[int, typer.Option("--optuna", help=text("cli.option_optuna"), metavar="N")] = 0,
    invoices: Annotated[Path | None, typer.Option("--invoices", help=text("cli.option_size_invoices"))] = None,
    member: Annotated[str, typer.Option("--member", help=text("cli.option_size_member"))] = "",
    workers: Annotated[int, typer.Option("--workers", help=text("cli.option_workers"))] = 1,
    out: Out = None,
    quiet: Quiet = False,
    lang: Lang = None,
) -> None:
    """Search what to buy, with cash flow."""
    from ysc_sim.cli.size import size_file

    size_file(file, set_ or [], optuna, invoices, member, workers, out, quiet=quiet)


@app.command(help=text("cli.report"))
def report(
    folder: Annotated[Path, typer.Argument(help=text("cli.argument_results"))],
    a4: Annotated[bool, typer.Option("--a4", help=text("cli.option_a4"))] = False,
    member: Annotated[str | None, typer.Option("--member", help=text("cli.option_member"), metavar="ID")] = None,
    lang: Lang = None,
) -> None:
    """Rebuild the page of stored results."""
    from ysc_sim.cli.run import rebuild_report

    rebuild_report(folder, a4=a4, member=member)


@app.command(help=text("cli.plugins"))
def plugins(lang: Lang = None) -> None:
    """List what is installed."""
    from ysc_sim.cli.plugins import list_plugins

    list_plugins()


@app.command(name="import", help=text("cli.import_"))
def import_(
    kind: Annotated[str, typer.Argument(help=text("cli.argument_kind"))],
    file: Annotated[Path, typer.Argument(help=text("cli.argument_file"))],
    out: Annotated[Path, typer.Option("--out", help=text("cli.option_table_out"))],
    column: Annotated[str, typer.Option("--column", help=text("cli.option_column"))] = "",
    unit: Annotated[str, typer.Option("--unit", help=text("cli.option_unit"))] = "auto",
    stamp: Annotated[str, typer.Option("--stamp", help=text("cli.option_stamp"))] = "auto",
    year: Annotated[int | None, typer.Option("--year", min=1900, max=2199, help=text("cli.option_year"))] = None,
    zone: Annotated[str, typer.Option("--tz", help=text("cli.option_zone"))] = "Asia/Tokyo",
    fill_hours: Annotated[
        float, typer.Option("--fill-hours", min=0, max=744, help=text("cli.option_fill_hours"))
    ] = 0.0,
    step: Annotated[int | None, typer.Option("--step", min=1, help=text("cli.option_step"))] = None,
    quiet: Quiet = False,
    lang: Lang = None,
) -> None:
    """Write a clean table of a file of another format."""
    from ysc_sim.cli.import_ import import_to, options_of

    import_to(kind, file, out, options_of(unit, stamp, column, year, zone, fill_hours, step), quiet=quiet)


@app.command(help=text("cli.bill"))
def bill(
    data: Annotated[Path | None, typer.Argument(help=text("cli.argument_load"))] = None,
    tariff: Annotated[str | None, typer.Option("--tariff", help=text("cli.option_tariff"))] = None,
    invoices: Annotated[Path | None, typer.Option("--invoices", help=text("cli.option_invoices"))] = None,
    template: Annotated[Path | None, typer.Option("--template", help=text("cli.option_invoice_template"))] = None,
    power_factor: Annotated[
        float, typer.Option("--power-factor", min=1, max=100, help=text("cli.option_power_factor"))
    ] = 100.0,
    contract: Annotated[float | None, typer.Option("--contract", min=0, help=text("cli.option_contract"))] = None,
    previous_kw: Annotated[str, typer.Option("--previous-kw", help=text("cli.option_previous"))] = "",
    adjustment: Annotated[list[str] | None, typer.Option("--adjustment", help=text("cli.option_adjustment"))] = None,
    kind: Annotated[str, typer.Option("--kind", help=text("cli.argument_kind"))] = "auto",
    column: Annotated[str, typer.Option("--column", help=text("cli.option_column"))] = "",
    unit: Annotated[str, typer.Option("--unit", help=text("cli.option_unit"))] = "auto",
    stamp: Annotated[str, typer.Option("--stamp", help=text("cli.option_stamp"))] = "auto",
    year: Annotated[int | None, typer.Option("--year", min=1900, max=2199, help=text("cli.option_year"))] = None,
    fill_hours: Annotated[
        float, typer.Option("--fill-hours", min=0, max=744, help=text("cli.option_fill_hours"))
    ] = 0.0,
    out: Annotated[Path | None, typer.Option("--out", help=text("cli.option_bill_out"))] = None,
    quiet: Quiet = False,
    lang: Lang = None,
) -> None:
    """Rebuild bills from half-hours and hold them against invoices."""
    from ysc_sim.cli.bill import bill_of, numbers_of, write_invoice_template
    from ysc_sim.cli.import_ import options_of
    from ysc_sim.study.reconcile import Given

    if template is not None:
        write_invoice_template(template, tariff)
        return
    if data is None or tariff is None:
        raise typer.BadParameter(text("cli.bill_needs"))
    options = options_of(unit, stamp, column, year, "Asia/Tokyo", fill_hours, None)
    given = Given(power_factor, contract, numbers_of(previous_kw))
    bill_of(data, tariff, kind, options, given, invoices=invoices, adjustments=adjustment or [], out=out, quiet=quiet)


@app.command(help=text("cli.export"))
def export(
    folder: Annotated[Path, typer.Argument(help=text("cli.argument_results"))],
    to: Annotated[str, typer.Option("--to", help=text("cli.option_to"), metavar="csv|parquet|xlsx")],
    out: Annotated[Path | None, typer.Option("--out", help=text("cli.option_export_out"))] = None,
    lang: Lang = None,
) -> None:
    """Write stored results for spreadsheets and other programs."""
    from ysc_sim.cli.export import export_folder

    export_folder(folder, to, out)


@app.command(help=text("cli.compare"))
def compare(
    sources: Annotated[list[Path], typer.Argument(help=text("cli.argument_compared"))],
    vary: Annotated[
        list[str] | None, typer.Option("--vary", help=text("cli.option_compare_vary"), metavar="KEY=V1,V2…")
    ] = None,
    strategies: Annotated[
        str | None, typer.Option("--strategies", help=text("cli.option_strategies"), metavar="KIND,KIND…")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help=text("cli.option_set"), metavar="KEY=VALUE")] = None,
    out: Annotated[Path | None, typer.Option("--out", help=text("cli.option_compare_out"))] = None,
    quiet: Quiet = False,
    lang: Lang = None,
) -> None:
    """Hold runs against the first of them."""
    from ysc_sim.cli.compare import compare_runs

    compare_runs(sources, vary or [], set_ or [], out, strategies=strategies, quiet=quiet)
