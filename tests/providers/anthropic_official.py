"""Anthropic's own types as judges of our requests."""

import json
from typing import Any

from anthropic.types import (
    ContentBlockParam,
    TextBlockParam,
    ToolUnionParam,
    WebSearchResultBlockParam,
)
from anthropic.types import message_create_params as sdk
from pydantic import TypeAdapter

REQUEST: TypeAdapter[Any] = TypeAdapter(sdk.MessageCreateParamsNonStreaming)
STREAMED_REQUEST: TypeAdapter[Any] = TypeAdapter(sdk.MessageCreateParamsStreaming)
BLOCK: TypeAdapter[Any] = TypeAdapter(ContentBlockParam)
TEXT_BLOCK: TypeAdapter[Any] = TypeAdapter(TextBlockParam)
PAGE: TypeAdapter[Any] = TypeAdapter(WebSearchResultBlockParam)
TOOL: TypeAdapter[Any] = TypeAdapter(ToolUnionParam)


def judged(body: dict[str, Any]) -> None:
    """Check a body against the official types; older models' sampling left them in SDK 2.12.

    Their `Iterable` fields are checked only when they are walked, so each block is judged alone.
    """
    rest = {name: body[name] for name in body if name not in ("temperature", "top_p")}
    for turn in rest.pop("messages"):
        assert set(turn) == {"role", "content"}
        for block in turn["content"]:
            if block["type"] == "web_search_tool_result":
                for page in block["content"]:
                    accepted(PAGE, page)
                accepted(BLOCK, {**block, "content": []})
            else:
                accepted(BLOCK if turn["role"] != "system" else TEXT_BLOCK, block)
    for tool in rest.pop("tools", ()):
        accepted(TOOL, tool)
    if not isinstance(rest.get("system"), str):
        for block in rest.pop("system", ()):
            accepted(TEXT_BLOCK, block)
    accepted(STREAMED_REQUEST if rest.get("stream") else REQUEST, {**rest, "messages": []})


def accepted(judge: TypeAdapter[Any], value: Any) -> None:
    """Whether a type takes a value and knows each of its words."""
    assert json.loads(judge.dump_json(judge.validate_python(value))) == value
