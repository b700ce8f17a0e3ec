"""Calls of tools in the chat-completions format: the ways in which services send them.

Shapes that the recorded exchanges have are checked there; those here are built from the
documentation of the services that are named.
"""

import pytest
from openai_chat_wire import Json, calls, decoded, delta, event, piece, read, sent_back, whole

from reckon.vocabulary.prompt import Text, ToolCall
from reckon.vocabulary.response import ToolCallDelta

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
    response = read(data)
    [call] = response.tool_calls
    assert (call.name, call.arguments) == ("add", '{"a":1}')
    assert response.stop_reason == "tool_calls"
    empty = whole({"content": "hi", "function_call": {"name": "", "arguments": ""}})
    assert read(empty, stream=False).tool_calls == ()


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
    response = read(whole(message), stream=False)
    assert response.parts == (
        Text("I add.", signature="s1", sealed_by="openai_chat"),
        ToolCall("c1", "add", "{}", signature="s1", sealed_by="openai_chat"),
    )
    assert sent_back(response) == expected
    assert sent_back(read(delta(**message) + delta(finish="stop"))) == expected


def test_a_demanded_call_that_ends_with_stop_is_told_as_a_call() -> None:
    """OpenAI says `stop` where a function was named in the request."""
    data = delta(tool_calls=[piece(index=0, id="c", name="f", arguments="{}")], finish="stop")
    assert read(data).stop_reason == "tool_calls"


def test_a_call_without_an_answers_name_still_has_an_id() -> None:
    """Of what the answer says, so that a replay says the same, and another answer another."""

    def answer(created: int, arguments: str = "{}") -> bytes:
        called = {"tool_calls": [piece(name="f", arguments=arguments)]}
        first = event({"created": created, "choices": [{"delta": {"role": "assistant"}}]})
        return first + event({"choices": [{"delta": called}]}) + b"data: [DONE]\n\n"

    ids = [read(data).tool_calls[0].id for data in (answer(1), answer(2), answer(1, '{"a":1}'))]
    assert len(set(ids)) == 3
    assert all(len(each) == 9 for each in ids)
    whole_answer = decoded(answer(1))
    for cut in range(1, len(answer(1))):
        assert decoded(answer(1), cuts=[cut]) == whole_answer
