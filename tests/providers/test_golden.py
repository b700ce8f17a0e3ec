"""The golden exchanges: what each answer means, however its bytes are cut, and what was asked.

Their expectations are written by hand; `tests/golden/README.md` says how.
"""

import json
import random
from typing import Any

import msgspec
import pytest
from goldens import WIRES, Golden, all_exchanges, differences, outcome, read

from reckon.providers import registry
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.response import Response

MODEL = Model(id="m", provider="p", organization="o")
PLACES = 20
"""Random cuts in two of each answer, beside the one that cuts at every byte."""

GOLDENS = [pytest.param(wire, golden, id=golden.id) for wire, golden in all_exchanges()]
ANSWERED = [each for each in GOLDENS if not each.values[1].failed]
FAILED = [each for each in GOLDENS if each.values[1].failed]
ASKED = [each for each in GOLDENS if each.values[1].request]


def provider(wire: str) -> Provider:
    """A provider that speaks the format."""
    return Provider(id="p", name="P", wire=wire)


@pytest.mark.parametrize(("wire", "golden"), ANSWERED)
def test_an_answer_means_what_was_written_down(wire: str, golden: Golden) -> None:
    """In one piece: text, calls, reasoning, usage, end, or the error within it."""
    assert differences(golden, *outcome(wire, [golden.response.data], stream=golden.stream)) == {}


@pytest.mark.parametrize(("wire", "golden"), ANSWERED)
def test_an_answer_means_the_same_cut_at_every_byte(wire: str, golden: Golden) -> None:
    """Byte by byte, and in two at random places."""
    data = golden.response.data
    pieces = [data[place : place + 1] for place in range(len(data))]
    assert differences(golden, *outcome(wire, pieces, stream=golden.stream)) == {}
    for place in random.Random(golden.id).choices(range(len(data) + 1), k=PLACES):
        halves = [data[:place], data[place:]]
        assert differences(golden, *outcome(wire, halves, stream=golden.stream)) == {}, place


@pytest.mark.parametrize(("wire", "golden"), FAILED)
def test_a_status_and_a_body_have_their_error(wire: str, golden: Golden) -> None:
    """Its kind, whether and when to try again, and the provider's own words."""
    answer = golden.response
    error = registry.wire_format(wire).error(
        answer.status, answer.fresh_headers(), answer.data, MODEL, provider(wire)
    )
    assert differences(golden, Response(text=""), error) == {}


@pytest.mark.parametrize(("wire", "golden"), ASKED)
def test_a_prompt_is_asked_in_the_words_that_were_written_down(wire: str, golden: Golden) -> None:
    """Path and body, from the prompt."""
    request = golden.request
    assert request is not None
    call = registry.wire_format(wire).encode(
        request.asked(),
        MODEL,
        provider(wire),
        base_url="http://x/v1",
        key=None,
        stream=golden.stream,
    )
    root = "http://x" if wire == "ollama" else "http://x/v1"
    assert call.url == root + request.path
    assert json.loads(call.body) == request.body


def test_every_exchange_says_where_it_is_from() -> None:
    """And no two have the same name."""
    names: list[str] = []
    for wire in WIRES:
        for golden in read(wire):
            names.append(golden.id)
            assert golden.label.startswith(
                ("recorded: llama.cpp ", "synthetic: from documentation https://")
            ), golden.id
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("wire", "golden"), ANSWERED)
def test_an_expectation_that_is_left_out_is_missed(wire: str, golden: Golden) -> None:
    """All that comes out must be written down: the judge of these tests is judged."""
    got = outcome(wire, [golden.response.data], stream=golden.stream)
    for name in golden.expect.keys() - {"model", "request_id"}:
        if golden.expect[name] == "unknown":
            continue
        rest = {other: golden.expect[other] for other in golden.expect if other != name}
        assert differences(msgspec.structs.replace(golden, expect=rest), *got), name


@pytest.mark.parametrize("wire", ["openai_chat", "openai_responses", "anthropic"])
def test_what_was_recorded_can_be_recorded_anew(wire: str) -> None:
    """By the script that did, with the same meaning; a newer engine shows here."""
    import record

    rows = record.record(wire)
    assert [row["id"] for row in rows] == [
        golden.id for golden in read(wire) if golden.label.startswith("recorded: ")
    ]
    for row in rows:
        golden = msgspec.convert(row, Golden)
        if not golden.failed:
            assert (
                differences(golden, *outcome(wire, [golden.response.data], stream=golden.stream))
                == {}
            )


def features(wire: str) -> set[str]:
    """What is expected somewhere in the exchanges of a format."""
    found: set[str] = set()
    for golden in read(wire):
        expect: dict[str, Any] = golden.expect
        found |= expect.keys()
        found |= {f"usage.{name}" for name in expect.get("usage", ())}
        found |= {f"stop.{expect.get('stop_reason')}"}
        if "error" in expect:
            found |= {f"status.{golden.response.status}", f"kind.{expect['error']['kind']}"}
    return found


COMMON = """text reasoning tool_calls logprobs usage.input_tokens usage.output_tokens stop.stop
stop.length stop.tool_calls stop.unknown status.200 status.403 status.404 status.413 status.429
status.500 status.503 kind.AnswerTruncated kind.AuthError kind.ModelNotServed kind.RateLimited
kind.RequestRefused kind.ProviderDown kind.ProviderError kind.AnswerInvalid""".split()
OWN = {
    "openai_chat": """refused citations others carried stop.refusal stop.content_filter status.402
        status.408 status.409 status.498 usage.cached_input_tokens usage.cache_write_tokens
        usage.reported_cost_pico""",
    "openai_responses": """refused citations sealed carried stop.refusal stop.content_filter
        usage.cached_input_tokens usage.reasoning_tokens usage.web_searches""",
    "anthropic": """refused citations sealed carried stop.refusal stop.pause status.402 status.529
        usage.cached_input_tokens usage.cache_write_tokens usage.cache_write_1h_tokens
        usage.web_searches""",
    "gemini": """refused citations text_signature others carried stop.content_filter status.504
        usage.video_input_tokens usage.image_output_tokens usage.web_searches""",
    "ollama": "status.401 status.408 status.502",
}
NEVER_TOLD = {
    "openai_responses": {"stop.unknown"},
    "anthropic": {"logprobs", "status.503"},
}
"""What a format has no words for, or a provider never sends."""


@pytest.mark.parametrize("wire", WIRES)
def test_the_exchanges_of_a_format_cover_what_it_can_say(wire: str) -> None:
    """So that none is lost unseen."""
    wanted = {*COMMON, *OWN[wire].split()} - NEVER_TOLD.get(wire, set())
    assert wanted - features(wire) == set()
