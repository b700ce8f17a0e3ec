"""From an HTTP status and an error body to one of our errors, with its remedy."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from reckon.errors import (
    AuthError,
    ModelNotServed,
    ProviderDown,
    ProviderError,
    RateLimited,
    RequestRefused,
)
from reckon.providers.untrusted import Json, as_list, as_table
from reckon.vocabulary.model import Model, Provider

FINAL_CODES = frozenset(
    {"insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached"}
)
"""429s that no waiting cures."""

MESSAGE_LIMIT = 300
LONGEST_WAIT_S = 3600.0


def provider_error(  # noqa: PLR0911 - one return per family of status, in the order they are checked
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    model: Model,
    provider: Provider,
) -> ProviderError:
    """The error that an answer with this status and body stands for."""
    code, message = _said(body)
    wait_s = retry_after_s(headers)
    why = f"HTTP {status}: {message}" if message else f"HTTP {status}, without a message."
    if status in (401, 403):
        return AuthError(
            f"{provider.name} refused the key.",
            why=why,
            do=f"Check the key: `reckon keys set {provider.id}`.",
            status=status,
        )
    if status == 404:
        return ModelNotServed(
            f"{provider.name} does not serve {model.id} at this address.",
            why=why,
            do=f"See `reckon models --provider {provider.id}`, and check the base URL.",
            status=status,
        )
    if status == 402 or code in FINAL_CODES:
        return RateLimited(
            f"The account at {provider.name} has no credit left.",
            why=why,
            do="Add credit there; then `reckon runs resume` goes on.",
            status=status,
        )
    if status == 429:
        return RateLimited(
            f"{provider.name} limits the rate of requests.",
            why=why,
            do="Wait, or lower --rpm, --tpm or --concurrency.",
            status=status,
            retry_after_s=wait_s,
            retryable=headers.get("x-should-retry") != "false",
        )
    if status >= 500 or status in (408, 409):
        return ProviderDown(
            f"{provider.name} cannot answer now.",
            why=why,
            do="Try again later.",
            status=status,
            retry_after_s=wait_s,
            retryable=headers.get("x-should-retry") != "false",
        )
    if 300 <= status < 400:
        return RequestRefused(
            f"{provider.name} sends requests elsewhere.",
            why=f"HTTP {status}. Redirects are not followed: the key would go along.",
            do="Set the base URL to the final address.",
            status=status,
        )
    return RequestRefused(
        f"{provider.name} refused the request.",
        why=why,
        do="Correct the prompt or the options; `reckon logs show` has the request.",
        status=status,
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, in each spelling; None where it asks nothing.

    `retry-after-ms` in milliseconds, `retry-after` in seconds or as an HTTP date.
    """
    try:
        if "retry-after-ms" in headers:
            return _sane(float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after")
        if value is None:
            return None
        try:
            return _sane(float(value))
        except ValueError:
            # Hardly any server gives a date, and this import costs as much as the rest of a call.
            from email.utils import parsedate_to_datetime

            when = parsedate_to_datetime(value)
            if when.tzinfo is None:
                when = when.replace(tzinfo=dt.UTC)
            return _sane((when - dt.datetime.now(dt.UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None


def _sane(seconds: float) -> float | None:
    return min(max(seconds, 0.0), LONGEST_WAIT_S) if seconds == seconds else None  # noqa: PLR0124 - NaN


def _said(body: bytes) -> tuple[str, str]:
    """Code and message of an error body: JSON in its several shapes, or a piece of text."""
    try:
        decoded: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", _short(body.decode("utf-8", "replace"))
    for each in (decoded, *as_list(decoded)):
        answer = as_table(each)
        if answer is not None:
            return code_and_message(answer)
    return "", ""


def code_and_message(answer: Json) -> tuple[str, str]:
    """Code and message of an answer that holds an error."""
    error: object = answer.get("error", answer)
    if isinstance(error, str):
        return "", _short(error)
    fields = as_table(error)
    if fields is None:
        return "", ""
    message: object = fields.get("message") or fields.get("detail") or ""
    if not isinstance(message, str):
        message = msgspec.json.encode(message).decode()
    return _short(str(fields.get("code") or fields.get("type") or "")), _short(message)


def _short(message: str) -> str:
    message = "".join(letter if letter.isprintable() else " " for letter in message)
    message = " ".join(message.split())
    return message if len(message) <= MESSAGE_LIMIT else message[:MESSAGE_LIMIT] + " ..."
