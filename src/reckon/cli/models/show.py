"""`reckon models show`: one model's card."""

import datetime as dt
from typing import TYPE_CHECKING

import click

from reckon.cli.models.rows import Row, model_row
from reckon.cli.options import json_option
from reckon.show.table import as_json as to_json

if TYPE_CHECKING:
    from reckon.vocabulary.model import Model
    from reckon.vocabulary.price import Price


@click.command("show")
@click.argument("model")
@json_option
def command(model: str, as_json: bool) -> None:
    """One model's card: price now and then, limits, what it takes, what to use instead."""
    from reckon.catalogue.load import load, price_on
    from reckon.run.answer import today

    found, day = load().find(model), today()
    if as_json:
        row = model_row(found, price_on(found, day), day)
        row["prices"] = [_period(price) for price in found.prices]
        click.echo(to_json([row]))
        return
    for name, value in _card(found, price_on(found, day), day):
        click.echo(f"{name + ':':14} {value}")


def _period(price: "Price") -> Row:
    return {
        "from": price.start.isoformat() if price.start else None,
        "to": price.end.isoformat() if price.end else None,
        "input_usd_per_mtok": f"{price.rate.input:f}",
        "output_usd_per_mtok": f"{price.rate.output:f}",
        "batch_multiplier": f"{price.batch_multiplier:f}" if price.batch_multiplier else None,
        "source": price.source,
    }


def _card(model: "Model", price: "Price | None", day: dt.date) -> list[tuple[str, str]]:
    unknown = "unknown"
    lines = [
        ("model", f"{model.key}  {model.name}".rstrip()),
        ("organization", model.organization or unknown),
        ("takes", ", ".join(model.modalities) if model.modalities else unknown),
        ("context", f"{model.context_tokens:,} tokens" if model.context_tokens else unknown),
        (
            "output",
            f"up to {model.max_output_tokens:,} tokens" if model.max_output_tokens else unknown,
        ),
        ("released", str(model.released or unknown)),
    ]
    if model.retired:
        was = "retired" if model.retired_on(day) else "retires"
        instead = f"; use {' or '.join(model.successors)}" if model.successors else ""
        lines.append((was, f"{model.retired}{instead}"))
    now = "unknown"
    if price is not None:
        now = "free"
        if not price.free:
            now = f"${price.rate.input:f} in, ${price.rate.output:f} out per million tokens"
    lines.append(("price now", now))
    for each in model.prices:
        when = f"{each.start or 'release'} to {each.end or 'now'}"
        rates = f"${each.rate.input:f} in, ${each.rate.output:f} out"
        lines.append(("price", f"{when}: {rates} (source: {each.source})"))
    lines += [("limitation", text) for text in model.limitations]
    lines.append(("source", model.source or unknown))
    return lines
