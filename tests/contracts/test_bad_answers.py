"""Whatever a server can send: each ends in one of our errors with its remedy, in every format.

The bytes go over a real socket to the real client. What came before is kept, the key is told to
nobody, and neither memory nor time grows with what a broken server pours out.
"""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from bad_answers import (
    EVENTS,
    JSON,
    KEPT,
    KEY,
    WIRES,
    beginning,
    body_with,
    each_way,
    each_wire,
    events,
    framed,
    good,
    heard,
    http,
    kind_of,
    listen,
    says_all,
    whole,
)
from raw_server import Visit, raw_server

from reckon import net
from reckon.errors import (
    AnswerInvalid,
    AnswerTruncated,
    AuthError,
    MaybeBilled,
    ProviderDown,
    ReckonError,
    RequestRefused,
)
from reckon.run.collect import Collector

UTF8_MARK = b"\xef\xbb\xbf"
ROTTEN = {
    "two objects": (b"{} {}", "it is not JSON (JSON is malformed: trailing characters (byte 4))"),
    "NaN": (b'{"a": NaN}', "it is not JSON (JSON is malformed: invalid character (byte 6))"),
    "a huge number": (b'{"a": 1e400}', "it is not JSON (Number out of range - at `$[...]`)"),
    "a huge integer": (
        b'{"a": ' + b"9" * 5000 + b"}",
        "it is not JSON (Integer value out of range - at `$[...]`)",
    ),
    "no UTF-8": (b'{"a": "\xff\xfe"}', "it is not UTF-8"),
    "deep lists": (b"[" * 100_000, "it is nested too deeply"),
    "deep objects": (b'{"a":' * 100_000, "it is nested too deeply"),
    "NUL bytes": (b"\0\0", "it is not JSON (JSON is malformed: invalid character (byte 0))"),
    "HTML": (b"<html>Sign in</html>", "it is HTML, not JSON"),
    "a number": (b"3", "it is JSON, but not an object"),
    "null": (b"null", "it is JSON, but not an object"),
    "a text": (b'"hi"', "it is JSON, but not an object"),
}


@each_wire
@each_way
@pytest.mark.parametrize("name", ROTTEN)
def test_what_is_no_answer_is_called_so_and_what_came_before_is_kept(
    wire: str, stream: bool, name: str
) -> None:
    """The reason is named, and the remedy is to look at the address."""
    rotten, reason = ROTTEN[name]
    sent = http(body_with(wire, rotten, stream=stream), kind=kind_of(wire, stream=stream))
    response, error = heard(wire, sent, stream=stream)
    assert isinstance(error, AnswerInvalid)
    assert error.what == "The answer cannot be read."
    assert reason in error.why
    assert error.do.startswith("Check that the base URL is that of ")
    assert response.text == (KEPT if stream else "")


@each_wire
@each_way
@pytest.mark.parametrize("kind", ["text/html", JSON, EVENTS])
def test_a_page_of_html_is_called_html(wire: str, stream: bool, kind: str) -> None:
    """A portal that wants a login answers 200, whatever was asked, and calls it what it likes."""
    page = b"\n<!doctype html><html><body>Sign in to the network</body></html>\n"
    _, error = heard(wire, http(page, kind=kind), stream=stream)
    assert isinstance(error, AnswerInvalid)
    assert error.what == "The answer cannot be read."
    assert "it is HTML, not JSON" in error.why
    assert error.do.startswith("Check that the base URL is that of ")


@each_wire
@each_way
@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_answer_is_none(wire: str, stream: bool, status: int) -> None:
    """Nothing at all is not an answer of no words."""
    _, error = heard(wire, http(b"", status=status), stream=stream)
    assert isinstance(error, AnswerInvalid | AnswerTruncated)
    assert error.what in ("The answer cannot be read.", "The answer stopped before its end.")


