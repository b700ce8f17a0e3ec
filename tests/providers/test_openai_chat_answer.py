"""What comes back in the chat-completions format: the spellings of all who speak it.

Shapes that the recorded exchanges have are checked there; those here are built from the
documentation of the services that are named.
"""

import base64
import hashlib

import pytest
from openai_chat_wire import (
    DETAILS,
    PNG,
    Json,
    decoded,
    delta,
    event,
    piece,
    read,
    sent_back,
    whole,
)

from reckon.vocabulary.prompt import Media, Opaque, Reasoning, Text
from reckon.vocabulary.response import (
    Citation,
    Cited,
    Finished,
    LogprobsSeen,
    PartSeen,
    RefusalDelta,
    Started,
    TextDelta,
    TokenLogprob,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage


def test_details_of_reasoning_go_back_as_they_came() -> None:
    """In pieces and whole; plain reasoning beside them is told once and sent once."""
    streamed = (
        delta(
            reasoning="Hm. ",
            reasoning_details=[
                {"type": "reasoning.text", "text": "Hm. ", "index": 0, "format": "f"}
            ],
        )
        + delta(reasoning_details=[{"type": "reasoning.text", "text": "Four.", "index": 0}])
        + delta(
            reasoning_details=[
                {"type": "reasoning.text", "signature": "sig", "index": 0},
                DETAILS[1],
            ]
        )
        + delta(content="4")
        + delta(finish="stop")
    )
    message = {"content": "4", "reasoning": "Hm. Four.", "reasoning_details": DETAILS}
    for response in (read(streamed), read(whole(message), stream=False)):
        assert response.reasoning == "Hm. Four."
        assert response.parts == (
            Reasoning("Hm. Four."),
            Text("4"),
            Opaque("openai_chat", {"reasoning_details": DETAILS}, restates=True),
        )
        assert sent_back(response, reasoning_field="reasoning") == {
            "role": "assistant",
            "content": "4",
            "reasoning_details": DETAILS,
        }


def test_choices_are_told_apart() -> None:
    """Text, calls, probabilities and ends of each."""
    response = read(
        delta(0, content="a")
        + delta(1, content="b")
        + delta(1, finish="length")
        + delta(0, content="c", finish="stop")
    )
    assert (response.text, response.stop_reason) == ("ac", "stop")
    assert [(each.text, each.stop_reason) for each in response.others] == [("b", "length")]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("eos_token", "stop"),
        ("end_turn", "stop"),
        ("STOP", "stop"),
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
        ("tool_calls", "tool_calls"),
        ("tool_use", "tool_calls"),
        ("content_filter", "content_filter"),
        ("sensitive", "content_filter"),
        ("SAFETY", "content_filter"),
        ("refusal", "refusal"),
        ("pause_turn", "pause"),
        ("something new", "unknown"),
    ],
)
def test_each_vendors_word_for_the_end_is_understood(word: str, reason: str) -> None:
    """In either case of letters."""
    assert read(delta(content="x", finish=word)).stop_reason == reason


def test_a_refusal_is_told_apart_from_text() -> None:
    """OpenAI ends it with `stop`; it is told as what it is."""
    data = delta(refusal="I can") + delta(refusal="not.") + delta(finish="stop")
    assert RefusalDelta("not.") in decoded(data)
    response = read(data)
    assert (response.text, response.refused, response.stop_reason) == ("I cannot.", True, "refusal")
    parts = whole({"content": [{"type": "refusal", "refusal": "No."}]})
    assert read(parts, stream=False).refused


def test_annotations_are_citations() -> None:
    """OpenAI's search models, with positions in the text."""
    source = {"url": "https://x", "title": "X", "start_index": 3, "end_index": 9}
    message = {
        "content": "as X says",
        "annotations": [{"type": "url_citation", "url_citation": source}],
    }
    [citation] = read(whole(message), stream=False).citations
    assert citation == Citation(url="https://x", title="X", start=3, end=9, raw=source)


def test_listed_sources_are_told_once() -> None:
    """Perplexity repeats both of its lists in each chunk."""
    result = {"url": "https://x", "title": "X", "snippet": "so it is"}
    lists = {"citations": ["https://x", "https://y"], "search_results": [result]}
    chunk = {"choices": [{"index": 0, "delta": {"content": "a"}}], **lists}
    told = decoded(event(chunk) + event(chunk) + delta(finish="stop"))
    assert [each.citation for each in told if isinstance(each, Cited)] == [
        Citation(url="https://x", title="X", quote="so it is", raw=result),
        Citation(url="https://y", raw={"url": "https://y"}),
    ]


def test_references_of_mistral_are_citations() -> None:
    """Numbers of documents in the prompt, kept as they came."""
    part = {"type": "reference", "reference_ids": [1, 2]}
    message = {"content": [{"type": "text", "text": "so"}, part]}
    response = read(whole(message), stream=False)
    assert response.text == "so"
    assert response.citations == (Citation(raw=part),)


def test_probabilities_are_told() -> None:
    """OpenAI's form with alternatives, and Together's two lists."""
    told = {
        "content": [
            {
                "token": "a",
                "logprob": -0.5,
                "bytes": [97],
                "top_logprobs": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1}],
            },
            {"token": "c", "logprob": None},
        ],
        "refusal": None,
    }
    choice = {"index": 0, "delta": {"content": "a"}, "logprobs": told, "finish_reason": "stop"}
    expected = TokenLogprob(token="a", logprob=-0.5, top=(("a", -0.5), ("b", -1.0)))
    assert LogprobsSeen((expected,)) in decoded(event({"choices": [choice]}))
    choice["logprobs"] = {"tokens": ["a", "b"], "token_logprobs": [-0.5, None]}
    assert LogprobsSeen((TokenLogprob(token="a", logprob=-0.5),)) in decoded(
        event({"choices": [choice]})
    )


