"""What recorded answers say they used, read without the code under test, and added up by hand.

For each format a few lines find the usage in the raw JSON, and a few more price it.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from email.utils import parsedate_to_datetime

from reckon.vocabulary.price import Price, Rate
from recorded_wire import Json, with_format

TAKEN = dt.date(2026, 8, 22)
"""The day of the recordings' latest source, for answers that name no day."""


def recorded() -> Iterator[tuple[str, Json]]:
    """Answers that are no errors, with their format."""
    for wire, found in with_format():
        answer = found["response"]
        if "body" in answer and answer["status"] < 400:
            yield wire, found


def objects(exchange: Json) -> list[Json]:
    """Every JSON object of an answer: one, or those of a stream."""
    body = exchange["response"]["body"].strip()
    try:
        whole = json.loads(body)
    except ValueError:
        lines = [line.removeprefix("data:").strip() for line in body.splitlines()]
        return [json.loads(line) for line in lines if line.startswith("{")]
    return whole if isinstance(whole, list) else [whole]


def is_stream(exchange: Json) -> bool:
    """Whether the answer came in pieces."""
    body = exchange["response"]["body"].lstrip()
    lines = [line for line in body.splitlines() if line.strip()]
    return (
        body.startswith(("data:", "event:", ":", "["))
        or "stream" in exchange["endpoint"]
        or (len(lines) > 1 and all(line.startswith("{") and line.endswith("}") for line in lines))
    )


def day_of(exchange: Json) -> dt.date:
    """The day of the call."""
    date = dict(exchange["response"]["headers"]).get("date")
    if date:
        return parsedate_to_datetime(date).date()
    for each in objects(exchange):
        inner = each.get("response") or each
        moment = inner.get("created") or inner.get("created_at")
        if isinstance(moment, int | float) and moment > 1e9:
            return dt.datetime.fromtimestamp(moment, dt.UTC).date()
    return TAKEN


def usage_of(wire: str, exchange: Json) -> Json:
    """The usage that the answer ends with; empty where it says nothing."""
    found: Json = {}
    for each in objects(exchange):
        match wire:
            case "anthropic":
                told = each.get("usage") or (each.get("message") or {}).get("usage")
            case "gemini":
                told = each.get("usageMetadata")
            case "openai_responses":
                told = (each.get("response") or each).get("usage")
            case "ollama":
                told = {k: v for k, v in each.items() if k.endswith("_count")}
            case _:
                told = each.get("usage") or (each.get("x_groq") or {}).get("usage")
        found |= {name: value for name, value in (told or {}).items() if value is not None}
    return found


def _or(rate: Decimal | None, plain: Decimal) -> Decimal:
    return plain if rate is None else rate


def anthropic(usage: Json, rate: Rate) -> Decimal:
    """Input, cache reads and writes are counted apart; the split of the writes may be missing.

    What a summary of a long conversation used is in no total, and is billed.
    """
    total = Decimal(0)
    summaries = [each for each in usage.get("iterations") or () if each["type"] == "compaction"]
    for each in (usage, *summaries):
        written = each.get("cache_creation_input_tokens", 0)
        long = min(each.get("cache_creation", {}).get("ephemeral_1h_input_tokens", 0), written)
        total += each["input_tokens"] * rate.input
        total += each.get("cache_read_input_tokens", 0) * _or(rate.cached_input, rate.input)
        total += (written - long) * _or(rate.cache_write, rate.input)
        total += long * _or(rate.cache_write_1h, rate.input)
        total += each["output_tokens"] * rate.output
    return total


def openai_chat(usage: Json, rate: Rate) -> Decimal:
    """Parts of the prompt are in its total; what the grand total counts beyond is output."""
    details = usage.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") or usage.get("num_cached_tokens") or 0
    cached = usage.get("prompt_cache_hit_tokens", cached)
    parts = {
        "cache_write": details.get("cache_write_tokens") or 0,
        "audio_input": details.get("audio_tokens") or 0,
        "image_input": details.get("image_tokens") or 0,
        "video_input": details.get("video_tokens") or 0,
    }
    output = max(usage["total_tokens"] - usage["prompt_tokens"], usage["completion_tokens"])
    said = usage.get("completion_tokens_details") or {}
    spoken, drawn = said.get("audio_tokens") or 0, said.get("image_tokens") or 0
    total = cached * _or(rate.cached_input, rate.input)
    for name, tokens in parts.items():
        total += tokens * _or(getattr(rate, name), rate.input)
    total += (usage["prompt_tokens"] - cached - sum(parts.values())) * rate.input
    total += spoken * _or(rate.audio_output, rate.output)
    total += drawn * _or(rate.image_output, rate.output)
    return total + (output - spoken - drawn) * rate.output


