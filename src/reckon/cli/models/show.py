"""`reckon models show`: one model's card."""

import datetime as dt
from typing import TYPE_CHECKING

import click
from msgspec import to_builtins

from reckon.cli.models.dissent import other_lines
from reckon.cli.models.rows import Row, model_row, score_fields
from reckon.cli.options import json_option, print_json

if TYPE_CHECKING:
    from reckon.vocabulary.model import Limits, Model, Weights
    from reckon.vocabulary.price import Price
    from reckon.vocabulary.score import Score


@click.command("show")
@click.argument("model")
@json_option
def command(model: str, as_json: bool) -> None:
    """One model's card: price now and then, limits, scores, what it takes, what to use instead."""
    from reckon.catalogue.load import load, price_on
    from reckon.catalogue.standing import scores_of
    from reckon.run.clock import today

    found, day = load().find(model), today()
    scores = scores_of(found)
    if as_json:
        row = model_row(found, price_on(found, day), day)
        row["prices"] = [_period(price) for price in found.prices]
        row["scores"] = [score_fields(score) for score in scores]
        row["arena_names"] = list(found.arena_names)
        row["limitations"] = list(found.limitations)
        row["limits"] = to_builtins(found.limits)
        row["weights"] = to_builtins(found.weights)
        print_json([row])
        return
    for name, value in _card(found, price_on(found, day), day, scores):
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


def _card(
    model: "Model", price: "Price | None", day: dt.date, scores: "list[Score]"
) -> list[tuple[str, str]]:
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
    lines += other_lines(model, price)
    for each in model.prices:
        when = f"{each.start or 'release'} to {each.end or 'now'}"
        rates = f"${each.rate.input:f} in, ${each.rate.output:f} out"
        lines.append(("price", f"{when}: {rates} (source: {each.source})"))
    lines += _terms(model)
    lines += [("score", _score(score)) for score in scores]
    lines += [("limitation", text) for text in model.limitations]
    lines.append(("source", model.source or unknown))
    return lines


def _terms(model: "Model") -> list[tuple[str, str]]:
    """On what terms it can be had: free tier, licence, weights, rate limits."""
    free = {None: "unknown", True: "yes, within limits", False: "no"}[model.free_tier]
    weights = model.weights
    licence = model.licence or (weights.licence if weights else None) or "unknown"
    lines = [("free tier", free), ("licence", licence)]
    if weights:
        lines.append(("weights", _weights(weights)))
    if model.limits:
        lines.append(("limits", _limits(model.limits)))
    return lines


def _weights(weights: "Weights") -> str:
    parts = [weights.repository or "can be had"]
    if weights.parameters:
        parts.append(f"{weights.parameters / 1e9:.3g} billion parameters")
    if weights.active_parameters:
        parts.append(f"{weights.active_parameters / 1e9:.3g} billion active for a token")
    return ", ".join(parts)


def _limits(limits: "Limits") -> str:
    each = [
        f"{value:,.0f} {name.replace('_per_', ' a ').replace('_', ' ')}"
        for name, value in to_builtins(limits).items()
        if name != "source" and value is not None
    ]
    source = f" (source: {limits.source})" if limits.source else ""
    return f"{', '.join(each) or 'unknown'}{source}"


def _score(score: "Score") -> str:
    from reckon.catalogue.standing import place

    return f"{place(score)} on {score.board} as {score.model}: {score.method}"
