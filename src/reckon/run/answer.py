"""From events to one response, and from a response to its cost: what ask and bulk share."""

import hashlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime

import msgspec

from reckon.errors import AnswerInvalid, AnswerTruncated, MaybeBilled, UnsupportedInput
from reckon.price.cost import bound_pico, cost
from reckon.price.media import image_tokens
from reckon.price.text import byte_bound
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Cost, Price
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import (
    Event,
    Finished,
    ReasoningDelta,
    Response,
    Started,
    StopReason,
    TextDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage

FRAMING_TOKENS = 64
"""Above what any chat template adds to one message; used in upper bounds only."""

POSSIBLY_BILLED = (MaybeBilled, AnswerTruncated, AnswerInvalid)
"""Errors after which nobody knows whether the provider bills the call."""

OnEvent = Callable[[Event], None]


class Collector:
    """Gathers the events of one call; `response` is valid at any time, also after an error."""

    def __init__(self, on_event: OnEvent | None = None) -> None:
        self._began = time.monotonic()
        self._on_event = on_event
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._model: str | None = None
        self._request_id: str | None = None
        self._usage = Usage()
        self._reason: StopReason = "unknown"
        self._first_token_s: float | None = None

    async def drain(self, events: AsyncIterator[Event]) -> Response:
        """Take all events, hand each on, and give the whole response."""
        async for event in events:
            self.add(event)
        return self.response()

    def add(self, event: Event) -> None:
        """Take one event."""
        match event:
            case TextDelta(text):
                self._mark_first_token()
                self._text.append(text)
            case ReasoningDelta(text):
                self._mark_first_token()
                self._reasoning.append(text)
            case UsageSeen(usage):
                self._usage = usage
            case Finished(reason):
                self._reason = reason
            case Started():
                self._model = event.model or self._model
                self._request_id = event.request_id or self._request_id
        if self._on_event:
            self._on_event(event)

    def _mark_first_token(self) -> None:
        if self._first_token_s is None:
            self._first_token_s = time.monotonic() - self._began

    @property
    def has_text(self) -> bool:
        """Whether any part of the answer arrived."""
        return bool(self._text)

    def response(self) -> Response:
        """What is known so far."""
        return Response(
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            model=self._model,
            request_id=self._request_id,
            stop_reason=self._reason,
            usage=self._usage,
            first_token_s=self._first_token_s,
            duration_s=time.monotonic() - self._began,
        )


def today() -> date:
    """The day prices are looked up for, UTC."""
    return datetime.now(UTC).date()


def cost_of(response: Response, price: Price | None) -> Cost | None:
    """What the response cost; None where the price or the usage is unknown."""
    if price is None:
        return None
    return cost(response.usage, price)


def price_text(price: Price | None) -> str | None:
    """A price period as the ledger keeps it, with its source: once, however often it is used."""
    return None if price is None else msgspec.json.encode(price).decode()


def upper_bound_pico(prompt: Prompt, model: Model, price: Price | None) -> int | None:
    """The most that one call can cost, in pico-dollars; None where the price is unknown.

    Text counts one token per byte at worst, images the high end of the model's rule, output the
    cap that is sent; without one, all that the model can say or its context can hold.
    """
    if price is None:
        return None
    if price.free:
        return 0
    tokens = 0.0
    for message in prompt.messages:
        tokens += FRAMING_TOKENS + byte_bound(message.text)
        for picture in message.attachments:
            tokens += image_tokens(model.image_rule, picture.width or 1, picture.height or 1).high
    output = prompt.max_output_tokens or model.max_output_tokens or model.context_tokens
    if output is None:
        return None
    return bound_pico(int(tokens) + 1, output, price)


def check_takes(prompt: Prompt, model: Model) -> None:
    """Refuse what the model is known not to take, before anything is sent.

    Raises:
        UnsupportedInput: Names the model and what it does take.
    """
    for message in prompt.messages:
        for attachment in message.attachments:
            if model.takes(attachment.modality) is False:
                raise UnsupportedInput(
                    f"{model.key} takes no {attachment.modality} input.",
                    why=f"It takes {', '.join(model.modalities or ())}.",
                    do=f"Choose another: `reckon models --modality {attachment.modality}`.",
                )


def row_key(prompt: Prompt, model: Model) -> str:
    """Digest of everything that decides the answer: model, messages, parameters, media digests."""
    content = [
        model.key,
        [
            [m.role, m.text, [[a.digest, a.width, a.height] for a in m.attachments]]
            for m in prompt.messages
        ],
        prompt.max_output_tokens,
        str(prompt.temperature),
        prompt.options,
    ]
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
