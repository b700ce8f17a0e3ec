"""`reckon models list`: models that answer to conditions."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from reckon.cli.models.dissent import MARK, NOTE
from reckon.cli.models.rows import Row, model_row, score_fields
from reckon.cli.options import Dollars, json_option, print_json
from reckon.errors import UsageError
from reckon.show.table import table
from reckon.vocabulary.score import figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from reckon.catalogue.standing import Standing
    from reckon.vocabulary.model import Model

MODALITIES = ("text", "image", "audio", "video", "pdf")


@click.command("list")
@click.argument("query", nargs=-1)
@click.option("--provider", metavar="P", help="Only of this provider.")
@click.option("--modality", type=click.Choice(MODALITIES), help="Only those that take it.")
@click.option("--min-context", type=click.IntRange(min=1), metavar="N", help="Tokens at least.")
@click.option("--open-weights", is_flag=True, help="Only those whose weights can be had.")
@click.option("--free-tier", is_flag=True, help="Only those that cost nothing within limits.")
@click.option("--fits", metavar="MACHINE", help="Only those that run there: '64GB Mac', 'this'.")
@click.option("--max-price", type=Dollars(), help="Per million input tokens.")
@click.option(
    "--beats",
    metavar="MODEL",
    help="Only those above it on a board, with those that no provider here serves.",
)
@click.option(
    "--by",
    type=click.Choice(["score", "rank", "probability"]),
    help="What above means: a higher score (default), a better rank, or more than 95% probability "
    "that the true score is higher.",
)
@click.option(
    "--board",
    metavar="DATE",
    help="Scores of that day's board, or the latest before it; DATE:coding is a category. "
    "Default: the newest that can tell.",
)
@click.option(
    "--sort",
    type=click.Choice(["price", "score", "released", "context"]),
    help="Default: by name; with --beats, by score.",
)
@json_option
def command(  # noqa: PLR0917
    query: tuple[str, ...],
    provider: str | None,
    modality: Any,
    min_context: int | None,
    open_weights: bool,
    free_tier: bool,
    fits: str | None,
    max_price: Decimal | None,
    beats: str | None,
    by: Any,
    board: str | None,
    sort: str | None,
    as_json: bool,
) -> None:
    """Models whose name holds all the words of QUERY."""
    from reckon.catalogue.load import load, price_on
    from reckon.catalogue.standing import listing
    from reckon.run.clock import today

    if by and beats is None:
        raise UsageError(
            "--by says what above means, and no model was named.",
            do=f"Name one: reckon models list --beats gpt-4-0314 --by {by}",
        )
    day = today()
    runs = _runs_on(fits)
    found = listing(
        load(),
        " ".join(query),
        beats=beats,
        by=by or "score",
        board=board,
        provider=provider,
        modality=modality,
        min_context=min_context,
        open_weights=open_weights,
        free_tier=free_tier,
        max_price=max_price,
    )
    rows = [
        _row(model_row(each.model, price_on(each.model, day), day), each)
        for each in found.rows
        if runs is None or runs(each.model)
    ]
    if sort or beats is None:
        rows.sort(key=lambda row: _sort_key(row, sort))
    if as_json:
        print_json(rows)
        if found.beaten:
            click.echo(_summary(found.beaten.sentence(), len(rows), found.beaten.above), err=True)
        return
    if not rows:
        click.echo("No model is like that.")
    elif beats is None:
        click.echo(table([_plain(row) for row in rows], PLAIN, right=(1, 2, 3, 5)))
    else:
        click.echo(table([_ranked(row) for row in rows], RANKED, right=(1, 3, 6, 7)))
    if any(row["other_prices"] for row in rows):
        click.echo(NOTE)
    if found.beaten:
        click.echo("\n" + _summary(found.beaten.sentence(), len(rows), found.beaten.above))


def _runs_on(machine: str | None) -> "Callable[[Model], bool] | None":
    if machine is None:
        return None
    from reckon.cli.models.fit import runs_on

    return runs_on(machine)


PLAIN = ("model", "$/M in", "$/M out", "context", "takes", "score", "released")
RANKED = ("model", "score", "95%", "rank", "above", "organization", "$/M in", "$/M out")


def _row(row: Row, standing: "Standing") -> Row:
    score = standing.score
    if score and score.organization:
        row["organization"] = score.organization
    row.update(score_fields(score))
    row["probability_above"] = standing.probability
    return row


def _plain(row: Row) -> list[str]:
    return [
        row["model"],
        _rate(row["input_usd_per_mtok"]) + (MARK if row["other_prices"] else ""),
        _rate(row["output_usd_per_mtok"]),
        f"{row['context_tokens']:,}" if row["context_tokens"] else "unknown",
        ", ".join(row["modalities"]) if row["modalities"] else "unknown",
        "" if row["score"] is None else figure(row["score"]),
        f"retired {row['retired']}" if row["is_retired"] else row["released"] or "",
    ]


def _ranked(row: Row) -> list[str]:
    sure: float | None = row["probability_above"]
    low: float | None = row["score_low"]
    return [
        row["model"],
        figure(row["score"]),
        "" if low is None else f"{figure(low)} to {figure(row['score_high'])}",
        "" if row["rank"] is None else str(row["rank"]),
        "" if sure is None else ">99.9%" if sure > 0.999 else f"{sure:.1%}",
        row["organization"] or "unknown",
        _rate(row["input_usd_per_mtok"]) + (MARK if row["other_prices"] else ""),
        _rate(row["output_usd_per_mtok"]),
    ]


def _summary(sentence: str, shown: int, above: tuple[Any, ...]) -> str:
    if shown == len(above):
        return sentence
    return f"{sentence}\n{shown} of them answer to the other conditions."


def _rate(text: str | None) -> str:
    return "unknown" if text is None else text


def _sort_key(row: Row, sort: str | None) -> tuple[Any, ...]:
    """What is unknown comes last; equals are in the order of their names."""
    if sort == "price":
        price: str | None = row["input_usd_per_mtok"]
        return (price is None, Decimal(price or 0), row["model"])
    if sort == "score":
        score: float | None = row["score"]
        return (score is None, -(score or 0), row["model"])
    if sort == "context":
        return (-(row["context_tokens"] or 0), row["model"])
    if sort == "released":
        day: str | None = row["released"]
        newest_first = -int(day.replace("-", "")) if day else 0
        return (day is None, newest_first, row["model"])
    return (row["model"],)
