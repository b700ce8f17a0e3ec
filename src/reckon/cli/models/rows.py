"""A model as one row of a table or of JSON, in every command that lists models."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from reckon.cli.models.dissent import other_rows, others

if TYPE_CHECKING:
    from reckon.vocabulary.model import Model
    from reckon.vocabulary.price import Price
    from reckon.vocabulary.score import Score

Row = dict[str, Any]


def model_row(model: "Model", price: "Price | None", day: dt.date) -> Row:
    """The model with its price of that day."""
    return {
        "model": model.key,
        "id": model.id,
        "provider": model.provider or None,
        "organization": model.organization or None,
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
        "free_tier": model.free_tier,
        "input_usd_per_mtok": f"{price.rate.input:f}" if price else None,
        "output_usd_per_mtok": f"{price.rate.output:f}" if price else None,
        "price_source": price.source if price else None,
        "other_prices": other_rows(others(model, price)) if model.other_prices else [],
        "source": model.source,
    }


def score_fields(score: "Score | None") -> Row:
    """A score, unrounded; every field null where there is none."""
    if score is None:
        return _NO_SCORE
    return {
        "score": score.score,
        "score_low": score.low,
        "score_high": score.high,
        "rank": score.rank,
        "votes": score.votes,
        "board": score.board.isoformat(),
        "method": score.method,
        "arena_name": score.model,
        "score_source": score.source,
    }


_NO_SCORE: Row = dict.fromkeys(
    (
        "score",
        "score_low",
        "score_high",
        "rank",
        "votes",
        "board",
        "method",
        "arena_name",
        "score_source",
    )
)
