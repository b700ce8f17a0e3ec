"""From an HTTP status and what an error says to one of our errors, with its remedy.

Which words mean what is data, in `fault_words`. An error inside an answer under HTTP 200 goes the
same way as one with a status of its own.
"""

import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from reckon.errors import AnswerBrokenOff, ContextOverflow, ProviderError
from reckon.providers.fault_words import (
    ASKS_WAIT,
    BY_HUNDRED,
    BY_STATUS,
    CODES,
    FAULTS,
    OVERFLOW,
    OVERFLOWS,
    OVERLOADED,
    OVERLOADED_STATUSES,
    PHRASES,
    REFUSED,
    SAME_INSIDE,
    STATUS_OF,
    Cause,
)
from reckon.providers.limit_headers import duration_s, limits_in
from reckon.providers.untrusted import HIGHEST_COUNT, Json, as_list, as_table, count, table, text
from reckon.vocabulary.limits import RateLimits
from reckon.vocabulary.model import Model, Provider

MESSAGE_LIMIT = 300
"""Letters of a message that are shown."""
SEARCHED = 4_000
"""Letters of a message that are looked through."""


class _Told(msgspec.Struct, frozen=True):
    """What an error says, out of its several shapes."""

    code: str = ""
    """The word to be shown: a code, else a type."""
    message: str = ""
    """The words to be shown."""
    whole: str = ""
    """The message before it was cut."""
    words: tuple[str, ...] = ()
    """All codes, types and reasons, in small letters; the most telling first."""
    status: int | None = None
    details: tuple[Json, ...] = ()
    headers: dict[str, str] = {}
    """Headers of the provider behind a router."""
    behind: str = ""
    """What the provider behind a router said. It may speak of the router's account, so that only
    the length of the prompt is read from it."""
    tokens: int | None = None
    limit_tokens: int | None = None


def provider_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    model: Model,
    provider: Provider,
    *,
    now: float | None = None,
) -> ProviderError:
    """The error that an answer with this status and body stands for.

    Args:
        status: The HTTP status.
        headers: By lower-case names.
        body: What came, JSON or not.
        model: The model that was asked.
        provider: Who answered.
        now: The time in seconds since 1970; None: that of this machine.
    """
    told = _told(body)
    given = {**told.headers, **headers}
    limits = limits_in(given, now=now or time.time(), windows=provider.limit_windows)
    cause = _cause(status, told)
    if cause == "moved":
        host = _host(headers.get("location", ""))
        to = f" to {host}" if host else ""
        why = f"HTTP {status}{to}. Redirects are not followed: the key would go along."
    else:
        why = f"HTTP {status}{f': {told.message}' if told.message else ', without a message.'}"
    error = _error(cause, told, status, why=why, limits=limits, model=model, provider=provider)
    error.status = status
    error.limits = limits
    return error


def error_inside(
    broken: AnswerBrokenOff, limits: RateLimits, model: Model, provider: Provider
) -> ProviderError:
    """What an error inside an answer stands for, if nothing of the answer had come before it.

    Gives `broken` itself where the error does not say what it is: it may have been billed.
    """
    told = _read(broken.told)
    status = _status_inside(told)
    if status is None:
        return broken
    named = f" ({told.code})" if told.code else ""
    why = f"Inside an answer under HTTP 200: {told.message or 'no message'}{named}."
    # The headers were sent while all was well: a wait in them is not about this error.
    early = msgspec.structs.replace(limits, wait_s=None, should_retry=None)
    cause = _cause(status, told)
    error = _error(cause, told, status, why=why, limits=early, model=model, provider=provider)
    error.limits = limits
    return error


