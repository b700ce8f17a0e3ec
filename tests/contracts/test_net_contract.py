"""What any HTTP client behind `reckon.net` must do. The ledger's promise rests on this table."""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import trustme
from raw_server import Visit, raw_server

from reckon import net
from reckon.errors import MaybeBilled, NotSent, UsageError
from reckon.vocabulary.call import Call

SOON_S = 10.0
SECRET = "sk-very-secret"


def scene(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test's coroutine on the loop that reckon uses, with an end to all waiting."""
    net.run(asyncio.wait_for(work(), 60))  # type: ignore[arg-type]


def call(port: int, body: bytes = b"{}", scheme: str = "http", host: str = "127.0.0.1") -> Call:
    """A POST with a key."""
    return Call(
        url=f"{scheme}://{host}:{port}/v1/x",
        headers={"authorization": f"Bearer {SECRET}"},
        body=body,
    )


async def answer_at_once(visit: Visit) -> None:
    """The simplest server."""
    await visit.answer(b'{"ok": true}', headers="X-Twice: 1\r\nX-Twice: 2\r\n")


def test_a_call_goes_out_as_given_and_the_answer_comes_back_whole() -> None:
    """Method, headers, body out; status, lower-case headers, body back."""

    async def work() -> None:
        seen: list[Visit] = []

        async def handler(visit: Visit) -> None:
            seen.append(visit)
            await answer_at_once(visit)

        async with raw_server(handler) as server, net.Client() as client:
            answer = await client.send(call(server.port, b'{"a": 1}'))
        assert (answer.status, answer.body) == (200, b'{"ok": true}')
        assert answer.headers["x-twice"] == "1, 2"
        assert seen[0].body == b'{"a": 1}'
        assert seen[0].head.startswith(b"POST /v1/x HTTP/1.1\r\n")
        assert f"Bearer {SECRET}".encode() in seen[0].head
        assert b"user-agent: reckon/" in seen[0].head.lower()

    scene(work)


def test_connections_are_kept_and_used_again() -> None:
    """Twenty calls, one after the other: one connection."""

    async def work() -> None:
        async with raw_server(answer_at_once) as server, net.Client() as client:
            for _ in range(20):
                await client.send(call(server.port))
        assert (server.requests, server.connections) == (20, 1)

    scene(work)


def test_a_hundred_calls_are_in_flight_at_once() -> None:
    """Nobody answers until all hundred have arrived."""

    async def work() -> None:
        arrived = 0
        all_there = asyncio.Event()

        async def handler(visit: Visit) -> None:
            nonlocal arrived
            arrived += 1
            if arrived == 100:
                all_there.set()
            await all_there.wait()
            await visit.answer()

        async with raw_server(handler) as server, net.Client() as client:
            answers = await asyncio.gather(*(client.send(call(server.port)) for _ in range(100)))
        assert {answer.status for answer in answers} == {200}

    scene(work)


def test_cancelling_before_the_headers_is_seen_by_the_server() -> None:
    """The request is aborted, not left running."""

    async def work() -> None:
        arrived, gone = asyncio.Event(), asyncio.Event()

        async def handler(visit: Visit) -> None:
            arrived.set()
            await visit.until_closed()
            gone.set()

        async with raw_server(handler) as server, net.Client() as client:
            task = asyncio.create_task(client.send(call(server.port)))
            await asyncio.wait_for(arrived.wait(), SOON_S)
            task.cancel()
            await asyncio.wait_for(gone.wait(), SOON_S)
            with pytest.raises(asyncio.CancelledError):
                await task

    scene(work)


@pytest.mark.parametrize("leave_by", ["cancel", "break"])
def test_leaving_in_mid_stream_is_seen_by_the_server(leave_by: str) -> None:
    """The connection is dropped; the rest of the stream is not drained."""

    async def work() -> None:
        gone = asyncio.Event()

        async def handler(visit: Visit) -> None:
            await visit.begin_events()
            await visit.event(b"data: 1\n\n")
            await visit.until_closed()
            gone.set()

        got_one = asyncio.Event()

        async def listen(client: net.Client, port: int) -> None:
            async with client.stream(call(port)) as answer:
                async for _ in answer.chunks():
                    got_one.set()
                    if leave_by == "break":
                        break

        async with raw_server(handler) as server, net.Client() as client:
            task = asyncio.create_task(listen(client, server.port))
            await asyncio.wait_for(got_one.wait(), SOON_S)
            if leave_by == "cancel":
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.wait_for(gone.wait(), SOON_S)

    scene(work)


def test_pieces_of_a_stream_arrive_at_once() -> None:
    """The server sends the next event only when the last was seen: a held-back piece would hang."""

    async def work() -> None:
        seen = asyncio.Event()

        async def handler(visit: Visit) -> None:
            await visit.begin_events()
            for number in range(5):
                seen.clear()
                await visit.event(b"data: %d\n\n" % number)
                await asyncio.wait_for(seen.wait(), SOON_S)
            await visit.send(b"0\r\n\r\n")

        pieces: list[bytes] = []
        async with (
            raw_server(handler) as server,
            net.Client() as client,
            client.stream(call(server.port)) as answer,
        ):
            async for piece in answer.chunks():
                pieces.append(piece)
                seen.set()
        assert b"".join(pieces) == b"".join(b"data: %d\n\n" % n for n in range(5))

    scene(work)


async def close_unread(visit: Visit) -> None:
    """Read the request and say nothing."""
    visit.close()


async def cut_in_mid_body(visit: Visit) -> None:
    """Promise 100 bytes, give 3."""
    await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
    visit.close()


async def cut_in_mid_chunk(visit: Visit) -> None:
    """A chunked body without its end."""
    await visit.begin_events()
    await visit.event(b"data: 1\n\n")
    visit.close()


async def speak_no_http(visit: Visit) -> None:
    """Something else listens there."""
    await visit.send(b"220 mail.example ESMTP\r\n")
    visit.close()


@pytest.mark.parametrize(
    "handler", [close_unread, cut_in_mid_body, cut_in_mid_chunk, speak_no_http]
)
def test_no_whole_answer_means_maybe_billed_and_is_never_sent_again(
    handler: Callable[[Visit], Coroutine[Any, Any, None]],
) -> None:
    """The request had left. It went out once, and no word of the key is in the error."""

    async def work() -> None:
        async with raw_server(handler) as server, net.Client() as client:
            with pytest.raises(MaybeBilled) as lost:
                await client.send(call(server.port))
            assert server.requests == 1
        assert "may have been billed" in lost.value.why
        assert SECRET not in str(lost.value)
        assert lost.value.do

    scene(work)


def test_a_kept_connection_that_died_is_no_reason_to_send_twice() -> None:
    """The server closes while it reads the second request: one error, no silent second try."""

    async def work() -> None:
        answered = False

        async def handler(visit: Visit) -> None:
            nonlocal answered
            if answered:
                visit.close()
                return
            answered = True
            await visit.answer()

        async with raw_server(handler) as server, net.Client() as client:
            await client.send(call(server.port))
            with pytest.raises(MaybeBilled):
                await client.send(call(server.port))
            assert server.requests == 2

    scene(work)


def test_silence_after_sending_is_maybe_billed() -> None:
    """The idle time-out ends the wait."""

    async def work() -> None:
        async def handler(visit: Visit) -> None:
            await visit.until_closed()

        async with raw_server(handler) as server, net.Client(idle_timeout_s=0.2) as client:
            with pytest.raises(MaybeBilled, match=r"sent nothing for 0\.2 seconds"):
                await client.send(call(server.port))

    scene(work)


def test_silence_in_mid_stream_is_maybe_billed() -> None:
    """The idle time-out counts between pieces too."""

    async def work() -> None:
        async def handler(visit: Visit) -> None:
            await visit.begin_events()
            await visit.event(b"data: 1\n\n")
            await visit.until_closed()

        async with raw_server(handler) as server, net.Client(idle_timeout_s=0.2) as client:
            with pytest.raises(MaybeBilled, match="sent nothing"):
                await client.send(call(server.port))

    scene(work)


def test_the_total_time_out_ends_an_answer_that_trickles() -> None:
    """Pieces that keep coming do not keep a call alive for ever."""

    async def work() -> None:
        async def handler(visit: Visit) -> None:
            await visit.begin_events()
            while True:
                await visit.event(b": ping\n\n")
                await asyncio.sleep(0.02)

        async with raw_server(handler) as server, net.Client(total_timeout_s=0.4) as client:
            with pytest.raises(MaybeBilled, match="did not finish its answer in time"):
                await client.send(call(server.port))

    scene(work)


def closed_port() -> int:
    """A port where nothing listens."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/", "Nothing listens there"),
        ("http://no-such-host.invalid/", "Its name could not be resolved"),
        ("gopher://127.0.0.1/", "Nothing was sent"),
        ("not a url", "Nothing was sent"),
    ],
)
def test_what_never_left_is_not_sent(url: str, why: str) -> None:
    """Nobody can have billed it, and the error says why and what to do."""

    async def work() -> None:
        async with net.Client() as client:
            with pytest.raises(NotSent) as refused:
                await client.send(
                    Call(url=url, headers={"authorization": f"Bearer {SECRET}"}, body=b"{}")
                )
        assert why in refused.value.why
        assert refused.value.do
        assert SECRET not in str(refused.value)

    scene(work)


def test_a_key_with_a_line_break_is_not_sent_and_not_shown() -> None:
    """Header injection ends before the wire, and the key stays out of the error."""

    async def work() -> None:
        async with raw_server(answer_at_once) as server, net.Client() as client:
            bad = Call(
                url=f"http://127.0.0.1:{server.port}/",
                headers={"authorization": f"Bearer {SECRET}\r\nX-Evil: 1"},
            )
            with pytest.raises(NotSent, match="cannot be sent") as refused:
                await client.send(bad)
            assert server.requests == 0
        assert SECRET not in str(refused.value)

    scene(work)


def test_redirects_are_not_followed() -> None:
    """A key never travels to another host by itself."""

    async def work() -> None:
        async def handler(visit: Visit) -> None:
            await visit.answer(status=302, headers="Location: http://127.0.0.1:1/elsewhere\r\n")

        async with raw_server(handler) as server, net.Client() as client:
            answer = await client.send(call(server.port))
        assert answer.status == 302

    scene(work)


def tls_server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server certificate for those names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_a_custom_authority_is_trusted(
    by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `ca_file`, or by SSL_CERT_FILE as everybody sets it."""
    authority = trustme.CA()
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(pem)
    if by == "environment":
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))

    async def work() -> None:
        context = tls_server_context(authority, "localhost")
        async with (
            raw_server(answer_at_once, tls=context) as server,
            net.Client(ca_file=str(pem) if by == "argument" else None) as client,
        ):
            answer = await client.send(call(server.port, scheme="https", host="localhost"))
        assert answer.status == 200

    scene(work)


