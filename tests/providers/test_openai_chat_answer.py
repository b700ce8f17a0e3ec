"""What comes back in the chat-completions format: the spellings of all who speak it.

Shapes that the recorded exchanges have are checked there; those here are built from the
documentation of the services that are named.
"""

import base64
import hashlib
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.errors import AnswerInvalid, AnswerTruncated, ReckonError
from reckon.providers.openai_chat.wire import OpenAIChat
from reckon.run.collect import Collector
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Media, Message, Opaque, Prompt, Reasoning, Text, ToolCall
from reckon.vocabulary.response import (
    Citation,
    Cited,
    Event,
    Finished,
    LogprobsSeen,
    PartSeen,
    RefusalDelta,
    Response,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    UsageSeen,
)
from reckon.vocabulary.usage import Usage

WIRE = OpenAIChat()
PNG = base64.b64encode(b"\x89PNG-picture").decode()

Json = dict[str, Any]


def event(chunk: Json) -> bytes:
    """One event of a stream."""
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def delta(choice: int = 0, finish: str | None = None, **content: Any) -> bytes:
    """One event with a piece of an answer."""
    told = {"index": choice, "delta": content, "finish_reason": finish}
    return event({"id": "a-1", "model": "m", "choices": [told]})


def whole(message: Json, finish: str = "stop", **more: Any) -> bytes:
    """An answer in one object."""
    told = {"index": 0, "message": message, "finish_reason": finish}
    return json.dumps({"id": "a-1", "model": "m", "choices": [told], **more}).encode()


def decoded(data: bytes, *, stream: bool = True, cuts: list[int] | None = None) -> list[Event]:
    """All events of an answer, cut at places."""
    decoder = WIRE.decoder(stream=stream)
    edges = [0, *sorted(cuts or []), len(data)]
    events: list[Event] = []
    for start, end in itertools.pairwise(edges):
        events += decoder.feed(data[start:end])
    return [*events, *decoder.close()]


def collected(data: bytes, *, stream: bool = True) -> Response:
    """The response that the events make."""
    collector = Collector()
    for each in decoded(data, stream=stream):
        collector.add(each)
    return collector.response()


def sent_back(response: Response, **row: Any) -> Json:
    """The answer as a turn of the next request."""
    prompt = Prompt(messages=(Message(role="assistant", parts=response.parts),))
    provider = Provider(id="p", name="P", wire="openai_chat", **row)
    model = Model(id="m", provider="p", organization="o")
    call = WIRE.encode(prompt, model, provider, base_url="http://x", key=None, stream=False)
    return json.loads(call.body)["messages"][0]


def piece(**fields: Any) -> Json:
    """A piece of a call, with the fields of its function apart."""
    function = {name: fields.pop(name) for name in ("name", "arguments") if name in fields}
    return {**fields, "function": function}


def calls(*pieces: Json, finish: str = "tool_calls") -> tuple[ToolCall, ...]:
    """The calls that come from pieces, each in an event of its own."""
    data = b"".join(delta(tool_calls=[each]) for each in pieces) + delta(finish=finish)
    return collected(data).tool_calls


TWO = (ToolCall("c1", "add", '{"a":1}'), ToolCall("c2", "now", "{}"))


