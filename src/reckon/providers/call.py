"""One live call: encode, send, decode; for any backend.

Two clocks run. That of silence is started anew by each piece of an answer, never by comments and
pings, and does not run where the answer comes as a whole: a long thought is silent. The deadline
runs from the beginning to the end.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import AsyncExitStack
from typing import TypeVar

from reckon.errors import AnswerBrokenOff, MaybeBilled, ReckonError
from reckon.net import Client
from reckon.providers import registry
from reckon.providers.faults import error_inside
from reckon.providers.limit_headers import limits_in
from reckon.vocabulary.limits import RateLimits
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event, LimitsSeen, Started, UsageSeen

T = TypeVar("T")

HIDDEN = "[key]"
SILENCE_S = 300.0
"""Seconds without one word of an answer. Comments and pings keep the line open, and say nothing."""
DEADLINE_S = 3600.0
"""Seconds for a whole call. OpenAI's background answers take longest, about half an hour."""

_NO_OUTPUT = (LimitsSeen, Started, UsageSeen)
_NO_LIMITS = RateLimits()


async def respond(
    prompt: Prompt,
    model: Model,
    provider: Provider,
    *,
    base_url: str,
    key: str | None,
    client: Client,
    stream: bool = True,
    silence_s: float = SILENCE_S,
    deadline_s: float = DEADLINE_S,
) -> AsyncGenerator[Event]:
    """The events of one answer, from a provider or from an engine in this process.

    Close the generator to cancel the call.

    Args:
        prompt: What to ask.
        model: The model to ask.
        provider: Who serves it.
        base_url: Its address.
        key: Its key.
        client: What sends.
        stream: Whether the answer shall come in pieces.
        silence_s: Seconds without a piece of the answer after which a stream is given up.
        deadline_s: Seconds after which any call is given up.

    Raises:
        NotSent: Nothing left this machine.
        MaybeBilled: The request left and no whole answer came.
        ProviderError: The provider answered with an error, or with what cannot be read. An error
            inside an answer is one like any other where no output came before it.
    """
    if registry.is_engine(provider.wire):
        async for event in registry.engine(provider.wire).respond(prompt):
            yield event
        return
    wire = registry.wire_format(provider.wire)
    call = wire.encode(prompt, model, provider, base_url=base_url, key=key, stream=stream)
    clocks = _Clocks(provider, silence_s if stream else None, deadline_s)
    limits, has_output = _NO_LIMITS, False
    try:
        async with AsyncExitStack() as stack:
            opening = client.stream(call, idle_timeout_s=deadline_s)
            answer = await clocks.within(stack.enter_async_context(opening))
            if not 200 <= answer.status < 300:
                body = _without(await clocks.within(answer.read()), key)
                raise wire.error(answer.status, answer.headers, body, model, provider)
            limits = limits_in(answer.headers, now=time.time(), windows=provider.limit_windows)
            if limits != _NO_LIMITS:
                yield LimitsSeen(limits)
            if _is_unstreamed(answer.headers):
                clocks.silence_s = None
            decoder = wire.decoder(stream=stream)
            pieces = answer.chunks()
            while (piece := await clocks.within(anext(pieces, None))) is not None:
                events = decoder.feed(piece)
                for event in events:
                    has_output = has_output or not isinstance(event, _NO_OUTPUT)
                    yield event
                if events:
                    clocks.heard()
            for event in decoder.close():
                yield event
    except AnswerBrokenOff as broken:
        error = broken if has_output else error_inside(broken, limits, model, provider)
        _hide(error, key)
        raise error from None
    except ReckonError as error:
        _hide(error, key)
        raise


class _Clocks:
    """How long a call may be silent, and how long it may take."""

    def __init__(self, provider: Provider, silence_s: float | None, deadline_s: float) -> None:
        self.silence_s = silence_s
        self._provider = provider
        self._deadline_s = deadline_s
        self._heard = time.monotonic()
        self._end = self._heard + deadline_s

    def heard(self) -> None:
        """A piece of the answer came."""
        self._heard = time.monotonic()

    async def within(self, work: Awaitable[T]) -> T:
        """Wait, as long as the clocks allow.

        Raises:
            MaybeBilled: One of them ran out.
        """
        now = time.monotonic()
        left = self._end - now
        if self.silence_s is not None:
            left = min(left, self._heard + self.silence_s - now)
        try:
            async with asyncio.timeout(left):
                return await work
        except TimeoutError as error:
            raise self._ran_out() from error

    def _ran_out(self) -> MaybeBilled:
        if time.monotonic() < self._end:
            return MaybeBilled(
                f"{self._provider.name} said nothing for {self.silence_s:g} seconds.",
                why="At most comments and pings came; the call may have been billed.",
                do="Try again later; `reckon logs` keeps what arrived.",
            )
        return MaybeBilled(
            f"{self._provider.name} did not finish its answer within {self._deadline_s:g} seconds.",
            why="No call may take longer. The request had left; it may have been billed.",
            do="Ask for a shorter answer; `reckon logs` keeps what arrived.",
        )


def _is_unstreamed(headers: dict[str, str]) -> bool:
    """A server that does not stream answers a streaming request with one object."""
    return headers.get("content-type", "").startswith("application/json")


def _without(body: bytes, key: str | None) -> bytes:
    """The body without the key, before a message is cut out of it that may hold half of one."""
    return body.replace(key.encode(), HIDDEN.encode()) if key else body


def _hide(error: ReckonError, key: str | None) -> None:
    """Some providers quote the key in their messages."""
    if key:
        error.what = error.what.replace(key, HIDDEN)
        error.why = error.why.replace(key, HIDDEN)
