"""Gemini's generateContent: what comes back, in pieces of any size.

Shapes that nobody recorded (blocked prompts) are built from the documentation.
"""

import json
from typing import Any

import pytest
from gemini_wire import ARRAY, SEAL, STREAM, WIRE, answer, fed, sse, whole
from hypothesis import given
from hypothesis import strategies as st
from wire_helpers import collected

from reckon.errors import AnswerInvalid
from reckon.providers.made_up import is_made_up
from reckon.vocabulary.prompt import Opaque
from reckon.vocabulary.response import (
    Cited,
    Finished,
    LogprobsSeen,
    PartSeen,
    ReasoningDelta,
    RefusalDelta,
    Signed,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage


def test_a_whole_answer_becomes_events() -> None:
    """Text, reason, model, id and usage."""
    events = whole(
        answer(
            {"text": "Hi"},
            modelVersion="gemini-3-flash",
            usageMetadata={"promptTokenCount": 3, "candidatesTokenCount": 1, "totalTokenCount": 4},
        )
    )
    assert events == [
        Started(model="gemini-3-flash", request_id="r-1"),
        TextDelta("Hi"),
        UsageSeen(Usage(input_tokens=3, output_tokens=1)),
        Finished("stop"),
    ]


def test_a_stream_becomes_events() -> None:
    """Thoughts apart, a call whole, a seal on what came last, and all counts ever told."""
    events = fed(sse(*STREAM), stream=True)
    call = next(event for event in events if isinstance(event, ToolCallDelta))
    assert is_made_up(call.id)
    first = Usage(input_tokens=11)
    assert events == [
        Started(model="gemini-3.6-flash", request_id="r-9"),
        ReasoningDelta("Mull…"),
        UsageSeen(first),
        TextDelta("Grüße, "),
        UsageSeen(Usage(input_tokens=11, output_tokens=9, reasoning_tokens=7)),
        TextDelta('Wörld "{[😀]}\\"'),
        ToolCallDelta(index=0, id=call.id, name="weather", arguments='{"place":"Zürich"}'),
        TextDelta(""),
        Signed(SEAL, "gemini"),
        UsageSeen(Usage(input_tokens=11, output_tokens=16, reasoning_tokens=7)),
        Finished("tool_calls"),
    ]


@given(cuts=st.lists(st.integers(0, len(sse(*STREAM))), max_size=8))
def test_a_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    """Inside a character, and between CR and LF."""
    data = sse(*STREAM)
    assert fed(data, stream=True, cuts=cuts) == fed(data, stream=True)


@given(cuts=st.lists(st.integers(0, len(ARRAY)), max_size=8))
def test_an_array_stream_says_the_same_and_may_be_cut_anywhere(cuts: list[int]) -> None:
    """Without alt=sse the stream is one growing JSON array."""
    assert fed(ARRAY, stream=True, cuts=cuts) == fed(sse(*STREAM), stream=True)


def test_each_byte_alone_gives_the_same() -> None:
    """The finest split, of either form."""
    for data in (ARRAY, sse(*STREAM)):
        assert fed(data, stream=True, cuts=list(range(len(data)))) == fed(data, stream=True)


def test_an_array_is_told_as_it_grows() -> None:
    """Not only when it is whole."""
    decoder = WIRE.decoder(stream=True)
    first = json.dumps(STREAM[0]).encode()
    assert ReasoningDelta("Mull…") in decoder.feed(b"[" + first)


def test_candidates_are_told_by_their_number() -> None:
    """A stream may tell them in any order."""
    said = [
        {"candidates": [{"content": {"parts": [{"text": "b"}]}, "index": 1}]},
        {"candidates": [{"content": {"parts": [{"text": "a"}]}, "index": 0}]},
        {"candidates": [{"finishReason": "MAX_TOKENS", "index": 1}]},
        {"candidates": [{"finishReason": "STOP", "index": 0}]},
    ]
    response = collected(fed(sse(*said), stream=True))
    [other] = response.others
    assert (response.text, response.stop_reason) == ("a", "stop")
    assert (other.text, other.stop_reason) == ("b", "length")


def test_candidates_without_a_number_are_counted() -> None:
    """An answer may leave the numbers out."""
    candidates = [
        {"content": {"parts": [{"text": said}]}, "finishReason": "STOP"} for said in ("a", "b")
    ]
    response = collected(whole({"candidates": candidates}))
    assert [response.text, response.others[0].text] == ["a", "b"]


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        *((word, "content_filter") for word in ("SAFETY", "RECITATION", "BLOCKLIST", "SPII")),
        *((word, "content_filter") for word in ("PROHIBITED_CONTENT", "IMAGE_SAFETY")),
        *((word, "unknown") for word in ("OTHER", "LANGUAGE", "MALFORMED_FUNCTION_CALL")),
        *((word, "unknown") for word in ("UNEXPECTED_TOOL_CALL", "A_NEW_ONE", 99, ["x"])),
        (1, "stop"),
        (2, "length"),
    ],
)
def test_each_finish_reason_has_a_meaning(told: Any, meant: str) -> None:
    """As a word or as a number."""
    assert whole(answer(reason=told))[-1] == Finished(meant)  # type: ignore[arg-type]


