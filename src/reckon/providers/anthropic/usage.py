"""Usage as Anthropic spells it, to usage as we mean it."""

from collections.abc import Iterable

from reckon.providers.untrusted import HIGHEST_COUNT, Json, as_list, as_table, count, part, table
from reckon.vocabulary.usage import Usage


def anthropic_usage(usage: Json) -> Usage:
    """Usage of a whole answer.

    `input_tokens` leaves out what the cache gave and took, so the three are added up. The turns of
    a loop of server tools are in the totals; what it cost to summarise a conversation that grew
    too long (`iterations` of type `compaction`) is not, and is billed, so it is added. What an
    advisor, another model, used has that model's price and is named in `billed_besides`.
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
        billed_besides=_advice(usage),
    )


def _advice(usage: Json) -> str:
    models = {
        str(each.get("model") or "a model that is not named")
        for each in map(as_table, as_list(usage.get("iterations")))
        if each is not None and each.get("type") == "advisor_message"
    }
    return f"advice of {', '.join(sorted(models))}" if models else ""


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
