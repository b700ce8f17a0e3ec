"""One live call over a real socket: its clocks, its limits, and errors inside answers."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import pytest
from raw_server import Visit, raw_server

from reckon import net
from reckon.errors import AnswerBrokenOff, MaybeBilled, ProviderDown, RateLimited, ReckonError
from reckon.providers import call
from reckon.run.collect import Collector
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt

WORD = b'data: {"choices": [{"index": 0, "delta": {"content": "word "}}]}\n\n'
END = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
WHOLE = json.dumps(
    {"choices": [{"index": 0, "message": {"content": "thought"}, "finish_reason": "stop"}]}
).encode()


def asked(
    handler: Callable[[Visit], Awaitable[None]],
    *,
    wire: str = "openai_chat",
    stream: bool = True,
    silence_s: float = 30.0,
    deadline_s: float = 30.0,
) -> tuple[Collector, ReckonError | None]:
    """What came of a call to a server that does as it is told, and how it failed."""
    collector, caught = Collector(), None

    async def work() -> None:
        nonlocal caught
        async with raw_server(handler) as server, net.Client() as client:
            try:
                await collector.drain(
                    call.respond(
                        Prompt.of("x"),
                        Model(id="m", provider="p", organization="o"),
                        Provider(id="p", name="P", wire=wire, limit_windows={"requests": 60}),
                        base_url=f"http://127.0.0.1:{server.port}/v1",
                        key="sk-secret",
                        client=client,
                        stream=stream,
                        silence_s=silence_s,
                        deadline_s=deadline_s,
                    )
                )
            except ReckonError as error:
                caught = error

    net.run(asyncio.wait_for(work(), 60))
    return collector, caught


async def pings_after_a_word(visit: Visit) -> None:
    """A word, then the line is kept open."""
    await visit.begin_events()
    await visit.event(WORD)
    while True:
        await visit.event(b": keep-alive\n\n")
        await asyncio.sleep(0.02)


async def words(visit: Visit) -> None:
    """A word every 50 ms."""
    await visit.begin_events()
    for _ in range(12):
        await visit.event(WORD)
        await asyncio.sleep(0.05)
    await visit.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(END), END))


def test_silence_ends_a_stream_and_keeps_its_part() -> None:
    """Pings are silence."""
    collector, error = asked(pings_after_a_word, silence_s=0.3)
    assert isinstance(error, MaybeBilled)
    assert error.what == "P said nothing for 0.3 seconds."
    assert "may have been billed" in error.why
    assert error.do
    assert collector.response().text == "word "


def test_words_start_the_clock_of_silence_anew() -> None:
    """An answer may take longer than any silence in it."""
    collector, error = asked(words, silence_s=0.4)
    assert error is None
    assert collector.response().text == "word " * 12


def test_the_deadline_ends_an_answer_that_goes_on_and_keeps_its_part() -> None:
    """However much is said."""
    collector, error = asked(words, deadline_s=0.3)
    assert isinstance(error, MaybeBilled)
    assert error.what == "P did not finish its answer within 0.3 seconds."
    assert "may have been billed" in error.why
    assert error.do
    assert collector.response().text.startswith("word ")


def test_a_long_thought_without_a_stream_is_no_silence() -> None:
    """Neither before the headers nor after: only the deadline ends it."""

    async def thinks(visit: Visit) -> None:
        await asyncio.sleep(0.4)
        await visit.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(WHOLE)
        )
        await asyncio.sleep(0.4)
        await visit.send(WHOLE)

    collector, error = asked(thinks, stream=False, silence_s=0.1)
    assert error is None
    assert collector.response().text == "thought"
    began = time.monotonic()
    _, error = asked(thinks, stream=False, deadline_s=0.2)
    assert isinstance(error, MaybeBilled)
    assert time.monotonic() - began < 10


def test_limits_come_with_the_answer() -> None:
    """As the first event, in one value."""

    async def limited(visit: Visit) -> None:
        await visit.answer(
            WHOLE, headers="X-RateLimit-Remaining-Requests: 7\r\nX-Request-Id: r1\r\n"
        )

    collector, error = asked(limited, stream=False)
    assert error is None
    assert collector.limits is not None
    [limit] = collector.limits.limits
    assert (limit.counts, limit.remaining, limit.window_s) == ("requests", 7, 60)
    assert collector.limits.request_id == "r1"


STREAMS = {
    "openai_chat": (WORD, b'data: {"error": {"code": 429, "message": "sk-secret busy"}}\n\n'),
    "openai_responses": (
        b'data: {"type": "response.output_text.delta", "output_index": 0, "content_index": 0,'
        b' "delta": "word "}\n\n',
        b'data: {"type": "error", "code": "rate_limit_exceeded", "message": "sk-secret"}\n\n',
    ),
    "anthropic": (
        b'data: {"type": "content_block_start", "index": 0, "content_block": {"type": "text",'
        b' "text": "word "}}\n\n',
        b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error",'
        b' "message": "sk-secret"}}\n\n',
    ),
    "gemini": (
        b'data: {"candidates": [{"content": {"parts": [{"text": "word "}]}}]}\n\n',
        b'data: {"error": {"code": 503, "message": "sk-secret", "status": "UNAVAILABLE"}}\n\n',
    ),
    "ollama": (
        b'{"model": "m", "message": {"role": "assistant", "content": "word "}, "done": false}\n',
        b'{"error": {"code": 503, "message": "sk-secret"}}\n',
    ),
}


@pytest.mark.parametrize("wire", STREAMS)
@pytest.mark.parametrize("together", [True, False])
def test_an_error_inside_an_answer_comes_after_what_came_and_is_final(
    wire: str, together: bool
) -> None:
    """Also where both came in the same bytes; the key that it quotes is hidden."""
    word, fault = STREAMS[wire]

    async def breaks(visit: Visit) -> None:
        await visit.begin_events()
        for piece in [word + fault] if together else [word, fault]:
            await visit.event(piece)
        await visit.send(b"0\r\n\r\n")

    collector, error = asked(breaks, wire=wire)
    assert collector.response().text == "word "
    assert type(error) is AnswerBrokenOff
    assert not error.retryable
    assert "sk-secret" not in str(error)


@pytest.mark.parametrize("wire", STREAMS)
def test_an_error_instead_of_an_answer_may_pass(wire: str) -> None:
    """Under HTTP 200, streamed or whole, it is what its status would have made it."""
    _, fault = STREAMS[wire]

    async def refuses(visit: Visit) -> None:
        await visit.begin_events()
        await visit.event(fault)
        await visit.send(b"0\r\n\r\n")

    async def refuses_whole(visit: Visit) -> None:
        await visit.answer(fault[fault.index(b"{") :].strip())

    for handler, stream in ((refuses, True), (refuses_whole, False)):
        _, error = asked(handler, wire=wire, stream=stream)
        assert isinstance(error, RateLimited | ProviderDown)
        assert error.retryable
        assert "sk-secret" not in str(error)


def test_a_reader_that_takes_its_time_is_no_silence_of_the_provider() -> None:
    """Somebody who pages through an answer loses nothing of it."""
    texts: list[str] = []

    async def work() -> None:
        async def serve(visit: Visit) -> None:
            await visit.begin_events()
            await visit.event(WORD)
            await visit.event(WORD)
            await visit.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(END), END))

        async with raw_server(serve) as server, net.Client() as client:
            async for event in call.respond(
                Prompt.of("x"),
                Model(id="m", provider="p", organization="o"),
                Provider(id="p", name="P", wire="openai_chat"),
                base_url=f"http://127.0.0.1:{server.port}/v1",
                key=None,
                client=client,
                silence_s=0.3,
            ):
                texts.append(type(event).__name__)
                await asyncio.sleep(0.2)

    net.run(asyncio.wait_for(work(), 60))
    assert "Finished" in texts


@pytest.mark.parametrize("before", [b"", WORD], ids=["at once", "after a word"])
def test_a_key_at_the_edge_of_a_long_message_is_hidden_whole(before: bytes) -> None:
    """Messages are cut; half a key would be no word to look for."""
    message = "x" * 285 + " sk-secret is wrong, " + "y" * 50

    async def serve(visit: Visit) -> None:
        await visit.begin_events()
        said = json.dumps({"error": {"message": message, "code": "invalid_request_error"}})
        await visit.event(before + f"data: {said}\n\n".encode())
        await visit.send(b"0\r\n\r\n")

    collector, error = asked(serve)
    assert error is not None
    assert "sk-s" not in str(error) + repr(vars(error))
    assert "[key]" in str(error)
    raw = collector.response().raw
    assert raw is not None
    assert raw.body is not None
    assert b"sk-s" not in raw.body
