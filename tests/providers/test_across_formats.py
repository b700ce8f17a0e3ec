"""A conversation that goes on with a model of another provider, in each format."""

from typing import Any

import msgspec
import pytest

from reckon.errors import UnsupportedInput
from reckon.providers.registry import wire_format
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Message, Opaque, Prompt, Reasoning, Text, ToolCall, ToolResult

FORMATS = ("openai_chat", "openai_responses", "anthropic", "gemini", "ollama")
MODEL = Model(id="m", provider="p", organization="o")


def sent(wire: str, *parts: Any) -> Any:
    """The request whose conversation holds a turn of these parts."""
    prompt = Prompt(
        messages=(
            Message(role="user", parts=(Text("weather?"),)),
            Message(role="assistant", parts=parts),
            Message(role="user", parts=(ToolResult("c1", (Text("sun"),), name="weather"),)),
        )
    )
    provider = Provider(id="p", name="P", wire=wire, reasoning_field="reasoning")
    call = wire_format(wire).encode(
        prompt, MODEL, provider, base_url="http://x", key=None, stream=False
    )
    return msgspec.json.decode(call.body)


@pytest.mark.parametrize("wire", FORMATS)
@pytest.mark.parametrize("other", FORMATS)
def test_seals_go_to_the_format_alone_that_made_them(wire: str, other: str) -> None:
    """Thoughts of others stay out; their words and calls go, without seals."""
    request = sent(
        wire,
        Reasoning("thoughts", "seal-r", "crypt-r", "rs_1", other),
        Text("I look.", signature="seal-t", sealed_by=other),
        Opaque(other, {"restated": "words"}, restates=True),
        ToolCall("c1", "weather", "{}", "seal-c", other),
    )
    text = msgspec.json.encode(request).decode()
    assert "I look." in text
    assert "weather" in text
    sealed = [word for word in ("seal-", "crypt-r", "restated") if word in text]
    if wire == other:
        assert "restated" in text or wire == "ollama"
    else:
        assert not sealed
        assert "thoughts" not in text


@pytest.mark.parametrize("wire", FORMATS)
def test_what_only_another_format_can_say_is_refused_with_a_sentence(wire: str) -> None:
    """Calls of tools that a provider runs, and what they found."""
    other = "anthropic" if wire != "anthropic" else "gemini"
    found = Opaque(other, {"type": "web_search_tool_result", "content": []})
    with pytest.raises(UnsupportedInput) as caught:
        sent(wire, found, ToolCall("c1", "weather", "{}"))
    assert caught.value.what.endswith((".", "!"))
    assert caught.value.why
    assert caught.value.do
