"""One live call: encode, send, decode; for any backend."""

import time
from collections.abc import AsyncGenerator

from reckon.errors import MaybeBilled, ReckonError
from reckon.net import Client
from reckon.providers import registry
from reckon.providers.wire import Decoder, WireFormat
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event

HIDDEN = "[key]"
SILENCE_S = 300.0
"""Seconds without one word of an answer. Comments and pings keep the line open, and say nothing."""


async def respond(
    prompt: Prompt,
    model: Model,
    provider: Provider,
    *,
    base_url: str,
    key: str | None,
    client: Client,
    stream: bool = True,
) -> AsyncGenerator[Event]:
    """The events of one answer, from a provider or from an engine in this process.

    Close the generator to cancel the call.

    Raises:
        NotSent: Nothing left this machine.
        MaybeBilled: The request left and no whole answer came.
        ProviderError: The provider answered with an error, or with what cannot be read.
    """
    if registry.is_engine(provider.wire):
        async for event in registry.engine(provider.wire).respond(prompt):
            yield event
        return
    wire = registry.wire_format(provider.wire)
    call = wire.encode(prompt, model, provider, base_url=base_url, key=key, stream=stream)
    try:
        async with client.stream(call) as answer:
            if not 200 <= answer.status < 300:
                body = await answer.read()
                raise wire.error(answer.status, answer.headers, body, model, provider)
            decoder = _decoder(wire, stream=stream, headers=answer.headers)
            said_at = time.monotonic()
            async for piece in answer.chunks():
                events = decoder.feed(piece)
                for event in events:
                    yield event
                now = time.monotonic()
                if events:
                    said_at = now
                elif stream and now - said_at > SILENCE_S:
                    raise _silent(provider)
            for event in decoder.close():
                yield event
    except ReckonError as error:
        _hide(error, key)
        raise


def _decoder(wire: WireFormat, *, stream: bool, headers: dict[str, str]) -> Decoder:
    # A server that does not stream answers a streaming request with one object.
    kind = headers.get("content-type", "")
    return wire.decoder(stream=stream and not kind.startswith("application/json"))


def _silent(provider: Provider) -> MaybeBilled:
    return MaybeBilled(
        f"{provider.name} kept the line open for {SILENCE_S:g} seconds and said nothing.",
        why="Only comments and pings came; the call may have been billed.",
        do="Try again later; `reckon logs` keeps what arrived.",
    )


def _hide(error: ReckonError, key: str | None) -> None:
    """Some providers quote the key in their messages."""
    if key:
        error.what = error.what.replace(key, HIDDEN)
        error.why = error.why.replace(key, HIDDEN)
        error.args = (error.what,)
