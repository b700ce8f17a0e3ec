"""Asking and answering in Anthropic's format, for the tests of it."""

import base64
import json
from collections.abc import Iterable
from typing import Any

from anthropic_official import judged
from wire_helpers import fed_in_pieces

from reckon.providers.anthropic.wire import AnthropicMessages
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Attachment, Message, Part, Prompt, Text, Tool
from reckon.vocabulary.response import Event, Response

WIRE = AnthropicMessages()
MODEL = Model(id="claude-x", provider="p", organization="o")
PROVIDER = Provider(id="p", name="Provider", wire="anthropic", key_variables=("P_API_KEY",))
PICTURE = Attachment(
    media_type="image/png", modality="image", content=b"\x89PNG...", digest="d", name="a.png"
)
PDF = Attachment(
    media_type="application/pdf", modality="pdf", content=b"%PDF", digest="d", name="a.pdf"
)
WEATHER = Tool(
    name="weather",
    description="Tells the weather.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)
PICTURE_BLOCK = {
    "type": "image",
    "source": {
        "type": "base64",
        "media_type": "image/png",
        "data": base64.b64encode(PICTURE.content).decode(),
    },
}


def encoded(prompt: Prompt, **more: Any) -> tuple[Any, dict[str, Any]]:
    """The call and its body, which Anthropic's own types accept without losing a word."""
    options: dict[str, Any] = {"base_url": "http://x/v1", "key": "sk-1", "stream": False, **more}
    call = WIRE.encode(
        prompt, options.pop("model", MODEL), options.pop("provider", PROVIDER), **options
    )
    body = json.loads(call.body)
    judged(body)
    return call, body


def body_of(*parts: Part, **more: Any) -> dict[str, Any]:
    """The body of a prompt of one user's turn."""
    return encoded(Prompt(messages=(user(*parts or (Text("hi"),)),), **more))[1]


def content_of(*parts: Part) -> Any:
    """The blocks of a user's turn."""
    [turn] = body_of(*parts)["messages"]
    return turn["content"]


def user(*parts: Part) -> Message:
    """A user's turn."""
    return Message(role="user", parts=parts)


def assistant(*parts: Part) -> Message:
    """A model's turn."""
    return Message(role="assistant", parts=parts)


def system(*parts: Part) -> Message:
    """A system's turn."""
    return Message(role="system", parts=parts)


def turns_of(*messages: Message, provider: Provider = PROVIDER) -> list[Any]:
    """The turns of a conversation."""
    return encoded(Prompt(messages=messages), provider=provider)[1]["messages"]


def said_back(response: Response) -> Any:
    """The blocks that say an answer back as the model's turn."""
    [_, turn] = turns_of(user(Text("hi")), assistant(*response.parts))
    return turn["content"]


def decoded(data: bytes, *, stream: bool, cuts: Iterable[int] = ()) -> list[Event]:
    """All events of an answer, fed in pieces that end at the cuts."""
    return fed_in_pieces(WIRE, data, stream=stream, cuts=cuts)


# What comes back. The answers are small ones of our own; their shapes are those of recorded ones.

SEARCH = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {"query": "wetter köln"},
}
FOUND = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [
        {
            "type": "web_search_result",
            "url": "https://x",
            "title": "X",
            "encrypted_content": "Eo4U",
            "page_age": None,
        }
    ],
}
SOURCE = {
    "type": "web_search_result_location",
    "cited_text": "18 degrees",
    "url": "https://x",
    "title": "X",
    "encrypted_index": "EpMB",
}
CONTENT: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "They ask for the wéather 🌦.", "signature": "EqQB"},
    {"type": "redacted_thinking", "data": "AbC="},
    {"type": "text", "text": "Let me see. "},
    SEARCH,
    FOUND,
    {"type": "text", "text": "In Köln: "},
    {"type": "text", "text": "18° ☂", "citations": [SOURCE]},
    {"type": "text", "text": " today."},
    {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Zürich"}},
    {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
]
USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 50,
    "cache_read_input_tokens": 7,
    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
    "output_tokens": 40,
    "output_tokens_details": {"thinking_tokens": 25},
    "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
    "service_tier": "standard",
}


def whole(
    content: list[dict[str, Any]], usage: Any = USAGE, reason: str | None = "end_turn"
) -> bytes:
    """An answer as one object."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x-1",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
    }
    return json.dumps(message).encode()


def event(kind: str, **content: Any) -> bytes:
    """One event, padded with spaces as Anthropic pads them."""
    data = json.dumps({"type": kind, **content}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data[:-1]}   }}  \n\n".encode()


def pieces_of(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How a block begins, and its pieces."""
    kind = block["type"]
    if kind == "text":
        half = len(block["text"]) // 2
        texts = [block["text"][:half], block["text"][half:]]
        start: dict[str, Any] = {"type": "text", "text": ""}
        cited = [
            {"type": "citations_delta", "citation": each} for each in block.get("citations", [])
        ]
        if cited:
            start["citations"] = []
        return start, [*cited, *({"type": "text_delta", "text": each} for each in texts)]
    if kind == "thinking":
        half = len(block["thinking"]) // 2
        texts = [block["thinking"][:half], "", block["thinking"][half:]]
        thoughts = [{"type": "thinking_delta", "thinking": each} for each in texts]
        sealed = {"type": "signature_delta", "signature": block["signature"]}
        return {"type": kind, "thinking": "", "signature": ""}, [*thoughts, sealed]
    if "input" in block:
        given = json.dumps(block["input"], ensure_ascii=False) if block["input"] else ""
        texts = ["", *(given[start : start + 7] for start in range(0, len(given), 7))]
        pieces = [{"type": "input_json_delta", "partial_json": each} for each in texts]
        return {**block, "input": {}}, pieces
    return block, []


def streamed(
    content: list[dict[str, Any]], usage: dict[str, Any] = USAGE, reason: str = "end_turn"
) -> bytes:
    """An answer as a stream: output tokens are counted anew at the end."""
    begun: dict[str, Any] = {
        "id": "msg_1",
        "model": "claude-x-1",
        "content": [],
        "usage": {**usage, "output_tokens": 1},
    }
    data = event("message_start", message=begun)
    for index, block in enumerate(content):
        start, pieces = pieces_of(block)
        data += event("content_block_start", index=index, content_block=start) + event("ping")
        for piece in pieces:
            data += event("content_block_delta", index=index, delta=piece)
        data += event("content_block_stop", index=index)
    last = {name: usage[name] for name in usage if name != "cache_creation"}
    data += event("message_delta", delta={"stop_reason": reason}, usage=last)
    return data + event("message_stop")


def answer(content: list[dict[str, Any]], *, stream: bool, **more: Any) -> list[Event]:
    """The events of an answer."""
    data = streamed(content, **more) if stream else whole(content, **more)
    return decoded(data, stream=stream)


def fault(kind: str, message: str) -> dict[str, Any]:
    """An error as Anthropic says it; built from the documentation."""
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
