"""The types of OpenAI's own package judge the requests in the Responses format."""

import copy
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from responses_exchange import PDF, PICTURE, SEARCH, WEATHER, encoded

from reckon.vocabulary.prompt import (
    Media,
    MediaLink,
    Message,
    Opaque,
    Prompt,
    Reasoning,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)


def plain(value: Any) -> Any:
    """A value that pydantic checked, with its lazy iterators run to their end."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return [plain(each) for each in value]


def judged(body: dict[str, Any]) -> None:
    """The official package knows every field of a request, and every field is of its type."""
    pydantic = pytest.importorskip("pydantic")
    params = pytest.importorskip("openai.types.responses.response_create_params")
    tool_param = pytest.importorskip("openai.types.responses.tool_param").ToolParam
    body = copy.deepcopy(body)
    # Each for itself: pydantic panics where it checks them lazily, as the package's type says.
    for tool in body.pop("tools", ()):
        assert plain(pydantic.TypeAdapter(tool_param).validate_python(tool)) == tool
    kind = (
        "ResponseCreateParamsStreaming" if "stream" in body else "ResponseCreateParamsNonStreaming"
    )
    checked = pydantic.TypeAdapter(getattr(params, kind)).validate_python(body)
    assert plain(checked) == body


@pytest.mark.parametrize("stream", [True, False])
def test_the_official_package_takes_every_request(stream: bool) -> None:
    """All kinds of content, tools, sampling and formats."""
    said = (
        Reasoning("thought", encrypted="E", id="rs_1"),
        Reasoning("open thought", id="rs_2"),
        Opaque(
            "openai_responses",
            {
                "type": "web_search_call",
                "id": "ws_1",
                "status": "completed",
                "action": {"type": "search", "query": "q", "queries": ["q"]},
            },
        ),
        Text("words", signature="commentary", sealed_by="openai_responses"),
        ToolCall("c1", "weather", "{}"),
    )
    prompt = Prompt(
        messages=(
            Message(role="system", parts=(Text("rules"),)),
            Message(
                role="user",
                parts=(
                    Text("look"),
                    Media(PICTURE),
                    MediaLink("https://x/a.png", "image"),
                    Media(PDF),
                    MediaLink("https://x/a.pdf", "pdf"),
                ),
            ),
            Message(role="assistant", parts=said),
            Message(role="user", parts=(ToolResult("c1", (Text("r"), Media(PICTURE))),)),
            Message(role="user", parts=(ToolResult("c2", (Text("r"),)), Text("go on", cache="5m"))),
        ),
        max_output_tokens=100,
        temperature=Decimal(1),
        top_p=Decimal("0.5"),
        logprobs=3,
        effort="xhigh",
        tools=(WEATHER, Tool(name="t"), SEARCH),
        tool_choice="weather",
        parallel_tool_calls=True,
        schema=Schema(schema={"type": "object"}),
        options={"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}},
    )
    judged(encoded(prompt, stream=stream)[1])
