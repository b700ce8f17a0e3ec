"""Chat completions as real servers sent them: 94 recorded exchanges with 19 services.

What each says is read here a second time, by a small reading of its own, and compared.
"""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from wire_helpers import collected, fed_in_pieces

from reckon.errors import (
    AnswerInvalid,
    AuthError,
    ModelNotServed,
    ProviderError,
    RateLimited,
    RequestRefused,
)
from reckon.providers.openai_chat.wire import OpenAIChat
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Message, Prompt
from reckon.vocabulary.response import Choice, Event, Response
from recorded_wire import exchanges, needs_recordings

SERVICES = """openai azure-openai deepseek groq mistral openrouter cerebras crusoe huggingface
together ollama openai-compatible-local snowflake zai heroku gateway google bedrock-mantle
writer""".split()
WIRE = OpenAIChat()
MODEL = Model(id="m-1", provider="p", organization="o")
PROVIDER = Provider(id="p", name="The provider", wire="openai_chat")

Json = dict[str, Any]


def recorded() -> Iterator[Json]:
    """All exchanges of the format; Writer calls its address otherwise."""
    for exchange in exchanges(*SERVICES):
        path = urlsplit(exchange["request"]["url"]).path
        own = exchange["provider"] == "writer" and path == "/v1/chat"
        if path.endswith("/chat/completions") or own:
            yield exchange


EXCHANGES = list(recorded())
ERRORS = [each for each in EXCHANGES if each["response"]["status"] >= 400]
BROKEN = [each for each in EXCHANGES if "error_in_200" in each["features"]]
ANSWERS = [each for each in EXCHANGES if each not in ERRORS and each not in BROKEN]


def name_of(exchange: Json) -> str:
    """For the names of tests."""
    return f"{exchange['provider']}-{exchange['id']}"


def is_stream(exchange: Json) -> bool:
    """Whether the answer came in events."""
    return exchange["response"]["body"].lstrip()[:1] != "{"


def objects(exchange: Json) -> list[Json]:
    """Every JSON object of an answer."""
    body = exchange["response"]["body"]
    if not is_stream(exchange):
        return [json.loads(body)]
    data = [line[5:].strip() for line in body.split("\n") if line.startswith("data:")]
    return [json.loads(each) for each in data if each != "[DONE]"]


def decoded(exchange: Json, cuts: Iterable[int] = ()) -> list[Event]:
    """The events of an answer, fed in pieces that end at the cuts."""
    body = exchange["response"]["body"].encode()
    return fed_in_pieces(WIRE, body, stream=is_stream(exchange), cuts=cuts)


