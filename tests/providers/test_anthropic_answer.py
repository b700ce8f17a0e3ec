"""Anthropic's messages: what comes back, and goes back in the next turn.

The answers are small ones of our own; their shapes are those of recorded ones.
"""

import json
from typing import Any

import pytest
from anthropic_wire import (
    CONTENT,
    FOUND,
    SEARCH,
    SOURCE,
    answer,
    assistant,
    decoded,
    event,
    said_back,
    turns_of,
    user,
)
from wire_helpers import collected, last_usage

from reckon.vocabulary.prompt import Opaque, Reasoning, Text, ToolCall
from reckon.vocabulary.response import Finished, ReasoningDelta, ReasoningSealed, Started, TextDelta
from reckon.vocabulary.usage import Usage


@pytest.mark.parametrize("stream", [True, False])
def test_every_kind_of_block_is_told(stream: bool) -> None:
    """Streamed and whole say the same: text, reasoning, calls, sources, usage, end."""
    events = answer(CONTENT, stream=stream, reason="tool_use")
    response = collected(events)
    assert events[0] == Started(model="claude-x-1", request_id="msg_1")
    assert response.text == "Let me see. In Köln: 18° ☂ today."
    assert response.reasoning == "They ask for the wéather 🌦."
    assert response.reasoning_parts == (
        Reasoning("They ask for the wéather 🌦.", signature="EqQB", sealed_by="anthropic"),
        Reasoning(encrypted="AbC=", sealed_by="anthropic"),
    )
    first, second = response.tool_calls
    assert (first.id, first.name, json.loads(first.arguments)) == (
        "toolu_1",
        "weather",
        {"city": "Zürich"},
    )
    assert second == ToolCall("toolu_2", "now", "{}")
    assert [part.data for part in response.parts if isinstance(part, Opaque)][:2] == [SEARCH, FOUND]
    assert events[-1] == Finished("tool_calls")


@pytest.mark.parametrize("stream", [True, False])
def test_a_source_is_told_with_the_words_that_it_stands_for(stream: bool) -> None:
    """Start and end count characters of the whole answer's text."""
    response = collected(answer(CONTENT, stream=stream))
    [citation] = response.citations
    assert response.text[citation.start : citation.end] == "18° ☂"
    assert (citation.url, citation.title, citation.quote) == ("https://x", "X", "18 degrees")
    assert citation.raw == SOURCE


@pytest.mark.parametrize("stream", [True, False])
def test_usage_is_added_up_by_hand(stream: bool) -> None:
    """10 fresh, 7 read, 20 + 30 written; the 40 of the end replace the 1 of the beginning."""
    assert last_usage(answer(CONTENT, stream=stream)) == Usage(
        input_tokens=10 + 7 + 20 + 30,
        output_tokens=40,
        cached_input_tokens=7,
        cache_write_tokens=20,
        cache_write_1h_tokens=30,
        reasoning_tokens=25,
        web_searches=2,
    )


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_goes_back_exactly_as_it_came(stream: bool) -> None:
    """Only neighbouring texts without sources may be one."""
    assert said_back(collected(answer(CONTENT, stream=stream))) == CONTENT


def test_a_text_that_somebody_changed_stays_changed() -> None:
    """Its sources no longer fit and stay out."""
    response = collected(answer(CONTENT[5:7], stream=False))
    parts = [Text("In Bonn") if isinstance(part, Text) else part for part in response.parts]
    [_, turn] = turns_of(user(Text("x")), assistant(*parts))
    assert turn["content"] == [{"type": "text", "text": "In Bonn"}]


def test_a_cache_marker_on_a_text_with_sources_stays() -> None:
    """It marks the end of the text."""
    [text, cited] = collected(answer(CONTENT[5:7], stream=False)).parts
    assert isinstance(text, Text)
    [_, turn] = turns_of(user(Text("x")), assistant(Text(text.text, cache="5m"), cited))
    marker = {"cache_control": {"type": "ephemeral"}}
    assert turn["content"] == [CONTENT[5], {**CONTENT[6], **marker}]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "call",
    [
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}, "toolset_name": "browser"},
        {
            "type": "tool_use",
            "id": "t",
            "name": "f",
            "input": {"a": 1},
            "caller": {"type": "code_execution_20260120", "tool_id": "srvtoolu_1"},
        },
    ],
)
def test_a_call_that_code_made_goes_back_with_its_caller(
    stream: bool, call: dict[str, Any]
) -> None:
    """Built from the documentation: programmatic tool calling, toolsets."""
    response = collected(answer([call], stream=stream))
    assert [each.name for each in response.tool_calls] == ["f"]
    assert said_back(response) == [call]


@pytest.mark.parametrize("stream", [True, False])
def test_a_direct_caller_needs_no_mention(stream: bool) -> None:
    """It is the default, so the conversation can go on with another provider."""
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "direct"}}
    assert collected(answer([call], stream=stream)).parts == (ToolCall("t", "f", "{}"),)


def test_a_summary_that_comes_in_pieces_is_put_together() -> None:
    """Built from the documentation: compaction, whose strings go on and whose rest replaces."""
    data = event("message_start", message={"usage": {"input_tokens": 1}})
    start = {"type": "compaction", "content": None}
    data += event("content_block_start", index=0, content_block=start)
    for piece in ({"content": "They "}, {"content": "spoke.", "encrypted_content": "E"}):
        delta = {"type": "compaction_delta", "encrypted_content": None, **piece}
        data += event("content_block_delta", index=0, delta=delta)
    data += event("content_block_stop", index=0)
    data += event("message_delta", delta={"stop_reason": "compaction"}, usage={"output_tokens": 2})
    response = collected(decoded(data, stream=True))
    whole_block = {"type": "compaction", "content": "They spoke.", "encrypted_content": "E"}
    assert response.parts == (Opaque("anthropic", whole_block),)
    assert response.stop_reason == "pause"


