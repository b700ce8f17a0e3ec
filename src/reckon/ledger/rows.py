"""The rows of the ledger as values. Times are UTC, money is pico-dollars, durations are seconds."""

import datetime as dt
from typing import Any, NamedTuple

import msgspec

from reckon.vocabulary.job import Status
from reckon.vocabulary.price import Kind
from reckon.vocabulary.response import Response, StopReason
from reckon.vocabulary.usage import Usage


class MediaRef(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of an attachment: never its bytes."""

    digest: str
    """sha256 of the user's file, hex."""
    media_type: str
    name: str
    bytes: int
    """Size of what was sent."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One call, as it is recorded before its bytes leave."""

    run_id: str | None
    key: str
    """Row key: digest of everything that decides the answer."""
    item_id: str | None
    item_index: int | None
    model_asked: str
    """`provider/id`."""
    prompt_text: str
    system: str | None
    options: dict[str, Any]
    media: tuple[MediaRef, ...]
    reserved_pico: int | None
    """The most that the call can cost; None: unknown."""
    price: str | None
    """The price period in force, as JSON; None: unknown."""
    tag: str | None
    media_tokens: int | None = None
    """What our rules say that its media are in input tokens; None: no media, or nobody can say."""
    log_content: bool = True
    """False: prompt and answer stay out; the row of tokens and money stays."""


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended."""

    id: str
    status: Status
    response: Response | None
    cost_pico: int | None
    cost_kind: Kind | None
    error: str | None


class LogRow(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt as it stands in the ledger."""

    id: str
    started: dt.datetime
    finished: dt.datetime | None
    status: Status
    run_id: str | None
    tag: str | None
    key: str
    item_id: str | None
    item_index: int | None
    model_asked: str
    model_answered: str | None
    prompt: str | None
    """None where there is none, and where content was left out or removed."""
    system: str | None
    answer: str | None
    reasoning: str | None
    error: str | None
    options: dict[str, Any]
    media: tuple[MediaRef, ...]
    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    audio_input_tokens: int
    image_input_tokens: int
    video_input_tokens: int
    reasoning_tokens: int
    audio_output_tokens: int
    image_output_tokens: int
    web_searches: int
    service_tier: str
    billed_besides: str
    reported_cost_pico: int | None
    cost_pico: int | None
    cost_kind: Kind | None
    reserved_pico: int | None
    price: str | None
    """The price period that was in force, as JSON; None: unknown."""
    first_token_s: float | None
    duration_s: float | None
    stop_reason: StopReason | None
    request_id: str | None

    @property
    def usage(self) -> Usage:
        """The usage that the call was closed with."""
        names = Usage.__struct_fields__
        return Usage(**{name: getattr(self, name) for name in names})


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `status` is running, done, interrupted, cancelled or budget."""

    id: str
    """Empty in a row that is not stored yet."""
    created: dt.datetime | None
    status: str
    job: dict[str, Any]
    """What the run was started with, as JSON values."""
    tag: str | None


class RunTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over a run. Rows count once: by their best attempt."""

    done: int
    failed: int
    in_doubt: int
    """Rows without an answer of which an attempt may have been billed."""
    spent_pico: int
    reserved_pico: int
    """Bounds of attempts that are under way or in doubt: they may have been billed."""
    unknown_calls: int
    """Calls that ended and whose cost is not known; they are not in `spent_pico`."""
    input_tokens: int
    output_tokens: int


class SpendDay(msgspec.Struct, frozen=True, kw_only=True):
    """Spending of one group on one day."""

    day: dt.date
    group: str | None
    cost_pico: int | None
    """None: no cost of the day is known."""


class Measured(NamedTuple):
    """A call whose prompt is still there, and what the provider counted."""

    prompt: str
    system: str | None
    media_tokens: int
    """By our rules, on the day of the call."""
    input_tokens: int
    """By the provider."""
    run_id: str | None


class OutputSums(NamedTuple):
    """Sums over the output tokens of many calls."""

    calls: int
    tokens: int
    squares: int


class SpendRow(msgspec.Struct, frozen=True, kw_only=True):
    """Spending of one group: a model, a day, a run or a tag."""

    group: str | None
    calls: int
    input_tokens: int
    output_tokens: int
    cost_pico: int
    unknown_calls: int
    """Calls that ended and whose cost is not known; they are not in `cost_pico`."""
    in_doubt_pico: int
    """The most that calls in doubt may have cost, beside `cost_pico`."""


class SeenPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What a list states of one model's price."""

    source: str
    """The list: a provider's own, or a published one."""
    provider: str
    model: str
    """The model's id at the provider."""
    price: str | None
    """As JSON; None: the list states none any more."""


class Observed(SeenPrice, frozen=True, kw_only=True):
    """A price, and the first and the last time it was seen."""

    first_seen: dt.datetime
    last_seen: dt.datetime
