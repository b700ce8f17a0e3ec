"""`reckon price`: what a job will cost, before it runs."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reckon.cli.options import Day, json_option, key_option, plot_option, print_json
from reckon.errors import UsageError

if TYPE_CHECKING:
    from reckon.price.energy import Energy
    from reckon.run.plan import Quote

LEAST_ROWS = 5
"""Fewer rows tell nothing of how far the others stray."""


@click.command("price")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("-P", "--prompt", metavar="TEXT", help="Prompt; {{column}} is filled from each row.")
@click.option("-s", "--system", metavar="TEXT", help="System message.")
@click.option(
    "-m", "--model", "models", multiple=True, metavar="MODEL", help="Default: all that can do it."
)
@click.option("--output-tokens", type=click.IntRange(min=0), metavar="N", help="Of one answer.")
@click.option("--max-output", type=click.IntRange(min=1), default=1024, show_default=True)
@click.option("--schema", metavar="S", help="JSON schema of the answers: JSON, or a file.")
@click.option(
    "--cached-tokens",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Input of each request that the provider has in its cache.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=LEAST_ROWS),
    metavar="N",
    help="Send N rows to the providers' free counters of tokens.",
)
@click.option("--batch", is_flag=True, help="Prices of the batch API.")
@click.option("--on", type=Day(), help="Prices of this day.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first rows.")
@click.option("--attach", multiple=True, metavar="COLUMN", help="A column that names media.")
@click.option("--count", type=click.IntRange(min=0), metavar="N", help="By hand: requests.")
@click.option("--input-tokens", type=click.IntRange(min=0), metavar="N", help="By hand: of each.")
@click.option("--energy", is_flag=True, help="Electricity too, as an order of magnitude.")
@plot_option
@json_option
@key_option
def command(  # noqa: PLR0917
    sources: tuple[str, ...],
    prompt: str | None,
    system: str | None,
    models: tuple[str, ...],
    output_tokens: int | None,
    max_output: int,
    schema: str | None,
    cached_tokens: int,
    sample: int | None,
    batch: bool,
    on: dt.date | None,
    limit: int | None,
    attach: tuple[str, ...],
    count: int | None,
    input_tokens: int | None,
    energy: bool,
    plot: Path | None,
    as_json: bool,
    key: str | None,
) -> None:
    """What a job will cost on each model: low, likely, high.

    \b
    reckon price photos/ -P "describe this photo" -m gpt-4o-mini
    reckon price --count 68000 --input-tokens 260 --output-tokens 100 -m gemini-1.5-flash-8b
    """
    from reckon.run import plan

    if count is not None or input_tokens is not None:
        by_rows = sources or schema is not None or sample is not None
        if by_rows or count is None or input_tokens is None or output_tokens is None:
            raise UsageError(
                "A price by hand needs --count, --input-tokens and --output-tokens, and no source."
            )
        quote = plan.price_by_hand(
            count=count,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            models=models,
            on=on,
            batch=batch,
            cached_tokens=cached_tokens,
        )
    else:
        if not sources or prompt is None:
            raise UsageError(
                "There is no source and prompt to price.",
                do='Give both: reckon price photos/ -P "describe this photo"',
            )
        measured = None
        if sample is not None:
            from reckon.run.sample import sample as counted

            counts = counted(
                sources,
                prompt,
                models=models,
                rows=sample,
                system=system,
                limit=limit,
                attach_columns=attach,
                key=key,
            )
            measured = counts.measured
            click.echo("\n".join(counts.notes), err=True)
        quote = plan.price(
            sources,
            prompt,
            models=models,
            output_tokens=output_tokens,
            max_output=max_output,
            system=system,
            on=on,
            batch=batch,
            limit=limit,
            attach_columns=attach,
            cached_tokens=cached_tokens,
            schema=_schema(schema),
            measured=measured,
        )
    if plot:
        _draw(quote, plot)
    if as_json:
        rows = quote.to_rows()
        if energy:
            rows = [
                row | _energy_row(each) for row, each in zip(rows, _energies(quote), strict=True)
            ]
        print_json(rows)
        for line in (quote.skipped_line(), *quote.notes):
            if line:
                click.echo(line, err=True)
    else:
        show_quote(quote)
        if energy:
            _show_energy(quote)


def _schema(given: str | None) -> "dict[str, Any] | None":
    if given is None:
        return None
    from reckon.run.schema import read

    return read(given)


def show_quote(quote: "Quote", *, err: bool = False) -> None:
    """A quote as a table, with every sentence that a reader must see."""
    from reckon.show.money import dollars, duration, interval, size
    from reckon.show.table import table
    from reckon.vocabulary.score import figure

    def scores_of(model: str) -> list[str]:
        score = quote.scores.get(model)
        return [figure(score.score) if score else "unknown"] if quote.scores else []

    hours = [each.hours for each in quote.estimates]
    rows = [
        [
            each.model,
            f"{each.items:,}",
            interval(each.input_tokens.low, each.input_tokens.likely, each.input_tokens.high),
            interval(each.output_tokens.low, each.output_tokens.likely, each.output_tokens.high),
            dollars(each.low_pico),
            dollars(each.likely_pico),
            dollars(each.high_pico),
            duration(None if each.hours is None else each.hours * 3600),
            size(each.upload_bytes),
            *scores_of(each.model),
        ]
        for each in quote.estimates
    ]
    header = ["model", "items", "input tokens", "output tokens", "low", "likely", "high", "time"]
    header += ["upload", "score"] if quote.scores else ["upload"]
    if rows:
        click.echo(table(rows, header, right=range(1, len(header))), err=err)
    if rows and not any(hours):
        click.echo("Time is unknown where no rate limit of the provider is known.", err=err)
    if len(quote.estimates) <= NOTES_OF:
        for each in quote.estimates:
            for note in each.notes:
                line = note if note.startswith(each.model) else f"{each.model}: {note}"
                click.echo(line, err=err)
    for line in (quote.skipped_line(), *quote.notes, quote.scores_line()):
        if line:
            click.echo(line, err=err)


def _energies(quote: "Quote") -> "list[Energy | None]":
    from reckon.catalogue.load import load
    from reckon.price.energy import of_job

    catalogue = load()
    return [of_job(catalogue.find(each.model), each) for each in quote.estimates]


def _energy_row(found: "Energy | None") -> dict[str, Any]:
    kwh = found.kwh if found else None
    return {
        "energy_kwh_low": kwh and kwh.low,
        "energy_kwh": kwh and kwh.likely,
        "energy_kwh_high": kwh and kwh.high,
        "energy_size": found and found.size.reason,
    }


def _show_energy(quote: "Quote") -> None:
    """Electricity of each model, what it would do elsewhere, and what all that rests on."""
    from reckon.price.energy import SOURCES, assumptions
    from reckon.show.money import UNKNOWN
    from reckon.show.table import table

    def figures(found: "Energy") -> list[str]:
        ends = (found.wh_each, found.kwh)
        spans = [f"{e.likely:.2g} ({e.low:.2g} to {e.high:.2g})" for e in ends]
        return [*spans, f"{found.home_days:.2g}", f"{found.car_km:.2g}", found.size.reason]

    rows = [
        [
            each.model,
            *(figures(found) if found else [UNKNOWN] * 4 + ["to be measured where it runs"]),
        ]
        for each, found in zip(quote.estimates, _energies(quote), strict=True)
    ]
    header = ["model", "Wh of an item", "kWh of the job", "days of a home", "km of a car", "size"]
    click.echo("\n" + table(rows, header, right=range(1, 5)))
    for line in (*assumptions(), *(f"Source, {each}." for each in SOURCES)):
        click.echo(line)


def _draw(quote: "Quote", path: Path) -> None:
    """Quality against price; against the context window where no model has a score."""
    from reckon.catalogue.load import load
    from reckon.show import plot

    rows = quote.to_rows()
    scored = any(row["score"] is not None for row in rows)
    catalogue = load()
    dots = [
        plot.Dot(
            name=row["model"],
            x=None if row["likely_usd"] is None else Decimal(row["likely_usd"]),
            y=row["score"] if scored else catalogue.find(row["model"]).context_tokens,
        )
        for row in rows
    ]
    drawing = plot.scatter(
        dots,
        title=f"What the job costs on each model: {quote.items:,} items",
        x_label="USD for the whole job, likely, logarithmic",
        y_label="score" if scored else "tokens of context, logarithmic",
        y_unit="number" if scored else "tokens",
        log_y=not scored,
        frontier=f"the {'highest score' if scored else 'largest context'} for the price",
    )
    plot.write(drawing, path)
    click.echo(f"Wrote {path}.", err=True)


NOTES_OF = 8
"""With more models than this, notes would bury the table; --json has them all."""
