"""One call to a server that does not stop; prints how it ended and what memory it took.

Runs in a process of its own, so that what is measured is the reading alone: the server is another
thread of it, and sends one block again and again.
"""

import asyncio
import json
import resource
import sys
import threading
import time
import zlib
from socket import create_server, socket
from typing import Any

from bad_answers import EVENTS, JSON, LINES

from reckon import net
from reckon.errors import ReckonError
from reckon.providers import call
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt

BLOCK = 1 << 20
WORDS = {
    "no end of line": (b"data: ", b"a"),
    "an open JSON text": (b'{"a": "', b"a"),
    "lines without an end of the event": (b"", b"data:\n"),
    "comments": (b"", b": keep-alive\n\n"),
    "opening brackets": (b"", b"["),
    "blanks": (b"", b" "),
    "a gzip of nothing but blanks": (b"", b" "),
    "words upon words": (b"", b""),
}


def served(connection: socket, wire: str, shape: str, megabytes: int) -> None:
    """Send so many megabytes, or until the client has had enough."""
    begin, word = WORDS[shape]
    if shape == "words upon words":
        piece = json.dumps({"choices": [{"index": 0, "delta": {"content": "x" * 100}}]})
        word = b"data: " + piece.encode() + b"\n\n"
    kind = LINES if wire == "ollama" else EVENTS if begin[:1] != b"{" else JSON
    packed = "gzip" in shape
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n"
    head += "Content-Encoding: gzip\r\n\r\n" if packed else "\r\n"
    block = word * (BLOCK // len(word))
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    connection.recv(1 << 16)
    try:
        connection.sendall(head.encode() + (b"" if packed else begin))
        for _ in range(megabytes):
            connection.sendall(packer.compress(block) if packed else block)
    except OSError:
        pass  # the client is gone, as it should be
    connection.close()


def serve(wire: str, shape: str, megabytes: int) -> int:
    """Listen, in a thread, for one visit; gives the port."""
    listener = create_server(("127.0.0.1", 0))

    def visit() -> None:
        connection, _ = listener.accept()
        served(connection, wire, shape, megabytes)
        listener.close()

    threading.Thread(target=visit, daemon=True).start()
    return listener.getsockname()[1]


def peak() -> int:
    """Bytes of memory that this process has taken at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def ask(wire: str, port: int, *, stream: bool) -> dict[str, Any]:
    """How the call ended, the bytes it took and the CPU seconds of all threads."""
    before, began, ended = peak(), time.process_time(), ""
    async with net.Client() as client:
        try:
            async for _ in call.respond(
                Prompt.of("x", max_output_tokens=10),
                Model(id="m", provider="p", organization="o"),
                Provider(id="p", name="P", wire=wire),
                base_url=f"http://127.0.0.1:{port}/v1",
                key="sk-secret",
                client=client,
                stream=stream,
            ):
                pass
        except ReckonError as error:
            ended = f"{type(error).__name__}: {error}"
    return {"ended": ended, "grown": peak() - before, "cpu_s": time.process_time() - began}


def main() -> None:
    """Arguments: format, shape, megabytes, `stream` or `whole`."""
    wire, shape, megabytes, how = sys.argv[1:]
    port = serve(wire, shape, int(megabytes))
    print(json.dumps(net.run(asyncio.wait_for(ask(wire, port, stream=how == "stream"), 100))))


if __name__ == "__main__":
    main()