@pytest.mark.parametrize("case", ["unknown authority", "wrong name"])
def test_a_certificate_that_does_not_fit_means_not_sent(case: str, tmp_path: Path) -> None:
    """The request stays here, and the error says what to check."""
    authority = trustme.CA()
    pem = tmp_path / "ca.pem"
    (authority if case == "wrong name" else trustme.CA()).cert_pem.write_to_path(pem)

    async def work() -> None:
        context = tls_server_context(authority, "elsewhere.example")
        async with (
            raw_server(answer_at_once, tls=context) as server,
            net.Client(ca_file=str(pem)) as client,
        ):
            with pytest.raises(NotSent) as refused:
                await client.send(call(server.port, scheme="https", host="localhost"))
            assert server.requests == 0
        assert "certificate" in refused.value.why

    scene(work)


def test_a_certificate_file_that_is_missing_or_no_pem_is_said(tmp_path: Path) -> None:
    """The file is named, and what to correct."""
    with pytest.raises(NotSent, match="cannot be read"):
        net.Client(ca_file=str(tmp_path / "none.pem"))
    (tmp_path / "words.pem").write_text("no certificate")
    with pytest.raises(NotSent, match="holds no certificates") as refused:
        net.Client(ca_file=str(tmp_path / "words.pem"))
    assert "SSL_CERT_FILE" in refused.value.do