def test_the_official_finish_reasons_are_all_known() -> None:
    """None of them crashes, and those that filter are told as filters."""
    types = pytest.importorskip("google.genai.types")
    for reason in types.FinishReason:
        events = whole(answer(reason=reason.value))
        filtered = any(word in reason.value for word in ("SAFETY", "PROHIBITED", "RECITATION"))
        assert (events[-1] == Finished("content_filter")) >= filtered


def test_a_blocked_prompt_is_a_filtered_answer_with_a_sentence() -> None:
    """Built from the documentation. Its prompt is counted, and no output."""
    blocked = {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 5, "totalTokenCount": 5},
    }
    for events in (whole(blocked), fed(sse(blocked), stream=True)):
        assert events == [
            Started(),
            RefusalDelta("Google blocked the prompt (PROHIBITED_CONTENT)."),
            UsageSeen(Usage(input_tokens=5, output_tokens=0)),
            Finished("content_filter"),
        ]


def test_made_up_ids_are_unique_and_come_again_with_the_same_bytes() -> None:
    """In one answer, in another answer, and in a second choice."""
    call = {"functionCall": {"name": "f"}}
    first, again = (collected(whole(answer(call, call))).tool_calls for _ in range(2))
    other = collected(whole(answer(call) | {"responseId": "r-2"})).tool_calls
    assert first == again
    assert len({each.id for each in (*first, *other)}) == 3
    assert all(len(each.id) == 9 and each.id.isalnum() for each in first)


def test_an_answer_without_a_name_gives_the_same_ids_however_it_is_cut() -> None:
    """And another answer gives others."""
    first, second = (
        {key: value for key, value in answer({"functionCall": call}).items() if key != "responseId"}
        for call in ({"name": "f"}, {"name": "f", "args": {"a": 1}})
    )
    ids = {collected(whole(each)).tool_calls[0].id for each in (first, second)}
    assert len(ids) == 2
    data = sse(first)
    together = fed(data, stream=True)
    for cut in range(1, len(data)):
        assert fed(data, stream=True, cuts=[cut]) == together


def test_calls_in_pieces_of_arguments_are_refused() -> None:
    """A feature that must be asked for; half arguments must not pass for whole ones."""
    with pytest.raises(AnswerInvalid, match="pieces of arguments"):
        whole(answer({"functionCall": {"name": "f", "willContinue": True}}))


def test_sources_are_told_with_positions_in_characters() -> None:
    """Google counts bytes; a passage that stands elsewhere has no position."""
    chunks = [
        {"web": {"uri": "https://a", "title": "A"}},
        {"retrievedContext": {"title": "B", "text": "quoted words"}},
    ]
    supports = [
        {"segment": {"endIndex": 7, "text": "Grüße"}, "groundingChunkIndices": [0, 1]},
        {
            "segment": {"startIndex": 8, "endIndex": 12, "text": "Welt"},
            "groundingChunkIndices": [0, 7, -1, "x"],
        },
        {"segment": {"endIndex": 4, "text": "Nope"}, "groundingChunkIndices": [1]},
    ]
    metadata = {
        "groundingChunks": chunks,
        "groundingSupports": supports,
        "webSearchQueries": ["q", "q", "r"],
    }
    events = whole(
        answer(
            {"text": "Grüße Welt"},
            candidate={"groundingMetadata": metadata},
            usageMetadata={"promptTokenCount": 1, "candidatesTokenCount": 1},
        )
    )
    cited = [event.citation for event in events if isinstance(event, Cited)]
    assert [(each.url, each.title, each.quote, each.start, each.end) for each in cited] == [
        ("https://a", "A", "", 0, 5),
        ("", "B", "quoted words", 0, 5),
        ("https://a", "A", "", 6, 10),
        ("", "B", "quoted words", None, None),
    ]
    assert cited[0].raw == {"chunk": chunks[0], "support": supports[0]}
    assert collected(events).usage.web_searches == 2