@pytest.mark.parametrize(
    "pieces",
    [
        [  # OpenAI
            piece(index=0, id="c1", type="function", name="add", arguments=""),
            piece(index=0, arguments='{"a"'),
            piece(index=0, arguments=":1}"),
            piece(index=1, id="c2", type="function", name="now", arguments="{}"),
        ],
        [  # interleaved
            piece(index=0, id="c1", name="add", arguments='{"a"'),
            piece(index=1, id="c2", name="now", arguments="{"),
            piece(index=0, arguments=":1}"),
            piece(index=1, arguments="}"),
        ],
        [  # whole calls without a number
            piece(id="c1", name="add", arguments='{"a":1}'),
            piece(id="c2", name="now", arguments="{}"),
        ],
        [  # whole calls, each numbered 0
            piece(index=0, id="c1", name="add", arguments='{"a":1}'),
            piece(index=0, id="c2", name="now", arguments="{}"),
        ],
        [  # id and name with every piece
            piece(index=0, id="c1", name="add", arguments='{"a"'),
            piece(index=0, id="c1", name="add", arguments=":1}"),
            piece(index=1, id="c2", name="now", arguments="{}"),
        ],
        [  # ids with every piece, and no number
            piece(id="c1", name="add", arguments='{"a"'),
            piece(id="c1", arguments=":1}"),
            piece(id="c2", name="now", arguments="{}"),
        ],
        [  # neither with later pieces
            piece(id="c1", name="add", arguments='{"a"'),
            piece(arguments=":1}"),
            piece(id="c2", name="now", arguments="{}"),
        ],
        [  # arguments as an object, null beside it
            piece(index=None, id="c1", name="add", arguments={"a": 1}),
            piece(index=None, id="c2", name="now", arguments={}),
        ],
        [  # null and empty fields
            piece(index=0, id="c1", name="add", arguments=None),
            piece(index=0, id=None, name=None, arguments='{"a":1}'),
            piece(index=0, id="", name="", arguments=""),
            piece(index=1, id="c2", name="now", arguments="{}"),
        ],
    ],
)
def test_calls_of_tools_are_put_together_in_each_way_they_come(pieces: list[Json]) -> None:
    """Numbered or not, in pieces or whole."""
    assert calls(*pieces) == TWO


def test_calls_without_ids_get_one_each_that_a_replay_gives_again() -> None:
    """Google sends empty ids, and each call as number 0."""
    pieces = [
        piece(index=0, id="", name="add", arguments='{"a":1}'),
        piece(index=0, id="", name="add", arguments='{"a":1}'),
    ]
    first, second = calls(*pieces)
    assert (first.name, first.arguments) == (second.name, second.arguments) == ("add", '{"a":1}')
    assert first.id != second.id
    assert len(first.id) == 9
    assert calls(*pieces) == (first, second)


def test_the_first_piece_of_a_call_has_its_id_and_name() -> None:
    """As the vocabulary promises; numbers run from 0."""
    told = decoded(
        delta(tool_calls=[piece(index=7, id="c1", name="add", arguments="")])
        + delta(tool_calls=[piece(index=7, id="c1", name="add", arguments="{}")])
        + delta(finish="tool_calls")
    )
    assert [each for each in told if isinstance(each, ToolCallDelta)] == [
        ToolCallDelta(index=0, id="c1", name="add", arguments=""),
        ToolCallDelta(index=0, id="", name="", arguments="{}"),
    ]


def test_the_older_function_call_is_a_call() -> None:
    """As OpenAI's first models made it; an empty one, as Snowflake sends, is none."""
    data = delta(function_call={"name": "add", "arguments": '{"a"'})
    data += delta(function_call={"arguments": ":1}"}) + delta(finish="function_call")
    response = collected(data)
    [call] = response.tool_calls
    assert (call.name, call.arguments) == ("add", '{"a":1}')
    assert response.stop_reason == "tool_calls"
    empty = whole({"content": "hi", "function_call": {"name": "", "arguments": ""}})
    assert collected(empty, stream=False).tool_calls == ()


def test_seals_of_calls_and_words_go_back_as_they_came() -> None:
    """Google's compatible format, streamed and whole."""
    seal = {"google": {"thought_signature": "s1"}}
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "add", "arguments": "{}"},
        "extra_content": seal,
    }
    message = {"content": "I add.", "tool_calls": [call], "extra_content": seal}
    expected = {"role": "assistant", **message}
    response = collected(whole(message), stream=False)
    assert response.parts == (
        Text("I add.", signature="s1", sealed_by="openai_chat"),
        ToolCall("c1", "add", "{}", signature="s1", sealed_by="openai_chat"),
    )
    assert sent_back(response) == expected
    assert sent_back(collected(delta(**message) + delta(finish="stop"))) == expected