def test_a_picture_in_an_answer_is_a_part_and_goes_back() -> None:
    """OpenRouter's, and as a part of the content."""
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    for message in ({"content": "look", "images": [picture]}, {"content": [picture]}):
        response = read(whole(message), stream=False)
        [media] = [part for part in response.parts if isinstance(part, Media)]
        assert media.attachment.content == b"\x89PNG-picture"
        assert media.attachment.media_type == "image/png"
        assert media.attachment.digest == hashlib.sha256(b"\x89PNG-picture").hexdigest()
        assert sent_back(response)["images"] == [picture]


@pytest.mark.parametrize("url", ["https://x/a.png", "data:image/png;base64,###", "", "data:"])
def test_a_picture_that_is_not_here_is_kept_as_it_came(url: str) -> None:
    """Nothing is fetched, and nothing is lost."""
    picture = {"type": "image_url", "image_url": {"url": url}}
    response = read(whole({"content": "look", "images": [picture]}), stream=False)
    assert sent_back(response)["images"] == [picture]


def test_sound_in_an_answer_is_a_part_and_goes_back_by_its_name() -> None:
    """OpenAI's, whole and in pieces; what it says is the text."""
    wave = b"RIFF....WAVE sound"
    encoded = base64.b64encode(wave).decode()
    audio = {"id": "audio_1", "data": encoded, "transcript": "Hello you", "expires_at": 1}
    streamed = (
        delta(audio={"id": "audio_1", "transcript": "Hello"})
        + delta(audio={"data": base64.b64encode(wave[:5]).decode()})
        + delta(audio={"data": base64.b64encode(wave[5:]).decode(), "transcript": " you"})
        + delta(audio={"expires_at": 1})
        + delta(finish="stop")
    )
    message = {"content": None, "audio": audio}
    for response in (read(whole(message), stream=False), read(streamed)):
        assert response.text == "Hello you"
        [media] = [part for part in response.parts if isinstance(part, Media)]
        assert (media.attachment.content, media.attachment.media_type) == (wave, "audio/wav")
        assert sent_back(response) == {
            "role": "assistant",
            "content": None,
            "audio": {"id": "audio_1"},
        }


def test_parts_that_nobody_knows_are_kept_and_go_back() -> None:
    """In their place in the content."""
    odd = {"type": "hologram", "data": 1}
    message = {"content": [{"type": "text", "text": "a"}, odd, {"type": "text", "text": "b"}]}
    assert sent_back(read(whole(message), stream=False))["content"] == message["content"]


def test_azures_first_event_is_no_answer_yet() -> None:
    """It tells of the content filter; model and name come with the next."""
    preamble = {"choices": [], "id": "", "model": "", "prompt_filter_results": []}
    told = decoded(event(preamble) + delta(content="hi", finish="stop"))
    assert told[0] == Started(model="m", request_id="a-1")
    assert told[1:] == [TextDelta("hi"), Finished("stop")]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {"prompt_tokens": 10, "completion_tokens": 4, "cached_tokens": 6},
            Usage(input_tokens=10, output_tokens=4, cached_input_tokens=6),
        ),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 40,
                "total_tokens": 140,
                "prompt_tokens_details": {
                    "cached_tokens": 50,
                    "cache_write_tokens": 20,
                    "audio_tokens": 5,
                    "image_tokens": 6,
                    "video_tokens": 7,
                },
                "completion_tokens_details": {
                    "reasoning_tokens": 10,
                    "audio_tokens": 11,
                    "image_tokens": 12,
                },
                "server_tool_use_details": {"web_search_requests": 2},
            },
            Usage(
                input_tokens=100,
                output_tokens=40,
                cached_input_tokens=50,
                cache_write_tokens=20,
                audio_input_tokens=5,
                image_input_tokens=6,
                video_input_tokens=7,
                reasoning_tokens=10,
                audio_output_tokens=11,
                image_output_tokens=12,
                web_searches=2,
            ),
        ),
        (
            {
                "prompt_tokens": 1,
                "completion_tokens": 2,
                "num_search_queries": 3,
                "cost": {"request_cost": 0.005, "total_cost": 0.006},
            },
            Usage(
                input_tokens=1, output_tokens=2, web_searches=3, reported_cost_pico=6_000_000_000
            ),
        ),
    ],
)
def test_usage_of_every_kind(usage: Json, expected: Usage) -> None:
    """Together's cached tokens, all that OpenRouter tells, Perplexity's searches and costs."""
    told = decoded(whole({"content": "x"}, usage=usage), stream=False)
    assert UsageSeen(expected) in told
    inside = {"index": 0, "delta": {}, "finish_reason": "stop", "usage": usage}
    assert UsageSeen(expected) in decoded(event({"choices": [inside]}))


def test_pieces_come_in_order() -> None:
    """Events of one object: reasoning, text, sources, calls, media, then the numbers."""
    message = {
        "reasoning_content": "hm",
        "content": "4",
        "images": [{"image_url": {"url": f"data:image/png;base64,{PNG}"}}],
        "tool_calls": [piece(id="c", name="f", arguments="{}")],
    }
    told = decoded(whole(message, usage={"prompt_tokens": 1}), stream=False)
    kinds = [type(each).__name__ for each in told]
    assert kinds == [
        "Started",
        "ReasoningDelta",
        "TextDelta",
        "ToolCallDelta",
        "PartSeen",
        "UsageSeen",
        "Finished",
    ]
    assert isinstance(told[4], PartSeen)
