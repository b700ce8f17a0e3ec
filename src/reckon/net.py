"""The one HTTP seam: send, stream, cancel, time-outs, proxies, pinned addresses.

What matters here is money: `NotSent` means that no byte of the request left this machine, so it
cannot have been billed; `MaybeBilled` means that it may have been. Where the client cannot tell,
the answer is `MaybeBilled`.

The client behind the seam is wreq, with plain defaults and an honest User-Agent; none of its
browser imitation is used. `tests/contracts/test_net_contract.py` is what any client must pass.
"""

import asyncio
import datetime as dt
import os
import sys
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import msgspec
import wreq

from reckon.errors import MaybeBilled, NetError, NotSent, UsageError
from reckon.settings import VERSION
from reckon.vocabulary.call import Call

T = TypeVar("T")

ERROR_BODY_LIMIT = 1 << 20
"""Bytes of an error's body that are read; no provider says more, a broken server might."""


ANSWER_LIMIT = 256 << 20
"""Bytes of an unpacked body at most: a small one may unpack to more than this machine holds."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole HTTP answer. Header names are lower-case; repeated headers are joined by `, `."""

    status: int
    headers: dict[str, str]
    body: bytes


class StreamedAnswer:
    """An HTTP answer whose body is still coming."""

    def __init__(self, response: wreq.Response, call: Call, idle_timeout_s: float) -> None:
        self.status = response.status.as_int()
        self.headers = _headers(response)
        self._response = response
        self._call = call
        self._idle_timeout_s = idle_timeout_s

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Pieces of the body as they arrive.

        Raises:
            MaybeBilled: The body was cut, or is longer than `ANSWER_LIMIT`, or nothing came for the
                idle time-out.
        """
        size = 0
        try:
            async with self._response.stream() as stream:
                while True:
                    try:
                        async with asyncio.timeout(self._idle_timeout_s):
                            piece = await anext(stream)
                    except StopAsyncIteration:
                        return
                    if isinstance(piece, wreq.HeaderMap):
                        continue
                    size += len(piece)
                    if size > ANSWER_LIMIT:
                        raise _endless(self._call)
                    yield bytes(piece)
        except TimeoutError as error:
            raise _idle(self._call, self._idle_timeout_s) from error
        except _WREQ_ERRORS as error:
            raise _lost(self._call, error) from error

    async def read(self) -> bytes:
        """The rest of the body, at most `ERROR_BODY_LIMIT` bytes of it."""
        body = b""
        async with aclosing(self.chunks()) as pieces:
            async for piece in pieces:
                body += piece
                if len(body) >= ERROR_BODY_LIMIT:
                    break
        return body[:ERROR_BODY_LIMIT]


class Client:
    """An HTTP client with a pool of kept connections.

    Redirects are not followed: a key must never travel to another host. A request is never sent
    twice. Proxies come from `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.

    Args:
        connect_timeout_s: Seconds until a connection must stand.
        idle_timeout_s: Seconds between two pieces of an answer at most, the first included.
        total_timeout_s: Seconds for the whole call. Above the deadline of `providers.call`, which
            has its own words.
        max_connections: Connections that are kept open, per host.
        ca_file: PEM file of trusted certificates; None: `SSL_CERT_FILE`, else the usual ones.
        pins: Addresses by host name; these and no others are connected to.
    """

    def __init__(
        self,
        *,
        connect_timeout_s: float = 10.0,
        idle_timeout_s: float = 300.0,
        total_timeout_s: float = 7200.0,
        max_connections: int = 512,
        ca_file: str | None = None,
        pins: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._idle_timeout_s = idle_timeout_s
        # The system's resolver, so that /etc/hosts and search domains mean what they always do.
        names = wreq.DnsOptions(system_dns=True)
        for host, addresses in (pins or {}).items():
            names.add_resolve(host, [ip_address(address) for address in addresses])
        options: dict[str, Any] = {
            "user_agent": f"reckon/{VERSION}",
            "redirect": wreq.Policy.none(),
            "connect_timeout": dt.timedelta(seconds=connect_timeout_s),
            "timeout": dt.timedelta(seconds=total_timeout_s),
            "pool_max_idle_per_host": max_connections,
            "tcp_nodelay": True,
            "dns_options": names,
            # A proxy would look the name up by itself, and a pin would pin nothing.
            "no_proxy": bool(pins),
        }
        trusted = ca_file or os.environ.get("SSL_CERT_FILE")
        if trusted:
            options["tls_verify"] = _certificates(trusted)
        self._client = wreq.Client(**options)

    async def send(self, call: Call) -> Answer:
        """Send a call and read the whole answer.

        Raises:
            NotSent: Nothing left this machine.
            MaybeBilled: The request left and no whole answer came.
        """
        async with self.stream(call) as answer:
            pieces = [piece async for piece in answer.chunks()]
            return Answer(status=answer.status, headers=answer.headers, body=b"".join(pieces))

    @asynccontextmanager
    async def stream(
        self, call: Call, *, idle_timeout_s: float | None = None
    ) -> AsyncGenerator[StreamedAnswer]:
        """Send a call and hand out the answer as soon as its headers are there.

        Leaving early, also by cancellation, drops the connection, so that the server notices.

        Args:
            call: What to send.
            idle_timeout_s: Another idle time-out for this call; None: that of the client.

        Raises:
            NotSent: Nothing left this machine.
            MaybeBilled: The request left and no headers came.
        """
        idle_s = self._idle_timeout_s if idle_timeout_s is None else idle_timeout_s
        try:
            async with asyncio.timeout(idle_s):
                response = await self._client.request(
                    _METHODS[call.method], call.url, headers=call.headers, body=call.body
                )
        except TimeoutError as error:
            raise _idle(call, idle_s) from error
        except _NEVER_LEFT as error:
            raise _unreachable(call, error) from error
        except _WREQ_ERRORS as error:
            raise _lost(call, error) from error
        except RuntimeError as error:
            # wreq's word for a header that HTTP cannot carry. Its text may quote the value.
            raise NotSent(
                "The request has a header that cannot be sent.",
                why="A header, usually the key, holds a line break or another control character.",
                do="Set the key again, without the line break.",
                retryable=False,
            ) from (None if "eader" in str(error) else error)
        async with response:
            yield StreamedAnswer(response, call, idle_s)

    async def close(self) -> None:
        """Let the kept connections go."""
        # wreq closes its pool when the client is dropped.
        del self._client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


_NEVER_LEFT = (
    wreq.ConnectionError,
    wreq.ProxyConnectionError,
    wreq.TlsError,
    wreq.BuilderError,
)
_WREQ_ERRORS = (
    *_NEVER_LEFT,
    wreq.ConnectionResetError,
    wreq.BodyError,
    wreq.DecodingError,
    wreq.StatusError,
    wreq.RequestError,
    wreq.RedirectError,
    wreq.UpgradeError,
    wreq.TimeoutError,
)
_FRAMING = "netty::Error(Body"
"""In wreq's words for a body that is shorter or otherwise framed than its head said."""
_METHODS = {"GET": wreq.Method.GET, "POST": wreq.Method.POST, "HEAD": wreq.Method.HEAD}


def new_event_loop() -> asyncio.AbstractEventLoop:
    """An event loop, uvloop's where it is installed."""
    if sys.platform != "win32":
        try:
            import uvloop
        except ImportError:
            pass
        else:
            return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def run(coroutine: Coroutine[Any, Any, T], *, single: bool = False) -> T:
    """Run a coroutine to its end: the bridge from code without an event loop.

    Args:
        coroutine: What to run.
        single: Whether it makes one call only, for which loading a faster loop does not pay.

    Raises:
        UsageError: An event loop runs already; the async form must be awaited there.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        factory = asyncio.new_event_loop if single else new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(coroutine)
    coroutine.close()
    raise UsageError(
        "This function cannot be called where an event loop runs already.",
        why="It would block the loop.",
        do="Use the form that ends in _async, with await.",
    )


def _headers(response: wreq.Response) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name = bytes(raw_name).decode("latin-1").lower()
        value = bytes(raw_value).decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _certificates(path: str) -> wreq.CertStore:
    try:
        pem = Path(path).read_bytes()
    except OSError as error:
        raise NotSent(
            f"The file of trusted certificates {path} cannot be read.",
            why=error.strerror or str(error),
            do="Correct SSL_CERT_FILE, or unset it.",
            retryable=False,
        ) from error
    try:
        # The client takes a file without any, and then trusts nobody.
        if b"-----BEGIN CERTIFICATE-----" in pem:
            return wreq.CertStore.from_pem_stack(pem)
    except _WREQ_ERRORS as error:
        raise _no_certificates(path) from error
    raise _no_certificates(path)


def _no_certificates(path: str) -> NotSent:
    return NotSent(
        f"The file {path} holds no certificates in PEM form.",
        do="Correct SSL_CERT_FILE, or unset it.",
        retryable=False,
    )


def _host(call: Call) -> str:
    # The whole address is not shown: some providers take keys in the query.
    try:
        address = urlsplit(call.url)
        port = f":{address.port}" if address.port else ""
    except ValueError:
        return "the given address"
    return f"{address.hostname or call.url}{port}"


def _unreachable(call: Call, error: Exception) -> NetError:
    text = str(error)
    host = _host(call)
    if isinstance(error, wreq.BuilderError):
        return NotSent(
            f"The address of {host} is not a usable URL.",
            why="Nothing was sent.",
            do="Give an address that begins with http:// or https://.",
            retryable=False,
        )
    refusal = _proxy_refusal(text)
    passes = True
    if refusal:
        reason, do = refusal
        passes = False
    elif (
        isinstance(error, wreq.ProxyConnectionError)
        or "proxy" in text.lower().split("connect_info")[0]
    ):
        reason, do = "The proxy could not be reached", "Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY."
    elif "WRONG_VERSION_NUMBER" in text or "HTTP_REQUEST" in text:
        reason, do = "It speaks no TLS", "Check the address: its port, or http:// for https://."
    elif isinstance(error, wreq.TlsError) or "ertificate" in text or "CERTIFICATE" in text:
        reason, passes = "Its certificate was not accepted", False
        do = "Check the address; for a company's own certificates set SSL_CERT_FILE."
    elif "dns error" in text:
        reason, do = "Its name could not be resolved", "Check the address and the network."
    elif "onnection refused" in text or "ConnectionRefused" in text:
        reason, do = "Nothing listens there", "Start the server, or check the address."
    elif "timeout" in text or "TimedOut" in text:
        reason, do = "It did not answer in time", "Check the address and the network."
    else:
        reason, do = "The connection failed", "Check the address and the network."
    return NotSent(
        f"{host} could not be reached.", why=f"{reason}. Nothing was sent.", do=do, retryable=passes
    )


def _proxy_refusal(text: str) -> tuple[str, str] | None:
    """Reason and remedy where a proxy answered, and would not pass the call on."""
    if "ProxyAuthRequired" in text:
        return (
            "The proxy wants a user and a password (HTTP 407)",
            "Put them into its address: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
        )
    if "TunnelUnsuccessful" in text:
        return (
            "The proxy refused to pass the call on",
            "Ask who runs it, or set NO_PROXY.",
        )
    return None


def _idle(call: Call, seconds: float) -> NetError:
    return MaybeBilled(
        f"{_host(call)} sent nothing for {seconds:g} seconds.",
        why="The request had left; it may have been billed.",
        do="Try again later; `reckon logs` keeps what arrived.",
    )


def _endless(call: Call) -> NetError:
    return MaybeBilled(
        f"{_host(call)} sent more than {ANSWER_LIMIT >> 20} MiB.",
        why="No answer is that long: the server is broken. It may have been billed.",
        do="Check the address of the provider.",
    )


def _lost(call: Call, error: Exception) -> NetError:
    host, text = _host(call), str(error)
    left = "The request had left; it may have been billed."
    do = "Try again later; `reckon logs` keeps what arrived."
    if isinstance(error, wreq.TimeoutError) or "TimedOut" in text:
        what = f"{host} did not finish its answer in time."
    elif isinstance(error, wreq.DecodingError | wreq.BodyError) and _FRAMING not in text:
        what = f"The answer of {host} cannot be unpacked."
        left = f"Its compression is broken or cut off. {left}"
        do = "Try again later; if it stays so, look at what stands between, such as a proxy."
    elif isinstance(error, wreq.DecodingError | wreq.BodyError):
        what = f"The answer of {host} was cut off or is garbled."
    elif "Parse(" in text:
        what = f"{host} sent what is no HTTP answer."
        left = f"{'Its head is too large' if 'TooLarge' in text else 'Its head is garbled'}. {left}"
        do = "Check the address: its port, and whether it begins with https://."
    else:
        what = f"{host} closed the connection without a whole answer."
    return MaybeBilled(what, why=left, do=do)