def test_a_passage_within_a_part_is_found_behind_thoughts_and_other_parts() -> None:
    """Positions count from the part's beginning."""
    support = {
        "segment": {"partIndex": 2, "startIndex": 0, "endIndex": 2, "text": "zw"},
        "groundingChunkIndices": [0],
    }
    metadata = {"groundingChunks": [{"web": {"uri": "u"}}], "groundingSupports": [support]}
    parts = [{"text": "mm", "thought": True}, {"text": "éin "}, {"text": "zwei"}]
    events = whole(answer(*parts, candidate={"groundingMetadata": metadata}))
    [cited] = [event.citation for event in events if isinstance(event, Cited)]
    assert (cited.start, cited.end) == (4, 6)


def test_sources_that_a_stream_repeats_are_told_once() -> None:
    """Also those that no passage rests on, and quoted works."""
    candidate = {
        "content": {"parts": [{"text": "ab"}]},
        "groundingMetadata": {"groundingChunks": [{"maps": {"uri": "u", "title": "Place"}}]},
        "citationMetadata": {"citationSources": [{"uri": "w", "endIndex": 2}]},
    }
    pieces = [{"candidates": [candidate]}, {"candidates": [candidate | {"finishReason": "STOP"}]}]
    response = collected(fed(sse(*pieces), stream=True))
    assert [(each.url, each.start, each.end) for each in response.citations] == [
        ("u", None, None),
        ("w", 0, 2),
    ]


def test_probabilities_are_told_with_their_alternatives() -> None:
    """A logarithm of zero is left out of the JSON."""
    result = {
        "chosenCandidates": [{"token": "a", "logProbability": -0.5}, {"token": "b"}],
        "topCandidates": [
            {"candidates": [{"token": "a", "logProbability": -0.5}, {"token": "c"}]},
        ],
    }
    events = whole(answer({"text": "ab"}, candidate={"logprobsResult": result}))
    assert (
        LogprobsSeen(
            (
                TokenLogprob(token="a", logprob=-0.5, top=(("a", -0.5), ("c", 0.0))),
                TokenLogprob(token="b", logprob=0.0),
            )
        )
        in events
    )


def test_usage_adds_tools_to_the_input_and_thoughts_to_the_output() -> None:
    """Cached tokens are within the prompt; each kind of media is within its side."""
    told = {
        "promptTokenCount": 1000,
        "cachedContentTokenCount": 400,
        "toolUsePromptTokenCount": 50,
        "candidatesTokenCount": 30,
        "thoughtsTokenCount": 70,
        "totalTokenCount": 1150,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 200},
            {"modality": "AUDIO", "tokenCount": 100},
            {"modality": "IMAGE", "tokenCount": 258},
            {"modality": "DOCUMENT", "tokenCount": 42},
            {"modality": "VIDEO", "tokenCount": 400},
            {"modality": "AUDIO"},
        ],
        "toolUsePromptTokensDetails": [{"modality": "IMAGE", "tokenCount": 10}],
        "candidatesTokensDetails": [
            {"modality": "IMAGE", "tokenCount": 20},
            {"modality": "AUDIO", "tokenCount": 5},
        ],
    }
    assert collected(whole(answer(usageMetadata=told))).usage == Usage(
        input_tokens=1050,  # 1000 + 50
        output_tokens=100,  # 30 + 70
        cached_input_tokens=400,
        audio_input_tokens=100,
        image_input_tokens=310,  # 258 + 42 + 10
        video_input_tokens=400,
        reasoning_tokens=70,
        audio_output_tokens=5,
        image_output_tokens=20,
    )


def test_usage_reads_modalities_as_numbers() -> None:
    """As they come where a client asks for `enum-encoding=int`."""
    told = {"promptTokenCount": 9, "promptTokensDetails": [{"modality": 4, "tokenCount": 8}]}
    assert collected(whole(answer(usageMetadata=told))).usage.audio_input_tokens == 8


def test_usage_that_nobody_tells_is_unknown() -> None:
    """Never zero."""
    assert collected(whole(answer({"text": "x"}))).usage == Usage()
    broken = {"promptTokenCount": -1, "candidatesTokenCount": "7", "thoughtsTokenCount": True}
    assert collected(whole(answer({"text": "x"}, usageMetadata=broken))).usage == Usage()


def test_a_part_that_no_one_knows_yet_is_kept() -> None:
    """As it came."""
    part = {"hologram": {"depth": 3}}
    assert PartSeen(Opaque("gemini", part)) in whole(answer(part))


def test_positions_of_many_sources_are_found_in_one_pass() -> None:
    """A long answer with as many passages as it has words."""
    size = 20_000
    said = "é" * size
    supports = [
        {"segment": {"endIndex": 2 * end, "text": ""}, "groundingChunkIndices": [0]}
        for end in range(size)
    ]
    metadata = {"groundingChunks": [{"web": {"uri": "u"}}], "groundingSupports": supports}
    response = collected(whole(answer({"text": said}, candidate={"groundingMetadata": metadata})))
    assert [each.end for each in response.citations] == list(range(size))
