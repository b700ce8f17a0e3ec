"""`reckon runs`: list, show, resume, cancel, export."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from reckon import settings
from reckon.cli.logs import row_fields
from reckon.cli.options import Dollars, json_option, key_option, print_json, with_default
from reckon.errors import SourceError, UsageError
from reckon.show.money import dollars, exact_usd, iso, known, local
from reckon.show.table import as_csv_lines, as_json_line, one_line, table

if TYPE_CHECKING:
    from reckon.ledger.ledger import Ledger
    from reckon.ledger.rows import LogRow, RunRow


@click.group("runs", cls=with_default("list"))
def command() -> None:
    """Runs: list, show, resume, cancel, export. RUN is an id or its beginning."""


@command.command("list")
@click.option("--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True)
@json_option
def list_(limit: int, as_json: bool) -> None:
    """Runs, newest first."""
    with _read() as ledger:
        rows = [_fields(ledger, run) for run in ledger.runs(limit=limit)]
    if as_json:
        print_json(_in_dollars(rows))
        return
    cells = [
        [
            row["id"],
            row["status"],
            row["model"],
            str(row["done"]),
            str(row["failed"]),
            str(row["in_doubt"]),
            dollars(row["spent_pico"]),
            one_line(row["prompt"], 40),
        ]
        for row in rows
    ]
    header = ["run", "status", "model", "done", "failed", "in doubt", "spent", "prompt"]
    click.echo(table(cells, header, right=(3, 4, 5, 6)) if cells else "There is no run yet.")


@command.command("show")
@click.argument("run", required=False)
@json_option
def show(run: str | None, as_json: bool) -> None:
    """One run: what it did and what it cost."""
    with _read() as ledger:
        row = ledger.find_run(run)
        fields = _fields(ledger, row)
        running = ledger.is_running(row.id)
    if as_json:
        print_json(_in_dollars([fields]))
        return
    for name in ("id", "status", "model", "prompt", "sources", "total", "done", "failed"):
        click.echo(f"{name + ':':10} {one_line(str(fields[name]), 200)}")
    click.echo(f"{'in doubt:':10} {fields['in_doubt']}")
    click.echo(f"{'spent:':10} {dollars(fields['spent_pico'])}")
    click.echo(f"{'created:':10} {local(row.created)}")
    if row.status == "running" and not running:
        click.echo("Its process is gone. Go on with: reckon runs resume " + row.id)


@command.command("resume")
@click.argument("run", required=False)
@click.option("--budget", type=Dollars(), help="A new cap over the whole run.")
@click.option("--in-doubt", type=click.Choice(["retry", "skip"]), help="Calls maybe billed.")
@click.option("--progress", type=click.Choice(["bar", "json", "none"]), help="How to show it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@key_option
def resume(  # noqa: PLR0917
    run: str | None,
    budget: Decimal | None,
    in_doubt: Literal["retry", "skip"] | None,
    progress: Literal["bar", "json", "none"] | None,
    yes: bool,
    as_json: bool,
    key: str | None,
) -> int:
    """Take up a run where it stopped. Rows that are done are never sent again."""
    from reckon.cli.progress import display
    from reckon.cli.run import finish
    from reckon.run.bulk.start import resume as resume_run

    # Asked before the bar is drawn, which would draw over the question.
    doubts = in_doubt or ("retry" if _says_retry(run, asks=not yes) else "skip")
    shown = display(progress)
    try:
        report = resume_run(run, budget_usd=budget, key=key, in_doubt=doubts, on_progress=shown)
    finally:
        shown.close()
    if report.duration_s == 0 and report.status in ("done", "cancelled"):
        ended = "finished" if report.status == "done" else "cancelled"
        click.echo(f"Run {report.run_id} is {ended}: nothing to do.", err=as_json)
        return 0
    return finish(report, as_json=as_json)


def _says_retry(run: str | None, *, asks: bool) -> bool:
    """On a terminal, ask what to do with calls that may have been billed."""
    import sys

    if not asks or not sys.stdin.isatty():
        return False
    with _read() as ledger:
        row = ledger.find_run(run)
        totals = ledger.run_totals(row.id)
    if not totals.in_doubt:
        return False
    return click.confirm(
        f"{totals.in_doubt} rows are in doubt: they may have been billed, up to "
        f"{dollars(totals.reserved_pico)}. Send them again?",
        err=True,
    )


@command.command("cancel")
@click.argument("run", required=False)
def cancel(run: str | None) -> None:
    """Give a run up: it is not resumed any more. Its rows stay."""
    from reckon.ledger.ledger import Ledger

    with Ledger.open(settings.ledger_path()) as ledger:
        row = ledger.find_run(run)
        if ledger.is_running(row.id):
            raise UsageError(
                f"Run {row.id} has calls under way in another process.",
                do="Stop it there with Ctrl-C.",
            )
        if row.status == "done":
            raise UsageError(f"Run {row.id} is finished: there is nothing to cancel.")
        ledger.update_run(row.id, status="cancelled")
    click.echo(f"Run {row.id} is cancelled.")


@command.command("export")
@click.argument("run", required=False)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help=".csv or .jsonl")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def export(run: str | None, out: Path | None, force: bool) -> None:
    """The rows of a run in the order of the source; without --out, JSON Lines on stdout."""
    with _read() as ledger:
        row = ledger.find_run(run)
        rows = _in_order(ledger, row)
        if out is None:
            for each in rows:
                click.echo(as_json_line(each))
            return
        _write(out, rows, force=force)
    click.echo(f"Wrote {out}.", err=True)


def _in_order(ledger: "Ledger", run: "RunRow") -> Iterator[dict[str, Any]]:
    """The best attempt of each row, in input order."""
    return (_result(row) for row in ledger.results(run.id))


def _result(row: "LogRow") -> dict[str, Any]:
    fields = row_fields(row)
    wanted = (
        *("item", "status", "answer", "error", "model", "model_answered"),
        *("input_tokens", "output_tokens", "cost_usd", "stop_reason", "duration_s", "id"),
    )
    return {name: fields[name] for name in wanted}


def _write(out: Path, rows: Iterator[dict[str, Any]], *, force: bool) -> None:
    """Write whole or not at all: the file takes its name when it is complete."""
    if out.exists() and not force:
        raise UsageError(f"{out} exists.", do="Choose another name, or add --force.")
    if out.suffix.lower() == ".csv":
        first = next(rows, None)
        columns = list(first) if first else ["item", "status", "answer"]
        lines = as_csv_lines(_again(first, rows), columns)
    elif out.suffix.lower() in (".jsonl", ".ndjson"):
        lines = (as_json_line(each) + "\n" for each in rows)
    else:
        raise UsageError(
            f"{out.suffix or 'No ending'} is no format to export to.", do="Use .csv or .jsonl."
        )
    partial = out.with_name(out.name + ".part")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise SourceError(
            f"{out} cannot be written.",
            why=error.strerror or str(error),
            do="Check the folder and its free space.",
        ) from error


def _again(first: dict[str, Any] | None, rest: Iterator[dict[str, Any]]) -> Iterator[Any]:
    if first is not None:
        yield first
        yield from rest


def _read() -> "Ledger":
    from reckon.ledger.ledger import Ledger

    return Ledger.look(settings.ledger_path())


def _fields(ledger: "Ledger", run: "RunRow") -> dict[str, Any]:
    totals = ledger.run_totals(run.id)
    job = run.job.get("job", {})
    return {
        "id": run.id,
        "created": iso(run.created),
        "status": run.status,
        "model": job.get("model"),
        "prompt": job.get("prompt", ""),
        "sources": list(job.get("sources", [])),
        "total": run.job.get("total"),
        "done": totals.done,
        "failed": totals.failed,
        "in_doubt": totals.in_doubt,
        "spent_pico": known(totals.spent_pico, totals.unknown_calls),
        "unknown_calls": totals.unknown_calls,
        "in_doubt_pico": totals.reserved_pico,
        "cap_pico": run.job.get("cap_pico"),
        "tag": run.tag,
    }


def _in_dollars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Money as decimal strings, as everywhere in JSON."""
    return [
        {
            name.replace("_pico", "_usd"): exact_usd(value) if name.endswith("_pico") else value
            for name, value in row.items()
        }
        for row in rows
    ]
