"""From the headers of an answer to one value for a limiter; pure, and tolerant of anything.

A header's name says what is counted, over which time, and which figure it holds:
`x-ratelimit-remaining-tokens-minute`, `anthropic-ratelimit-input-tokens-reset`. The words come in
any order. Where a name tells no time, the provider's row may.
"""

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Literal

import msgspec

from reckon.vocabulary.limits import Limit, RateLimits

MINUTE_S = 60.0
DAY_S = 86_400.0
MONTH_S = 30 * DAY_S

HIGHEST = 2**53
"""No limit is larger; a larger number is a fault and counts as unknown."""

LONGEST_S = 366 * DAY_S
"""No provider counts over more than a year: a longer reset is a fault, a longer wait no wait."""

_Figure = Literal["limit", "remaining", "reset", "period"]
_FIGURES: dict[str, _Figure] = {
    "limit": "limit",
    "remaining": "remaining",
    "reset": "reset",
    "renewalperiod": "period",
}
_WINDOWS = {
    "second": 1.0,
    "minute": MINUTE_S,
    "hour": 3600.0,
    "day": DAY_S,
    "month": MONTH_S,
}
_COUNTED = {
    "": "requests",
    "req": "requests",
    "request": "requests",
    "tokens_prompt": "input_tokens",
    "tokens_generated": "output_tokens",
}
"""Other words for what is counted; Fireworks' for input and output."""

_FAMILIES = {"ratelimit": "", "tokenlimit": "tokens", "ratelimitbysize": "tokens"}
"""First words of a name, and what is counted where no other word says it: Together, Mistral."""

_ODD_NAMES: dict[str, tuple[str, float, _Figure]] = {
    "x-endpoint-monthly-call-limit": ("requests", MONTH_S, "limit"),
    "x-trial-endpoint-call-limit": ("requests", MINUTE_S, "limit"),
}
"""Cohere's, which follow no pattern."""

_CHARGED = ("x-ratelimit-tokens-query-cost", "ratelimitbysize-query-cost")
_REQUEST_IDS = ("x-request-id", "request-id", "apim-request-id")
_SHOULD_RETRY = {"true": True, "false": False}

_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_STEP = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(h|ms|m|s|us|µs|ns)", re.ASCII)
_DURATION = re.compile(rf"(?:{_STEP.pattern})+", re.ASCII)
_NUMBER = re.compile(r"\s*(-?\d{1,20}(?:\.\d{1,20})?(?:e[+-]?\d{1,2})?)\s*(?:[,;].*)?", re.ASCII)
_CLOCK = re.compile(
    r"\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII | re.IGNORECASE
)
_MONTHS: tuple[str, ...] = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())

_EPOCH_S = 1e9
"""A larger number of seconds is a moment, of which there are thirty years before this one."""
_EPOCH_MS = 1e11


class _Meaning(msgspec.Struct, frozen=True):
    """What a header's name says."""

    counts: str
    window_s: float | None
    figure: _Figure


def limits_in(
    headers: Mapping[str, str], *, now: float, windows: Mapping[str, float] | None = None
) -> RateLimits:
    """All that these headers say of limits.

    Args:
        headers: By lower-case names.
        now: The time of the answer in seconds since 1970, for resets that are moments. Where the
            server tells its own time, that is taken: only the difference counts.
        windows: Seconds by what is counted, from the provider's row, where names do not tell.

    Never raises: what cannot be read is unknown.
    """
    found: dict[tuple[str, float | None], dict[str, str]] = {}
    for name, value in headers.items():
        meaning = _meaning(name)
        if meaning:
            figures = found.setdefault((meaning.counts, meaning.window_s), {})
            figures.setdefault(meaning.figure, value)
    clock = _clock(headers.get("date")) if found else None
    limits = [
        _limit(counts, window_s or (windows or {}).get(counts), figures, clock or now)
        for (counts, window_s), figures in found.items()
    ]
    return RateLimits(
        limits=tuple(each for each in limits if each is not None),
        wait_s=asked_wait_s(headers, now=now),
        should_retry=_SHOULD_RETRY.get(headers.get("x-should-retry", "").strip().lower()),
        charged_tokens=_first_count(headers, _CHARGED),
        request_id=next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None),
    )


