"""Reads the lists of models that providers and servers give out. Does no I/O.

Each field has several spellings in the wild; a list says what it says, and the rest stays unknown.
What a list says cannot chat is left out. A price is read only where the provider's row tells its
unit, for two lists spell dollars per token and dollars per million tokens alike.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, cast
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from reckon.errors import AnswerInvalid
from reckon.providers.anthropic.wire import VERSION as ANTHROPIC_VERSION
from reckon.providers.untrusted import Json, as_list, as_table, count, table, text
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Modality, Model, Provider
from reckon.vocabulary.price import Price, Rate, Tier

PER_PAGE = 1000
"""Models of one page, where a provider lets us say: the most that both of them give."""

_PER_MILLION = {
    "usd_per_token": Decimal(10**6),
    "usd_per_million": Decimal(1),
    "cents_per_100_million": Decimal(1) / 10_000,
}
_RATES = {
    "input": ("prompt", "input", "prompt_text_token_price"),
    "output": ("completion", "output", "completion_text_token_price"),
    "cached_input": ("input_cache_read", "cached_input", "cached_prompt_text_token_price"),
    "cache_write": ("input_cache_write",),
    "cache_write_1h": ("input_cache_write_1h",),
    "audio_input": ("audio",),
}
_LONG = "_long_context"
"""What xAI adds to the name of a rate that holds above its threshold."""

_CONTEXT = (
    "context_length",
    "context_window",
    "max_context_length",
    "max_model_len",
    "max_input_tokens",
    "inputTokenLimit",
)
_OUTPUT = ("max_completion_tokens", "max_output_tokens", "outputTokenLimit")
_MODALITIES: dict[str, Modality] = {
    "text": "text",
    "image": "image",
    "audio": "audio",
    "video": "video",
    "pdf": "pdf",
    "file": "pdf",
    "document": "pdf",
}
_TAKES: dict[str, Modality] = {
    "vision": "image",
    "supports_image_input": "image",
    "supports_image_in": "image",
    "supports_video_in": "video",
    "image_input": "image",
    "pdf_input": "pdf",
    "audio": "audio",
}
"""Fields of a model, or of its capabilities, that say yes or no."""

_CHATS = ("completion_chat", "supports_chat")
_OTHER_TYPES = frozenset(
    {"image", "video", "audio", "embedding", "embeddings", "rerank", "moderation", "transcribe"}
)
"""Together's types, and others', of models that do not chat."""

_FREE_MARKS = (":free", "-free")
"""Ends of ids by which OpenRouter and Together mark what costs nothing."""


class Page(NamedTuple):
    """Some of the models of a list."""

    models: tuple[Model, ...]
    """Each with at most one price, not dated."""
    next: str
    """The query that asks for the next page; empty: that was all."""


def first_call(provider: Provider, base_url: str, key: str | None) -> Call:
    """The call that asks for the first page."""
    return next_call(provider, base_url, key, _FIRST.get(provider.wire, ""))


def next_call(provider: Provider, base_url: str, key: str | None, query: str) -> Call:
    """The call that asks for a page.

    Args:
        provider: Its row, whose `models_path` may go up with `..`, on the same host only.
        base_url: Its address.
        key: Its key, if there is one.
        query: What the page before gave as `next`.
    """
    headers = {"accept": "application/json", **provider.headers}
    if provider.wire == "anthropic":
        headers.setdefault("anthropic-version", ANTHROPIC_VERSION)
    name = provider.key_header or _KEY_HEADERS.get(provider.wire, "")
    if key:
        headers[name or "authorization"] = key if name else f"Bearer {key}"
    return Call(url=_address(base_url, provider, query), method="GET", headers=headers)


def _address(base_url: str, provider: Provider, query: str) -> str:
    base = urlsplit(base_url)
    root = base.path.rstrip("/")
    if provider.wire == "ollama":
        root = root.removesuffix("/v1")
    elif provider.wire == "anthropic" and not root.endswith("/v1"):
        root += "/v1"
    path, _, own_query = provider.models_path.partition("?")
    parts: list[str] = []
    for part in f"{root}/{path}".split("/"):
        if part == "..":
            del parts[-1:]
        elif part:
            parts.append(part)
    queries = "&".join(each for each in (base.query, own_query, query) if each)
    return urlunsplit((base.scheme, base.netloc, "/" + "/".join(parts), queries, ""))


def read_page(body: bytes, provider: Provider) -> Page:
    """The models of one answer.

    Raises:
        AnswerInvalid: It is no list of models; says what it is.
    """
    try:
        decoded: Any = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        is_page = body.lstrip()[:1] == b"<"
        raise _invalid(
            "It is a web page, not JSON" if is_page else f"It is not JSON: {error}"
        ) from (error)
    answer = as_table(decoded) or {}
    rows = _rows(decoded)
    if rows is None:
        raise _invalid("It is JSON, but has no list of models in it")
    models: dict[str, Model] = {}
    for row in rows:
        for model in _models(row, provider):
            models.setdefault(model.id, model)
    more = _NEXT.get(provider.wire, _next_by_token)(answer)
    return Page(tuple(models.values()), more)


def _decimal(text_: str) -> Decimal:
    return Decimal(text_)


_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_decimal)


def _rows(decoded: Any) -> list[Json] | None:
    """The rows of a list: bare, as `data`, or as `models`."""
    answer = as_table(decoded)
    found: object = cast("object", decoded)
    if answer is not None:
        found = answer.get("data")
        if not isinstance(found, list):
            found = answer.get("models")
    if not isinstance(found, list):
        return None
    rows: object = cast("object", found)
    return [row for row in map(as_table, as_list(rows)) if row is not None]


def _models(row: Json, provider: Provider) -> list[Model]:
    id_ = text(row, "id") or text(row, "model") or text(row, "name")
    id_ = id_.removeprefix("models/") if provider.wire == "gemini" else id_
    if not id_.strip() or not _chats(row):
        return []
    model = Model(
        id=id_,
        provider=provider.id,
        organization="",
        name=_name(row, id_),
        context_tokens=_context(row),
        max_output_tokens=_most_output(row),
        modalities=_takes(row),
        prices=_prices(id_, row, provider),
    )
    others = [alias for alias in as_list(row.get("aliases")) if isinstance(alias, str) and alias]
    twins = [msgspec.structs.replace(model, id=alias) for alias in others]
    return [model, *twins, *_hosted(model, row, provider)]


def _hosted(model: Model, row: Json, provider: Provider) -> list[Model]:
    """The same model at each host behind a router, which are named after a colon.

    Each has a price of its own; what the router itself will choose, nobody knows before.
    """
    hosts = [host for host in map(as_table, as_list(row.get("providers"))) if host]
    return [
        msgspec.structs.replace(
            model,
            id=f"{model.id}:{name}",
            context_tokens=_first_count(host, _CONTEXT) or model.context_tokens,
            prices=_prices(model.id, host, provider),
        )
        for host in hosts
        if (name := text(host, "provider")) and text(host, "status") in ("live", "")
    ]


def _chats(row: Json) -> bool:
    """Whether the list does not say that the model cannot chat."""
    capabilities = table(row, "capabilities")
    if any(fields.get(name) is False for fields in (row, capabilities) for name in _CHATS):
        return False
    methods = row.get("supportedGenerationMethods")
    if isinstance(methods, list) and "generateContent" not in methods:
        return False
    endpoints = row.get("endpoints")
    if isinstance(endpoints, list) and "chat" not in endpoints:
        return False
    makes = _strings(table(row, "architecture").get("output_modalities"))
    makes = makes or _strings(row.get("output_modalities"))
    if makes and "text" not in makes:
        return False
    return text(row, "type") not in _OTHER_TYPES and row.get("active") is not False


def _name(row: Json, id_: str) -> str:
    for field in ("display_name", "displayName", "name"):
        said = text(row, field).strip()
        if said and said.removeprefix("models/") != id_:
            return said
    return ""


def _context(row: Json) -> int | None:
    # llama.cpp says in `meta` what it was started with.
    return _first_count(row, _CONTEXT) or _first_count(table(row, "meta"), ("n_ctx",))


def _most_output(row: Json) -> int | None:
    found = _first_count(row, _OUTPUT) or _first_count(table(row, "top_provider"), _OUTPUT)
    # Anthropic's word for it; elsewhere the same word is about other things.
    return found or (count(row, "max_tokens") if "max_input_tokens" in row else None) or None


def _first_count(row: Json, names: tuple[str, ...]) -> int | None:
    return next((found for name in names if (found := count(row, name))), None)


def _takes(row: Json) -> tuple[Modality, ...] | None:
    """What the model takes; None where the list does not say."""
    said = _strings(table(row, "architecture").get("input_modalities"))
    said = said or _strings(row.get("input_modalities"))
    if said:
        found: dict[Modality, None] = {
            _MODALITIES[each]: None for each in said if each in _MODALITIES
        }
        return tuple(found) or None
    answers: dict[Modality, bool] = {}
    for fields in (row, table(row, "capabilities")):
        for name, modality in _TAKES.items():
            answer = _yes_or_no(fields.get(name))
            if answer is not None:
                answers[modality] = answers.get(modality, False) or answer
    if "image" not in answers:
        return None
    return ("text", *(modality for modality, answer in answers.items() if answer))


def _strings(value: object) -> list[str]:
    """The strings of a list."""
    return [each for each in as_list(value) if isinstance(each, str)]


def _yes_or_no(value: object) -> bool | None:
    """A plain answer, or Anthropic's `{"supported": true}`."""
    capability = as_table(value)
    answer: object = value if capability is None else capability.get("supported")
    return answer if isinstance(answer, bool) else None


