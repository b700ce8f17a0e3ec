"""What goes out in the chat-completions format: exact JSON, judged by OpenAI's own types too."""

import base64
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from reckon.errors import UnsupportedInput
from reckon.providers.openai_chat.wire import OpenAIChat
from reckon.vocabulary.model import Modality, Model, Provider
from reckon.vocabulary.prompt import (
    Attachment,
    Media,
    MediaLink,
    Message,
    Opaque,
    Part,
    Prompt,
    ProviderTool,
    Reasoning,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

WIRE = OpenAIChat()
MODEL = Model(id="m-1", provider="p", organization="o")
PLAIN = Provider(id="p", name="The provider", wire="openai_chat")
RICH = msgspec.structs.replace(PLAIN, file_parts=True, video_parts=True)

Json = dict[str, Any]


def attachment(modality: Modality, media_type: str, name: str = "") -> Attachment:
    """Three bytes of media."""
    return Attachment(
        media_type=media_type, modality=modality, content=b"abc", digest="d", name=name
    )


PICTURE = attachment("image", "image/png")
SOUND = attachment("audio", "audio/x-wav", "a.wav")
DOCUMENT = attachment("pdf", "application/pdf", "a.pdf")
FILM = attachment("video", "video/mp4", "a.mp4")
PICTURE_SENT = {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}}


def body(prompt: Prompt, provider: Provider = PLAIN) -> Json:
    """The JSON of a request."""
    call = WIRE.encode(prompt, MODEL, provider, base_url="http://x/v1", key="k", stream=False)
    return json.loads(call.body)


def sent(*messages: Message, provider: Provider = PLAIN) -> list[Json]:
    """The messages of a request."""
    return body(Prompt(messages=messages), provider)["messages"]


def user(*parts: Part) -> Message:
    """A user's turn."""
    return Message(role="user", parts=parts)


def assistant(*parts: Part) -> Message:
    """A model's turn."""
    return Message(role="assistant", parts=parts)


def asked(**fields: Any) -> Json:
    """What a request says beside model and messages."""
    provider = fields.pop("provider", PLAIN)
    request = body(Prompt(messages=(user(Text("hi")),), **fields), provider)
    del request["model"], request["messages"]
    return request


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Media(PICTURE), PICTURE_SENT),
        (
            MediaLink("https://x/a.png", "image"),
            {"type": "image_url", "image_url": {"url": "https://x/a.png"}},
        ),
        (
            Media(SOUND),
            {"type": "input_audio", "input_audio": {"data": "YWJj", "format": "wav"}},
        ),
        (
            Media(DOCUMENT),
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,YWJj"},
            },
        ),
        (
            Media(FILM),
            {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,YWJj"}},
        ),
        (
            MediaLink("https://x/a.mp4", "video"),
            {"type": "video_url", "video_url": {"url": "https://x/a.mp4"}},
        ),
    ],
)
def test_each_kind_of_content_goes_out_as_a_part(part: Part, expected: Json) -> None:
    """In the user's order, beside text."""
    [message] = sent(user(part, Text("?")), provider=RICH)
    assert message == {"role": "user", "content": [expected, {"type": "text", "text": "?"}]}


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([user(Media(DOCUMENT))], "carries pictures"),
        ([user(Media(FILM))], "carries pictures"),
        ([user(Media(attachment("audio", "audio/ogg")))], "carries pictures"),
        ([user(MediaLink("https://x/a.pdf", "pdf"))], "fetches pictures by address"),
        ([user(MediaLink("https://x/a.mp3", "audio"))], "fetches pictures by address"),
        ([user(Reasoning("hm"))], "Only a model's own turn"),
        ([user(ToolCall("1", "f", "{}"))], "Only a model's own turn"),
        ([assistant(ToolResult("1", (Text("4"),)))], "told by the user"),
        ([assistant(Media(SOUND))], "carries pictures"),
        ([assistant(Opaque("anthropic", {"type": "server_tool_use"}))], "'anthropic'"),
        ([Message(role="system", parts=(Media(PICTURE),))], "text alone"),
    ],
)
def test_what_cannot_be_said_is_refused(messages: list[Message], why: str) -> None:
    """With a sentence, and a way out; nothing is left out in silence."""
    with pytest.raises(UnsupportedInput) as refused:
        sent(*messages)
    assert why in refused.value.why
    assert refused.value.do


