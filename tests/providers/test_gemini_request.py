"""Gemini's generateContent: what goes out, and answers that go back in the next turn."""

import json
from decimal import Decimal
from typing import Any

import pytest
from gemini_wire import BASE, PICTURE, SEAL, WEATHER, answer, config, encoded, turns, whole
from wire_helpers import collected

from reckon.errors import UnsupportedInput
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import (
    Attachment,
    Media,
    MediaLink,
    Opaque,
    Prompt,
    ProviderTool,
    Reasoning,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from reckon.vocabulary.response import ReasoningSealed


def test_a_prompt_becomes_a_post_with_the_key_in_a_header() -> None:
    """Address, key, instruction and contents; the key is in no URL and no repr."""
    call, body = encoded(Prompt.of("hello", system="be brief", max_output_tokens=9))
    assert call.url == f"{BASE}/models/gemini-3-flash:generateContent"
    assert call.headers["x-goog-api-key"] == "k-1"
    assert "k-1" not in call.url + repr(call)
    assert body == {
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
        "generationConfig": {"maxOutputTokens": 9},
    }


def test_a_stream_is_asked_for_as_server_sent_events() -> None:
    """And the query of a base URL is kept."""
    call, _ = encoded(Prompt.of("x"), stream=True, base_url=f"{BASE}/?tenant=a")
    assert call.url == f"{BASE}/models/gemini-3-flash:streamGenerateContent?tenant=a&alt=sse"


def test_a_model_may_be_named_with_its_folder() -> None:
    """Tuned models are in another one."""
    tuned = Model(id="tunedModels/mine 1", provider="google", organization="me")
    call, _ = encoded(Prompt.of("x"), model=tuned)
    assert call.url.endswith("/v1beta/tunedModels/mine%201:generateContent")


def test_the_key_goes_in_the_providers_own_header() -> None:
    """A data row decides; without a key there is no header."""
    other = Provider(id="g", name="G", wire="gemini", key_header="api-key", headers={"x-a": "1"})
    call, _ = encoded(Prompt.of("x"), provider=other)
    assert call.headers == {"content-type": "application/json", "x-a": "1", "api-key": "k-1"}
    call, _ = encoded(Prompt.of("x"), key=None)
    assert call.headers == {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("media_type", "modality"),
    [
        ("image/png", "image"),
        ("audio/mpeg", "audio"),
        ("video/mp4", "video"),
        ("application/pdf", "pdf"),
    ],
)
def test_media_travel_inline(media_type: str, modality: Any) -> None:
    """All kinds in one way, in their place among the text."""
    media = Attachment(media_type=media_type, modality=modality, content=b"\x00\xff", digest="d")
    body = turns(("user", (Text("see"), Media(media, cache="5m"), Text("this"))))
    assert body["contents"][0]["parts"] == [
        {"text": "see"},
        {"inlineData": {"mimeType": media_type, "data": "AP8="}},
        {"text": "this"},
    ]


def test_links_are_left_to_google_to_fetch() -> None:
    """With their media type, where it is known."""
    links = (
        MediaLink("https://x/a.pdf", "pdf", "application/pdf"),
        MediaLink("https://youtu.be/a", "video"),
    )
    assert turns(("user", links))["contents"][0]["parts"] == [
        {"fileData": {"fileUri": "https://x/a.pdf", "mimeType": "application/pdf"}},
        {"fileData": {"fileUri": "https://youtu.be/a"}},
    ]


def test_a_conversation_with_tools_keeps_ids_and_seals_where_they_were() -> None:
    """Results of one turn stand together, named after their calls."""
    body = turns(
        ("user", (Text("weather?"),)),
        (
            "assistant",
            (
                Reasoning("hm", signature=SEAL),
                ToolCall("sfr6z89v", "weather", '{"place":"Ulm"}', signature=SEAL),
                ToolCall("rk0123abc", "clock", ""),
            ),
        ),
        ("user", (ToolResult("sfr6z89v", (Text('{"sky":"blue"}'),)),)),
        ("user", (ToolResult("rk0123abc", (Text("noon"), Media(PICTURE))),)),
        ("user", (ToolResult("rk0123abc", (Text("broken"),), is_error=True), Text("go on"))),
    )
    assert body["contents"][1:] == [
        {
            "role": "model",
            "parts": [
                {"text": "hm", "thought": True, "thoughtSignature": SEAL},
                {
                    "functionCall": {"id": "sfr6z89v", "name": "weather", "args": {"place": "Ulm"}},
                    "thoughtSignature": SEAL,
                },
                {"functionCall": {"name": "clock", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "id": "sfr6z89v",
                        "name": "weather",
                        "response": {"sky": "blue"},
                    }
                },
                {
                    "functionResponse": {
                        "name": "clock",
                        "response": {"result": "noon"},
                        "parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}],
                    }
                },
                {"functionResponse": {"name": "clock", "response": {"error": "broken"}}},
                {"text": "go on"},
            ],
        },
    ]


def test_tools_are_declared_with_their_json_schema_as_it_is() -> None:
    """And Google's own tools beside them."""
    search = ProviderTool(wire="gemini", data={"googleSearch": {}})
    body = turns(("user", (Text("x"),)), tools=(WEATHER, search))
    assert body["tools"] == [
        {
            "functionDeclarations": [
                {
                    "name": "weather",
                    "description": "The weather of a place.",
                    "parametersJsonSchema": WEATHER.parameters,
                }
            ]
        },
        {"googleSearch": {}},
    ]


@pytest.mark.parametrize(
    ("choice", "strict", "mode"),
    [
        ("auto", None, {"mode": "AUTO"}),
        ("none", None, {"mode": "NONE"}),
        ("required", None, {"mode": "ANY"}),
        ("weather", None, {"mode": "ANY", "allowedFunctionNames": ["weather"]}),
        (None, True, {"mode": "VALIDATED"}),
    ],
)
def test_the_choice_of_a_tool_is_a_mode(choice: str | None, strict: Any, mode: Any) -> None:
    """A strict tool asks for validated calls."""
    tool = Tool(name="weather", strict=strict)
    body = turns(("user", (Text("x"),)), tools=(tool,), tool_choice=choice)
    assert body["toolConfig"] == {"functionCallingConfig": mode}


def test_sampling_and_form_go_to_the_generation_config() -> None:
    """Each under Google's name."""
    assert config(
        max_output_tokens=9,
        temperature=Decimal("0.5"),
        top_p=Decimal("0.9"),
        stop=("END",),
        seed=7,
        choices=2,
        logprobs=3,
        schema=Schema(schema={"type": "object"}),
    ) == {
        "maxOutputTokens": 9,
        "temperature": 0.5,
        "topP": 0.9,
        "stopSequences": ["END"],
        "seed": 7,
        "candidateCount": 2,
        "responseLogprobs": True,
        "logprobs": 3,
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object"},
    }
    assert config(logprobs=0, json=True) == {
        "responseLogprobs": True,
        "responseMimeType": "application/json",
    }


@pytest.mark.parametrize(
    ("asked", "thinking"),
    [
        ({"effort": "none"}, {"thinkingBudget": 0}),
        ({"effort": "minimal"}, {"thinkingLevel": "MINIMAL", "includeThoughts": True}),
        ({"effort": "xhigh"}, {"thinkingLevel": "XHIGH", "includeThoughts": True}),
        ({"reasoning_tokens": 512}, {"thinkingBudget": 512, "includeThoughts": True}),
        ({"reasoning_tokens": 0}, {"thinkingBudget": 0}),
    ],
)
def test_reasoning_is_asked_for_by_level_or_by_budget(asked: Any, thinking: Any) -> None:
    """Summaries of the thoughts are asked for with them."""
    assert config(**asked) == {"thinkingConfig": thinking}


def test_options_find_their_place_and_win() -> None:
    """In camel or snake case; tables are laid into ours; the user's options stay as they were."""
    options: dict[str, Any] = {
        "top_k": 5,
        "maxOutputTokens": 3,
        "thinking_config": {"include_thoughts": False},
        "safety_settings": [],
        "generationConfig": {"seed": 1},
        "someNewField": 2,
    }
    before = json.dumps(options)
    body = turns(("user", (Text("x"),)), options=options, effort="low", max_output_tokens=9)
    assert body == {
        "contents": [{"role": "user", "parts": [{"text": "x"}]}],
        "generationConfig": {
            "maxOutputTokens": 3,
            "seed": 1,
            "topK": 5,
            "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": False},
        },
        "safetySettings": [],
        "someNewField": 2,
    }
    assert json.dumps(options) == before


