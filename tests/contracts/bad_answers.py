"""What a server can send instead of an answer, as bytes on the wire, for every wire format."""

import asyncio
import gzip
import json
import zlib
from typing import Any

import pytest
from raw_server import RawServer, Visit, raw_server

from reckon import net
from reckon.errors import ReckonError
from reckon.providers import call
from reckon.run.collect import Collector
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Response

WIRES = ("openai_chat", "openai_responses", "anthropic", "gemini", "ollama")
EVENTS = "text/event-stream"
LINES = "application/x-ndjson"
JSON = "application/json"
KEY = "sk-very-secret"
KEPT = "It was the best of"
"""What a stream says before it goes wrong."""


each_wire = pytest.mark.parametrize("wire", WIRES)
each_way = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


def http(
    body: bytes, *, status: int = 200, kind: str = JSON, length: int | None = None, more: str = ""
) -> bytes:
    """A whole HTTP answer; the length may be a lie."""
    told = len(body) if length is None else length
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {told}\r\n{more}\r\n"
    return head.encode() + body


def kind_of(wire: str, *, stream: bool) -> str:
    """The content type that the format promises."""
    if not stream:
        return JSON
    return LINES if wire == "ollama" else EVENTS


def whole(wire: str, **fields: Any) -> dict[str, Any]:
    """A small good answer; its usage may be given."""
    usage = fields.get("usage")
    match wire:
        case "openai_chat":
            choice = {"index": 0, "message": {"content": KEPT}, "finish_reason": "stop"}
            return {"id": "c", "model": "m", "choices": [choice], "usage": usage}
        case "openai_responses":
            said = {"type": "message", "content": [{"type": "output_text", "text": KEPT}]}
            return {"id": "r", "status": "completed", "output": [said], "usage": usage}
        case "anthropic":
            said = {"type": "text", "text": KEPT}
            return {"id": "m", "content": [said], "stop_reason": "end_turn", "usage": usage}
        case "gemini":
            said = {"content": {"parts": [{"text": KEPT}]}, "finishReason": "STOP"}
            return {"candidates": [said], "usageMetadata": usage}
        case _:
            return {"model": "m", "message": {"content": KEPT}, "done": True, **(usage or {})}


def beginning(wire: str) -> list[dict[str, Any]]:
    """The events of a stream that says `KEPT` and has not ended."""
    match wire:
        case "openai_chat":
            return [
                {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": KEPT}}]}
            ]
        case "openai_responses":
            delta = {"type": "response.output_text.delta", "item_id": "i", "delta": KEPT}
            return [{"type": "response.created", "response": {"id": "r", "model": "m"}}, delta]
        case "anthropic":
            return [
                {"type": "message_start", "message": {"id": "m", "model": "m"}},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},
                {"type": "content_block_delta", "index": 0, "delta": {"text": KEPT}},
            ]
        case "gemini":
            return [{"candidates": [{"content": {"parts": [{"text": KEPT}]}}]}]
        case _:
            return [{"model": "m", "message": {"content": KEPT}, "done": False}]


def ending(wire: str) -> list[dict[str, Any]]:
    """The events that end such a stream."""
    match wire:
        case "openai_chat":
            return [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
        case "openai_responses":
            return [{"type": "response.completed", "response": whole(wire)}]
        case "anthropic":
            return [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}]
        case "gemini":
            return [{"candidates": [{"finishReason": "STOP"}]}]
        case _:
            return [{"message": {}, "done": True, "done_reason": "stop"}]


def framed(wire: str, data: bytes) -> bytes:
    """One event of a stream: server-sent, or a line."""
    return data + b"\n" if wire == "ollama" else b"data: " + data + b"\n\n"


def events(wire: str, said: list[dict[str, Any]]) -> bytes:
    """These events as bytes."""
    return b"".join(framed(wire, json.dumps(each).encode()) for each in said)


def body_with(wire: str, rotten: bytes, *, stream: bool) -> bytes:
    """A body that holds `rotten` where JSON is due: all of it, or the event after `KEPT`."""
    return events(wire, beginning(wire)) + framed(wire, rotten) if stream else rotten


def good(wire: str, *, stream: bool) -> bytes:
    """A body with which nothing is wrong."""
    if not stream:
        return json.dumps(whole(wire)).encode()
    return events(wire, beginning(wire) + ending(wire))


def squeezed(body: bytes, coding: str) -> bytes:
    """The body in a content coding."""
    return gzip.compress(body) if coding == "gzip" else zlib.compress(body)


async def listen(
    wire: str, server: RawServer, collector: Collector, *, stream: bool, scheme: str = "http"
) -> None:
    async with net.Client(connect_timeout_s=5) as client:
        async for event in call.respond(
            Prompt.of("x", max_output_tokens=10),
            Model(id="m", provider="p", organization="o"),
            Provider(id="p", name="P", wire=wire),
            base_url=f"{scheme}://127.0.0.1:{server.port}/v1",
            key=KEY,
            client=client,
            stream=stream,
        ):
            collector.add(event)


def heard(wire: str, sent: bytes, *, stream: bool) -> tuple[Response, ReckonError | None]:
    """What a call makes of these bytes, and the error that ended it."""

    async def serve(visit: Visit) -> None:
        await visit.send(sent)
        visit.close()

    collector = Collector()

    async def work() -> ReckonError | None:
        async with raw_server(serve) as server:
            try:
                await listen(wire, server, collector, stream=stream)
            except ReckonError as error:
                says_all(error)
                return error
        return None

    error = net.run(asyncio.wait_for(work(), 60))
    return collector.response(), error


def says_all(error: ReckonError) -> None:
    """Three sentences, short, and the key in none of them."""
    for told in (error.what, error.why, error.do):
        assert told
        assert len(told) < 500
    assert KEY not in repr(error) + str(error)
