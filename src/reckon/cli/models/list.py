"""`reckon models list`: models that answer to conditions."""

from decimal import Decimal
from typing import Any

import click

from reckon.cli.models.rows import Row, model_row
from reckon.cli.options import Dollars, json_option
from reckon.show.table import as_json as to_json
from reckon.show.table import table

MODALITIES = ("text", "image", "audio", "video", "pdf")


@click.command("list")
@click.argument("query", nargs=-1)
@click.option("--provider", metavar="P", help="Only of this provider.")
@click.option("--modality", type=click.Choice(MODALITIES), help="Only those that take it.")
@click.option("--min-context", type=click.IntRange(min=1), metavar="N", help="Tokens at least.")
@click.option("--open-weights", is_flag=True, help="Only those whose weights can be had.")
@click.option("--max-price", type=Dollars(), help="Per million input tokens.")
@click.option(
    "--sort", type=click.Choice(["price", "released", "context"]), help="Default: by name."
)
@json_option
def command(  # noqa: PLR0917
    query: tuple[str, ...],
    provider: str | None,
    modality: Any,
    min_context: int | None,
    open_weights: bool,
    max_price: Decimal | None,
    sort: str | None,
    as_json: bool,
) -> None:
    """Models whose name holds all the words of QUERY."""
    from reckon.catalogue.load import load, price_on
    from reckon.run.answer import today

    day = today()
    found = load().search(
        " ".join(query),
        provider=provider,
        modality=modality,
        min_context=min_context,
        open_weights=open_weights,
        max_price=max_price,
    )
    rows = [model_row(model, price_on(model, day), day) for model in found]
    rows.sort(key=lambda row: _sort_key(row, sort))
    if as_json:
        click.echo(to_json(rows))
        return
    cells = [
        [
            row["model"],
            _rate(row["input_usd_per_mtok"]),
            _rate(row["output_usd_per_mtok"]),
            f"{row['context_tokens']:,}" if row["context_tokens"] else "unknown",
            ", ".join(row["modalities"]) if row["modalities"] else "unknown",
            f"retired {row['retired']}" if row["is_retired"] else row["released"] or "",
        ]
        for row in rows
    ]
    header = ["model", "$/M in", "$/M out", "context", "takes", "released"]
    click.echo(table(cells, header, right=(1, 2, 3)) if cells else "No model is like that.")


def _rate(text: str | None) -> str:
    return "unknown" if text is None else text


def _sort_key(row: Row, sort: str | None) -> tuple[Any, ...]:
    """What is unknown comes last; equals are in the order of their names."""
    if sort == "price":
        price: str | None = row["input_usd_per_mtok"]
        return (price is None, Decimal(price or 0), row["model"])
    if sort == "context":
        return (-(row["context_tokens"] or 0), row["model"])
    if sort == "released":
        day: str | None = row["released"]
        newest_first = -int(day.replace("-", "")) if day else 0
        return (day is None, newest_first, row["model"])
    return (row["model"],)