@pytest.mark.parametrize(
    ("parts", "more", "what"),
    [
        ((Opaque("anthropic", {}),), {}, "wire format anthropic"),
        ((ToolCall("a", "weather", "{broken"),), {}, "call of weather"),
        ((ToolCall("a", "weather", "[1]"),), {}, "call of weather"),
        ((ToolResult("a", (Text("x"),)),), {}, "does not say whose"),
        ((Text("x"),), {"parallel_tool_calls": False}, "one tool call at a time"),
        ((Text("x"),), {"effort": "low", "reasoning_tokens": 5}, "either an effort or a cap"),
        ((Text("x"),), {"tools": (ProviderTool(wire="other", data={}),)}, "wire format other"),
    ],
)
def test_what_the_format_cannot_say_is_refused(parts: Any, more: Any, what: str) -> None:
    """With a sentence, before anything is sent."""
    with pytest.raises(UnsupportedInput, match=what):
        turns(("user", parts), **more)


def test_a_system_turn_of_pictures_is_refused() -> None:
    """The instruction is text."""
    with pytest.raises(UnsupportedInput, match="Only text"):
        turns(("system", (Media(PICTURE),)), ("user", (Text("x"),)))


def test_the_request_fits_the_official_types() -> None:
    """Each part of a request with everything in it."""
    types = pytest.importorskip("google.genai.types")
    body = turns(
        ("system", (Text("be brief"),)),
        ("user", (Text("x"), Media(PICTURE), MediaLink("https://x/a.mp4", "video", "video/mp4"))),
        (
            "assistant",
            (
                Reasoning("hm", signature=SEAL),
                Opaque("gemini", {"executableCode": {"language": "PYTHON", "code": "1"}}),
                Text("so", signature=SEAL),
                ToolCall("sfr6z89v", "weather", "{}", signature=SEAL),
            ),
        ),
        ("user", (ToolResult("sfr6z89v", (Text("blue"), Media(PICTURE))),)),
        max_output_tokens=9,
        temperature=Decimal("0.5"),
        top_p=Decimal("0.9"),
        stop=("END",),
        seed=7,
        choices=2,
        logprobs=3,
        effort="high",
        tools=(WEATHER, ProviderTool(wire="gemini", data={"googleSearch": {}})),
        tool_choice="weather",
        schema=Schema(schema={"type": "object"}),
    )
    types.Content.model_validate(body.pop("systemInstruction"))
    for content in body.pop("contents"):
        types.Content.model_validate(content)
    for tool in body.pop("tools"):
        types.Tool.model_validate(tool)
    types.ToolConfig.model_validate(body.pop("toolConfig"))
    types.GenerationConfig.model_validate(body.pop("generationConfig"))
    assert not body


