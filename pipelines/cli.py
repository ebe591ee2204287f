"""The command line `colocast`: names, options and help. What commands do stands in commands/, imported when called.

Start-up must stay fast (`colocast --help` below a second), so nothing heavy is imported here.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import BLOCKED, friendly
from pipelines.trust import require_trusted_kernels

app = typer.Typer(
    name="colocast",
    help="Data-centre occupancy by technology stack: read the reports, keep the evidence, forecast with honest bands.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Shown(StrEnum):
    """Formats of printed results."""

    table = "table"
    csv = "csv"
    json = "json"


class Exported(StrEnum):
    """Formats of exported tables."""

    csv = "csv"
    parquet = "parquet"
    xlsx = "xlsx"


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"colocast {version('colocast')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of every command."""
    context.obj = debug
    with friendly(debug):
        require_trusted_kernels(Path(__file__).resolve().parents[1] / "forecasts")


@app.command()
def run(
    context: typer.Context,
    inbox: Annotated[
        Path | None,
        typer.Option(help="Take reports from this folder alone, instead of the bundled ones and the inbox."),
    ] = None,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Pretend that today is this ISO date.")] = None,
) -> None:
    """Main job: read new reports, refresh the warehouse, forecast, check and publish.

    Exit 0: published (quarantined documents are listed). 3: a blocking check failed, the previous publication stands.
    2: usage. 1: the run could not be carried out.
    """
    with friendly(context.obj):
        from pipelines.commands.running import run_main_job

        raise typer.Exit(run_main_job(inbox, as_of))


@app.command()
def rebuild(
    context: typer.Context,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Pretend that today is this ISO date.")] = None,
) -> None:
    """Make the warehouse again, from the archive alone; equal to what was there."""
    with friendly(context.obj):
        from pipelines.commands.running import run_rebuild

        raise typer.Exit(run_rebuild(as_of))


@app.command()
def read(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Reports to read.")],
    format: Annotated[Shown, typer.Option(help="How to print.")] = Shown.table,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Pretend that today is this ISO date.")] = None,
) -> None:
    """Show what would be taken from documents, without any state.

    A rejected or quarantined document prints one row with its reason. Exit 0 unless usage is wrong.
    """
    with friendly(context.obj):
        from pipelines.commands.reading import read_files

        raise typer.Exit(read_files(files, format.value, as_of))


@app.command()
def forecast(
    context: typer.Context,
    panel: Annotated[Path, typer.Argument(metavar="PANEL.parquet", help="Columns unique_id, ds, y, optional cap.")],
    horizon: Annotated[int, typer.Option(min=1, max=80, help="Quarters ahead.")],
    out: Annotated[Path, typer.Option(help="Parquet file to write.")],
    model: Annotated[
        str, typer.Option(help="auto combines all members; or the name of one, which then answers alone.")
    ] = "auto",
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Threads; the answer is the same whatever it is.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed for members that draw.")] = 0,
    why: Annotated[
        Path | None, typer.Option(help="Also write why: each member's weight, error and fallback, by series (Parquet).")
    ] = None,
) -> None:
    """Forecast any quarterly panel, without a warehouse. Every series is answered."""
    with friendly(context.obj):
        from pipelines.commands.forecasting import forecast_panel

        raise typer.Exit(forecast_panel(panel, horizon, out, model, jobs, seed, why))


