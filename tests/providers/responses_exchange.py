"""One exchange in the Responses format, in all its parts, and how tests hold it.

The shapes are those of recorded answers.
"""

import base64
import json
from collections.abc import Iterable
from typing import Any

from wire_helpers import fed_in_pieces

from reckon.providers.openai_responses.wire import OpenAIResponses
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import (
    Attachment,
    Message,
    Opaque,
    Part,
    Prompt,
    ProviderTool,
    Reasoning,
    Text,
    Tool,
    ToolCall,
)
from reckon.vocabulary.response import Event

WIRE = OpenAIResponses()
MODEL = Model(id="m-1", provider="p", organization="o")
PROVIDER = Provider(id="p", name="Provider", wire="openai_responses", key_variables=("P_API_KEY",))
PICTURE = Attachment(
    media_type="image/png", modality="image", content=b"\x89PNG...", digest="d", name="a.png"
)
PICTURE_URL = "data:image/png;base64," + base64.b64encode(PICTURE.content).decode()
PDF = Attachment(
    media_type="application/pdf", modality="pdf", content=b"%PDF-1.4", digest="d", name="a.pdf"
)
PDF_URL = "data:application/pdf;base64," + base64.b64encode(PDF.content).decode()

SEARCH = ProviderTool(wire="openai_responses", data={"type": "web_search"})
WEATHER = Tool(name="weather", description="Tells it.", strict=False)


def encoded(prompt: Prompt, **more: Any) -> tuple[Any, dict[str, Any]]:
    """The call and its body."""
    options = {"base_url": "http://x/v1", "key": "sk-1", "stream": False, **more}
    call = WIRE.encode(prompt, MODEL, options.pop("provider", PROVIDER), **options)
    return call, json.loads(call.body)


def sent(*parts: Part, role: Any = "user") -> list[dict[str, Any]]:
    """The input items of one message."""
    return encoded(Prompt(messages=(Message(role=role, parts=parts),)))[1]["input"]


def decoded(data: bytes, *, stream: bool, cuts: Iterable[int] = ()) -> list[Event]:
    """All events of an answer, fed in pieces that end at the cuts."""
    return fed_in_pieces(WIRE, data, stream=stream, cuts=cuts)


def sse(*events: dict[str, Any]) -> bytes:
    """A stream."""
    return b"".join(
        f"event: {each['type']}\ndata: {json.dumps(each, ensure_ascii=False)}\n\n".encode()
        for each in events
    )


# What comes back. The shapes are those of recorded answers.

USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 4},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 12},
    "total_tokens": 50,
}
LINK = {
    "type": "url_citation",
    "start_index": 6,
    "end_index": 9,
    "title": "T",
    "url": "https://t.example/",
}
WEIGHTS = [
    {"token": "Hé", "logprob": -0.5, "top_logprobs": [{"token": "Hé", "logprob": -0.5}]},
    {"token": "llo", "logprob": 0, "top_logprobs": []},
]
SEARCHED = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "q"},
}
THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "one"}, {"type": "summary_text", "text": "two"}],
    "encrypted_content": "ENC",
}
SAID = {
    "type": "message",
    "id": "msg_1",
    "status": "completed",
    "role": "assistant",
    "phase": "final_answer",
    "content": [
        {
            "type": "output_text",
            "text": "Héllo you, there",
            "annotations": [LINK],
            "logprobs": WEIGHTS,
        }
    ],
}
CALLED = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city": "Paris"}',
    "status": "completed",
}
OUTPUT = [THOUGHT, SEARCHED, SAID, CALLED]


def answer(*output: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A whole answer."""
    return {
        "id": "resp_1",
        "object": "response",
        "model": "m-1-2026",
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "output": list(output),
        "usage": USAGE,
        **more,
    }


def begun(index: int, item: dict[str, Any], **empty: Any) -> dict[str, Any]:
    """An item begins."""
    return {"type": "response.output_item.added", "output_index": index, "item": item | empty}


def ended(index: int, item: dict[str, Any]) -> dict[str, Any]:
    """An item is whole."""
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def piece(kind: str, index: int, item: dict[str, Any], delta: str, **more: Any) -> dict[str, Any]:
    """A piece of an item."""
    return {
        "type": f"response.{kind}.delta",
        "output_index": index,
        "item_id": item["id"],
        "delta": delta,
        "content_index": 0,
        **more,
    }


CREATED = {"type": "response.created", "response": answer(status="in_progress", usage=None)}
COMPLETED = {"type": "response.completed", "response": answer(*OUTPUT)}
STREAM = [
    CREATED,
    begun(0, THOUGHT, summary=[], encrypted_content="half"),
    piece("reasoning_summary_text", 0, THOUGHT, "on", summary_index=0),
    piece("reasoning_summary_text", 0, THOUGHT, "e", summary_index=0),
    {"type": "response.reasoning_summary_text.done", "text": "one", "output_index": 0},
    piece("reasoning_summary_text", 0, THOUGHT, "two", summary_index=1),
    ended(0, THOUGHT),
    begun(1, SEARCHED, status="in_progress"),
    {"type": "response.web_search_call.searching", "output_index": 1, "item_id": "ws_1"},
    ended(1, SEARCHED),
    begun(2, SAID, content=[]),
    piece("output_text", 2, SAID, "Hé", logprobs=WEIGHTS[:1]),
    piece("output_text", 2, SAID, "llo you, there", logprobs=WEIGHTS[1:]),
    {
        "type": "response.output_text.annotation.added",
        "output_index": 2,
        "content_index": 0,
        "annotation_index": 0,
        "item_id": "msg_1",
        "annotation": LINK,
    },
    {"type": "response.output_text.done", "text": "Héllo you, there", "output_index": 2},
    ended(2, SAID),
    begun(3, CALLED, arguments=""),
    piece("function_call_arguments", 3, CALLED, '{"city": '),
    piece("function_call_arguments", 3, CALLED, '"Paris"}'),
    ended(3, CALLED),
    COMPLETED,
]
EXPECTED_PARTS = (
    Reasoning("one\n\n", id="rs_1", sealed_by="openai_responses"),
    Reasoning("two", encrypted="ENC", id="rs_1", sealed_by="openai_responses"),
    Opaque("openai_responses", SEARCHED),
    Text("Héllo you, there", signature="final_answer", sealed_by="openai_responses"),
    ToolCall("call_1", "weather", '{"city": "Paris"}'),
)


def without(*kinds: str) -> bytes:
    """The stream without events of some kinds."""
    return sse(*(each for each in STREAM if not any(kind in each["type"] for kind in kinds)))