@dataclass
class Told:
    """What a choice says, by this file's own reading."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    calls: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    finish: str = ""

    @property
    def stop_reason(self) -> str:
        """As we name the end."""
        reason = {"eos": "stop", "": "unknown"}.get(self.finish, self.finish)
        if reason == "stop" and self.refusal:
            return "refusal"
        return "tool_calls" if reason == "stop" and self.calls else reason


def read(exchange: Json) -> dict[int, Told]:
    """The choices of an answer."""
    told: dict[int, Told] = {}
    for each in objects(exchange):
        for choice in each.get("choices", []):
            into = told.setdefault(choice["index"], Told())
            message = choice.get("delta" if is_stream(exchange) else "message", {})
            read_message(message, into)
            into.finish = choice.get("finish_reason") or into.finish
    return told


def read_message(message: Json, into: Told) -> None:
    """A message, or a piece of one."""
    content = message.get("content")
    if isinstance(content, list):
        thoughts = [inner["text"] for part in content for inner in part["thinking"]]
        into.reasoning += "".join(thoughts)
    else:
        into.text += content or ""
    details = message.get("reasoning_details") or []
    plain = message.get("reasoning_content") or message.get("reasoning")
    into.reasoning += plain or "".join(each.get("text", "") for each in details)
    into.refusal += message.get("refusal") or ""
    for place, call in enumerate(message.get("tool_calls") or []):
        number = place if call.get("index") is None else call["index"]
        known = into.calls.setdefault(number, ["", "", ""])
        known[0] += call.get("id", "")
        known[1] += call["function"].get("name", "")
        known[2] += call["function"]["arguments"] or ""


@needs_recordings
def test_every_service_is_there() -> None:
    """The number of exchanges, so that none is lost unseen."""
    assert {each["provider"] for each in EXCHANGES} == set(SERVICES)
    assert (len(ANSWERS), len(ERRORS), len(BROKEN)) == (79, 14, 1)


@pytest.mark.parametrize("exchange", ANSWERS, ids=name_of)
class TestAnswers:
    """Whatever a server said is told, once."""

    def test_text_reasoning_refusal_and_end(self, exchange: Json) -> None:
        """Of every choice."""
        response = collected(decoded(exchange))
        choices: list[Response | Choice] = [response, *response.others]
        for got, told in zip(choices, read(exchange).values(), strict=True):
            assert got.text == told.text + told.refusal
            assert got.reasoning == told.reasoning
            assert got.refused is bool(told.refusal)
            assert got.stop_reason == told.stop_reason

    def test_calls_of_tools(self, exchange: Json) -> None:
        """Ids, names and arguments; an id is made up where the server has none."""
        response = collected(decoded(exchange))
        choices: list[Response | Choice] = [response, *response.others]
        for got, told in zip(choices, read(exchange).values(), strict=True):
            for call, (id_, name, arguments) in zip(
                got.tool_calls, told.calls.values(), strict=True
            ):
                assert (call.name, call.arguments) == (name, arguments)
                assert call.id == id_ or (not id_ and len(call.id) == 9)

    def test_usage_and_model(self, exchange: Json) -> None:
        """The last usage that came; output that only the total counts is output."""
        response = collected(decoded(exchange))
        usages = [
            each.get("usage") or each.get("x_groq", {}).get("usage") for each in objects(exchange)
        ]
        models = [each["model"] for each in objects(exchange) if each["model"]]
        assert response.model == models[0]
        if not any(usages):
            assert response.usage.input_tokens is None
            return
        usage = [each for each in usages if each][-1]
        got = response.usage
        assert got.input_tokens == usage["prompt_tokens"]
        assert got.output_tokens == usage["total_tokens"] - usage["prompt_tokens"]
        sent = usage.get("prompt_tokens_details") or {}
        received = usage.get("completion_tokens_details") or {}
        cached = {usage.get(name) or 0 for name in ("num_cached_tokens", "cached_tokens")}
        cached |= {sent.get("cached_tokens") or 0, usage.get("prompt_cache_hit_tokens") or 0}
        assert got.cached_input_tokens == max(cached)
        assert got.cache_write_tokens == (sent.get("cache_write_tokens") or 0)
        hidden = usage["total_tokens"] - usage["prompt_tokens"] - usage["completion_tokens"]
        assert got.reasoning_tokens == max(received.get("reasoning_tokens") or 0, hidden)

    def test_cuts_change_nothing(self, exchange: Json) -> None:
        """Also within a character and between CR and LF."""
        size = len(exchange["response"]["body"].encode())
        chance = random.Random(exchange["id"])
        whole = decoded(exchange)
        for _ in range(3):
            cuts = sorted(chance.sample(range(size), min(60, size)))
            assert decoded(exchange, cuts) == whole

    def test_sent_back_it_says_what_came(self, exchange: Json) -> None:
        """Text, calls, sealed reasoning; as the turn before the next question."""
        response = collected(decoded(exchange))
        turn = Message(role="assistant", parts=response.parts)
        call = WIRE.encode(
            Prompt(messages=(turn,)), MODEL, PROVIDER, base_url="http://x", key=None, stream=False
        )
        # An answer without a word or a call is no turn to send.
        [sent] = json.loads(call.body)["messages"] or [{"content": ""}]
        told = next(iter(read(exchange).values()))
        assert (sent["content"] or "") == told.text + told.refusal
        calls = [list(each.values()) for each in sent.get("tool_calls", [])]
        assert [[each[2]["name"], each[2]["arguments"]] for each in calls] == [
            [name, arguments or "{}"] for _, name, arguments in told.calls.values()
        ]
        if is_stream(exchange):
            return
        message = objects(exchange)[0]["choices"][0].get("message", {})
        assert sent.get("reasoning_details") == message.get("reasoning_details")
        google = message.get("extra_content", {}).get("google", {})
        seal = sent.get("extra_content", {}).get("google", {})
        assert seal.get("thought_signature") == google.get("thought_signature")


@pytest.mark.parametrize("exchange", ERRORS, ids=name_of)
def test_errors_say_what_the_provider_said(exchange: Json) -> None:
    """With the class that the status calls for."""
    kinds: dict[int, type[ProviderError]] = {
        400: RequestRefused,
        401: AuthError,
        404: ModelNotServed,
        429: RateLimited,
    }
    response = exchange["response"]
    error = WIRE.error(
        response["status"], dict(response["headers"]), response["body"].encode(), MODEL, PROVIDER
    )
    assert type(error) is kinds[response["status"]]
    assert json.loads(response["body"])["error"]["message"][:300] in error.why
    assert error.retryable is (response["status"] == 429)


@pytest.mark.parametrize("exchange", BROKEN, ids=name_of)
def test_an_error_event_ends_an_answer_after_what_came(exchange: Json) -> None:
    """Groq's, under HTTP 200."""
    decoder = WIRE.decoder(stream=True)
    events = list(decoder.feed(exchange["response"]["body"].encode()))
    told = next(iter(read(exchange).values()))
    assert told.reasoning
    assert collected(events).reasoning == told.reasoning
    with pytest.raises(AnswerInvalid) as invalid:
        decoder.close()
    assert "Tool choice is required, but model did not call a tool" in invalid.value.why


