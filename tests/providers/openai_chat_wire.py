"""Answers in the chat-completions format, for the tests of it."""

import base64
import json
from collections.abc import Iterable
from typing import Any

from wire_helpers import collected, fed_in_pieces

from reckon.providers.openai_chat.wire import OpenAIChat
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Message, Prompt, ToolCall
from reckon.vocabulary.response import Event, Response

WIRE = OpenAIChat()
PNG = base64.b64encode(b"\x89PNG-picture").decode()


Json = dict[str, Any]


def event(chunk: Json) -> bytes:
    """One event of a stream."""
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def delta(choice: int = 0, finish: str | None = None, **content: Any) -> bytes:
    """One event with a piece of an answer."""
    told = {"index": choice, "delta": content, "finish_reason": finish}
    return event({"id": "a-1", "model": "m", "choices": [told]})


def whole(message: Json, finish: str = "stop", **more: Any) -> bytes:
    """An answer in one object."""
    told = {"index": 0, "message": message, "finish_reason": finish}
    return json.dumps({"id": "a-1", "model": "m", "choices": [told], **more}).encode()


def decoded(data: bytes, *, stream: bool = True, cuts: Iterable[int] = ()) -> list[Event]:
    """All events of an answer, fed in pieces that end at the cuts."""
    return fed_in_pieces(WIRE, data, stream=stream, cuts=cuts)


def read(data: bytes, *, stream: bool = True) -> Response:
    """The response that an answer makes."""
    return collected(decoded(data, stream=stream))


def sent_back(response: Response, **row: Any) -> Json:
    """The answer as a turn of the next request; empty where nothing of it goes back."""
    prompt = Prompt(messages=(Message(role="assistant", parts=response.parts),))
    provider = Provider(id="p", name="P", wire="openai_chat", **row)
    model = Model(id="m", provider="p", organization="o")
    call = WIRE.encode(prompt, model, provider, base_url="http://x", key=None, stream=False)
    turns: list[Json] = json.loads(call.body)["messages"]
    return turns[0] if turns else {}


def piece(**fields: Any) -> Json:
    """A piece of a call, with the fields of its function apart."""
    function = {name: fields.pop(name) for name in ("name", "arguments") if name in fields}
    return {**fields, "function": function}


def calls(*pieces: Json, finish: str = "tool_calls") -> tuple[ToolCall, ...]:
    """The calls that come from pieces, each in an event of its own."""
    data = b"".join(delta(tool_calls=[each]) for each in pieces) + delta(finish=finish)
    return read(data).tool_calls


DETAILS = [
    {"type": "reasoning.text", "text": "Hm. Four.", "signature": "sig", "index": 0, "format": "f"},
    {"type": "reasoning.encrypted", "data": "AAA", "id": "rs_1", "index": 1},
]