def test_what_compaction_used_is_added_and_what_an_advisor_used_is_not() -> None:
    """The first is billed at this model's price and in no total; the second is another model's,
    so that it is named and the cost is not known."""
    usage = {
        "input_tokens": 229,
        "output_tokens": 5,
        "iterations": [
            {
                "type": "compaction",
                "input_tokens": 100,
                "output_tokens": 131,
                "cache_creation_input_tokens": 55096,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 55000,
                    "ephemeral_1h_input_tokens": 96,
                },
            },
            {"type": "message", "input_tokens": 229, "output_tokens": 5},
            {"type": "advisor_message", "input_tokens": 9, "output_tokens": 9, "model": "m"},
        ],
    }
    assert last_usage(answer([], stream=False, usage=usage)) == Usage(
        input_tokens=229 + 100 + 55096,
        output_tokens=5 + 131,
        cache_write_tokens=55000,
        cache_write_1h_tokens=96,
        billed_besides="advice of m",
    )


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 3, "output_tokens": 2}, Usage(input_tokens=3, output_tokens=2)),
        (
            {"output_tokens": 2, "cache_read_input_tokens": 9},
            Usage(output_tokens=2, cached_input_tokens=9),
        ),
        (
            {"input_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 4}},
            Usage(input_tokens=5, cache_write_1h_tokens=4),
        ),
        (
            {
                "input_tokens": 1,
                "cache_creation_input_tokens": 3,
                "cache_creation": {"ephemeral_1h_input_tokens": 4},
            },
            Usage(input_tokens=4, cache_write_1h_tokens=3),
        ),
        ({"input_tokens": -1, "output_tokens": True}, Usage()),
        ({"input_tokens": 2**53 - 1, "cache_read_input_tokens": 9}, Usage(cached_input_tokens=9)),
        (
            {"output_tokens": 4, "output_tokens_details": {"thinking_tokens": 99}},
            Usage(output_tokens=4, reasoning_tokens=4),
        ),
    ],
)
def test_usage_that_lacks_or_lies_is_unknown(usage: dict[str, Any], expected: Usage) -> None:
    """An unknown is no zero, and a part is never more than the whole."""
    assert last_usage(answer([], stream=False, usage=usage)) == expected


def test_the_counts_at_the_end_of_a_stream_replace_those_of_its_beginning() -> None:
    """Input grows while server tools run; null says nothing."""
    begun = {"usage": {"input_tokens": 2039, "output_tokens": 1, "cache_read_input_tokens": 5}}
    last = {"input_tokens": 10423, "output_tokens": 341, "cache_read_input_tokens": None}
    data = event("message_start", message=begun)
    data += event("message_delta", delta={"stop_reason": "end_turn"}, usage=last)
    events = decoded(data, stream=True)
    assert last_usage(events[:2]) == Usage(
        input_tokens=2044, output_tokens=1, cached_input_tokens=5
    )
    assert last_usage(events) == Usage(input_tokens=10428, output_tokens=341, cached_input_tokens=5)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("pause_turn", "pause"),
        ("refusal", "refusal"),
        ("something new", "unknown"),
    ],
)
def test_stop_reasons_are_told_in_our_words(stream: bool, reason: str, told: str) -> None:
    """Each reason of the documentation."""
    response = collected(answer([], stream=stream, reason=reason))
    assert response.stop_reason == told
    assert response.refused is (told == "refusal")


def test_input_of_a_server_tool_that_was_cut_is_kept_as_it_is() -> None:
    """The limit may fall into it."""
    start: dict[str, Any] = {
        "type": "server_tool_use",
        "id": "s",
        "name": "web_search",
        "input": {},
    }
    piece = {"type": "input_json_delta", "partial_json": '{"query": "we'}
    data = event("content_block_start", index=0, content_block=start)
    data += event("content_block_delta", index=0, delta=piece)
    data += event("content_block_stop", index=0)
    data += event("message_delta", delta={"stop_reason": "max_tokens"})
    [part] = collected(decoded(data, stream=True)).parts
    assert part == Opaque("anthropic", {**start, "input": {"INVALID_JSON": '{"query": "we'}})


def test_thinking_without_a_seal_is_a_block_of_its_own() -> None:
    """Servers beside Anthropic's send none."""
    block = {"type": "thinking", "thinking": "hm"}
    events = answer([block, {"type": "text", "text": "so"}], stream=False)
    assert events[1:4] == [
        ReasoningDelta("hm"),
        ReasoningSealed(sealed_by="anthropic"),
        TextDelta("so"),
    ]
    assert collected(answer([{"type": "thinking", "thinking": ""}], stream=False)).parts == ()


def test_blocks_that_are_ended_only_with_the_answer_keep_their_order() -> None:
    """llama.cpp ends its thinking after the text, with an empty signature."""
    data = event("message_start", message={})
    for index, (kind, word) in enumerate((("thinking", "hm"), ("text", "so"))):
        data += event("content_block_start", index=index, content_block={"type": kind})
        delta = {"type": f"{kind}_delta", kind: word}
        data += event("content_block_delta", index=index, delta=delta)
    sealed = {"type": "signature_delta", "signature": ""}
    data += event("content_block_delta", index=0, delta=sealed)
    data += event("content_block_stop", index=0) + event("content_block_stop", index=1)
    data += event("message_delta", delta={"stop_reason": "end_turn"})
    assert collected(decoded(data, stream=True)).parts == (
        Reasoning("hm", sealed_by="anthropic"),
        Text("so"),
    )
