"""A server that does on a raw socket exactly what a test tells it, and counts what it saw."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

GOODBYE_S = 1.0
"""A TLS peer that is gone never answers a goodbye."""


class Visit:
    """One request on one connection."""

    def __init__(
        self, head: bytes, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.head = head
        self.body = body
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self, body: bytes = b"{}", *, status: int = 200, headers: str = "") -> None:
        """A whole answer that keeps the connection."""
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        await self.send(head.encode() + body)

    async def begin_events(self) -> None:
        """The head of a chunked event stream."""
        await self.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )

    async def event(self, data: bytes) -> None:
        """One chunk."""
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def until_closed(self) -> None:
        """Wait until the client has closed its side."""
        while await self._reader.read(1024):
            pass

    async def pass_on(self, port: int) -> None:
        """Carry bytes both ways between this connection and a port here, until one side ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()

        ways = [
            asyncio.create_task(carry(self._reader, writer)),
            asyncio.create_task(carry(reader, self._writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await close_whole(writer)
            self.close()

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


Handler = Callable[[Visit], Awaitable[None]]


class RawServer:
    """What was seen, and where it listens."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.port = 0
        self.connections = 0
        self.requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                body = await reader.readexactly(length)
                self.requests += 1
                await self._handler(Visit(head, body, reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            await close_whole(writer)


async def close_whole(writer: asyncio.StreamWriter) -> None:
    """Close a connection and see it closed: a loop may not end while one still says goodbye."""
    writer.close()
    try:
        async with asyncio.timeout(GOODBYE_S):
            await writer.wait_closed()
    except (OSError, TimeoutError, asyncio.CancelledError):
        writer.transport.abort()
        with suppress(OSError, asyncio.CancelledError):
            await writer.wait_closed()


@asynccontextmanager
async def raw_server(
    handler: Handler, *, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[RawServer]:
    """Serve on a free loopback port."""
    server = RawServer(handler)
    tasks: set[asyncio.Task[None]] = set()

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await server.serve(reader, writer)
        except asyncio.CancelledError:
            # A task that ends as cancelled would be reported by the stream protocol.
            pass
        finally:
            tasks.discard(task)

    listener = await asyncio.start_server(on_connection, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()