DETAILS = [
    {"type": "reasoning.text", "text": "Hm. Four.", "signature": "sig", "index": 0, "format": "f"},
    {"type": "reasoning.encrypted", "data": "AAA", "id": "rs_1", "index": 1},
]


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
    for response in (collected(streamed), collected(whole(message), stream=False)):
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
    response = collected(
        delta(0, content="a")
        + delta(1, content="b")
        + delta(1, finish="length")
        + delta(0, content="c", finish="stop")
    )
    assert (response.text, response.stop_reason) == ("ac", "stop")
    assert [(each.text, each.stop_reason) for each in response.others] == [("b", "length")]


def test_a_choice_without_an_end_is_truncated() -> None:
    """Though another one has its end."""
    with pytest.raises(AnswerTruncated):
        decoded(delta(0, content="a", finish="stop") + delta(1, content="b"))


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
    assert collected(delta(content="x", finish=word)).stop_reason == reason


@pytest.mark.parametrize("word", ["error", "insufficient_system_resource", "network_error"])
def test_an_end_that_is_none_is_an_error(word: str) -> None:
    """Mistral's, DeepSeek's and Z.ai's."""
    with pytest.raises(AnswerInvalid, match="broke off") as invalid:
        decoded(whole({"content": "half of"}, finish=word), stream=False)
    assert word in invalid.value.why


def test_a_refusal_is_told_apart_from_text() -> None:
    """OpenAI ends it with `stop`; it is told as what it is."""
    data = delta(refusal="I can") + delta(refusal="not.") + delta(finish="stop")
    assert RefusalDelta("not.") in decoded(data)
    response = collected(data)
    assert (response.text, response.refused, response.stop_reason) == ("I cannot.", True, "refusal")
    parts = whole({"content": [{"type": "refusal", "refusal": "No."}]})
    assert collected(parts, stream=False).refused


def test_a_demanded_call_that_ends_with_stop_is_told_as_a_call() -> None:
    """OpenAI says `stop` where a function was named in the request."""
    data = delta(tool_calls=[piece(index=0, id="c", name="f", arguments="{}")], finish="stop")
    assert collected(data).stop_reason == "tool_calls"


def test_annotations_are_citations() -> None:
    """OpenAI's search models, with positions in the text."""
    source = {"url": "https://x", "title": "X", "start_index": 3, "end_index": 9}
    message = {
        "content": "as X says",
        "annotations": [{"type": "url_citation", "url_citation": source}],
    }
    [citation] = collected(whole(message), stream=False).citations
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
    response = collected(whole(message), stream=False)
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
        response = collected(whole(message), stream=False)
        [media] = [part for part in response.parts if isinstance(part, Media)]
        assert media.attachment.content == b"\x89PNG-picture"
        assert media.attachment.media_type == "image/png"
        assert media.attachment.digest == hashlib.sha256(b"\x89PNG-picture").hexdigest()
        assert sent_back(response)["images"] == [picture]


@pytest.mark.parametrize("url", ["https://x/a.png", "data:image/png;base64,###", "", "data:"])
def test_a_picture_that_is_not_here_is_kept_as_it_came(url: str) -> None:
    """Nothing is fetched, and nothing is lost."""
    picture = {"type": "image_url", "image_url": {"url": url}}
    response = collected(whole({"content": "look", "images": [picture]}), stream=False)
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
    for response in (collected(whole(message), stream=False), collected(streamed)):
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
    assert sent_back(collected(whole(message), stream=False))["content"] == message["content"]


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


@pytest.mark.parametrize(
    "fault",
    [
        {"error": {"message": "overloaded", "code": 502}},
        {"error": "overloaded"},
        {"object": "error", "message": "overloaded", "code": 502},
        {"message": "overloaded", "type": "server_error"},
        {"detail": "overloaded"},
        {"choices": [{"index": 0, "error": {"message": "overloaded"}, "finish_reason": "error"}]},
    ],
)
def test_errors_under_http_200_have_the_providers_words(fault: Json) -> None:
    """Whole and in mid-stream, after what came; OpenRouter, TGI, vLLM, proxies."""
    with pytest.raises(AnswerInvalid) as invalid:
        decoded(json.dumps(fault).encode(), stream=False)
    assert "overloaded" in invalid.value.why
    decoder = WIRE.decoder(stream=True)
    told = decoder.feed(delta(content="half") + b"event: error\n" + event(fault))
    assert TextDelta("half") in told
    for _ in range(2):
        with pytest.raises(AnswerInvalid) as invalid:
            decoder.feed(b"")
        assert "overloaded" in invalid.value.why
    with pytest.raises(AnswerInvalid):
        decoder.close()


