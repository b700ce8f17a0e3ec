"""`reckon spend`: what was spent."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from reckon import settings
from reckon.cli.options import json_option, midnight, plot_option, print_json, since_option
from reckon.show.money import dollars, exact_usd, known, tokens
from reckon.show.table import table
from reckon.vocabulary.money import to_usd

if TYPE_CHECKING:
    from reckon.ledger.rows import SpendDay


@click.command("spend")
@click.option(
    "--by", type=click.Choice(["model", "day", "run", "tag"]), default="model", show_default=True
)
@click.option("--calibration", is_flag=True, help="Estimates against bills, by model and run.")
@since_option
@plot_option
@json_option
def command(
    by: Literal["model", "day", "run", "tag"],
    calibration: bool,
    since: dt.date | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """What was spent, by model, day, run or tag. Unknown costs are counted apart.

    The plot shows what was spent over time.
    """
    from reckon.ledger.ledger import Ledger

    if calibration:
        _show_calibration(as_json=as_json)
        return

    with Ledger.look(settings.ledger_path()) as ledger:
        rows = ledger.spend(by, midnight(since))
        # By day there is one bar a day, which still says for what.
        days = ledger.spend_days("model" if by == "day" else by, midnight(since)) if plot else []
    if plot:
        _draw(days, plot)
    if as_json:
        print_json(
            [
                {
                    by: row.group,
                    "calls": row.calls,
                    "input_tokens": row.input_tokens,
                    "output_tokens": row.output_tokens,
                    "cost_usd": exact_usd(known(row.cost_pico, row.unknown_calls)),
                    "unknown_calls": row.unknown_calls,
                    "in_doubt_usd": exact_usd(row.in_doubt_pico),
                }
                for row in rows
            ]
        )
        return
    cells = [
        [
            row.group or "(none)",
            f"{row.calls:,}",
            tokens(row.input_tokens),
            tokens(row.output_tokens),
            dollars(known(row.cost_pico, row.unknown_calls)),
        ]
        for row in rows
    ]
    click.echo(table(cells, [by, "calls", "input", "output", "cost"], right=range(1, 5)))
    unknown = sum(row.unknown_calls for row in rows)
    click.echo(f"Total {dollars(known(sum(row.cost_pico for row in rows), unknown))}.")
    if unknown:
        click.echo(f"{unknown:,} calls have an unknown cost; they are not in the total.")
    doubt = sum(row.in_doubt_pico for row in rows)
    if doubt:
        click.echo(f"Calls in doubt may have cost up to {dollars(doubt)} more.")


def _draw(days: "Sequence[SpendDay]", path: Path) -> None:
    from reckon.show import plot
    from reckon.show.values import Value

    series: dict[str, list[tuple[dt.date, Value]]] = {}
    for each in days:
        cost = None if each.cost_pico is None else to_usd(each.cost_pico)
        series.setdefault(each.group or "(none)", []).append((each.day, cost))
    plot.write(plot.bars(series, title="What was spent", y_label="USD"), path)
    click.echo(f"Wrote {path}.", err=True)


def _show_calibration(*, as_json: bool) -> None:
    from reckon.catalogue.load import load
    from reckon.ledger.ledger import Ledger
    from reckon.run.calibration import counted, finished_runs

    with Ledger.look(settings.ledger_path()) as ledger:
        models = counted(ledger, load())
        runs = finished_runs(ledger)
    if as_json:
        print_json(
            [
                {
                    "model": row.model,
                    "rows": row.calls,
                    "predicted_tokens": row.predicted,
                    "billed_tokens": row.billed,
                    "ratio_low": row.ratio.low if row.ratio else None,
                    "ratio": row.ratio.likely if row.ratio else None,
                    "ratio_high": row.ratio.high if row.ratio else None,
                    "runs": [
                        {
                            "run": run.id,
                            "estimated_usd": exact_usd(run.estimate.likely_pico),
                            "billed_usd": exact_usd(run.spent_pico),
                            "estimated_output_tokens": run.estimate.output_tokens,
                            "output_tokens": run.output_tokens,
                        }
                        for run in runs
                        if run.model == row.model
                    ],
                }
                for row in models
            ]
        )
        return
    if not models:
        click.echo("No call in the ledger can be held against an estimate yet.")
        return
    cells = [
        [
            row.model,
            f"{row.calls:,}",
            tokens(row.predicted),
            tokens(row.billed),
            "too few rows"
            if row.ratio is None
            else f"{row.ratio.likely:.3f} ({row.ratio.low:.3f} to {row.ratio.high:.3f})",
        ]
        for row in models
    ]
    click.echo(table(cells, ["model", "rows", "predicted", "billed", "ratio"], right=range(1, 4)))
    if runs:
        of_runs = [
            [
                run.id,
                run.model,
                dollars(run.estimate.low_pico),
                dollars(run.estimate.likely_pico),
                dollars(run.estimate.high_pico),
                dollars(run.spent_pico),
            ]
            for run in runs
        ]
        click.echo()
        header = ["run", "model", "low", "likely", "high", "billed"]
        click.echo(table(of_runs, header, right=range(2, 6)))
