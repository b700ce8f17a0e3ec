"""`reckon spend`: what was spent."""

import datetime as dt
from typing import Literal

import click

from reckon import settings
from reckon.cli.options import json_option, midnight, since_option
from reckon.show.money import dollars, exact_usd, known, tokens
from reckon.show.table import as_json as to_json
from reckon.show.table import table


@click.command("spend")
@click.option(
    "--by", type=click.Choice(["model", "day", "run", "tag"]), default="model", show_default=True
)
@since_option
@json_option
def command(
    by: Literal["model", "day", "run", "tag"], since: dt.date | None, as_json: bool
) -> None:
    """What was spent, by model, day, run or tag. Unknown costs are counted apart."""
    from reckon.ledger.ledger import Ledger

    with Ledger.look(settings.ledger_path()) as ledger:
        rows = ledger.spend(by, midnight(since))
    if as_json:
        click.echo(
            to_json(
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
