"""The free counters of tokens: what is asked of them, by the official types, and what they say."""

import json
from typing import get_type_hints

import pytest
from anthropic.types.message_count_tokens_params import MessageCountTokensParams
from google.genai.types import GenerateContentConfig
from openai.types.responses.input_token_count_params import InputTokenCountParams

from reckon.catalogue.load import load
from reckon.errors import AnswerInvalid
from reckon.providers.token_count import count_call, counts, read_count
from reckon.vocabulary.call import Call
from reckon.vocabulary.prompt import Prompt

PROMPT = Prompt.of(
    "How many?", system="Be brief.", max_output_tokens=99, options={"temperature": 0}
)


def call(name: str) -> Call:
    """The call that counts the prompt on a model."""
    catalogue = load()
    model = catalogue.find(name)
    provider = catalogue.provider(model.provider)
    return count_call(PROMPT, model, provider, base_url=provider.base_url, key="k")


def test_anthropic_is_asked_what_its_counter_takes() -> None:
    """The messages and the system, and nothing that only decides the answer."""
    asked = call("claude-haiku-4-5")
    body = json.loads(asked.body)
    assert asked.url == "https://api.anthropic.com/v1/messages/count_tokens"
    assert asked.headers["x-api-key"] == "k"
    assert body["system"] == "Be brief."
    assert {"messages", "model"} <= set(body) <= set(get_type_hints(MessageCountTokensParams))


def test_gemini_is_asked_with_the_whole_request() -> None:
    """`contents` alone would leave the system instruction uncounted."""
    asked = call("gemini-2.5-flash")
    assert asked.url.endswith("/v1beta/models/gemini-2.5-flash:countTokens")
    request = json.loads(asked.body)["generateContentRequest"]
    assert request["model"] == "models/gemini-2.5-flash"
    assert request["systemInstruction"]["parts"] == [{"text": "Be brief."}]
    GenerateContentConfig.model_validate(request["generationConfig"])


def test_openai_is_asked_in_the_responses_format() -> None:
    """Also for models that are asked by chat completions: they have no counter of their own."""
    asked = call("gpt-4o-mini")
    body = json.loads(asked.body)
    assert asked.url == "https://api.openai.com/v1/responses/input_tokens"
    assert set(body) <= set(get_type_hints(InputTokenCountParams))
    assert "How many?" in str(body["input"])


@pytest.mark.parametrize(
    ("provider", "body", "tokens"),
    [
        ("anthropic", b'{"input_tokens": 14}', 14),
        ("google", b'{"totalTokens": 31, "promptTokensDetails": []}', 31),
        ("openai", b'{"object": "response.input_tokens", "input_tokens": 11}', 11),
    ],
)
def test_a_count_is_read(provider: str, body: bytes, tokens: int) -> None:
    """Each in its own words."""
    assert read_count(body, load().provider(provider)) == tokens


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"input_tokens": "many"}', b'{"a": 1}'])
def test_what_is_no_count_is_said(body: bytes) -> None:
    """A proxy answered, say."""
    with pytest.raises(AnswerInvalid, match="counted nothing") as error:
        read_count(body, load().provider("anthropic"))
    assert "leave --sample out" in error.value.do


def test_most_providers_have_none() -> None:
    """And nothing is sent to them."""
    assert not counts(load().provider("mistral"))
    assert not counts(load().provider("builtin"))
