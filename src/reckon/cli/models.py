"""`reckon models`: what exists, what it costs, what it takes."""

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from reckon import settings
from reckon.cli.options import Dollars, json_option, key_option, with_default
from reckon.errors import UsageError
from reckon.show.table import as_json as to_json
from reckon.show.table import table

if TYPE_CHECKING:
    from reckon.vocabulary.model import Model, Provider
    from reckon.vocabulary.price import Price

Row = dict[str, Any]
SHOWN_CHANGES = 40
MODALITIES = ("text", "image", "audio", "video", "pdf")


@click.group("models", cls=with_default("list"))
def command() -> None:
    """What exists, what it costs, what it takes."""


@command.command("list")
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
def list_(  # noqa: PLR0917
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
    rows = [_row(model, price_on(model, day), day) for model in found]
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


@command.command("show")
@click.argument("model")
@json_option
def show(model: str, as_json: bool) -> None:
    """One model's card: price now and then, limits, what it takes, what to use instead."""
    from reckon.catalogue.load import load, price_on
    from reckon.run.answer import today

    found, day = load().find(model), today()
    if as_json:
        row = _row(found, price_on(found, day), day)
        row["prices"] = [_period(price) for price in found.prices]
        click.echo(to_json([row]))
        return
    for name, value in _card(found, price_on(found, day), day):
        click.echo(f"{name + ':':14} {value}")


@command.command("default")
@click.argument("model", required=False)
@click.option("--unset", is_flag=True, help="Forget the default.")
def default(model: str | None, unset: bool) -> None:
    """Show or set the model that is used without -m."""
    if unset:
        settings.set_default_model(None)
        click.echo("No default model is set.")
        return
    if model is None:
        current = settings.default_model()
        if current is None:
            raise UsageError(
                "No default model is set.", do="Set one: reckon models default gpt-4o-mini"
            )
        click.echo(current)
        return
    from reckon.catalogue.load import load

    found = load().find(model)
    settings.set_default_model(found.key)
    click.echo(f"The default model is {found.key}.")


@command.command("refresh")
@click.option("--provider", metavar="P", help="Whose list of models to fetch.")
@key_option
@json_option
def refresh(provider: str | None, key: str | None, as_json: bool) -> None:
    """Fetch the models that a provider lists, with their prices where it states them.

    The list is kept with its history in the user folder: an id that goes stays known, and a price
    that changes ends where the new one begins. Nothing is ever fetched without this command.
    """
    from reckon.run import refresh as runner

    if provider is None:
        raise _no_provider(runner.refreshable())
    found = runner.refresh(provider, key=key)
    rows = [
        *({"model": model, "change": "new"} for model in found.new),
        *({"model": model, "change": "gone"} for model in found.gone),
        *(
            {
                "model": each.model,
                "change": "price",
                **_rates("before_", each.before),
                **_rates("", each.now),
            }
            for each in found.prices
        ),
    ]
    if as_json:
        click.echo(to_json([_CHANGE | row for row in rows]))
        return
    count = f"{found.listed:,} model{'' if found.listed == 1 else 's'}"
    click.echo(f"{found.provider.name} lists {count} ({found.source}).")
    for row in rows[:SHOWN_CHANGES]:
        click.echo(_change(row))
    if len(rows) > SHOWN_CHANGES:
        click.echo(f"... and {len(rows) - SHOWN_CHANGES:,} more changes; --json has all.")
    if not rows:
        click.echo("Nothing has changed.")


_CHANGE: Row = dict.fromkeys(
    (
        "model",
        "change",
        "before_input_usd_per_mtok",
        "before_output_usd_per_mtok",
        "input_usd_per_mtok",
        "output_usd_per_mtok",
    )
)


def _rates(prefix: str, price: "Price | None") -> Row:
    return {
        f"{prefix}input_usd_per_mtok": f"{price.rate.input:f}" if price else None,
        f"{prefix}output_usd_per_mtok": f"{price.rate.output:f}" if price else None,
    }


def _change(row: Row) -> str:
    if row["change"] != "price":
        return f"{row['change'] + ':':6} {row['model']}"
    before, now = (
        "unknown"
        if row[f"{when}input_usd_per_mtok"] is None
        else f"${row[f'{when}input_usd_per_mtok']} in, ${row[f'{when}output_usd_per_mtok']} out"
        for when in ("before_", "")
    )
    return f"price: {row['model']}: {before} -> {now}"


def _no_provider(ready: "list[Provider]") -> UsageError:
    names = ", ".join(each.id for each in ready)
    return UsageError(
        "No provider was named.",
        why=f"Ready, with a key or running here: {names}."
        if ready
        else "No provider has a key, and no local server was found running.",
        do=f"Name one: reckon models refresh --provider {ready[0].id if ready else 'openrouter'}",
    )


def _row(model: "Model", price: "Price | None", day: dt.date) -> Row:
    return {
        "model": model.key,
        "id": model.id,
        "provider": model.provider,
        "organization": model.organization,
        "name": model.name or None,
        "released": model.released.isoformat() if model.released else None,
        "retired": model.retired.isoformat() if model.retired else None,
        "is_retired": model.retired_on(day),
        "successors": list(model.successors),
        "context_tokens": model.context_tokens,
        "max_output_tokens": model.max_output_tokens,
        "modalities": list(model.modalities) if model.modalities is not None else None,
        "open_weights": model.is_open or None,
        "licence": model.licence,
        "input_usd_per_mtok": f"{price.rate.input:f}" if price else None,
        "output_usd_per_mtok": f"{price.rate.output:f}" if price else None,
        "price_source": price.source if price else None,
        "source": model.source,
    }


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