@each_wire
@each_way
def test_the_content_type_may_be_wrong(wire: str, stream: bool) -> None:
    """What came is read as what it is."""
    body = good(wire, stream=stream)
    for kind in ("text/plain", "application/octet-stream", "nonsense"):
        response, error = heard(wire, http(body, kind=kind), stream=stream)
        assert error is None
        assert response.text == KEPT


@pytest.mark.parametrize("wire", [each for each in WIRES if each != "ollama"])
@each_way
@pytest.mark.parametrize("kind", [EVENTS, JSON])
def test_a_stream_is_read_as_one_where_none_was_asked_for_or_declared(
    wire: str, stream: bool, kind: str
) -> None:
    """It is paid for, so it is not thrown away for its name."""
    response, error = heard(wire, http(good(wire, stream=True), kind=kind), stream=stream)
    assert error is None
    assert response.text == KEPT


@each_wire
def test_a_whole_answer_is_read_where_a_stream_was_asked_for(wire: str) -> None:
    """Also where the server calls it a stream."""
    sent = http(good(wire, stream=False), kind=kind_of(wire, stream=True))
    response, error = heard(wire, sent, stream=True)
    assert error is None
    assert response.text == KEPT


@each_wire
@each_way
def test_oddities_that_do_no_harm_are_read_over(wire: str, stream: bool) -> None:
    """A byte-order mark, half a character, a key twice, events that nobody knows."""
    body, kind = good(wire, stream=stream), kind_of(wire, stream=stream)
    unknown = framed(wire, b'{"type": "vendor.news", "x": [1, {"y": null}]}')
    twice = body.replace(b"{", b'{"x": 1, "x": [2], ', 1)
    for sent in (UTF8_MARK + body, unknown + body if stream else body, twice):
        response, error = heard(wire, http(sent, kind=kind), stream=stream)
        assert error is None
        assert response.text == KEPT
    half = body.replace(b"best", rb"\ud83d")
    response, error = heard(wire, http(half, kind=kind), stream=stream)
    assert error is None
    assert response.text == KEPT.replace("best", "\ufffd")


@pytest.mark.parametrize("wire", [each for each in WIRES if each != "ollama"])
def test_lines_of_a_stream_may_end_as_on_old_machines(wire: str) -> None:
    """CR alone ends a line of server-sent events."""
    sent = http(good(wire, stream=True).replace(b"\n", b"\r"), kind=EVENTS)
    response, error = heard(wire, sent, stream=True)
    assert error is None
    assert response.text == KEPT


SENT_NAMES = {
    "openai_chat": ("prompt_tokens", "completion_tokens"),
    "openai_responses": ("input_tokens", "output_tokens"),
    "anthropic": ("input_tokens", "output_tokens"),
    "gemini": ("promptTokenCount", "candidatesTokenCount"),
    "ollama": ("prompt_eval_count", "eval_count"),
}


@each_wire
@pytest.mark.parametrize("told", [-1, 2**60, "12", 1.5, True, None, [3], {}])
def test_a_count_of_tokens_that_makes_no_sense_is_unknown(wire: str, told: object) -> None:
    """Unknown, and not 0: a wrong count would be a wrong bill."""
    usage = dict.fromkeys(SENT_NAMES[wire], told)
    body = json.dumps(whole(wire, usage=usage)).encode()
    response, error = heard(wire, http(body), stream=False)
    assert error is None
    assert response.text == KEPT
    assert response.usage.output_tokens is None


@pytest.mark.parametrize("wire", ["openai_chat", "anthropic", "openai_responses"])
def test_an_index_beyond_all_sense_takes_no_memory(wire: str) -> None:
    """A place in a list is a name here, not a size."""
    text = events(wire, beginning(wire)).replace(b'"index": 0', b'"index": 1000000000000000000')
    response, error = heard(wire, http(text, kind=EVENTS), stream=True)
    assert isinstance(error, ReckonError)
    assert KEPT in response.text


# Statuses


