"""`reckon models history`: how context windows grew, and what the cheapest good model cost."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reckon.cli.models.prices import check_order
from reckon.cli.models.rows import Row
from reckon.cli.options import Day, json_option, plot_option, print_json
from reckon.errors import UsageError
from reckon.show.money import rate
from reckon.show.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reckon.catalogue.growth import Cheapest, Record
    from reckon.vocabulary.model import Model


@click.command("history")
@click.option("--context", is_flag=True, help="The largest context window, each time that it grew.")
@click.option(
    "--cheapest-above",
    type=float,
    metavar="SCORE",
    help="By month, the cheapest model at or above this score.",
)
@click.option("--board", metavar="DATE", help="The board that scores are of. Default: the newest.")
@click.option("--from", "since", type=Day(), help="From this day.")
@click.option("--to", "until", type=Day(), help="Until this day, with it.")
@plot_option
@json_option
def command(  # noqa: PLR0917
    context: bool,
    cheapest_above: float | None,
    board: str | None,
    since: dt.date | None,
    until: dt.date | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """How context windows grew, or what the cheapest model at or above a score cost."""
    check_order(since, until)
    if context == (cheapest_above is not None):
        raise UsageError(
            "Say which history is meant, one of two.",
            do="--context, or --cheapest-above SCORE: reckon models history --context",
        )
    if cheapest_above is None:
        _context(since, until, plot, as_json=as_json)
    else:
        _cheapest(cheapest_above, board, since, until, plot, as_json=as_json)


def _context(
    since: dt.date | None, until: dt.date | None, plot: Path | None, *, as_json: bool
) -> None:
    from reckon.catalogue.growth import context_records, fixed_names
    from reckon.catalogue.load import load

    first, last = since or dt.date.min, until or dt.date.max
    known = [
        model
        for model in fixed_names(load().models)
        if model.context_tokens and model.released and first <= model.released <= last
    ]
    records = context_records(known)
    if plot is not None:
        _draw_context(known, records, plot)
    if as_json:
        print_json([_record_row(each, records[0]) for each in records])
        return
    if not records:
        click.echo("No model of that time has a known day of release and context window.")
        return
    cells = [
        [
            str(each.day),
            each.model.key,
            f"{each.context_tokens:,}",
            f"{each.context_tokens / records[0].context_tokens:,.3g}x",
        ]
        for each in records
    ]
    click.echo(table(cells, ["released", "model", "context", "of the first"], right=(2, 3)))
    click.echo(
        f"\n{records[0].context_tokens:,} to {records[-1].context_tokens:,} tokens; the records of "
        f"{len(known):,} models whose release and context window are known."
    )


def _record_row(each: "Record", first: "Record") -> Row:
    return {
        "released": str(each.day),
        "model": each.model.key,
        "organization": each.model.organization,
        "context_tokens": each.context_tokens,
        "times_the_first": each.context_tokens / first.context_tokens,
        "source": each.model.source,
    }


def _cheapest(
    score: float,
    board: str | None,
    since: dt.date | None,
    until: dt.date | None,
    plot: Path | None,
    *,
    as_json: bool,
) -> None:
    from reckon.catalogue import boards
    from reckon.catalogue.growth import cheapest_above
    from reckon.catalogue.load import load
    from reckon.catalogue.standing import score_of
    from reckon.run.clock import today

    on = boards.pick(board)
    scored = [
        (model, found.score)
        for model in load().models
        if model.released is not None and (found := score_of(model, on)) is not None
    ]
    good = [model.released for model, each in scored if each >= score and model.released]
    begins = since or min(good, default=today())
    history = cheapest_above(scored, score, begins, until or today())
    if plot is not None:
        _draw_cheapest(history, score, plot)
    if as_json:
        print_json([_month_row(each, on.name) for each in history])
        return
    if not history:
        click.echo(f"No model at or above {score:g} on the board of {on.name} has a known price.")
        return
    cells = [
        [
            f"{each.month:%Y-%m}",
            each.model.key,
            f"{each.score:.0f}",
            f"{each.price.rate.input:f}",
            f"{each.price.rate.output:f}",
            str(each.candidates),
        ]
        for each in history
    ]
    header = ["month", "cheapest", "score", "$/M in", "$/M out", "of models"]
    click.echo(table(cells, header, right=(2, 3, 4, 5)))
    click.echo("\n" + _fall(history, score, on.name))


def _fall(history: "list[Cheapest]", score: float, board: str) -> str:
    from reckon.catalogue.price_history import said

    first, last = history[0], history[-1]
    return (
        f"At or above {score:g} on the board of {board}: {rate(first.price.rate.input)} in "
        f"{first.month:%Y-%m}, {rate(last.price.rate.input)} in {last.month:%Y-%m}, "
        f"{said(last.times_cheaper(first))}."
    )


def _month_row(each: "Cheapest", board: str) -> Row:
    return {
        "month": f"{each.month:%Y-%m}",
        "model": each.model.key,
        "organization": each.model.organization,
        "score": each.score,
        "board": board,
        "input_usd_per_mtok": f"{each.price.rate.input:f}",
        "output_usd_per_mtok": f"{each.price.rate.output:f}",
        "price_source": each.price.source,
        "candidates": each.candidates,
    }


def _draw_context(known: "Sequence[Model]", records: "Sequence[Record]", path: Path) -> None:
    from reckon.show.cloud import Dot
    from reckon.show.plot import scatter, write

    # The records are named first, where there is no room for all names.
    best = [each.model for each in records]
    rest = [model for model in known if model not in best]
    drawing = scatter(
        [Dot(name=each.id, x=each.released, y=each.context_tokens) for each in (*best, *rest)],
        title="Context windows over time",
        x_label="released",
        y_label="tokens of context",
        x_unit="date",
        y_unit="tokens",
        log_y=True,
        frontier="the record of its day",
    )
    click.echo(f"Wrote {write(drawing, path)}.", err=True)


def _draw_cheapest(history: "Sequence[Cheapest]", score: float, path: Path) -> None:
    from reckon.show.plot import steps, write

    drawing = steps(
        {"cheapest": [(each.month, each.price.rate.input) for each in history]},
        title=f"The cheapest model at or above {score:g}, by month",
        y_label="USD per million input tokens",
    )
    click.echo(f"Wrote {write(drawing, path)}.", err=True)
