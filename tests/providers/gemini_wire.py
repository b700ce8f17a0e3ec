"""Asking and answering in Gemini's format, for the tests of it."""

import base64
import json
from collections.abc import Iterable
from typing import Any

from wire_helpers import fed_in_pieces

from reckon.providers.gemini.wire import Gemini
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Attachment, Message, Part, Prompt, Text, Tool
from reckon.vocabulary.response import Event

WIRE = Gemini()
MODEL = Model(id="gemini-3-flash", provider="google", organization="google")
PROVIDER = Provider(id="google", name="Google", wire="gemini", key_variables=("GEMINI_API_KEY",))
BASE = "https://generativelanguage.googleapis.com/v1beta"
PICTURE = Attachment(media_type="image/png", modality="image", content=b"\x89PNG", digest="d")
SEAL = base64.b64encode(b"a seal").decode()
WEATHER = Tool(
    name="weather",
    description="The weather of a place.",
    parameters={"type": "object", "properties": {"place": {"type": ["string", "null"]}}},
)


def encoded(prompt: Prompt, **more: Any) -> tuple[Any, dict[str, Any]]:
    """The call and its body."""
    options = {"base_url": BASE, "key": "k-1", "stream": False, **more}
    model, provider = options.pop("model", MODEL), options.pop("provider", PROVIDER)
    call = WIRE.encode(prompt, model, provider, **options)
    return call, json.loads(call.body)


def turns(*messages: tuple[str, tuple[Part, ...]], **more: Any) -> dict[str, Any]:
    """The body of a conversation."""
    said = tuple(Message(role=role, parts=parts) for role, parts in messages)  # type: ignore[arg-type]
    return encoded(Prompt(messages=said, **more))[1]


def config(**more: Any) -> dict[str, Any]:
    """The generationConfig of a prompt with these fields."""
    return turns(("user", (Text("x"),)), **more).get("generationConfig", {})


def fed(data: bytes, *, stream: bool, cuts: Iterable[int] = ()) -> list[Event]:
    """All events of an answer, fed in pieces that end at the cuts."""
    return fed_in_pieces(WIRE, data, stream=stream, cuts=cuts)


def whole(answer: Any) -> list[Event]:
    """The events of an answer that comes as one JSON document."""
    return fed(json.dumps(answer).encode(), stream=False)


def answer(*parts: dict[str, Any], reason: Any = "STOP", **more: Any) -> dict[str, Any]:
    """An answer of one candidate."""
    candidate = {"content": {"parts": list(parts), "role": "model"}, "finishReason": reason}
    return {"candidates": [candidate | more.pop("candidate", {})], "responseId": "r-1", **more}


def sse(*pieces: Any, end: str = "\r\n") -> bytes:
    """A stream of server-sent events, with Google's line ends."""
    return "".join(
        f"data: {json.dumps(each, ensure_ascii=False)}{end}{end}" for each in pieces
    ).encode()


STREAM = (
    {
        "candidates": [
            {"content": {"parts": [{"text": "Mull…", "thought": True}], "role": "model"}}
        ],
        "usageMetadata": {"promptTokenCount": 11, "totalTokenCount": 11},
        "modelVersion": "gemini-3.6-flash",
        "responseId": "r-9",
    },
    {
        "candidates": [{"content": {"parts": [{"text": "Grüße, "}]}, "index": 0}],
        "usageMetadata": {
            "promptTokenCount": 11,
            "candidatesTokenCount": 2,
            "thoughtsTokenCount": 7,
            "totalTokenCount": 20,
        },
    },
    {"candidates": [{"content": {"parts": [{"text": 'Wörld "{[😀]}\\"'}]}}]},
    {
        "candidates": [
            {
                "content": {
                    "parts": [
                        {"functionCall": {"name": "weather", "args": {"place": "Zürich"}}},
                        {"text": "", "thoughtSignature": SEAL},
                    ]
                },
                "finishReason": "STOP",
            }
        ],
        "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 9},
    },
)
ARRAY = json.dumps(STREAM, ensure_ascii=False, indent=2).encode()