def asked_wait_s(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds that the server asks to wait, in each spelling; None where it asks nothing.

    `retry-after-ms` in milliseconds, `retry-after` in seconds, as a duration or as an HTTP date.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _asked(milliseconds / 1000)
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is None:
        seconds = duration_s(value)
    if seconds is not None:
        return _asked(seconds)
    moment = _clock(value)
    return None if moment is None else _asked(moment - (_clock(headers.get("date")) or now))


def duration_s(text: str) -> float | None:
    """Seconds of a duration as Go and Google write it: `6m0s`, `120ms`, `1h2m3.5s`; or None."""
    text = text.strip()
    if len(text) > 64 or not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _UNITS_S[unit] for number, unit in _STEP.findall(text))


@lru_cache(maxsize=1024)
def _meaning(name: str) -> _Meaning | None:
    """What a header of that name holds; None: nothing of limits. Names repeat with each answer."""
    if name in _ODD_NAMES:
        return _Meaning(*_ODD_NAMES[name])
    words = name.removeprefix("x-").removeprefix("anthropic-").split("-")
    if words[0] not in _FAMILIES:
        return None
    counted = _FAMILIES[words.pop(0)]
    figures = [word for word in words if word in _FIGURES]
    if len(figures) != 1:
        return None
    words.remove(figures[0])
    window_s = None
    if words and words[-1] in _WINDOWS:
        window_s = _WINDOWS[words.pop()]
        if words and words[-1].isascii() and words[-1].isdigit() and len(words[-1]) < 6:
            window_s *= int(words.pop()) or 1
    counts = "_".join(words) or counted
    return _Meaning(_COUNTED.get(counts, counts), window_s, _FIGURES[figures[0]])


def _limit(
    counts: str, window_s: float | None, figures: dict[str, str], now: float
) -> Limit | None:
    period = _number(figures.get("period", ""))
    found = Limit(
        counts=counts,
        window_s=window_s or (period if period and period > 0 else None),
        limit=_count(figures.get("limit", "")),
        remaining=_count(figures.get("remaining", "")),
        # Azure, alone in telling its period, counts in milliseconds: with 1 of 120 requests a
        # minute used it says 500, with 14 of 120,000 tokens 7.
        reset_s=_reset_s(figures.get("reset", ""), now, unit_s=1e-3 if period else 1.0),
    )
    known = (found.limit, found.remaining, found.reset_s)
    return None if known == (None, None, None) else found


def _reset_s(value: str, now: float, *, unit_s: float) -> float | None:
    number = _number(value)
    if number is None:
        seconds = duration_s(value)
        if seconds is None:
            moment = _moment(value)
            seconds = None if moment is None else moment - now
    elif number <= 0:
        return None  # Azure's word for not knowing
    elif number > _EPOCH_MS:
        seconds = number / 1000 - now
    elif number > _EPOCH_S:
        seconds = number - now
    else:
        seconds = number * unit_s
    return max(seconds, 0.0) if seconds is not None and seconds <= LONGEST_S else None


def _asked(seconds: float) -> float:
    """A time to wait: what is past is over, and nobody waits longer than the longest."""
    return min(max(seconds, 0.0), LONGEST_S)


def _number(value: str) -> float | None:
    """The number that a header begins with; lists and parameters after it are left out."""
    found = _NUMBER.fullmatch(value) if len(value) < 200 else None
    if found is None:
        return None
    number = float(found[1])
    return number if isfinite(number) else None


def _count(value: str) -> int | None:
    number = _number(value)
    return int(number) if number is not None and 0 <= number < HIGHEST else None


def _first_count(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    counts = (_count(headers[name]) for name in names if name in headers)
    return next((each for each in counts if each is not None), None)


def _moment(value: str) -> float | None:
    """Seconds since 1970 of a time in RFC 3339, which Anthropic writes, or of an HTTP date."""
    try:
        moment = dt.datetime.fromisoformat(value.strip())
    except ValueError:
        return _clock(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    try:
        return moment.timestamp()
    except (OverflowError, ValueError):
        return None


def _clock(value: str | None) -> float | None:
    """Seconds since 1970 of an HTTP date, read without the modules that cost a call's time."""
    found = _CLOCK.fullmatch(value.strip()) if value else None
    name = str(found[2]).lower() if found else ""
    if found is None or name not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[n]) for n in (1, 3, 4, 5, 6))
    month = _MONTHS.index(name) + 1
    try:
        return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC).timestamp()
    except (ValueError, OverflowError):
        return None