def _cause(status: int, told: _Told) -> Cause:
    for word in told.words:
        if word in CODES:
            return CODES[word]
    if any(_is_daily(each) for each in told.details):
        return "day"
    for statuses, phrase, cause in PHRASES:
        if status in statuses and _found(phrase, told):
            return cause
    if status in REFUSED and _is_overflow(told):
        return "overflow"
    return BY_STATUS.get(status) or BY_HUNDRED.get(status // 100, "down")


def _error(
    cause: Cause,
    told: _Told,
    status: int,
    *,
    why: str,
    limits: RateLimits,
    model: Model,
    provider: Provider,
) -> ProviderError:
    fault = FAULTS[cause]
    names = {"provider": provider.name, "id": provider.id, "model": model.id}
    # What the server says of the request itself wins over what its kind usually means.
    retryable = fault.retryable if limits.should_retry is None else limits.should_retry
    error = fault.kind(
        fault.what.format_map(names),
        why=why,
        do=fault.do.format_map(names),
        retry_after_s=_asked_wait_s(told, limits) if retryable or cause == "day" else None,
        retryable=retryable,
        overloaded=status in OVERLOADED_STATUSES or not OVERLOADED.isdisjoint(told.words),
    )
    if isinstance(error, ContextOverflow):
        error.tokens, error.limit_tokens = _overflow(told)
    return error


def _asked_wait_s(told: _Told, limits: RateLimits) -> float | None:
    """Seconds to wait: by a header, else by Google's RetryInfo, else by the message's words."""
    if limits.wait_s is not None:
        return limits.wait_s
    waits = (duration_s(text(each, "retryDelay")) for each in told.details)
    found = next((wait for wait in waits if wait is not None), None)
    if found is not None:
        return found
    asked = _found(ASKS_WAIT, told)
    return duration_s(asked[1]) if asked else None


def _overflow(told: _Told) -> tuple[int | None, int | None]:
    """Tokens of the prompt and the limit, where the provider states them."""
    if told.tokens is not None or told.limit_tokens is not None:
        return told.tokens, told.limit_tokens
    for phrase, prompt_first in OVERFLOWS:
        found = _found(phrase, told) or _searched(phrase, told.behind)
        if found:
            first, last = _added_up(found[1]), _added_up(found[2])
            return (first, last) if prompt_first else (last, first)
    return None, None


def _is_overflow(told: _Told) -> bool:
    phrases = (OVERFLOW, *(phrase for phrase, _ in OVERFLOWS))
    return any(_found(each, told) or _searched(each, told.behind) for each in phrases)


def _found(phrase: str, told: _Told) -> re.Match[str] | None:
    return _searched(phrase, told.whole)


def _searched(phrase: str, said: str) -> re.Match[str] | None:
    return re.search(phrase, said, re.ASCII | re.IGNORECASE)


def _added_up(numbers: str) -> int | None:
    total = sum(int(each.replace(",", "")) for each in numbers.split("+"))
    return total if total < HIGHEST_COUNT else None


def _is_daily(detail: Json) -> bool:
    """Whether a quota of the day is used up, which no short wait cures."""
    violations = (as_table(each) or {} for each in as_list(detail.get("violations")))
    return any("PerDay" in text(each, "quotaId") for each in violations)


def _told(body: bytes) -> _Told:
    """What an error body says: JSON in its several shapes, or a piece of text."""
    try:
        decoded: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = body[: 4 * SEARCHED].decode("utf-8", "replace")
        return _Told(message=_short(said), whole=_tidy(said)[:SEARCHED])
    for each in (decoded, *as_list(decoded)):
        answer = as_table(each)
        if answer is not None:
            return _read(answer)
    return _Told()


def _read(answer: Json) -> _Told:
    code, message = _code_and_message(answer)
    error = as_table(answer.get("error")) or answer
    # Google's codes are numbers, and its statuses say more.
    code = text(error, "status") or code
    details = tuple(as_table(each) or {} for each in as_list(error.get("details")))
    words = (
        *(error.get(name) for name in ("code", "type", "status")),
        answer.get("type"),
        *(each.get("reason") for each in details),
    )
    numbers = (_status(error.get(name)) for name in ("status_code", "code", "status"))
    metadata = table(error, "metadata")
    behind = _said_behind(metadata)
    by = ": ".join(filter(None, (text(metadata, "provider_name"), behind)))
    return _Told(
        code=_short(code),
        message=_short(f"{message} ({by})" if by and message else message or by),
        whole=_tidy(message)[:SEARCHED],
        words=tuple(word.lower() for word in words if isinstance(word, str)),
        status=next((number for number in numbers if number), None),
        details=details,
        headers={n.lower(): v for n, v in table(metadata, "headers").items() if isinstance(v, str)},
        behind=_tidy(behind)[:SEARCHED],
        tokens=count(error, "n_prompt_tokens"),
        limit_tokens=count(error, "n_ctx"),
    )


def _said_behind(metadata: Json) -> str:
    """What the provider behind a router answered, which the router passes on as text."""
    raw = metadata.get("raw")
    if isinstance(raw, str):
        try:
            raw = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return str(raw)
    return _code_and_message(as_table(raw) or {})[1]


def _host(location: str) -> str:
    """The host that a redirect leads to; empty where it names none."""
    try:
        return _short(urlsplit(location).hostname or "")
    except ValueError:
        return ""


def _status(value: object) -> int | None:
    """An HTTP status of an error, as a number or in digits."""
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
        value = int(value)
    return value if isinstance(value, int) and 400 <= value < 600 else None


def broken_off(answer: Json, *, do: str = "Try again later.") -> AnswerBrokenOff:
    """The error for an answer, or a piece of one, that holds an error under HTTP 200.

    Args:
        answer: What holds it.
        do: What helps where the error may pass.
    """
    told = _read(answer)
    status = _status_inside(told)
    cause = "down" if status is None else _cause(status, told)
    if cause in SAME_INSIDE:
        do = FAULTS[cause].do
    elif cause not in ("rate", "down"):
        do = "Correct the prompt or the options."
    named = f" ({told.code})" if told.code else ""
    return AnswerBrokenOff(
        "The provider broke off with an error.",
        why=f"{told.message or 'No message'}{named}. It may have been billed.",
        do=do,
        told=answer,
    )


def _status_inside(told: _Told) -> int | None:
    """The status that an error inside an answer would have had; None where it does not say."""
    if told.status is not None:
        return told.status
    found = next((STATUS_OF[word] for word in told.words if word in STATUS_OF), None)
    if found is None and any(word in CODES for word in told.words):
        return 400
    return found


def _code_and_message(answer: Json) -> tuple[str, str]:
    error: object = answer.get("error", answer)
    if isinstance(error, str):
        return "", error
    fields = as_table(error)
    if fields is None:
        return "", ""
    message: object = fields.get("message") or fields.get("detail") or ""
    if not isinstance(message, str):
        message = msgspec.json.encode(message).decode()
    return str(fields.get("code") or fields.get("type") or ""), message


def _short(message: str) -> str:
    message = _tidy(message)
    return message if len(message) <= MESSAGE_LIMIT else message[:MESSAGE_LIMIT] + " ..."


def _tidy(message: str) -> str:
    """In one line, without what a terminal would obey."""
    message = "".join(letter if letter.isprintable() else " " for letter in message[: 4 * SEARCHED])
    return " ".join(message.split())
