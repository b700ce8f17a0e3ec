"""Usage as Anthropic spells it, to usage as we mean it."""

from collections.abc import Iterable, Iterator

from reckon.providers.tiers import service_tier
from reckon.providers.untrusted import (
    HIGHEST_COUNT,
    Json,
    as_list,
    as_table,
    count,
    part,
    table,
    text,
)
from reckon.vocabulary.usage import Usage

_EVERYWHERE = frozenset({"", "global", "not_available"})
"""Places of inference that have the list price; a place that was asked for is dearer."""


def anthropic_usage(usage: Json, *, ran_code: bool = False) -> Usage:
    """Usage of a whole answer.

    `input_tokens` leaves out what the cache gave and took, so the three are added up. The turns of
    a loop of server tools are in the totals; what it cost to summarise a conversation that grew
    too long (`iterations` of type `compaction`) is not, and is billed, so it is added. What an
    advisor, another model, used has that model's price and is named in `billed_besides`, like all
    that changes the price of the tokens: fast mode, and inference that was kept in one place.

    Args:
        usage: The table of counts.
        ran_code: Whether Anthropic ran code for the answer in a container, which is billed by the
            hour, beyond hours that are free for each organisation.
    """
    rounds = [usage] + [
        each
        for each in map(as_table, as_list(usage.get("iterations")))
        if each is not None and each.get("type") == "compaction"
    ]
    written = [_written(each) for each in rounds]
    input_tokens = _sum(
        [
            count(each, "input_tokens"),
            count(each, "cache_read_input_tokens") or 0,
            short + long,
        ]
        for each, (short, long) in zip(rounds, written, strict=True)
    )
    output_tokens = _sum([count(each, "output_tokens")] for each in rounds)
    read = sum(count(each, "cache_read_input_tokens") or 0 for each in rounds)
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=_sane(read),
        cache_write_tokens=_sane(sum(short for short, _ in written)),
        cache_write_1h_tokens=_sane(sum(long for _, long in written)),
        reasoning_tokens=part(
            count(table(usage, "output_tokens_details"), "thinking_tokens"), output_tokens
        ),
        web_searches=count(table(usage, "server_tool_use"), "web_search_requests") or 0,
        service_tier=service_tier(usage, "service_tier"),
        billed_besides=", ".join(_besides(usage, ran_code=ran_code)),
    )


def _besides(usage: Json, *, ran_code: bool) -> Iterator[str]:
    models = {
        str(each.get("model") or "a model that is not named")
        for each in map(as_table, as_list(usage.get("iterations")))
        if each is not None and each.get("type") == "advisor_message"
    }
    if models:
        yield f"advice of {', '.join(sorted(models))}"
    if ran_code:
        yield "a container in which code ran"
    place = text(usage, "inference_geo")
    if place not in _EVERYWHERE:
        yield f"inference kept in {place}"
    if text(usage, "speed") not in ("", "standard"):
        yield f"{text(usage, 'speed')} mode"


def merged(before: Json, after: Json) -> Json:
    """Usage of a stream: all counts are totals so far, so what comes later replaces."""
    return before | {name: value for name, value in after.items() if value is not None}


def _written(usage: Json) -> tuple[int, int]:
    """Tokens written to the short-lived cache and to the one-hour cache.

    The total wins over its split: in a stream it comes anew at the end, the split does not.
    """
    split = table(usage, "cache_creation")
    long = count(split, "ephemeral_1h_input_tokens") or 0
    total = count(usage, "cache_creation_input_tokens")
    if total is None:
        total = long + (count(split, "ephemeral_5m_input_tokens") or 0)
    long = min(long, total)
    return total - long, long


def _sum(rounds: Iterable[list[int | None]]) -> int | None:
    """A sum in which one unknown makes the whole unknown."""
    total = 0
    for each in rounds:
        for value in each:
            if value is None:
                return None
            total += value
    return total if total < HIGHEST_COUNT else None


def _sane(total: int) -> int:
    return total if total < HIGHEST_COUNT else 0
