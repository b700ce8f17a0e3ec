"""Heads, lengths, chunks and compression that are not what they say, in every format."""

import asyncio
from collections.abc import Callable

import pytest
from bad_answers import (
    KEPT,
    beginning,
    each_way,
    each_wire,
    events,
    good,
    heard,
    http,
    kind_of,
    listen,
    says_all,
    squeezed,
)
from raw_server import RawServer

from reckon import net
from reckon.errors import (
    AnswerTruncated,
    MaybeBilled,
    NotSent,
    ReckonError,
)
from reckon.run.collect import Collector

TRY_LATER = "Try again later; `reckon logs` keeps what arrived."
LEFT = "The request had left; it may have been billed."


@each_wire
@each_way
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_compression_that_is_declared_and_not_there_is_said(
    wire: str, stream: bool, coding: str
) -> None:
    """The bytes cannot be unpacked; a proxy may be the cause."""
    body = good(wire, stream=stream)
    _, error = heard(wire, http(body, more=f"Content-Encoding: {coding}\r\n"), stream=stream)
    _is_not_unpacked(error)


def _is_not_unpacked(error: ReckonError | None) -> None:
    assert isinstance(error, MaybeBilled)
    assert error.what.endswith(" cannot be unpacked.")
    assert error.why == f"Its compression is broken or cut off. {LEFT}"
    assert error.do == (
        "Try again later; if it stays so, look at what stands between, such as a proxy."
    )


@each_wire
@each_way
@pytest.mark.parametrize("missing", [1, 4, 12])
def test_a_gzip_that_ends_early_is_said_and_what_was_unpacked_is_kept(
    wire: str, stream: bool, missing: int
) -> None:
    """Also where only its last bytes, the check sum, are missing."""
    body = events(wire, beginning(wire)) if stream else good(wire, stream=False)
    packed = squeezed(body + b" " * 100_000, "gzip")[:-missing]
    kind = kind_of(wire, stream=stream)
    sent = http(packed, kind=kind, more="Content-Encoding: gzip\r\n")
    response, error = heard(wire, sent, stream=stream)
    _is_not_unpacked(error)
    assert response.text == (KEPT if stream else "")


def _chunked(wire: str, tail: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind_of(wire, stream=True)}\r\n"
    body = events(wire, beginning(wire))
    head += "Transfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"%x\r\n%s\r\n" % (len(body), body) + tail


CUT: dict[str, Callable[[str], bytes]] = {
    "shorter than declared": lambda wire: http(
        events(wire, beginning(wire)), kind=kind_of(wire, stream=True), length=9_999_999
    ),
    "a chunk without its size": lambda wire: _chunked(wire, b"zz\r\n"),
    "a chunk of absurd size": lambda wire: _chunked(wire, b"f" * 20 + b"\r\n"),
    "no last chunk": lambda wire: _chunked(wire, b""),
}


@each_wire
@pytest.mark.parametrize("name", CUT)
def test_a_body_that_is_not_as_its_head_says_is_cut_and_what_came_is_kept(
    wire: str, name: str
) -> None:
    """Such an answer may have been billed."""
    response, error = heard(wire, CUT[name](wire), stream=True)
    assert isinstance(error, MaybeBilled)
    assert error.what.endswith(" was cut off or is garbled.")
    assert (error.why, error.do) == (LEFT, TRY_LATER)
    assert response.text == KEPT


@each_wire
@each_way
def test_a_body_that_ends_in_mid_sentence_is_a_cut_one(wire: str, stream: bool) -> None:
    """Where its head says no length, the text itself tells."""
    body = good(wire, stream=stream)
    cut = body[: len(events(wire, beginning(wire))) + 12] if stream else body[:-5]
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind_of(wire, stream=stream)}\r\n"
    response, error = heard(wire, f"{head}Connection: close\r\n\r\n".encode() + cut, stream=stream)
    assert isinstance(error, AnswerTruncated)
    assert error.what == "The answer stopped before its end."
    assert "logs" in error.do
    assert response.text == (KEPT if stream else "")


NO_HTTP = {
    "no HTTP": (b"\x16\x03\x01\x02\0" + bytes(50), "garbled"),
    "a plain text": (b"hello there\r\n\r\n", "garbled"),
    "status 000": (b"HTTP/1.1 000 X\r\n\r\n", "garbled"),
    "control characters": (b"HTTP/1.1 200 OK\r\nX: \0\1\r\n\r\n", "garbled"),
    "a negative length": (b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", "garbled"),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}abc",
        "garbled",
    ),
    "many headers": (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100_000 + b"\r\n", "too large"),
    "a long header": (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000_000 + b"\r\n\r\n", "too large"),
}


@each_way
@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_no_http_is_said(stream: bool, name: str) -> None:
    """The port may be that of something else; a head of any size is not read on."""
    sent, fault = NO_HTTP[name]
    _, error = heard("openai_chat", sent, stream=stream)
    assert isinstance(error, MaybeBilled)
    assert error.what.endswith(" sent what is no HTTP answer.")
    assert error.why == f"Its head is {fault}. {LEFT}"
    assert error.do == "Check the address: its port, and whether it begins with https://."


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 3])
def test_a_connection_that_closes_before_an_answer_is_said(sent: bytes) -> None:
    """Nobody knows what happened to the request."""
    _, error = heard("openai_chat", sent, stream=True)
    assert isinstance(error, MaybeBilled)
    assert error.what.endswith(" closed the connection without a whole answer.")
    assert (error.why, error.do) == (LEFT, TRY_LATER)


@each_wire
@each_way
def test_interim_answers_are_read_over(wire: str, stream: bool) -> None:
    """103 and 100 come before the answer."""
    kind = kind_of(wire, stream=stream)
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    response, error = heard(wire, early + http(good(wire, stream=stream), kind=kind), stream=stream)
    assert error is None
    assert response.text == KEPT


def test_a_server_without_tls_is_told_from_a_wrong_certificate() -> None:
    """It is the address that is wrong, and nothing was sent."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(http(b"", status=400))
        await writer.drain()
        writer.close()

    async def work() -> None:
        listener = await asyncio.start_server(refuse, "127.0.0.1", 0)
        server = RawServer(lambda visit: visit.answer())
        server.port = listener.sockets[0].getsockname()[1]
        with pytest.raises(NotSent) as caught:
            await listen("openai_chat", server, Collector(), stream=True, scheme="https")
        listener.close()
        await listener.wait_closed()
        says_all(caught.value)
        assert caught.value.why == "It speaks no TLS. Nothing was sent."
        assert caught.value.do == "Check the address: its port, or http:// for https://."

    net.run(asyncio.wait_for(work(), 60))
