"""Asking and answering in Ollama's native format, for the tests of it."""

import json
from collections.abc import Iterable
from typing import Any

from wire_helpers import fed_in_pieces

from reckon.providers.ollama.wire import OllamaChat
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Attachment, Message, Part, Prompt, Text, Tool
from reckon.vocabulary.response import Event

WIRE = OllamaChat()
MODEL = Model(id="qwen3", provider="ollama", organization="o")
PROVIDER = Provider(id="ollama", name="Ollama", wire="ollama", local=True)
PICTURE = Attachment(media_type="image/png", modality="image", content=b"\x89PNG", digest="d")
WEATHER = Tool(name="weather", description="The weather.", parameters={"type": "object"})


def encoded(prompt: Prompt, **more: Any) -> tuple[Any, dict[str, Any]]:
    """The call and its body."""
    options = {"base_url": "http://127.0.0.1:11434/v1", "key": None, "stream": False, **more}
    call = WIRE.encode(prompt, MODEL, options.pop("provider", PROVIDER), **options)
    return call, json.loads(call.body)


def turns(*messages: tuple[str, tuple[Part, ...]], **more: Any) -> dict[str, Any]:
    """The body of a conversation."""
    said = tuple(Message(role=role, parts=parts) for role, parts in messages)  # type: ignore[arg-type]
    return encoded(Prompt(messages=said, **more))[1]


def asked(**more: Any) -> dict[str, Any]:
    """The body of a short prompt with these fields, less what each body has."""
    body = turns(("user", (Text("x"),)), **more)
    return {key: body[key] for key in body if key not in ("model", "messages", "stream")}


def fed(data: bytes, *, stream: bool, cuts: Iterable[int] = ()) -> list[Event]:
    """All events of an answer, fed in pieces that end at the cuts."""
    return fed_in_pieces(WIRE, data, stream=stream, cuts=cuts)


def lines(*pieces: Any) -> bytes:
    """A stream of these lines."""
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in pieces).encode()


def piece(message: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One line of an answer."""
    head = {"model": "qwen3", "created_at": "2026-01-02T03:04:05.678Z"}
    return {**head, "message": {"role": "assistant", **message}, "done": False, **more}


CALLS = [
    {"function": {"name": "weather", "arguments": {"place": "Zürich"}}},
    {"id": "call_7", "function": {"index": 1, "name": "clock", "arguments": {}}},
]
END = {"done": True, "done_reason": "stop", "prompt_eval_count": 21, "eval_count": 9}
STREAM = (
    piece({"content": "", "thinking": "Hm…"}),
    piece({"content": "Grüße 😀"}),
    piece({"content": "", "tool_calls": CALLS[:1]}),
    piece({"content": "", "tool_calls": CALLS[1:]}),
    piece({"content": ""}, **END),
)