@each_wire
@each_way
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_not_followed(wire: str, stream: bool, status: int) -> None:
    """The other host sees neither the key nor anything else."""

    async def work() -> None:
        async def elsewhere(visit: Visit) -> None:
            await visit.answer(good(wire, stream=stream))

        async with raw_server(elsewhere) as other:

            async def away(visit: Visit) -> None:
                where = f"Location: http://localhost:{other.port}/v1\r\n"
                await visit.send(http(b"", status=status, more=where))

            async with raw_server(away) as server:
                with pytest.raises(RequestRefused) as caught:
                    await listen(wire, server, Collector(), stream=stream)
            assert (other.connections, other.requests) == (0, 0)
        says_all(caught.value)
        assert caught.value.status == status

    net.run(asyncio.wait_for(work(), 60))


@each_wire
@each_way
@pytest.mark.parametrize("status", [301, 304])
def test_a_redirect_to_nowhere_is_refused_too(wire: str, stream: bool, status: int) -> None:
    """There is no address to go to, and none is made up."""
    _, error = heard(wire, http(b"", status=status), stream=stream)
    assert isinstance(error, RequestRefused)
    assert error.status == status


@each_wire
@each_way
@pytest.mark.parametrize("said", [KEY, KEY.replace("-", r"\u002d")], ids=["plain", "escaped"])
def test_a_refusal_that_quotes_the_key_is_told_without_it(
    wire: str, stream: bool, said: str
) -> None:
    """The message stays, the key goes."""
    body = f'{{"error": {{"message": "Incorrect API key: {said}."}}}}'.encode()
    _, error = heard(wire, http(body, status=401), stream=stream)
    assert isinstance(error, AuthError)
    assert "Incorrect API key: [key]." in error.why


@each_wire
@each_way
def test_a_gateway_that_fails_with_a_page_of_html_is_down(wire: str, stream: bool) -> None:
    """It is the server's fault, and may pass."""
    page = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    _, error = heard(wire, http(page, status=502, kind="text/html"), stream=stream)
    assert isinstance(error, ProviderDown)
    assert error.retryable
    assert error.status == 502


# Without end

ENDLESS = [
    *(
        (wire, "no end of line", 100, "stream", AnswerInvalid, "more than 64 MiB", 160)
        for wire in WIRES
    ),
    *(
        (wire, "an open JSON text", 100, "whole", AnswerTruncated, "stopped before its end", 300)
        for wire in WIRES
    ),
    ("openai_chat", "an open JSON text", 300, "whole", AnswerInvalid, "larger than 128 MiB", 250),
    ("openai_chat", "opening brackets", 100, "whole", AnswerInvalid, "nested too deeply", 300),
    (
        "openai_chat",
        "lines without an end of the event",
        100,
        "stream",
        AnswerInvalid,
        "more than 64 MiB",
        160,
    ),
    ("gemini", "blanks", 100, "stream", AnswerTruncated, "stopped before its end", 60),
    (
        "anthropic",
        "a gzip of nothing but blanks",
        1024,
        "stream",
        MaybeBilled,
        "sent more than 256 MiB",
        60,
    ),
    (
        "anthropic",
        "a gzip of nothing but blanks",
        1024,
        "whole",
        MaybeBilled,
        "sent more than 256 MiB",
        60,
    ),
]


@pytest.mark.parametrize(("wire", "shape", "sent", "how", "kind", "told", "most"), ENDLESS)
def test_an_answer_without_end_takes_neither_all_memory_nor_all_day(
    wire: str, shape: str, sent: int, how: str, kind: type, told: str, most: int
) -> None:
    """So many megabytes at most are taken, measured in a process of its own."""
    done = subprocess.run(
        [
            sys.executable,
            Path(__file__).with_name("endless_answer.py"),
            wire,
            shape,
            str(sent),
            how,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["ended"].startswith(f"{kind.__name__}: ")
    assert told in found["ended"]
    assert KEY not in found["ended"]
    assert found["grown"] < most << 20
    assert found["cpu_s"] < 20