def one(identity: str) -> Response:
    """The response of one exchange."""
    return collected(decoded(next(each for each in EXCHANGES if each["id"] == identity)))


@needs_recordings
def test_sources_of_a_search_are_told() -> None:
    """OpenRouter's annotations, with no made-up positions."""
    response = one("w-6aa6531851dc")
    assert response.citations[0].url == "https://github.com/pydantic/pydantic-ai"
    assert response.citations[0].title == "AI Agent Framework, the Pydantic way - GitHub"
    assert response.citations[0].start is None
    assert len(response.citations) == 5
    assert response.usage.web_searches == 1


@needs_recordings
def test_sources_that_groq_searched_are_told() -> None:
    """From the tools that it ran itself."""
    citations = one("w-025a784d2a80").citations
    assert len(citations) == 16
    assert all(each.url.startswith("http") and each.quote for each in citations)


JOKE = "Why don't scientists trust atoms?\n\nBecause they make up everything!"


@needs_recordings
def test_two_choices_are_told_apart() -> None:
    """`n` of 2."""
    response = one("w-e7ccf5695f06")
    assert len(response.others) == 1
    assert response.text == response.others[0].text == JOKE


@needs_recordings
def test_seals_of_streamed_reasoning_are_joined_and_kept() -> None:
    """Claude's, through OpenRouter, in six pieces."""
    [part] = [part for part in one("w-df4b0b21b91d").parts if hasattr(part, "wire")]
    [detail] = part.data["reasoning_details"]
    assert detail["text"] == "This is a simple arithmetic question. 2+2 equals 4."
    assert detail["signature"].startswith("Et0BCkgIChAC")


@needs_recordings
def test_a_parsed_file_goes_back_so_that_it_is_not_read_again() -> None:
    """OpenRouter's annotation of a PDF."""
    [part] = [part for part in one("w-f5d9f0841d3b").parts if hasattr(part, "wire")]
    assert part.data["annotations"][0]["file"]["name"] == "filename.pdf"
    assert [each["type"] for each in part.data["reasoning_details"]] == [
        "reasoning.summary",
        "reasoning.encrypted",
    ]


@needs_recordings
def test_usage_by_hand() -> None:
    """Google's total holds reasoning that its output lacks; OpenRouter tells the bill."""
    google = one("w-eb810bd19a7d").usage
    assert (google.input_tokens, google.output_tokens, google.reasoning_tokens) == (35, 74, 62)
    router = one("w-f5d9f0841d3b").usage
    assert (router.input_tokens, router.output_tokens, router.reasoning_tokens) == (31, 80, 64)
    assert router.reported_cost_pico == 2_167_750_000