def _prices(id_: str, row: Json, provider: Provider) -> tuple[Price, ...]:
    """The one price that a list states for a model, or none."""
    factor = _PER_MILLION.get(provider.models_prices)
    stated = as_table(row.get("pricing")) or row
    rate = _rate(stated, factor) if factor is not None else None
    if factor is None or rate is None:
        return ()
    per_request = _amount(stated.get("request")) or Decimal(0)
    is_zero = not rate.input and not rate.output
    if is_zero:
        if per_request or not id_.lower().endswith(_FREE_MARKS):
            return ()
        return (Price(rate=Rate(input=Decimal(0), output=Decimal(0)), free=True),)
    tiers = _tiers(stated, factor)
    if tiers is None or not rate.input or not rate.output:
        return ()
    return (Price(rate=rate, tiers=tiers, per_request=per_request),)


def _rate(stated: Json, factor: Decimal, end: str = "") -> Rate | None:
    """The rates in dollars per million tokens; None without input and output."""
    found = {
        field: amount * factor
        for field, names in _RATES.items()
        for name in names
        if (amount := _amount(stated.get(name + end))) is not None
    }
    if "input" not in found or "output" not in found:
        return None
    # A zero beside a price says that there is no such rate, not that it is free.
    return Rate(
        **{
            field: _plain(rate)
            for field, rate in found.items()
            if rate or field in ("input", "output")
        }
    )