def test_the_system_turn_has_the_providers_name_for_it() -> None:
    """`developer` at OpenAI's reasoning models."""
    newer = msgspec.structs.replace(PLAIN, system_role="developer")
    system = Message(role="system", parts=(Text("be brief"),))
    assert sent(system, provider=newer) == [{"role": "developer", "content": "be brief"}]


def test_a_turn_with_calls_alone_has_no_content() -> None:
    """Null, as OpenAI writes it itself."""
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "add", "arguments": '{"a": 1}'},
    }
    turn = assistant(ToolCall("c1", "add", '{"a": 1}'))
    assert sent(turn) == [{"role": "assistant", "tool_calls": [call], "content": None}]
    [both] = sent(assistant(Text("I add."), ToolCall("c1", "add", '{"a": 1}')))
    assert both == {"role": "assistant", "tool_calls": [call], "content": "I add."}


def test_results_of_tools_come_before_the_rest_of_the_turn() -> None:
    """As messages of their own, also out of several turns of the user's."""
    messages = sent(
        user(Text("go on"), ToolResult("c1", (Text("4"), Text("2")))),
        user(ToolResult("c2", (Text("7"),), is_error=True)),
        user(Text("please")),
    )
    assert messages == [
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
        {
            "role": "tool",
            "tool_call_id": "c2",
            "content": "Error: 7",
        },
        {"role": "user", "content": "go on"},
        {"role": "user", "content": "please"},
    ]


def test_media_in_a_result_follow_in_the_users_turn() -> None:
    """OpenAI: for tool messages, only text is supported. Notes say what belongs where."""
    result = ToolResult("c1", (Text("taken "), Media(PICTURE)), name="photo")
    assert sent(user(result, Text("what is it?"))) == [
        {
            "role": "tool",
            "tool_call_id": "c1",
            "content": "taken [image 1 of photo c1: in the next message]",
        },
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "[image 1 of photo c1]"},
                PICTURE_SENT,
                {"type": "text", "text": "what is it?"},
            ],
        },
    ]


def test_reasoning_goes_back_only_where_the_provider_wants_it() -> None:
    """OpenAI takes none; DeepSeek and Mistral do, each in its own place."""
    turn = assistant(Reasoning("hm, "), Reasoning("4"), Text("It is 4."))
    assert sent(turn) == [{"role": "assistant", "content": "It is 4."}]
    deepseek = msgspec.structs.replace(PLAIN, reasoning_field="reasoning_content")
    assert sent(turn, provider=deepseek) == [
        {"role": "assistant", "content": "It is 4.", "reasoning_content": "hm, 4"}
    ]
    mistral = msgspec.structs.replace(PLAIN, reasoning_field="content")
    [message] = sent(assistant(Reasoning("hm"), Text("4")), provider=mistral)
    assert message["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "4"},
    ]


def test_details_of_reasoning_go_back_as_they_came_and_replace_plain_reasoning() -> None:
    """OpenRouter's, with their seals."""
    details = [{"type": "reasoning.text", "text": "hm", "signature": "s", "index": 0}]
    router = msgspec.structs.replace(PLAIN, reasoning_field="reasoning")
    turn = assistant(
        Reasoning("hm"), Text("4"), Opaque("openai_chat", {"reasoning_details": details})
    )
    assert sent(turn, provider=router) == [
        {"role": "assistant", "content": "4", "reasoning_details": details}
    ]


def test_google_gets_its_seals_back() -> None:
    """On the call, or on the words of the turn."""
    seal = {"extra_content": {"google": {"thought_signature": "s1"}}}
    [message] = sent(assistant(Text("4", signature="s1"), ToolCall("c", "f", "{}", "s1")))
    assert message["extra_content"] == seal["extra_content"]
    assert message["tool_calls"][0]["extra_content"] == seal["extra_content"]


