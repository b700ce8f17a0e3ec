"""What the rows of providers and models say, as it reaches a request or a limiter."""

import json
import re
from typing import Any

import msgspec
import pytest

from reckon.catalogue.load import load
from reckon.errors import UnsupportedInput
from reckon.providers.limit_headers import limits_in
from reckon.providers.registry import wire_format
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import (
    Attachment,
    Media,
    MediaLink,
    Message,
    Part,
    Prompt,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

Json = dict[str, Any]
PICTURE = Attachment(media_type="image/png", modality="image", content=b"abc", digest="0")
SOUND = Attachment(media_type="audio/wav", modality="audio", content=b"abc", digest="0")
ASKED = (Message(role="user", parts=(Text("hi"),)),)
BREAKPOINT = {"prompt_cache_breakpoint": {"mode": "explicit"}}
EXPLICIT = {"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}}


def row(provider: str) -> Provider:
    """A provider as the catalogue has it."""
    return load().provider(provider)


def sent(provider: Provider, prompt: Prompt, model: Model | None = None) -> Json:
    """The body of a request."""
    model = model or Model(id="m", provider=provider.id, organization="o")
    call = wire_format(provider.wire).encode(
        prompt, model, provider, base_url="http://x", key=None, stream=False
    )
    return json.loads(call.body)


def turns(provider: str, *messages: tuple[Any, tuple[Part, ...]], **options: Any) -> list[Json]:
    """The messages of a request for chat completions."""
    made = tuple(Message(role=role, parts=parts) for role, parts in messages)
    return sent(row(provider), Prompt(messages=made, options=options))["messages"]


@pytest.mark.parametrize(
    ("provider", "headers", "windows"),
    [
        (
            "openai",
            {"x-ratelimit-limit-requests": "10000", "x-ratelimit-limit-tokens": "50000"},
            {"requests": 60, "tokens": 60},
        ),
        (
            "anthropic",
            {
                "anthropic-ratelimit-requests-limit": "4000",
                "anthropic-ratelimit-tokens-limit": "480000",
                "anthropic-ratelimit-input-tokens-limit": "400000",
                "anthropic-ratelimit-output-tokens-limit": "80000",
            },
            {"requests": 60, "tokens": 60, "input_tokens": 60, "output_tokens": 60},
        ),
        (
            "groq",
            {"x-ratelimit-limit-requests": "14400", "x-ratelimit-limit-tokens": "30000"},
            {"requests": 86_400, "tokens": 60},
        ),
        (
            "fireworks",
            {
                "x-ratelimit-limit-requests": "600",
                "x-ratelimit-limit-tokens-prompt": "3600000",
                "x-ratelimit-limit-tokens-generated": "36000",
            },
            {"requests": None, "input_tokens": 60, "output_tokens": 60},
        ),
    ],
)
def test_the_row_says_over_which_time_the_headers_count(
    provider: str, headers: dict[str, str], windows: dict[str, float | None]
) -> None:
    """Their names do not; what the provider does not document stays unknown."""
    found = limits_in(headers, now=1_800_000_000.0, windows=row(provider).limit_windows)
    assert {limit.counts: limit.window_s for limit in found.limits} == windows


@pytest.mark.parametrize(
    ("provider", "limit", "one_back_s"), [("openai", 10_000, 0.006), ("groq", 14_400, 6.0)]
)
def test_the_windows_agree_with_the_resets_that_servers_sent(
    provider: str, limit: int, one_back_s: float
) -> None:
    """A limit that fills steadily gives one request back after its share of the time."""
    assert row(provider).limit_windows["requests"] / limit == one_back_s


MARKED: tuple[Part, ...] = (Text("long", cache="5m"), Text("longer", cache="1h"), Text("short"))


def test_marks_for_the_cache_go_where_they_are_read() -> None:
    """OpenRouter passes them on; on tools too, and in every turn."""
    prompt = Prompt(
        messages=(
            Message(role="system", parts=(Text("rules", cache="5m"),)),
            Message(role="user", parts=MARKED),
            Message(role="assistant", parts=(Text("said", cache="5m"), ToolCall("c", "f", "{}"))),
            Message(role="user", parts=(ToolResult("c", (Text("4"),), cache="5m"),)),
        ),
        tools=(Tool(name="f", cache="1h"),),
    )
    body = sent(row("openrouter"), prompt)
    five, hour = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}
    assert [message["content"] for message in body["messages"]] == [
        [{"type": "text", "text": "rules", "cache_control": five}],
        [
            {"type": "text", "text": "long", "cache_control": five},
            {"type": "text", "text": "longer", "cache_control": hour},
            {"type": "text", "text": "short"},
        ],
        [{"type": "text", "text": "said", "cache_control": five}],
        [{"type": "text", "text": "4", "cache_control": five}],
    ]
    assert body["tools"][0]["cache_control"] == hour
    plain = sent(row("deepseek"), prompt)
    assert [message["content"] for message in plain["messages"]] == [
        "rules",
        [{"type": "text", "text": word} for word in ("long", "longer", "short")],
        "said",
        "4",
    ]
    assert "cache" not in json.dumps(plain)


@pytest.mark.parametrize(
    "part", [Media(PICTURE, cache="5m"), MediaLink("https://x/a.png", "image", cache="5m")]
)
def test_a_mark_on_media_is_refused_where_marks_are_read(part: Part) -> None:
    """It would be lost, and with it what the user pays; elsewhere it says nothing."""
    with pytest.raises(UnsupportedInput) as refused:
        turns("openrouter", ("user", (part,)))
    assert refused.value.what == "A cache mark on media cannot be sent."
    assert refused.value.why == "OpenRouter marks text and tools alone."
    assert refused.value.do == "Mark the text that follows: the cache covers all before it."
    assert "cache" not in json.dumps(turns("groq", ("user", (part,))))


@pytest.mark.parametrize("provider", ["openai", "openrouter"])
def test_openais_own_marks_are_sent_where_the_options_speak_of_them(provider: str) -> None:
    """On all that others say; the model's own words and tools have none there."""
    said = turns(
        provider,
        ("system", (Text("rules", cache="1h"),)),
        ("user", (Media(PICTURE, cache="5m"), Media(SOUND, cache="5m"), Text("look", cache="5m"))),
        ("assistant", (Text("said", cache="5m"), ToolCall("c", "f", "{}"))),
        ("user", (ToolResult("c", (Text("4"),), cache="5m"),)),
        **EXPLICIT,
    )
    assert said[0]["content"] == [{"type": "text", "text": "rules", **BREAKPOINT}]
    assert [part.get("prompt_cache_breakpoint") for part in said[1]["content"]] == [
        {"mode": "explicit"}
    ] * 3
    assert said[2]["content"] == "said"
    assert said[3]["content"] == [{"type": "text", "text": "4", **BREAKPOINT}]
    assert "cache_control" not in json.dumps(said)


SHORT = re.compile(r"[a-zA-Z0-9]{9}")


def conversation(*ids: str) -> tuple[tuple[Any, tuple[Part, ...]], ...]:
    """Calls of those ids, their results, and a word of the user's."""
    return (
        ("user", (Text("go"),)),
        ("assistant", tuple(ToolCall(each, "f", "{}") for each in ids)),
        ("user", (*(ToolResult(each, (Text("4"),)) for each in ids), Text("and now?"))),
    )


def test_ids_of_calls_are_made_short_where_they_must_be() -> None:
    """Those of another provider, in call and result alike, and always to the same."""
    ids = ("call_0fypS1hVXabc", "toolu_01A09q90qw90lq917835lq9", "D681PevKs", "rk0a1b2c3")
    _, calls, *results = turns("mistral", *conversation(*ids))
    given = [call["id"] for call in calls["tool_calls"]]
    assert all(SHORT.fullmatch(each) for each in given)
    assert len(set(given)) == len(ids)
    assert given[2:] == ["D681PevKs", "rk0a1b2c3"]
    assert [each["tool_call_id"] for each in results[:4]] == given
    again = turns("mistral", *conversation(*ids))
    assert [call["id"] for call in again[1]["tool_calls"]] == given
    [_, kept, *_] = turns("openai", *conversation(*ids))
    assert [call["id"] for call in kept["tool_calls"]] == list(ids)


def test_the_model_speaks_between_a_result_and_the_user_where_it_must() -> None:
    """Mistral refuses the user's turn there; a conversation without one is as it was."""
    said = turns("mistral", *conversation("D681PevKs", "D681PevKt"))
    assert [each["role"] for each in said] == [
        "user",
        "assistant",
        "tool",
        "tool",
        "assistant",
        "user",
    ]
    assert said[4] == {"role": "assistant", "content": "OK"}
    plain = turns("openai", *conversation("c1"))
    assert [each["role"] for each in plain] == ["user", "assistant", "tool", "user"]
    ended = turns("mistral", *conversation("c1")[:2], ("user", (ToolResult("c1", (Text("4"),)),)))
    assert ended[-1]["role"] == "tool"


def test_a_turn_that_was_left_out_does_not_count_as_the_models() -> None:
    """Sealed thoughts of another provider, between a result and the user's words."""
    thoughts = Reasoning("hm", "seal", sealed_by="anthropic")
    asked = conversation("c1")[:2]
    said = turns(
        "mistral",
        *asked,
        ("user", (ToolResult("c1", (Text("4"),)),)),
        ("assistant", (thoughts,)),
        ("user", (Text("and now?"),)),
    )
    assert [each["role"] for each in said[2:]] == ["tool", "assistant", "user"]


@pytest.mark.parametrize(
    ("provider", "effort", "expected"),
    [
        ("deepseek", "none", {"thinking": {"type": "disabled"}}),
        ("deepseek", "minimal", {"thinking": {"type": "enabled"}, "reasoning_effort": "low"}),
        ("deepseek", "medium", {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
        ("deepseek", "xhigh", {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
        ("deepseek", "max", {"thinking": {"type": "enabled"}, "reasoning_effort": "max"}),
        ("zai", "none", {"thinking": {"type": "disabled"}}),
        ("zai", "low", {"thinking": {"type": "enabled"}, "reasoning_effort": "low"}),
        ("zai", "xhigh", {"thinking": {"type": "enabled"}, "reasoning_effort": "max"}),
        ("moonshotai", "none", {"thinking": {"type": "disabled"}}),
        ("moonshotai", "medium", {"reasoning_effort": "high"}),
        ("openai", "none", {"reasoning_effort": "none"}),
        ("openai", "max", {"reasoning_effort": "xhigh"}),
        ("openrouter", "max", {"reasoning": {"effort": "max"}}),
    ],
)
def test_effort_is_asked_for_in_each_providers_words(
    provider: str, effort: Any, expected: Json
) -> None:
    """As its row says."""
    body = sent(row(provider), Prompt(messages=ASKED, effort=effort))
    assert {name: value for name, value in body.items() if name not in ("model", "messages")} == (
        expected
    )


def test_a_cap_on_reasoning_is_refused_where_a_switch_and_words_are_all() -> None:
    """With a sentence."""
    with pytest.raises(UnsupportedInput) as refused:
        sent(row("deepseek"), Prompt(messages=ASKED, reasoning_tokens=99))
    assert refused.value.why == "DeepSeek takes an effort at most."


def thinking(model: str, **asked: Any) -> Any:
    """What a model of the catalogue is told of how much to reason, by its native format."""
    found = load().find(model)
    body = sent(row(found.provider), Prompt(messages=ASKED, **asked), found)
    if found.provider == "google":
        return body.get("generationConfig", {}).get("thinkingConfig")
    return body.get("thinking"), body.get("output_config")


@pytest.mark.parametrize(
    ("effort", "budget"),
    [
        ("none", 0),
        ("minimal", 1024),
        ("low", 1024),
        ("medium", 8192),
        ("high", 24_576),
        ("xhigh", 24_576),
        ("max", 24_576),
    ],
)
def test_gemini_2_5_is_told_a_budget_for_an_effort(effort: Any, budget: int) -> None:
    """It refuses levels; the numbers are those of Google's own compatible endpoint."""
    expected: Json = {"thinkingBudget": budget} | ({"includeThoughts": True} if budget else {})
    for model in ("google/gemini-2.5-flash", "google/gemini-2.5-flash-preview-09-2025"):
        assert thinking(model, effort=effort) == expected
    assert thinking("google/gemini-2.5-pro", reasoning_tokens=500) == {
        "thinkingBudget": 500,
        "includeThoughts": True,
    }


def test_gemini_3_is_told_a_level() -> None:
    """As it was; so is a model that no row knows."""
    level = {"thinkingLevel": "LOW", "includeThoughts": True}
    assert thinking("google/gemini-3.8-flash", effort="low") == level
    assert thinking("google/some-new-model", effort="low") == level


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("anthropic/claude-sonnet-4-5", ({"type": "enabled", "budget_tokens": 8192}, None)),
        ("anthropic/claude-haiku-4-5", ({"type": "enabled", "budget_tokens": 8192}, None)),
        ("anthropic/claude-3-7-sonnet-latest", ({"type": "enabled", "budget_tokens": 8192}, None)),
        ("anthropic/claude-opus-4-5", (None, {"effort": "medium"})),
        ("anthropic/claude-opus-4-6", ({"type": "adaptive"}, {"effort": "medium"})),
        ("anthropic/claude-sonnet-4-6", ({"type": "adaptive"}, {"effort": "medium"})),
        ("anthropic/claude-sonnet-5", (None, {"effort": "medium"})),
        ("anthropic/some-new-model", (None, {"effort": "medium"})),
    ],
)
def test_claude_is_told_an_effort_as_each_generation_takes_it(model: str, said: Any) -> None:
    """A budget, a word, a word with leave to reason."""
    assert thinking(model, effort="medium") == said


@pytest.mark.parametrize(
    ("asked", "budget", "limit"),
    [
        ({"effort": "high"}, 24_576, 24_576 + 4096),
        ({"effort": "high", "max_output_tokens": 10_000}, 5000, 10_000),
        ({"effort": "high", "max_output_tokens": 1100}, 1024, 1100),
        ({"effort": "low", "max_output_tokens": 9000}, 1024, 9000),
        ({"effort": "low", "reasoning_tokens": 3000}, 3000, 3000 + 4096),
    ],
)
def test_a_budget_for_an_effort_leaves_room_for_the_answer(
    asked: Json, budget: int, limit: int
) -> None:
    """Half of the limit at least, which the format wants larger than the budget."""
    known = load().find("anthropic/claude-haiku-4-5")
    model = msgspec.structs.replace(known, max_output_tokens=None)
    body = sent(row("anthropic"), Prompt(messages=ASKED, **asked), model)
    assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert body["max_tokens"] == limit
    assert "output_config" not in body


def test_an_effort_that_does_not_fit_into_the_answer_is_refused() -> None:
    """The format takes no budget below 1024 tokens, nor one above the limit."""
    with pytest.raises(UnsupportedInput) as refused:
        thinking("anthropic/claude-haiku-4-5", effort="low", max_output_tokens=1024)
    assert refused.value.what == "The effort 'low' does not fit into an answer of 1024 tokens."
    assert refused.value.why == (
        "claude-haiku-4-5 is told its effort as at least 1024 tokens of reasoning, which count"
        " against the limit of the answer."
    )
    assert refused.value.do == "Raise the limit, or leave the effort out."


@pytest.mark.parametrize(
    "model", ["google/gemini-2.0-flash", "anthropic/claude-3-5-haiku-20241022"]
)
def test_a_model_that_does_not_reason_is_asked_for_no_effort(model: str) -> None:
    """None is what it does anyway, and not sent; anything else is refused with a sentence."""
    assert thinking(model, effort="none") in (None, (None, None))
    with pytest.raises(UnsupportedInput) as refused:
        thinking(model, effort="low")
    id_ = model.partition("/")[2]
    assert refused.value.what == f"The effort 'low' cannot be sent to {id_}."
    assert refused.value.why == "The model does not reason before it answers."
    assert refused.value.do == "Leave the effort out, or choose a model that reasons."


def test_a_users_row_of_a_model_says_its_own_style() -> None:
    """A field like any other, which the format reads."""
    found = load().find("google/gemini-3.8-flash")
    own = msgspec.structs.replace(found, effort_style="budget")
    body = sent(row("google"), Prompt(messages=ASKED, effort="low"), own)
    assert body["generationConfig"]["thinkingConfig"]["thinkingBudget"] == 1024
