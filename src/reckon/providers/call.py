"""One live call: encode, send, decode; for any backend.

Two clocks run. That of silence is started anew by each piece of an answer, never by comments and
pings, and does not run where the answer comes as a whole: a long thought is silent. The deadline
runs from the beginning to the end.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import AsyncExitStack, aclosing
from typing import TypeVar

import msgspec

from reckon.errors import AnswerBrokenOff, MaybeBilled, ReckonError
from reckon.net import Client
from reckon.providers import registry
from reckon.providers.arrived import Arrived
from reckon.providers.faults import broken_off, error_inside
from reckon.providers.limit_headers import limits_in
from reckon.providers.secrets import Secrets
from reckon.vocabulary.limits import RateLimits
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event, LimitsSeen, Started

T = TypeVar("T")

SILENCE_S = 300.0
"""Seconds without one word of an answer. Comments and pings keep the line open, and say nothing."""
DEADLINE_S = 3600.0
"""Seconds for a whole call. OpenAI's background answers take longest, about half an hour."""

_NO_OUTPUT = (LimitsSeen, Started)
"""Events before which an error is one like any other. A provider that has counted may bill."""
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

    Close the generator to cancel the call. The last event of a provider's answer is `RawSeen`; it
    comes before an error as well, and where the task that waits here is cancelled.

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
        async with aclosing(registry.engine(provider.wire).respond(prompt)) as events:
            async for event in events:
                yield event
        return
    wire = registry.wire_format(provider.wire)
    call = wire.encode(prompt, model, provider, base_url=base_url, key=key, stream=stream)
    secrets = Secrets(provider, key)
    arrived = Arrived(secrets)
    clocks = _Clocks(provider, silence_s if stream else None, deadline_s)
    limits, has_output = _NO_LIMITS, False
    try:
        async with AsyncExitStack() as stack:
            opening = client.stream(call, idle_timeout_s=deadline_s)
            answer = await clocks.within(stack.enter_async_context(opening))
            arrived.content_type = answer.headers.get("content-type", "")
            if not 200 <= answer.status < 300:
                body = secrets.hidden_in(arrived.add(await clocks.within(answer.read())))
                raise wire.error(answer.status, answer.headers, body, model, provider)
            limits = limits_in(answer.headers, now=time.time(), windows=provider.limit_windows)
            if limits != _NO_LIMITS:
                yield LimitsSeen(limits)
            clocks.look_at(answer.headers)
            decoder = wire.decoder(stream=stream)
            pieces = await stack.enter_async_context(aclosing(answer.chunks()))
            while (piece := await clocks.within(anext(pieces, None))) is not None:
                for event in decoder.feed(arrived.add(piece)):
                    has_output = has_output or not isinstance(event, _NO_OUTPUT)
                    clocks.heard()
                    yield event
            for event in decoder.close():
                yield event
    except (ReckonError, asyncio.CancelledError) as error:
        told = _as_told(error, limits, model, provider, secrets, has_output=has_output)
        for event in arrived.events():
            yield event
        raise told from error.__cause__  # what is told is not caused by what it was read from
    for event in arrived.events():
        yield event


def _as_told(
    error: BaseException,
    limits: RateLimits,
    model: Model,
    provider: Provider,
    secrets: Secrets,
    *,
    has_output: bool,
) -> BaseException:
    """An error inside an answer is one like any other where no output came before it."""
    if isinstance(error, AnswerBrokenOff) and secrets:
        # Read once more without them: a message that was cut may hold half of a key.
        said = secrets.hidden_in(msgspec.json.encode(error.told))
        error = broken_off(msgspec.json.decode(said), do=error.do)
    if isinstance(error, AnswerBrokenOff) and not has_output:
        error = error_inside(error, limits, model, provider)
    secrets.hide_in(error)
    return error


class _Clocks:
    """How long a call may be silent, and how long it may take."""

    def __init__(self, provider: Provider, silence_s: float | None, deadline_s: float) -> None:
        self.silence_s = silence_s
        self._provider = provider
        self._deadline_s = deadline_s
        self._end = time.monotonic() + deadline_s
        self._silent_s = 0.0
        """Seconds that were waited since something was heard, without those of a slow reader."""

    def look_at(self, headers: dict[str, str]) -> None:
        """A server that does not stream answers a streaming request with one object, in silence."""
        if headers.get("content-type", "").startswith("application/json"):
            self.silence_s = None

    def heard(self) -> None:
        """A piece of the answer came."""
        self._silent_s = 0.0

    async def within(self, work: Awaitable[T]) -> T:
        """Wait, as long as the clocks allow.

        Raises:
            MaybeBilled: One of them ran out.
        """
        began = time.monotonic()
        left = self._end - began
        silence = None if self.silence_s is None else self.silence_s - self._silent_s
        is_silence = silence is not None and silence < left
        try:
            async with asyncio.timeout(silence if is_silence else left):
                done = await work
        except TimeoutError as error:
            raise self._ran_out(is_silence=is_silence) from error
        self._silent_s += time.monotonic() - began
        return done

    def _ran_out(self, *, is_silence: bool) -> MaybeBilled:
        if is_silence:
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