def test_a_host_can_be_pinned_to_an_address() -> None:
    """The name is not looked up; the Host header stays."""

    async def work() -> None:
        heads: list[bytes] = []

        async def handler(visit: Visit) -> None:
            heads.append(visit.head)
            await visit.answer()

        async with (
            raw_server(handler) as server,
            net.Client(pins={"pinned.invalid": ["127.0.0.1"]}) as client,
        ):
            await client.send(call(server.port, host="pinned.invalid"))
        assert f"host: pinned.invalid:{server.port}".encode() in heads[0].lower()

    scene(work)


def test_a_proxy_from_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY sends the call there; NO_PROXY keeps a host out of it."""

    async def work() -> None:
        asked: list[bytes] = []

        async def proxy_handler(visit: Visit) -> None:
            asked.append(visit.head.split(b"\r\n")[0])
            await visit.answer(b"by proxy")

        async with raw_server(proxy_handler) as proxy, raw_server(answer_at_once) as server:
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            monkeypatch.setenv("no_proxy", "127.0.0.1")
            async with net.Client() as client:
                through = await client.send(call(80, host="far.invalid"))
                direct = await client.send(call(server.port))
        assert through.body == b"by proxy"
        assert asked == [b"POST http://far.invalid:80/v1/x HTTP/1.1"] or asked == [
            b"POST http://far.invalid/v1/x HTTP/1.1"
        ]
        assert direct.body == b'{"ok": true}'

    scene(work)


def test_a_proxy_that_is_down_means_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the error points at the proxy's variables."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")

    async def work() -> None:
        async with net.Client() as client:
            with pytest.raises(NotSent) as refused:
                await client.send(call(80, host="far.invalid"))
        assert "HTTP_PROXY" in refused.value.do

    scene(work)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_https_goes_through_a_tunnel_that_never_sees_the_key(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CONNECT names the host; the key travels inside."""
    authority = trustme.CA()
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(pem)

    async def work() -> None:
        heads: list[bytes] = []
        context = tls_server_context(authority, "far.invalid")
        async with raw_server(answer_at_once, tls=context) as server:

            async def tunnel(visit: Visit) -> None:
                heads.append(visit.head)
                await visit.send(b"HTTP/1.1 200 OK\r\n\r\n")
                await visit.pass_on(server.port)

            async with raw_server(tunnel) as proxy:
                monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
                async with net.Client(ca_file=str(pem)) as client:
                    answer = await client.send(call(443, scheme="https", host="far.invalid"))
        assert answer.status == 200
        assert heads[0].startswith(b"CONNECT far.invalid:443")
        assert SECRET.encode() not in heads[0]

    scene(work)