def _tiers(stated: Json, factor: Decimal) -> tuple[Tier, ...] | None:
    """Rates of long prompts; None where the price hangs on what cannot be carried."""
    tiers: list[Tier] = []
    threshold = count(stated, "long_context_threshold")
    long = _rate(stated, factor, _LONG) if threshold else None
    if threshold and long:
        tiers.append(Tier(above_input_tokens=threshold, rate=long))
    for override in map(as_table, as_list(stated.get("overrides"))):
        # OpenRouter's: prices are strings, what they hang on is not.
        conditions = {
            name for name, value in (override or {}).items() if not isinstance(value, str)
        }
        least = count(override or {}, "min_prompt_tokens")
        rate = _rate({**stated, **(override or {})}, factor)
        if conditions != {"min_prompt_tokens"} or not least or rate is None:
            return None
        tiers.append(Tier(above_input_tokens=least - 1, rate=rate))
    if not all(tier.rate.input and tier.rate.output for tier in tiers):
        return None
    return tuple(sorted(tiers, key=lambda tier: tier.above_input_tokens))


def _amount(value: object) -> Decimal | None:
    """A number of dollars; None where it is none, or negative: a router's `-1` means unknown."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None


def _plain(rate: Decimal) -> Decimal:
    """Without trailing zeros or an exponent: `0.15`, `30`."""
    return Decimal(f"{rate.normalize():f}")


def _next_by_token(answer: Json) -> str:
    """Cohere's and Google's way: a token for the next page."""
    token = text(answer, "next_page_token")
    return f"page_token={quote(token)}" if token else ""


def _next_gemini(answer: Json) -> str:
    token = text(answer, "nextPageToken")
    return f"pageSize={PER_PAGE}&pageToken={quote(token)}" if token else ""


def _next_anthropic(answer: Json) -> str:
    last = text(answer, "last_id")
    more = answer.get("has_more") is True and last
    return f"limit={PER_PAGE}&after_id={quote(last)}" if more else ""


_KEY_HEADERS = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}
_FIRST = {"anthropic": f"limit={PER_PAGE}", "gemini": f"pageSize={PER_PAGE}"}
_NEXT: dict[str, Callable[[Json], str]] = {"anthropic": _next_anthropic, "gemini": _next_gemini}


def _invalid(why: str) -> AnswerInvalid:
    return AnswerInvalid(
        "The list of models cannot be read.",
        why=f"{why}.",
        do="Check that the base URL is that of the provider's interface for programs.",
    )