def openai_responses(usage: Json, rate: Rate) -> Decimal:
    """As chat, under other names."""
    details = usage.get("input_tokens_details") or {}
    cached, written = details.get("cached_tokens") or 0, details.get("cache_write_tokens") or 0
    return (
        cached * _or(rate.cached_input, rate.input)
        + written * _or(rate.cache_write, rate.input)
        + (usage["input_tokens"] - cached - written) * rate.input
        + usage["output_tokens"] * rate.output
    )


def gemini(usage: Json, rate: Rate) -> Decimal:
    """Thoughts are counted beside the answer, results of tools beside the prompt."""
    sent = {"AUDIO": 0, "IMAGE": 0, "VIDEO": 0}
    for name in ("promptTokensDetails", "toolUsePromptTokensDetails"):
        for each in usage.get(name, []):
            kind = {"DOCUMENT": "IMAGE"}.get(each["modality"], each["modality"])
            if kind in sent:
                sent[kind] += each.get("tokenCount", 0)
    drawn = sum(
        each["tokenCount"]
        for each in usage.get("candidatesTokensDetails", [])
        if each["modality"] == "IMAGE"
    )
    total_in = usage["promptTokenCount"] + usage.get("toolUsePromptTokenCount", 0)
    cached = usage.get("cachedContentTokenCount", 0)
    total = cached * _or(rate.cached_input, rate.input)
    # A token of a picture may be a cached one as well: it is cached first.
    left = total_in - cached
    for kind in ("AUDIO", "IMAGE", "VIDEO"):
        own = getattr(rate, f"{kind.lower()}_input")
        if own is not None:
            taken = min(sent[kind], left)
            left -= taken
            total += taken * own
    output = usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0)
    total += left * rate.input + drawn * _or(rate.image_output, rate.output)
    return total + (output - drawn) * rate.output


def ollama(usage: Json, rate: Rate) -> Decimal:
    """Two counts."""
    return usage["prompt_eval_count"] * rate.input + usage["eval_count"] * rate.output


BY_HAND: dict[str, Callable[[Json, Rate], Decimal]] = {
    "anthropic": anthropic,
    "openai_chat": openai_chat,
    "openai_responses": openai_responses,
    "gemini": gemini,
    "ollama": ollama,
}


def searches_of(wire: str, exchange: Json, usage: Json) -> int:
    """Searches that the provider says or shows it ran."""
    body = exchange["response"]["body"]
    match wire:
        case "anthropic":
            return (usage.get("server_tool_use") or {}).get("web_search_requests", 0)
        case "openai_responses":
            done = {
                item["id"]
                for each in objects(exchange)
                for item in (each.get("response") or each).get("output") or ()
                if item["type"] == "web_search_call"
                and item.get("action", {}).get("type", "search") == "search"
            }
            return len(done)
        case "gemini":
            return len(set(re.findall(r'"webSearchQueries":\s*\["([^"]*)"', body)))
        case _:
            told = usage.get("server_tool_use_details") or {}
            return told.get("web_search_requests", 0)


def tier_of(exchange: Json) -> str:
    """The last service tier that the answer names; empty for the standard one."""
    body = exchange["response"]["body"]
    names = re.findall(r'"(?:service_tier|serviceTier|trafficType)":\s*"?(\w+)', body)
    told = [name.lower() for name in names if name != "null"]
    last = told[-1].removeprefix("on_demand_") if told else ""
    return "" if last in ("auto", "default", "standard", "on_demand", "1") else last


def has_other_bills(wire: str, exchange: Json) -> bool:
    """Whether the answer shows something that is billed by another measure than its tokens."""
    body = exchange["response"]["body"]
    signs = {
        "anthropic": r'"container":\s*\{|"type":\s*"advisor_message"|"inference_geo":\s*"us"',
        "openai_responses": r'"type":\s*"(code_interpreter|file_search|image_generation)_call"',
        "openai_chat": r'"executed_tools":\s*\[\s*\{|"usage_breakdown":\s*\{\s*"models":\s*\[',
        "gemini": r'"maps":\s*\{',
    }
    return wire in signs and re.search(signs[wire], body) is not None


def fee_of(price: Price, searches: int) -> Decimal | None:
    """Dollars for so many searches."""
    if not searches:
        return Decimal(0)
    if price.per_searching_request is not None:
        return price.per_searching_request
    return None if price.per_search is None else price.per_search * searches