@pytest.mark.parametrize(("status", "why"), [(407, "a user and a password"), (502, "refused")])
def test_a_proxy_that_refuses_is_told_from_one_that_is_down(
    status: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing left; the error says what the proxy wants."""

    async def work() -> None:
        async def refuse(visit: Visit) -> None:
            await visit.answer(status=status)

        async with raw_server(refuse) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            async with net.Client() as client:
                with pytest.raises(NotSent) as refused:
                    await client.send(call(443, scheme="https", host="far.invalid"))
        assert why in refused.value.why

    scene(work)


def test_a_pin_is_not_undone_by_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """These addresses and no others: a proxy would look the name up by itself."""

    async def work() -> None:
        async with raw_server(answer_at_once) as server, raw_server(answer_at_once) as proxy:
            for name in ("HTTP_PROXY", "http_proxy"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            async with net.Client(pins={"pinned.invalid": ["127.0.0.1"]}) as client:
                await client.send(call(server.port, host="pinned.invalid"))
            assert (server.requests, proxy.requests) == (1, 0)

    scene(work)


CLEAN_EXIT = """
import asyncio, sys
from reckon import net
from reckon.vocabulary.call import Call

async def work():
    async with net.Client() as client:
        async with client.stream(Call(url=sys.argv[1], body=b"{}")) as answer:
            async for piece in answer.chunks():
                print(piece.decode().strip())
                if sys.argv[2] == "leave":
                    break

net.run(work())
"""


@pytest.mark.parametrize("how", ["leave", "stay"])
def test_the_interpreter_exits_cleanly_after_a_stream(how: str) -> None:
    """No abort at exit, ten times out of ten."""

    async def work() -> None:
        async def handler(visit: Visit) -> None:
            await visit.begin_events()
            await visit.event(b"data: 1\n\n")
            await visit.event(b"data: 2\n\n")
            if how == "leave":
                await visit.until_closed()
            else:
                await visit.send(b"0\r\n\r\n")

        async with raw_server(handler) as server:
            url = f"http://127.0.0.1:{server.port}/"
            for _ in range(10):
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-c", CLEAN_EXIT, url, how),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
                out, errors = await process.communicate()
                assert process.returncode == 0, errors.decode()
                assert out.startswith(b"data: 1")

    scene(work)


def test_the_bridge_refuses_to_block_a_running_loop() -> None:
    """The error names the way out: the async form."""

    async def nothing() -> None:
        """Never awaited."""

    async def work() -> None:
        with pytest.raises(UsageError, match="event loop runs already") as refused:
            net.run(nothing())
        assert "_async" in refused.value.do

    scene(work)
