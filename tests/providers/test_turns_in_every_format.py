"""Turns of whatever parts, in each format: taken by the official types, or refused in words."""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.errors import UnsupportedInput
from reckon.providers.registry import wire_format
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import (
    Attachment,
    Media,
    MediaLink,
    Message,
    Opaque,
    Part,
    Prompt,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)

FORMATS = ("openai_chat", "openai_responses", "anthropic", "gemini", "ollama")
MODEL = Model(id="m", provider="p", organization="o")
Json = dict[str, Any]

PHASED = "openai_responses"
"""The format whose mark on a text is no seal but the name of a phase."""
WORDS = st.sampled_from(["", "words"])
MAKERS = st.sampled_from(["", *FORMATS])
SEALS = st.sampled_from(["", "c2VhbA=="])
MARKS = st.sampled_from([None, "5m", "1h"])
MEDIA = st.sampled_from(["image/png", "audio/wav", "application/pdf", "video/mp4"]).map(
    lambda kind: Attachment(
        media_type=kind,
        modality="pdf" if kind == "application/pdf" else kind.partition("/")[0],  # pyright: ignore[reportArgumentType]
        content=b"abc",
        digest="0" * 64,
    )
)
TEXTS = st.builds(
    Text, WORDS, MARKS, SEALS, st.sampled_from([m for m in ("", *FORMATS) if m != PHASED])
) | st.builds(Text, WORDS, MARKS, st.sampled_from(["", "commentary"]), st.just(PHASED))
PICTURES = st.builds(Media, MEDIA, MARKS)
LINKS = st.builds(MediaLink, st.just("https://x/a"), st.sampled_from(["image", "pdf", "video"]))
CALLS = st.builds(
    ToolCall,
    st.just("c1"),
    st.just("f"),
    st.sampled_from(["", "{}", '{"a":1}', "{"]),
    SEALS,
    MAKERS,
)
RESULTS = st.builds(
    ToolResult,
    st.just("c1"),
    st.lists(TEXTS | PICTURES, max_size=2).map(tuple),
    name=st.just("f"),
    is_error=st.booleans(),
    cache=MARKS,
)
THOUGHTS = st.builds(Reasoning, WORDS, SEALS, SEALS, st.sampled_from(["", "rs_1"]), MAKERS)
LEFT_OUT = st.builds(Opaque, st.just("another"), st.just({"x": 1}), st.just(True))
MODELS = st.one_of(TEXTS, CALLS, THOUGHTS, LEFT_OUT, PICTURES, LINKS)
USERS = st.one_of(TEXTS, PICTURES, LINKS, RESULTS, LEFT_OUT)
TURNS = st.one_of(
    st.builds(lambda parts: ("assistant", parts), st.lists(MODELS, max_size=3)),
    st.builds(lambda parts: ("user", parts), st.lists(USERS, min_size=1, max_size=3)),
    st.builds(lambda parts: ("system", parts), st.lists(TEXTS, min_size=1, max_size=2)),
)


def sent(wire: str, *turns: tuple[Any, Any], **row: Any) -> Json:
    """The body of a request that begins with a question."""
    asked = Message(role="user", parts=(Text("go"),))
    made = tuple(Message(role=role, parts=tuple(parts)) for role, parts in turns)
    provider = Provider(id="p", name="P", wire=wire, **row)
    call = wire_format(wire).encode(
        Prompt(messages=(asked, *made)),
        MODEL,
        provider,
        base_url="http://x",
        key=None,
        stream=False,
    )
    return msgspec.json.decode(call.body)


def turns_of(wire: str, body: Json) -> list[Json]:
    """The turns, or items, as the format has them."""
    return body[{"openai_responses": "input", "gemini": "contents"}.get(wire, "messages")]


@cache
def judge(wire: str) -> Callable[[Json], Any]:
    """What the official package makes of a turn; raises where it is none of its own."""
    pydantic = pytest.importorskip("pydantic")
    match wire:
        case "openai_chat":
            kind = pytest.importorskip("openai.types.chat").ChatCompletionMessageParam
        case "openai_responses":
            kind = pytest.importorskip("openai.types.responses").ResponseInputItemParam
        case "anthropic":
            kind = pytest.importorskip("anthropic.types").MessageParam
        case "gemini":
            return pytest.importorskip("google.genai.types").Content.model_validate
        case _:
            message = pytest.importorskip("ollama._types").Message
            return lambda turn: message.model_validate(turn | _pictures(turn))
    adapter = pydantic.TypeAdapter(kind)
    # What is checked lazily is walked.
    return lambda turn: adapter.dump_json(adapter.validate_python(turn))


def _pictures(turn: Json) -> Json:
    """As Ollama's package holds what it writes as plain base64."""
    pictures = [{"value": each} for each in turn.get("images", ())]
    return {"images": pictures} if pictures else {}


_SILENT = ("role", "type", "id", "status", "annotations")


def is_empty(turn: Json) -> bool:
    """Whether a turn says nothing at all, or nothing but empty texts."""
    return not any(
        any(said for each in value for kind, said in each.items() if kind not in _SILENT)
        if name in ("content", "parts") and isinstance(value, list)
        else value
        for name, value in turn.items()
        if name not in _SILENT
    )


@pytest.mark.parametrize("wire", FORMATS)
@given(turns=st.lists(TURNS, max_size=4), field=st.sampled_from(["", "reasoning_content"]))
def test_whatever_a_turn_holds_it_is_taken_or_refused(
    wire: str, turns: list[tuple[Any, Any]], field: str
) -> None:
    """And no turn of the model's goes out empty, which many servers refuse."""
    try:
        body = sent(wire, *turns, reasoning_field=field)
    except UnsupportedInput as error:
        assert error.what
        assert error.why
        assert error.do
        return
    for turn in turns_of(wire, body):
        judge(wire)(turn)
        assert turn.get("role") not in ("assistant", "model") or not is_empty(turn)


NOTHING_LEFT: list[tuple[Part, ...]] = [
    (),
    (Text(""),),
    (Reasoning("hm", "seal", sealed_by="another"),),
    (Opaque("another", {"x": 1}, restates=True),),
    (Text(""), Reasoning("hm", "", "crypt", sealed_by="another"), Text("")),
]


@pytest.mark.parametrize("wire", FORMATS)
@pytest.mark.parametrize("parts", NOTHING_LEFT, ids=lambda parts: f"{len(parts)} parts")
def test_a_turn_of_which_nothing_is_left_is_left_out(wire: str, parts: tuple[Part, ...]) -> None:
    """The turns around it stay."""
    there = [("assistant", (Text("hello"),)), ("user", (Text("and now?"),))]
    without = sent(wire, *there)
    assert sent(wire, there[0], ("assistant", parts), there[1]) == without
