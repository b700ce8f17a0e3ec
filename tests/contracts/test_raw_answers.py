"""What a server sends is kept byte by byte, also where the call ends badly."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from raw_server import Visit, raw_server

from reckon import net
from reckon.errors import AnswerInvalid, AnswerTruncated, AuthError, MaybeBilled
from reckon.providers import arrived, call
from reckon.run.collect import Collector
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event, Raw, RawSeen

KEY = "sk-secret/123"
HEADERS = {"X-Proxy-Auth": "Bearer proxy-secret", "X-Title": "my program", "X-Token-Kind": "user"}
PIECE = b'data: {"id": "c", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n\n'
END = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


async def asked(port: int, collector: Collector, *, stream: bool = True) -> None:
    """One call of that server; its events go into the collector."""
    async with net.Client() as client:
        async for event in call.respond(
            Prompt.of("x"),
            Model(id="m", provider="p", organization="o"),
            Provider(id="p", name="P", wire="openai_chat", headers=HEADERS),
            base_url=f"http://127.0.0.1:{port}/v1",
            key=KEY,
            client=client,
            stream=stream,
        ):
            collector.add(event)


def raw_of(
    serve: Callable[[Visit], Awaitable[None]],
    expected: type[Exception] | None = None,
    *,
    stream: bool = True,
    on_event: Callable[[Event], None] | None = None,
) -> Raw:
    """What is kept of the answer that the server gives."""
    collector = Collector(on_event)

    async def work() -> None:
        async with raw_server(serve) as server:
            if expected is None:
                await asked(server.port, collector, stream=stream)
            else:
                with pytest.raises(expected):
                    await asked(server.port, collector, stream=stream)

    net.run(asyncio.wait_for(work(), 30))
    raw = collector.response().raw
    assert raw is not None
    return raw


def streams(*pieces: bytes) -> Callable[[Visit], Awaitable[None]]:
    """A server that sends these pieces and ends the answer."""

    async def serve(visit: Visit) -> None:
        await visit.begin_events()
        for piece in pieces:
            await visit.event(piece)
        await visit.send(b"0\r\n\r\n")

    return serve


def test_a_stream_is_kept_with_its_comments_and_unknown_fields() -> None:
    """Also what no decoder reads: it comes last, with the type that the server named."""
    odd = b': ping\n\nevent: news\ndata: {"choices": [], "new_field": 7}\n\n'
    events: list[Event] = []
    raw = raw_of(streams(PIECE, odd, END), on_event=events.append)
    assert raw == Raw(
        body=PIECE + odd + END, size=len(PIECE + odd + END), content_type="text/event-stream"
    )
    assert isinstance(events[-1], RawSeen)


def test_a_stream_that_was_cut_is_kept_up_to_the_cut() -> None:
    """The part that came may have been billed."""
    assert raw_of(streams(PIECE, PIECE), AnswerTruncated).body == PIECE + PIECE


def test_a_connection_that_broke_leaves_what_had_come() -> None:
    """The network failed, the bytes before it stand."""

    async def serve(visit: Visit) -> None:
        await visit.begin_events()
        await visit.event(PIECE)
        await asyncio.sleep(0.1)
        visit.close()

    assert raw_of(serve, MaybeBilled).body == PIECE


def test_an_error_inside_an_answer_is_kept_with_it() -> None:
    """HTTP said 200, and the error came in the stream."""
    error = b'data: {"error": {"message": "overloaded", "code": 529}}\n\n'
    assert raw_of(streams(PIECE, error), AnswerInvalid).body == PIECE + error


def test_an_answer_that_is_an_error_is_kept() -> None:
    """Its fields may say what we do not read."""
    body = b'{"error": {"message": "no", "hint": "field that we do not know"}}'

    async def serve(visit: Visit) -> None:
        await visit.answer(body, status=401, headers="Content-Type: application/json\r\n")

    assert raw_of(serve, AuthError).body == body


def test_an_answer_that_is_not_json_is_kept() -> None:
    """A page of HTML under a 200 tells what stood at the address."""

    async def serve(visit: Visit) -> None:
        await visit.answer(b"<html>a proxy</html>")

    assert raw_of(serve, AnswerInvalid, stream=False).body == b"<html>a proxy</html>"


def test_the_users_key_is_never_kept() -> None:
    """Some servers quote it; it may even come in two pieces."""
    quoted = PIECE.replace(b"Hi", b"Bearer sk-secret/123 and sk-secret/123!")
    middle = quoted.index(b"secret")
    raw = raw_of(streams(quoted[:middle], quoted[middle:], END))
    assert raw.body == PIECE.replace(b"Hi", b"Bearer [key] and [key]!") + END
    escaped = PIECE.replace(b"Hi", rb"sk-secret\/123")
    raw = raw_of(streams(escaped, END))
    assert raw.body == PIECE.replace(b"Hi", b"[key]") + END


def test_secret_headers_of_a_provider_are_never_kept() -> None:
    """A row may carry the key of a proxy; what is no secret stays as it is."""
    quoted = PIECE.replace(b"Hi", b"Bearer proxy-secret, proxy-secret, my program, user")
    raw = raw_of(streams(quoted, END))
    assert raw.body == PIECE.replace(b"Hi", b"[key], [key], my program, user") + END

    async def refuses(visit: Visit) -> None:
        await visit.answer(b'{"error": "proxy-secret is wrong"}', status=401)

    assert raw_of(refuses, AuthError).body == b'{"error": "[key] is wrong"}'


def test_of_a_very_long_answer_the_size_alone_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer itself is read as always."""
    monkeypatch.setattr(arrived, "RAW_LIMIT", 2 * len(PIECE))
    raw = raw_of(streams(PIECE, PIECE, END))
    assert (raw.body, raw.size) == (None, 2 * len(PIECE) + len(END))


def test_a_call_that_is_cancelled_leaves_what_had_come() -> None:
    """Ctrl-C in the middle of an answer: it was paid for so far, and the cancel goes through."""
    collector = Collector()

    async def serve(visit: Visit) -> None:
        await visit.begin_events()
        await visit.event(PIECE)
        await visit.until_closed()

    async def work() -> None:
        async with raw_server(serve) as server:
            task = asyncio.create_task(asked(server.port, collector))
            while not collector.has_text:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()

    net.run(asyncio.wait_for(work(), 30))
    raw = collector.response().raw
    assert raw is not None
    assert raw.body == PIECE
