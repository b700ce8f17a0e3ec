"""Answers in the Responses format, whole and in pieces of any size."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses_exchange import (
    CALLED,
    COMPLETED,
    CREATED,
    EXPECTED_PARTS,
    LINK,
    OUTPUT,
    SAID,
    SEARCHED,
    STREAM,
    THOUGHT,
    USAGE,
    answer,
    begun,
    decoded,
    ended,
    piece,
    sent,
    sse,
    without,
)
from wire_helpers import collected, last_usage

from reckon.providers.openai_responses.wire import responses_usage
from reckon.vocabulary.prompt import Message, Opaque, Reasoning, Text
from reckon.vocabulary.response import (
    Citation,
    Cited,
    Finished,
    LogprobsSeen,
    PartSeen,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    Signed,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage


def test_a_stream_is_told_event_by_event_and_nothing_twice() -> None:
    """In pieces as they come; whole items and the whole answer repeat them."""
    assert decoded(sse(*STREAM), stream=True) == [
        Started(model="m-1-2026", request_id="resp_1"),
        ReasoningDelta("on"),
        ReasoningDelta("e"),
        ReasoningDelta("\n\n"),
        ReasoningSealed(sealed_by="openai_responses", id="rs_1"),
        ReasoningDelta("two"),
        ReasoningSealed(sealed_by="openai_responses", id="rs_1", encrypted="ENC"),
        PartSeen(Opaque("openai_responses", SEARCHED)),
        TextDelta("Hé"),
        LogprobsSeen((TokenLogprob(token="Hé", logprob=-0.5, top=(("Hé", -0.5),)),)),
        TextDelta("llo you, there"),
        LogprobsSeen((TokenLogprob(token="llo", logprob=0.0),)),
        Cited(Citation(url="https://t.example/", title="T", start=6, end=9, raw=LINK)),
        Signed("final_answer", "openai_responses"),
        ToolCallDelta(index=0, id="call_1", name="weather"),
        ToolCallDelta(index=0, arguments='{"city": '),
        ToolCallDelta(index=0, arguments='"Paris"}'),
        UsageSeen(
            Usage(
                input_tokens=30,
                output_tokens=20,
                cached_input_tokens=8,
                cache_write_tokens=4,
                reasoning_tokens=12,
                web_searches=1,
            )
        ),
        Finished("tool_calls"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        sse(*STREAM),
        without("delta", "annotation"),
        without("delta", "annotation", "added", "item.done"),
        without("item.added"),
        without("created"),
        sse(COMPLETED),
        sse(*STREAM[:-1], {"type": "response.completed", "response": answer()}),
        sse(*({n: v for n, v in e.items() if n != "output_index"} for e in STREAM)),
        sse(*({**e, "output_index": 0} if "output_index" in e else e for e in STREAM)),
        sse(*({**e, "item_id": f"other-{n}"} for n, e in enumerate(STREAM))),
        sse(*STREAM) + b"data: [DONE]\n\n",
        b": ping\n\n" + sse(*STREAM).replace(b"\n", b"\r\n"),
    ],
    ids=[
        "full", "no pieces", "no items", "no begin", "no start", "only the end",
        "empty end", "no places", "one place", "other ids", "done", "comments",
    ],
)  # fmt: skip
def test_whatever_a_server_leaves_out_the_answer_is_the_same(data: bytes) -> None:
    """Words, thoughts, calls, sources and weights, each once."""
    streamed = collected(decoded(data, stream=True))
    whole = collected(decoded(json.dumps(answer(*OUTPUT)).encode(), stream=False))
    for response in (streamed, whole):
        assert response.parts == EXPECTED_PARTS
        assert response.text == "Héllo you, there"
        assert [each.url for each in response.citations] == ["https://t.example/"]
        assert [each.token for each in response.logprobs] == ["Hé", "llo"]
        assert response.stop_reason == "tool_calls"
        assert response.usage.input_tokens == 30


def test_without_the_ends_of_items_all_is_told_if_not_in_its_order() -> None:
    """What has no pieces comes with the whole answer; a thought still goes back as one item."""
    response = collected(decoded(without("item.done"), stream=True))
    assert response.text == "Héllo you, there"
    assert [call.arguments for call in response.tool_calls] == [CALLED["arguments"]]
    back = sent(*response.parts, role="assistant")
    assert [item["type"] for item in back] == [
        "reasoning", "message", "function_call", "web_search_call",
    ]  # fmt: skip
    assert back[0] == THOUGHT


def test_an_answer_goes_back_as_exactly_what_came() -> None:
    """Items, in order, without what names them at the provider."""
    response = collected(decoded(sse(*STREAM), stream=True))
    back = sent(*response.parts, role="assistant")
    said = {
        "type": "message",
        "role": "assistant",
        "id": "msg_00000002",
        "status": "completed",
        "phase": "final_answer",
        "content": [{"type": "output_text", "text": "Héllo you, there", "annotations": []}],
    }
    call = {name: CALLED[name] for name in ("type", "call_id", "name", "arguments")}
    assert back == [THOUGHT, SEARCHED, said, call]


@given(cuts=st.lists(st.integers(0, 6000), max_size=40), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_split_of_a_stream_gives_the_same_events(cuts: list[int], end: str) -> None:
    """Bytes may be cut anywhere, within a character and between CR and LF too."""
    data = sse(*STREAM).replace(b"\n", end.encode())
    assert decoded(data, stream=True, cuts=cuts) == decoded(sse(*STREAM), stream=True)


def test_a_model_that_is_named_at_the_end_alone_is_known() -> None:
    """llama.cpp does so."""
    nameless = {name: value for name, value in CREATED["response"].items() if name != "model"}
    events = decoded(sse({**CREATED, "response": nameless}, *STREAM[1:]), stream=True)
    assert events[0] == Started(model=None, request_id="resp_1")
    assert collected(events).model == "m-1-2026"


def test_thoughts_that_end_after_the_answer_began_go_back_in_their_place() -> None:
    """OpenRouter ends the item of open thoughts last, under another id in the whole answer."""
    thought = {
        "type": "reasoning",
        "id": "rs_tmp_1",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "hm"}],
    }
    said = {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "4"}]}
    data = sse(
        CREATED,
        begun(0, thought, content=[]),
        piece("reasoning_text", 0, thought, "hm"),
        begun(1, said, content=[]),
        piece("output_text", 1, said, "4"),
        ended(1, said),
        ended(0, thought),
        {"type": "response.completed", "response": answer({**thought, "id": "rs_tmp_2"}, said)},
    )
    response = collected(decoded(data, stream=True))
    assert response.parts == (
        Reasoning("hm", id="rs_tmp_1", sealed_by="openai_responses"),
        Text("4"),
    )
    assert sent(*response.parts, role="assistant")[0] == thought


def test_a_summary_without_its_seal_is_shown_and_not_sent_back() -> None:
    """Its id names what the provider has not kept."""
    thought = {"type": "reasoning", "id": "rs_1", "summary": THOUGHT["summary"][:1]}
    response = collected(decoded(json.dumps(answer(thought)).encode(), stream=False))
    assert response.reasoning == "one"
    assert sent(*response.parts, role="assistant") == []


def test_a_refusal_is_told_apart() -> None:
    """Built from the documentation."""
    said = {"type": "message", "id": "m", "content": [{"type": "refusal", "refusal": "I won't."}]}
    data = sse(CREATED, piece("refusal", 0, said, "I "), ended(0, said), COMPLETED)
    assert RefusalDelta("won't.") in decoded(data, stream=True)
    response = collected(decoded(json.dumps(answer(said)).encode(), stream=False))
    assert (response.text, response.refused, response.stop_reason) == ("I won't.", True, "refusal")


def test_a_made_picture_is_a_picture_and_goes_back_in_its_call() -> None:
    """In the format that the call names."""
    call = {
        "type": "image_generation_call",
        "id": "ig_1",
        "status": "completed",
        "output_format": "webp",
        "result": base64.b64encode(b"picture").decode(),
    }
    response = collected(decoded(json.dumps(answer(call)).encode(), stream=False))
    assert [
        each.media_type for each in Message(role="assistant", parts=response.parts).attachments
    ] == ["image/webp"]
    assert sent(*response.parts, role="assistant") == [call]
    failed = call | {"result": None, "status": "failed"}
    response = collected(decoded(json.dumps(answer(failed)).encode(), stream=False))
    assert response.parts == (Opaque("openai_responses", failed),)


def test_positions_of_sources_count_in_the_text_of_the_whole_answer() -> None:
    """The format counts in each part of a message."""
    file = {"type": "file_citation", "file_id": "f", "filename": "a.txt", "index": 2}
    said = {
        "type": "message",
        "id": "m",
        "content": [
            {"type": "output_text", "text": "12345", "annotations": [file]},
            {"type": "output_text", "text": "abcdef ghi", "annotations": [LINK]},
        ],
    }
    response = collected(decoded(json.dumps(answer(said)).encode(), stream=False))
    assert [(each.title, each.start, each.end) for each in response.citations] == [
        ("a.txt", 2, None),
        ("T", 11, 14),
    ]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "content_filter",
        ),
        ({"status": "incomplete", "incomplete_details": None}, "unknown"),
        ({"status": None}, "stop"),
    ],
)
def test_the_end_is_told_from_status_and_details(more: dict[str, Any], reason: str) -> None:
    """Built from the documentation; streamed and whole say the same."""
    said = {name: value for name, value in SAID.items() if name != "phase"}
    whole = answer(said, **more)
    kind = "response.incomplete" if more.get("status") == "incomplete" else "response.completed"
    for events in (
        decoded(json.dumps(whole).encode(), stream=False),
        decoded(sse(CREATED, {"type": kind, "response": whole}), stream=True),
    ):
        assert events[-1] == Finished(reason)  # pyright: ignore[reportArgumentType]


def test_items_that_wait_for_the_user_end_like_calls() -> None:
    """Built from the documentation: a tool of free text."""
    call = {"type": "custom_tool_call", "call_id": "c", "name": "grep", "input": "x"}
    response = collected(decoded(json.dumps(answer(call)).encode(), stream=False))
    assert response.stop_reason == "tool_calls"
    output = Opaque(
        "openai_responses", {"type": "custom_tool_call_output", "call_id": "c", "output": "y"}
    )
    assert sent(*response.parts, role="assistant") + sent(output) == [call, output.data]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            USAGE,  # 30 went in, 8 of them read from the cache and 4 written to it
            Usage(
                input_tokens=30,
                output_tokens=20,
                cached_input_tokens=8,
                cache_write_tokens=4,
                reasoning_tokens=12,
            ),
        ),
        ({"input_tokens": 3, "output_tokens": 4}, Usage(input_tokens=3, output_tokens=4)),
        (
            {"input_tokens": 78, "output_tokens": 37, "cost": 1.13e-05, "is_byok": False},
            Usage(input_tokens=78, output_tokens=37, reported_cost_pico=11_300_000),
        ),
        (
            {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 99}},
            Usage(input_tokens=3, cached_input_tokens=3),
        ),
        ({"input_tokens": -1, "output_tokens": True, "input_tokens_details": []}, Usage()),
    ],
)
def test_usage_is_normalised(usage: dict[str, Any], expected: Usage) -> None:
    """Parts are parts of the whole; nonsense is unknown."""
    assert responses_usage(usage) == expected


@pytest.mark.parametrize(
    ("action", "searches"),
    [({"type": "search"}, 1), ({"type": "open_page"}, 0), ({"type": "find_in_page"}, 0), (None, 1)],
)
def test_searches_are_counted_and_opened_pages_are_not(action: Any, searches: int) -> None:
    """OpenAI bills searches."""
    item = {**SEARCHED, "action": action}
    events = decoded(json.dumps(answer(item)).encode(), stream=False)
    assert last_usage(events).web_searches == searches