def test_a_picture_in_the_answer_is_a_part() -> None:
    """Byte for byte, whichever alphabet its base64 has; its seal goes back with it."""
    data = {"mimeType": "image/png", "data": "-_8="}
    response = collected(whole(answer({"inlineData": data, "thoughtSignature": SEAL})))
    [picture] = response.parts
    assert isinstance(picture, Media)
    assert picture.attachment.content == b"\xfb\xff"
    assert picture.attachment.modality == "image"
    body = turns(("assistant", response.parts))
    assert body["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "+/8="}, "thoughtSignature": SEAL}
    ]


def test_an_answer_goes_back_as_it_came() -> None:
    """Thoughts, seals, calls, and what Google alone understands, each in its place."""
    parts: list[dict[str, Any]] = [
        {"text": "Hm.", "thought": True, "thoughtSignature": SEAL},
        {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}},
        {"toolCall": {"id": "t1", "toolType": "FILE_SEARCH"}, "thoughtSignature": SEAL},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thought": True},
        {"fileData": {"fileUri": "https://x/y", "mimeType": "video/mp4"}},
        {"text": "One.", "thoughtSignature": SEAL},
        {"text": "Two."},
        {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
        {
            "functionCall": {"id": "f1", "name": "weather", "args": {"b": 1, "a": [None, 2.5]}},
            "thoughtSignature": SEAL,
        },
        {"functionCall": {"name": "weather", "args": {}}},
        {"text": "", "thoughtSignature": SEAL},
    ]
    response = collected(whole(answer(*parts)))
    body = turns(("assistant", response.parts))
    assert body["contents"] == [{"role": "model", "parts": parts}]


def test_what_other_providers_sealed_goes_without_their_seals() -> None:
    """Thoughts stay out, words and calls go, and a call says that its seal is not missing."""
    body = turns(
        (
            "assistant",
            (
                Reasoning("hm", signature="s", sealed_by="anthropic"),
                Reasoning("", encrypted="x", id="rs_1", sealed_by="openai_responses"),
                Text("so", signature="final_answer", sealed_by="openai_responses"),
                Opaque("anthropic", {"type": "text", "text": "so"}, restates=True),
                ToolCall("call_1", "weather", "{}"),
                ToolCall("call_2", "weather", "{}"),
            ),
        )
    )
    call = {"id": "call_1", "name": "weather", "args": {}}
    assert body["contents"][0]["parts"] == [
        {"text": "so"},
        {"functionCall": call, "thoughtSignature": "skip_thought_signature_validator"},
        {"functionCall": {**call, "id": "call_2"}},
    ]


def test_thoughts_that_are_sealed_alone_have_no_text() -> None:
    """And the seal goes back."""
    part = {"text": "", "thought": True, "thoughtSignature": SEAL}
    events = whole(answer(part))
    assert ReasoningSealed(sealed_by="gemini", signature=SEAL) in events
    body = turns(("assistant", collected(events).parts))
    assert body["contents"][0]["parts"] == [part]
