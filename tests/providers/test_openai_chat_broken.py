"""Chat completions that break off, fail, are cut anywhere, or are none.

All shapes are built from documentation.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai_chat_wire import (
    DETAILS,
    PNG,
    WIRE,
    Json,
    decoded,
    delta,
    event,
    piece,
    read,
    sent_back,
    whole,
)

from reckon.errors import AnswerInvalid, AnswerTruncated, ReckonError
from reckon.vocabulary.response import Finished, TextDelta, UsageSeen


def test_a_choice_without_an_end_is_truncated() -> None:
    """Though another one has its end."""
    with pytest.raises(AnswerTruncated):
        decoded(delta(0, content="a", finish="stop") + delta(1, content="b"))


def test_what_an_answer_used_before_it_broke_off_is_told_with_the_error() -> None:
    """OpenRouter bills it, and says so in the event of the error."""
    fault = {"error": {"code": 400, "message": "Token limit reached"}, "choices": [{"delta": {}}]}
    decoder = WIRE.decoder(stream=True)
    usage = {"prompt_tokens": 43, "completion_tokens": 10, "cost": 0.5}
    events = decoder.feed(delta(0, content="a") + event(fault | {"usage": usage}))
    [told] = [each.usage for each in events if isinstance(each, UsageSeen)]
    assert (told.input_tokens, told.output_tokens) == (43, 10)
    assert told.reported_cost_pico == 500_000_000_000
    with pytest.raises(AnswerInvalid, match="broke off"):
        decoder.close()


@pytest.mark.parametrize("word", ["error", "insufficient_system_resource", "network_error"])
def test_an_end_that_is_none_is_an_error(word: str) -> None:
    """Mistral's, DeepSeek's and Z.ai's."""
    with pytest.raises(AnswerInvalid, match="broke off") as invalid:
        decoded(whole({"content": "half of"}, finish=word), stream=False)
    assert word in invalid.value.why


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
        response = read(data, stream=stream)
    except ReckonError as error:
        assert error.what
        return
    sent_back(response)