@app.command()
def simulate(
    context: typer.Context,
    facilities: Annotated[Path, typer.Option(help="Buildings: CSV or XLSX.")],
    leases: Annotated[Path, typer.Option(help="Leases: CSV or XLSX, also a tenancy schedule.")],
    horizon: Annotated[int, typer.Option(min=1, max=80, help="Quarters ahead.")],
    paths: Annotated[int, typer.Option(min=1, max=1_000_000, help="Joint courses to draw.")],
    out: Annotated[Path, typer.Option(help="Folder for the Parquet files.")],
    evidence: Annotated[Path | None, typer.Option(help="Statements on the buildings' stack.")] = None,
    history: Annotated[Path | None, typer.Option(help="MW in service and leased by quarter.")] = None,
    deliveries: Annotated[Path | None, typer.Option(help="Phases under construction.")] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Quarter end the leases are of; default the history's last.")
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Scenario; again for more; a+b acts together. Default base."),
    ] = None,
    threshold: Annotated[
        list[float] | None, typer.Option(help="Occupancy that may be breached, a fraction; default 0.9, 0.8, 0.7.")
    ] = None,
    lock_in: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="How far lock-in weakens shocks (C10), instead of the files' value."),
    ] = None,
    dual_stack: Annotated[
        float | None, typer.Option(min=0, max=1, help="How far tenants on both stacks are spared (C12), likewise.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bits.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Threads; the answer is the same whatever it is.")] = 2,
) -> None:
    """Simulate every lease of a rent roll, without a warehouse.

    Writes occupancy_forecast, breach_probability, lease_expiries and wale as Parquet, and problems where rows were held
    back.
    """
    with friendly(context.obj):
        from pipelines.commands.simulating import simulate_files

        thresholds = tuple(dict.fromkeys(threshold)) if threshold else (0.9, 0.8, 0.7)
        raise typer.Exit(
            simulate_files(
                facilities,
                leases,
                evidence,
                history,
                deliveries,
                as_of,
                scenario or [],
                thresholds,
                horizon,
                paths,
                seed,
                jobs,
                out,
                lock_in,
                dual_stack,
            )
        )


@app.command()
def fetch(
    context: typer.Context,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Ask this source alone; again for more. Default all that are on."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look up what would come; fetch, write and remember nothing.")
    ] = False,
) -> None:
    """Ask the configured sources for new filings and put them into the inbox.

    Exit 0: all sources could be asked, or none is configured. 1: something failed, with reason and remedy. 2: the
    sources file, a name or the contact is wrong.
    """
    with friendly(context.obj):
        from pipelines.commands.fetching import fetch_filings

        raise typer.Exit(fetch_filings(source or [], dry_run))


@app.command()
def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="One SELECT.")],
    format: Annotated[Shown, typer.Option(help="How to print.")] = Shown.table,
    timeout: Annotated[float | None, typer.Option(min=0.1, max=3600, help="Seconds the query may run.")] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="VINTAGE", help="As last published at this vintage (quarter end), as far as it is kept."),
    ] = None,
) -> None:
    """Query what is published (the lake, where COLOCAST_LAKE names one): read-only, in a process with limits."""
    with friendly(context.obj):
        from pipelines.commands.looking import query_published

        raise typer.Exit(query_published(query, format.value, timeout, at))


@app.command()
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    format: Annotated[Exported, typer.Option(help="File format.")] = Exported.csv,
) -> None:
    """Write every published table to a folder."""
    with friendly(context.obj):
        from pipelines.commands.looking import export_published

        raise typer.Exit(export_published(format.value, out))


@app.command()
def status(context: typer.Context) -> None:
    """Last run, documents by status, operators overdue, newest vintage, open alerts."""
    with friendly(context.obj):
        from pipelines.commands.looking import show_status

        raise typer.Exit(show_status())


@app.command()
def tell(context: typer.Context) -> None:
    """Send open alerts that nobody was told yet to the addresses in COLOCAST_NOTIFY; the UI's messenger does so itself.

    Exit 0: all taken, or nobody to tell. 1: a message was not taken; it waits, and the next call tries again.
    """
    with friendly(context.obj):
        from pipelines.commands.telling import tell as send_alerts

        raise typer.Exit(send_alerts())


@app.command()
def ui(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port; default COLOCAST_UI_PORT.")] = None,
    viewers_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of a second UI that changes nothing, for viewers behind a proxy."),
    ] = None,
) -> None:
    """Start the Dagster web UI and daemon on 127.0.0.1, schedules and sensors running; Ctrl-C ends all of them."""
    with friendly(context.obj):
        from pipelines.commands.serving import serve

        raise typer.Exit(serve(port, viewers_port))


def main() -> None:
    """Entry point of the `colocast` command."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app()


__all__ = ["BLOCKED", "app", "main"]