def test_sound_and_pictures_that_the_model_made_go_back() -> None:
    """Sound by its name at OpenAI, pictures in full at OpenRouter."""
    sound = assistant(
        Text("hello"), Media(SOUND), Opaque("openai_chat", {"audio": {"id": "audio_1"}})
    )
    assert sent(sound) == [{"role": "assistant", "audio": {"id": "audio_1"}, "content": None}]
    [drawn] = sent(assistant(Text("here"), Media(PICTURE)))
    assert drawn == {"role": "assistant", "content": "here", "images": [PICTURE_SENT]}


def test_parts_that_only_this_format_knows_are_put_in_place() -> None:
    """Mistral's document by address, for one."""
    document = {"type": "document_url", "document_url": "https://x/a.pdf"}
    [message] = sent(user(Opaque("openai_chat", {"content": [document]}), Text("?")))
    assert message["content"] == [document, {"type": "text", "text": "?"}]


ADD = Tool(
    name="add",
    description="Adds.",
    parameters={"type": "object", "properties": {"a": {"type": "integer"}}},
    strict=True,
)
SEARCH = ProviderTool(wire="openai_chat", data={"type": "openrouter:web_search"})


def test_tools_and_their_choice() -> None:
    """Functions, and tools of the provider's as they are."""
    assert asked(tools=(ADD, Tool(name="now"), SEARCH), parallel_tool_calls=False) == {
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "add",
                    "description": "Adds.",
                    "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
                    "strict": True,
                },
            },
            {
                "type": "function",
                "function": {"name": "now", "parameters": {"type": "object", "properties": {}}},
            },
            {"type": "openrouter:web_search"},
        ],
        "parallel_tool_calls": False,
    }
    for word in ("auto", "none", "required"):
        assert asked(tool_choice=word) == {"tool_choice": word}
    named = {"type": "function", "function": {"name": "add"}}
    assert asked(tool_choice="add") == {"tool_choice": named}


def test_a_tool_of_another_format_is_refused() -> None:
    """Only its own provider runs it."""
    with pytest.raises(UnsupportedInput, match="A tool that the provider runs cannot be sent"):
        asked(tools=(ProviderTool(wire="gemini", data={"google_search": {}}),))


def test_parameters_have_their_names() -> None:
    """All of them."""
    assert asked(
        top_p=Decimal("0.9"),
        temperature=Decimal(0),
        stop=("a", "b"),
        seed=7,
        choices=2,
        logprobs=3,
        max_output_tokens=9,
    ) == {
        "top_p": 0.9,
        "temperature": 0.0,
        "stop": ["a", "b"],
        "seed": 7,
        "n": 2,
        "logprobs": True,
        "top_logprobs": 3,
        "max_tokens": 9,
    }
    assert asked(logprobs=0) == {"logprobs": True}


@pytest.mark.parametrize(
    ("style", "fields", "expected"),
    [
        ("field", {"effort": "low"}, {"reasoning_effort": "low"}),
        ("object", {"effort": "high"}, {"reasoning": {"effort": "high"}}),
        ("object", {"reasoning_tokens": 900}, {"reasoning": {"max_tokens": 900}}),
        ("thinking", {"effort": "none"}, {"thinking": {"type": "disabled"}}),
        ("thinking", {"effort": "high"}, {"thinking": {"type": "enabled"}}),
        (
            "thinking",
            {"reasoning_tokens": 900},
            {"thinking": {"type": "enabled", "budget_tokens": 900}},
        ),
        ("", {}, {}),
    ],
)
def test_effort_is_asked_for_in_the_providers_way(style: Any, fields: Json, expected: Json) -> None:
    """A field of the provider's row decides."""
    provider = msgspec.structs.replace(PLAIN, effort_style=style)
    assert asked(provider=provider, **fields) == expected


@pytest.mark.parametrize(
    ("style", "fields"),
    [("", {"effort": "low"}), ("", {"reasoning_tokens": 9}), ("field", {"reasoning_tokens": 9})],
)
def test_effort_that_cannot_be_asked_for_is_refused(style: Any, fields: Json) -> None:
    """Rather than paid for unseen."""
    with pytest.raises(UnsupportedInput):
        asked(provider=msgspec.structs.replace(PLAIN, effort_style=style), **fields)


