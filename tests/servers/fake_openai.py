"""A chat-completions server for faults that a real engine does not have: it does what it is told.

It runs in a thread of its own, on loopback, and counts what it was asked.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Reply:
    """What the server does with one request.

    `cut_after` closes the connection after so many bytes of the body; `wait_for` holds the answer
    back until the event is set.
    """

    status: int = 200
    body: bytes | None = None
    text: str = "a fine picture"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    cut_after: int | None = None
    wait_for: threading.Event | None = None
    usage: Json | None = None
    finish_reason: str = "stop"
    delay_s: float = 0.0


Decide = Callable[[int, Json], Reply]
"""From the number of the request, from 0, and its body, to what is done."""


class FakeOpenAI:
    """Where it listens and what it saw."""

    def __init__(self, decide: Decide) -> None:
        self.decide = decide
        self.bodies: list[Json] = []
        self.heads: list[bytes] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.base_url = ""
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        """Requests that arrived whole."""
        return len(self.bodies)

    def prompts(self) -> list[str]:
        """The text of each request's last message."""
        return [_text(body["messages"][-1]["content"]) for body in self.bodies]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                body = json.loads(await reader.readexactly(length) or b"{}")
                if not await self._answer(head, body, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: bytes, body: Json, writer: asyncio.StreamWriter) -> bool:
        with self._lock:
            number = len(self.bodies)
            self.bodies.append(body)
            self.heads.append(head)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            reply = self.decide(number, body)
            if reply.delay_s:
                await asyncio.sleep(reply.delay_s)
            while reply.wait_for and not reply.wait_for.is_set():
                await asyncio.sleep(0.005)
        finally:
            with self._lock:
                self.in_flight -= 1
        streams = bool(body.get("stream")) and reply.body is None
        content = reply.body
        if content is None:
            content = streamed(reply) if streams else whole(reply)
        kind = "text/event-stream" if streams else "application/json"
        head_lines = [
            f"HTTP/1.1 {reply.status} X",
            f"Content-Length: {len(content)}",
            *(f"{n}: {v}" for n, v in ({"Content-Type": kind} | reply.headers).items()),
        ]
        writer.write("\r\n".join(head_lines).encode() + b"\r\n\r\n")
        writer.write(content[: reply.cut_after] if reply.cut_after is not None else content)
        await writer.drain()
        return reply.cut_after is None


def whole(reply: Reply) -> bytes:
    """One JSON object."""
    message = {"role": "assistant", "content": reply.text}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "fake-1",
            "choices": [choice],
            "usage": _usage(reply),
        }
    ).encode()


def streamed(reply: Reply) -> bytes:
    """Server-sent events: a piece for each word, the end, the usage."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake-1"}
    words = [piece + " " for piece in reply.text.split(" ")]
    words[-1] = words[-1][:-1]
    chunks: list[Json] = [
        {"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
        for word in words
    ]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": reply.finish_reason}]})
    chunks.append({"choices": [], "usage": _usage(reply)})
    events = "".join(f"data: {json.dumps(head | chunk)}\n\n" for chunk in chunks)
    return f"{events}data: [DONE]\n\n".encode()


def _usage(reply: Reply) -> Json:
    usual = {"prompt_tokens": 260, "completion_tokens": 100, "total_tokens": 360}
    return usual if reply.usage is None else reply.usage


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    assert isinstance(content, list)
    return "".join(part["text"] for part in content if part["type"] == "text")


@contextmanager
def fake_openai(decide: Decide | None = None) -> Iterator[FakeOpenAI]:
    """Serve on a free port of loopback until the block ends."""
    server = FakeOpenAI(decide or (lambda _number, _body: Reply()))
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def work() -> None:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
        started.set()
        await stop.wait()
        listener.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def run() -> None:
        # A connection that is cut at the end is no error of the test.
        loop.set_exception_handler(lambda _loop, _context: None)
        loop.run_until_complete(work())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
