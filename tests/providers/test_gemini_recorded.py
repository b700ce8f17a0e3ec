"""Every recorded exchange of Gemini's generateContent, read a second way and compared."""

import base64
import json
from typing import Any

import pytest
from gemini_wire import MODEL, PROVIDER, WIRE, fed, turns, whole
from hypothesis import given
from hypothesis import strategies as st
from wire_helpers import collected

from reckon.errors import RequestRefused
from reckon.vocabulary.prompt import Message, Prompt, Text
from reckon.vocabulary.response import Response
from recorded_wire import exchanges, needs_recordings

SERVICES = ("google", "google-vertex", "gateway")
MEANT = {"STOP": "stop", 1: "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter"}
MODALITIES = ["", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT"]


EXCHANGES = [
    each
    for each in exchanges(*SERVICES)
    if each["endpoint"].endswith(("generateContent", "GenerateContent"))
]

pytestmark = needs_recordings


def recorded(*, good: bool) -> list[Any]:
    """Exchanges as parameters."""
    return [
        pytest.param(each, id=each["id"])
        for each in EXCHANGES
        if (each["response"]["status"] == 200) == good
    ]


def body_of(exchange: dict[str, Any]) -> bytes:
    """The bytes that came."""
    response = exchange["response"]
    if "body_base64" in response:
        return base64.b64decode(response["body_base64"])
    return response["body"].encode()


def is_stream(exchange: dict[str, Any]) -> bool:
    """Whether a stream was asked for."""
    return "streamGenerateContent" in exchange["request"]["url"]


def pieces(exchange: dict[str, Any]) -> list[dict[str, Any]]:
    """The responses of an answer: one, those of an array, or those of events."""
    body = body_of(exchange).decode()
    if body.lstrip().startswith(("[", "{")):
        found = json.loads(body)
        return found if isinstance(found, list) else [found]
    return [json.loads(line[5:]) for line in body.splitlines() if line.startswith("data:")]


def read_apart(answer: list[dict[str, Any]]) -> dict[str, Any]:
    """What an answer says, read as plainly as can be."""
    candidates = [each["candidates"][0] for each in answer if each.get("candidates")]
    parts = [part for each in candidates for part in each["content"].get("parts", [])]
    counts: dict[str, Any] = {}
    for each in answer:
        counts |= each.get("usageMetadata", {})
    by_kind = dict.fromkeys(MODALITIES, 0)
    for row in counts.get("promptTokensDetails", []):
        kind = row["modality"]
        by_kind[MODALITIES[kind] if isinstance(kind, int) else kind] += row.get("tokenCount", 0)
    for row in counts.get("toolUsePromptTokensDetails", []):
        by_kind[row["modality"]] += row.get("tokenCount", 0)
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    reason = next(each["finishReason"] for each in candidates if "finishReason" in each)
    input_tokens = counts["promptTokenCount"] + counts.get("toolUsePromptTokenCount", 0)
    return {
        "model": answer[0].get("modelVersion"),
        "id": answer[0].get("responseId"),
        "text": "".join(part.get("text", "") for part in parts if not part.get("thought")),
        "reasoning": "".join(part.get("text", "") for part in parts if part.get("thought")),
        "calls": [(call["name"], call.get("args", {})) for call in calls],
        "seals": [part["thoughtSignature"] for part in parts if "thoughtSignature" in part],
        "reason": "tool_calls" if calls and MEANT[reason] == "stop" else MEANT[reason],
        "input": input_tokens,
        "output": counts["totalTokenCount"] - input_tokens,
        "cached": counts.get("cachedContentTokenCount", 0),
        "thoughts": counts.get("thoughtsTokenCount", 0),
        "audio": by_kind["AUDIO"],
        "image": by_kind["IMAGE"] + by_kind["DOCUMENT"],
        "video": by_kind["VIDEO"],
    }


def read_by_us(response: Response) -> dict[str, Any]:
    """What our response says."""
    usage = response.usage
    content = turns(("assistant", response.parts))["contents"]
    parts = content[0]["parts"] if content else []
    return {
        "model": response.model,
        "id": response.request_id,
        "text": response.text,
        "reasoning": response.reasoning,
        "calls": [(call.name, json.loads(call.arguments)) for call in response.tool_calls],
        "seals": [part["thoughtSignature"] for part in parts if "thoughtSignature" in part],
        "reason": response.stop_reason,
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cached": usage.cached_input_tokens,
        "thoughts": usage.reasoning_tokens,
        "audio": usage.audio_input_tokens,
        "image": usage.image_input_tokens,
        "video": usage.video_input_tokens,
    }


@pytest.mark.parametrize("exchange", recorded(good=True))
def test_a_recorded_answer_says_what_a_plain_reading_finds(exchange: dict[str, Any]) -> None:
    """Text, thoughts, calls, seals, reason and usage."""
    events = fed(body_of(exchange), stream=is_stream(exchange))
    assert read_by_us(collected(events)) == read_apart(pieces(exchange))


@pytest.mark.parametrize("exchange", recorded(good=True))
def test_a_recorded_answer_says_the_same_whole_and_streamed(exchange: dict[str, Any]) -> None:
    """As one document, as an array, and as events with each line end."""
    answer = pieces(exchange)
    lines = [f"data: {json.dumps(each)}" for each in answer]
    expected = read_apart(answer)
    assert read_by_us(collected(whole(answer))) == expected
    assert read_by_us(collected(fed(json.dumps(answer).encode(), stream=True))) == expected
    for end in ("\n\n", "\r\n\r\n", "\r\r"):
        data = "".join(line + end for line in lines).encode()
        assert read_by_us(collected(fed(data, stream=True))) == expected


@pytest.mark.parametrize("exchange", recorded(good=True))
@given(numbers=st.lists(st.integers(0, 10**9), max_size=6))
def test_a_recorded_answer_may_be_cut_anywhere(
    exchange: dict[str, Any], numbers: list[int]
) -> None:
    """The pieces of the network say nothing."""
    data, stream = body_of(exchange), is_stream(exchange)
    cuts = [number % (len(data) + 1) for number in numbers]
    assert fed(data, stream=stream, cuts=cuts) == fed(data, stream=stream)


@pytest.mark.parametrize("exchange", recorded(good=True))
def test_a_recorded_answer_goes_back_as_it_came(exchange: dict[str, Any]) -> None:
    """Part by part where it came whole; a stream's texts are joined."""
    answer = pieces(exchange)
    response = collected(fed(body_of(exchange), stream=is_stream(exchange)))
    content = turns(("assistant", response.parts))["contents"]
    back = content[0]["parts"] if content else []
    came: list[dict[str, Any]] = []
    for piece in answer:
        for part in piece["candidates"][0]["content"].get("parts", []):
            said = set(part) <= {"text", "thoughtSignature"}
            if said and came and set(came[-1]) == {"text"}:
                came[-1] = {**part, "text": came[-1]["text"] + part["text"]}
            elif part != {"text": ""}:
                came.append(part)
    assert back == came


@pytest.mark.parametrize("exchange", recorded(good=True))
def test_a_recorded_answer_fits_the_official_types_when_it_goes_back(
    exchange: dict[str, Any],
) -> None:
    """Each turn that we send back is one that Google's own client would send."""
    types = pytest.importorskip("google.genai.types")
    response = collected(fed(body_of(exchange), stream=is_stream(exchange)))
    for content in turns(("assistant", response.parts))["contents"]:
        types.Content.model_validate(content)


@pytest.mark.parametrize("exchange", recorded(good=False))
def test_a_recorded_error_is_told_with_googles_words(exchange: dict[str, Any]) -> None:
    """All of them are refused requests."""
    error = WIRE.error(exchange["response"]["status"], {}, body_of(exchange), MODEL, PROVIDER)
    assert isinstance(error, RequestRefused)
    message = json.loads(body_of(exchange))["error"]["message"]
    assert " ".join(message.split())[:100] in error.why


def test_the_address_is_the_recorded_one() -> None:
    """At the Gemini API and at Vertex AI, whole and streamed."""
    addresses = {(each["request"]["url"].partition("?")[0], is_stream(each)) for each in EXCHANGES}
    for url, stream in addresses:
        base, _, rest = url.rpartition("/models/")
        model = type(MODEL)(id=rest.partition(":")[0], provider="google", organization="google")
        prompt = Prompt(messages=(Message(role="user", parts=(Text("x"),)),))
        call = WIRE.encode(prompt, model, PROVIDER, base_url=base, key="k", stream=stream)
        assert call.url.partition("?")[0] == url