def test_a_schema_is_enforced_or_told() -> None:
    """Where the provider knows JSON alone, the model is told the schema in words."""
    schema = Schema(schema={"type": "object"}, name="city", strict=True)
    assert asked(schema=schema) == {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "city", "schema": {"type": "object"}, "strict": True},
        }
    }
    assert asked(json=True) == {"response_format": {"type": "json_object"}}
    loose = msgspec.structs.replace(PLAIN, schema_style="json_object")
    request = body(Prompt.of("which city?", system="be brief"), loose)
    assert len(request["messages"]) == 2
    prompt = msgspec.structs.replace(Prompt.of("which city?", system="be brief"), schema=schema)
    request = body(prompt, loose)
    assert request["response_format"] == {"type": "json_object"}
    assert [message["role"] for message in request["messages"]] == ["system", "system", "user"]
    assert request["messages"][1]["content"].endswith('{"type":"object"}')


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("http://x/v1", "http://x/v1/chat/completions"),
        ("http://x/v1/", "http://x/v1/chat/completions"),
        (
            "https://r.openai.azure.com/openai/deployments/D?api-version=2024-10-21",
            "https://r.openai.azure.com/openai/deployments/D/chat/completions?api-version=2024-10-21",
        ),
    ],
)
def test_the_path_goes_before_a_query(base_url: str, expected: str) -> None:
    """Azure's addresses carry a version there."""
    call = WIRE.encode(Prompt.of("hi"), MODEL, PLAIN, base_url=base_url, key="secret", stream=False)
    assert call.url == expected


def test_the_key_goes_where_the_provider_wants_it() -> None:
    """Alone in Azure's header, and nowhere else."""
    azure = msgspec.structs.replace(PLAIN, key_header="api-key", headers={"x-a": "1"})
    call = WIRE.encode(Prompt.of("hi"), MODEL, azure, base_url="http://x", key="sk", stream=False)
    assert call.headers == {"content-type": "application/json", "x-a": "1", "api-key": "sk"}


WHOLE_CONVERSATION = Prompt(
    messages=(
        Message(role="system", parts=(Text("be brief"),)),
        user(Text("what is this?"), Media(PICTURE), Media(SOUND), Media(DOCUMENT)),
        assistant(Text("I look."), ToolCall("c1", "add", '{"a": 1}')),
        user(ToolResult("c1", (Text("4"), Media(PICTURE))), Text("and now?")),
        assistant(Text("four"), Media(SOUND), Opaque("openai_chat", {"audio": {"id": "a1"}})),
        user(Text("go on")),
    ),
    max_output_tokens=100,
    temperature=Decimal("0.5"),
    top_p=Decimal("0.5"),
    stop=("END",),
    seed=1,
    choices=2,
    logprobs=2,
    effort="low",
    tools=(ADD,),
    tool_choice="add",
    parallel_tool_calls=True,
    schema=Schema(schema={"type": "object"}, strict=False),
)


def plain(value: Any) -> Any:
    """Lists and tables out of what a validator gives; it reads lists only when asked."""
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value


def test_openais_own_types_take_the_request() -> None:
    """Nothing is refused and nothing is unknown to them."""
    params = pytest.importorskip("openai.types.chat.completion_create_params")
    pydantic = pytest.importorskip("pydantic")
    request = body(
        WHOLE_CONVERSATION, msgspec.structs.replace(RICH, max_tokens_field="max_completion_tokens")
    )
    types = pydantic.TypeAdapter(params.CompletionCreateParamsNonStreaming)
    assert plain(types.validate_python(request)) == request


def test_media_come_back_byte_for_byte() -> None:
    """Out of the base64 that was sent."""
    [message] = sent(user(Media(DOCUMENT), Text("?")), provider=RICH)
    data = message["content"][0]["file"]["file_data"].partition(",")[2]
    assert base64.b64decode(data) == DOCUMENT.content