RICH = (
    delta(reasoning="hmmß", reasoning_details=[DETAILS[0]])
    + delta(content="Grüße 🌟")
    + delta(1, content="b", finish="stop")
    + delta(tool_calls=[piece(index=0, id="c1", name="add", arguments='{"ü"')])
    + delta(tool_calls=[piece(index=0, arguments=": 1}")])
    + delta(audio={"id": "a", "data": PNG, "transcript": "x"})
    + delta(finish="tool_calls")
    + event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
    + b"data: [DONE]\n\n"
).replace(b"\n", b"\r\n")


@given(cuts=st.lists(st.integers(0, len(RICH)), max_size=12))
def test_any_cuts_of_a_rich_stream_give_the_same_events(cuts: list[int]) -> None:
    """Within a character, between CR and LF, several at one place."""
    assert decoded(RICH, cuts=cuts) == decoded(RICH)


@given(length=st.integers(0, len(RICH)))
def test_a_stream_cut_off_says_so_after_what_came(length: int) -> None:
    """Wherever it is cut; with every finish reason there, the answer is whole."""
    whole_answer = decoded(RICH)
    decoder = WIRE.decoder(stream=True)
    told = list(decoder.feed(RICH[:length]))
    assert told == whole_answer[: len(told)]
    ended = RICH.index(b'"finish_reason": "tool_calls"}]}') + len(
        b'"finish_reason": "tool_calls"}]}'
    )
    if length < ended:
        with pytest.raises(AnswerTruncated):
            decoder.close()
    else:
        assert [*told, *decoder.close()][-1] == Finished("stop", choice=1)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_server_that_knows_no_streams_is_understood(size: int) -> None:
    """It sends one object, or an error, though a stream was asked for."""
    data = b"\n " + whole({"content": "hi"})
    cuts = list(range(0, len(data), size))
    assert decoded(data, cuts=cuts)[1:] == [TextDelta("hi"), Finished("stop")]
    with pytest.raises(AnswerInvalid) as invalid:
        decoded(b'{"error": {"message": "no such model"}}')
    assert "no such model" in invalid.value.why


NAMES = """choices delta message content usage error index finish_reason text type thinking model id
tool_calls function name arguments function_call reasoning reasoning_details summary signature data
annotations url_citation url title start_index citations search_results logprobs token logprob
top_logprobs tokens token_logprobs images image_url audio transcript refusal executed_tools results
extra_content google thought_signature cost total_cost prompt_tokens x_groq detail""".split()
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(
        "stop error thinking text image_url reference url_citation reasoning.text data:,".split()
    )
)


def tables(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists, and objects with the names of the format."""
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)


ANYTHING = st.recursive(LEAVES, tables, max_leaves=12)


@given(
    messages=st.lists(st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=6), max_size=3),
    more=st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=3),
    stream=st.booleans(),
)
def test_no_message_of_any_shape_crashes_a_decoder(
    messages: list[Json], more: Json, stream: bool
) -> None:
    """Known names, at the places where they are read, with values of any type."""
    place = "delta" if stream else "message"
    choices = [{**message, place: message} for message in messages]
    answer = {**more, "choices": choices}
    data = event(answer) * 2 + b"data: [DONE]\n\n" if stream else json.dumps(answer).encode()
    try:
        response = collected(data, stream=stream)
    except ReckonError as error:
        assert error.what
        return
    sent_back(response)


def test_a_call_without_an_answers_name_still_has_an_id() -> None:
    """Drawn by lot then, so that two turns do not share one."""
    data = event({"choices": [{"delta": {"tool_calls": [piece(name="f", arguments="{}")]}}]})
    data += b"data: [DONE]\n\n"
    [first], [second] = collected(data).tool_calls, collected(data).tool_calls
    assert first.id and second.id and first.id != second.id


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
