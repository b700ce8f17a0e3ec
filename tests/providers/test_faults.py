"""What the errors of providers mean. All bodies are built from the documentation."""

import json
from typing import Any

import pytest

from reckon.errors import (
    AnswerBrokenOff,
    AuthError,
    ContextOverflow,
    ModelNotServed,
    ProviderDown,
    ProviderError,
    RateLimited,
    RequestRefused,
)
from reckon.providers.faults import broken_off, error_inside, provider_error
from reckon.vocabulary.limits import Limit, RateLimits
from reckon.vocabulary.model import Model, Provider

MODEL = Model(id="m", provider="p", organization="o")
PROVIDER = Provider(id="p", name="P", wire="openai_chat", limit_windows={"requests": 86_400})


def fault(status: int, error: Any, **headers: str) -> ProviderError:
    """The error for an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return provider_error(status, named, json.dumps({"error": error}).encode(), MODEL, PROVIDER)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (402, {"message": "Insufficient Balance"}),
        (429, {"code": "insufficient_quota", "message": "You exceeded your current quota"}),
        (429, {"code": "credit_balance_exhausted"}),
        (400, {"code": "billing_hard_limit_reached"}),
        (
            400,
            {
                "type": "invalid_request_error",
                "message": "Your credit balance is too low to access the Anthropic API.",
            },
        ),
    ],
)
def test_an_empty_account_is_final(status: int, error: Any) -> None:
    """No waiting cures it."""
    found = fault(status, error)
    assert type(found) is RateLimited
    assert not found.retryable
    assert found.what == "The account at P has no credit left."
    assert "Add credit" in found.do


@pytest.mark.parametrize(
    "error",
    [
        {"details": [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject-FreeTier"}]}]},
        {"message": "Rate limit reached for model `x` on requests per day (RPD): Limit 1000"},
        {"message": "Rate limit reached for model `x` on tokens per day (TPD): Limit 100000"},
        {"code": 429, "message": "Rate limit exceeded: free-models-per-day"},
    ],
    ids=["gemini", "groq requests", "groq tokens", "openrouter"],
)
def test_a_quota_of_the_day_is_final(error: Any) -> None:
    """The wait that it asks for is kept."""
    found = fault(429, error, retry_after="432")
    assert type(found) is RateLimited
    assert (found.retryable, found.retry_after_s) == (False, 432)
    assert found.what == "The quota of the day at P is used up."


@pytest.mark.parametrize(
    ("status", "error", "tokens", "limit"),
    [
        (
            400,
            {
                "code": "context_length_exceeded",
                "message": "This model's maximum context length is 128000 tokens. However, your"
                " messages resulted in 150001 tokens. Please reduce the length of the messages.",
            },
            150_001,
            128_000,
        ),
        (400, {"message": "prompt is too long: 210000 tokens > 200000 maximum"}, 210_000, 200_000),
        (
            400,
            {"message": "input length and `max_tokens` exceed context limit: 190 + 20 > 200, ..."},
            210,
            200,
        ),
        (
            400,
            {
                "message": "The input token count (1,200,000) exceeds the maximum number of tokens"
                " allowed (1,048,576)."
            },
            1_200_000,
            1_048_576,
        ),
        (
            400,
            {"type": "exceed_context_size_error", "n_prompt_tokens": 9017, "n_ctx": 2048},
            9017,
            2048,
        ),
        (
            400,
            {"message": "Please reduce the length of the messages or completion."},
            None,
            None,
        ),
        (
            422,
            {
                "message": "Input validation error: `inputs` tokens + `max_new_tokens` must be"
                " <= 8193. Given: 9000 `inputs` tokens and 1000 `max_new_tokens`"
            },
            9000,
            8193,
        ),
        (
            400,
            {
                "message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model"
                " with 32768 maximum context length"
            },
            40_000,
            32_768,
        ),
        (
            400,
            {
                "message": "This model's maximum prompt length is 131072 but the request contains"
                " 140000 tokens."
            },
            140_000,
            131_072,
        ),
    ],
    ids="openai anthropic anthropic-output gemini llama.cpp groq together mistral xai".split(),
)
def test_a_prompt_that_is_too_long_says_so(
    status: int, error: Any, tokens: int | None, limit: int | None
) -> None:
    """With the counts, where they are stated."""
    found = fault(status, error)
    assert type(found) is ContextOverflow
    assert found.what == "The prompt does not fit into the context of m."
    assert "--min-context" in found.do
    assert (found.tokens, found.limit_tokens) == (tokens, limit)
    assert not found.retryable


def test_a_request_larger_than_the_limit_of_a_minute_is_not_waited_for() -> None:
    """Groq says it with 413, OpenAI with 429."""
    for status in (413, 429):
        found = fault(status, {"message": "Request too large for gpt-4 on tokens per min (TPM)"})
        assert type(found) is RequestRefused
        assert not found.retryable


@pytest.mark.parametrize(
    ("status", "error", "kind", "overloaded"),
    [
        (408, {}, ProviderDown, False),
        (409, {}, ProviderDown, False),
        (429, {}, RateLimited, False),
        (429, {"code": "slow_down"}, RateLimited, True),
        (498, {"code": "capacity_exceeded"}, ProviderDown, True),
        (500, {}, ProviderDown, False),
        (503, {"code": "server_is_overloaded"}, ProviderDown, True),
        (503, {"status": "UNAVAILABLE"}, ProviderDown, True),
        (529, {"type": "overloaded_error"}, ProviderDown, True),
    ],
)
def test_what_passes_is_retryable_and_overload_is_told(
    status: int, error: Any, kind: type[ProviderError], overloaded: bool
) -> None:
    """An overloaded server is left alone for longer."""
    found = fault(status, error)
    assert type(found) is kind
    assert found.retryable
    assert found.overloaded is overloaded


def test_what_the_server_says_of_retries_wins() -> None:
    """Both ways."""
    assert not fault(429, {}, x_should_retry="false").retryable
    assert not fault(500, {}, x_should_retry="false").retryable
    assert fault(400, {}, x_should_retry="true").retryable


def test_a_wait_is_found_wherever_it_stands() -> None:
    """In a header, in Google's details, in the message."""
    details = {"details": [{"@type": "x/google.rpc.RetryInfo", "retryDelay": "22.5s"}]}
    assert fault(429, details).retry_after_s == 22.5
    assert fault(429, details, retry_after="3").retry_after_s == 3
    told = {"message": "Rate limit reached for gpt on requests per min. Please try again in 1m20s."}
    assert fault(429, told).retry_after_s == 80
    assert fault(429, {"details": [{"retryDelay": "soon"}]}).retry_after_s is None


def test_limits_travel_with_the_error() -> None:
    """From its headers, from the provider's row, and from those that a router passes on."""
    found = fault(429, {}, x_ratelimit_remaining_requests="0", x_request_id="r")
    assert found.limits == RateLimits(
        limits=(Limit(counts="requests", window_s=86_400, remaining=0),), request_id="r"
    )
    routed = fault(429, {"code": 429, "metadata": {"headers": {"X-RateLimit-Remaining": "0"}}})
    assert routed.limits.of("requests")[0].remaining == 0


def inside(told: dict[str, Any]) -> ProviderError:
    """An error under HTTP 200, of which nothing came before."""
    limits = RateLimits(wait_s=30, should_retry=False)
    return error_inside(broken_off(told), limits, MODEL, PROVIDER)


@pytest.mark.parametrize(
    ("told", "kind", "retryable"),
    [
        ({"error": {"type": "server_error", "message": "x"}}, ProviderDown, True),
        ({"type": "error", "error": {"type": "overloaded_error"}}, ProviderDown, True),
        ({"type": "error", "error": {"type": "rate_limit_error"}}, RateLimited, True),
        ({"error": {"code": 429, "message": "Provider returned error"}}, RateLimited, True),
        ({"error": {"code": 503, "status": "UNAVAILABLE"}}, ProviderDown, True),
        ({"type": "error", "code": "rate_limit_exceeded", "message": "x"}, RateLimited, True),
        ({"error": {"code": "insufficient_quota"}}, RateLimited, False),
        ({"error": {"type": "authentication_error"}}, AuthError, False),
        ({"error": {"code": "tool_use_failed", "status_code": 400}}, RequestRefused, False),
        ({"error": {"code": "context_length_exceeded"}}, ContextOverflow, False),
        ({"message": "bad", "type": "BadRequestError", "code": 400}, RequestRefused, False),
        ({"error": "model runner has stopped"}, AnswerBrokenOff, False),
    ],
)
def test_an_error_under_http_200_is_judged_like_any_other(
    told: dict[str, Any], kind: type[ProviderError], retryable: bool
) -> None:
    """The headers came while all was well: their wait is not obeyed. What does not say what it is
    may have been billed."""
    found = inside(told)
    assert type(found) is kind
    assert found.retryable is retryable
    assert (found.status, found.retry_after_s) == (None, None)
    assert kind is AnswerBrokenOff or found.why.startswith("Inside an answer under HTTP 200")


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_model_that_is_not_there_is_told_whatever_the_status(status: int) -> None:
    """Responses says it with 400, and OpenAI with 403 of a model that the key may not use."""
    error = {"code": "model_not_found", "message": "The requested model 'm' does not exist."}
    found = fault(status, error)
    assert type(found) is ModelNotServed
    assert not found.retryable
    assert [found.what, found.why, found.do] == [
        "P does not serve m at this address.",
        f"HTTP {status}: The requested model 'm' does not exist.",
        "See `reckon models --provider p`, and check the base URL.",
    ]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"code": "content_filter", "message": "x"}),
        (400, {"code": "content_policy_violation", "message": "x"}),
        (400, {"message": "Filtered by the content management policy."}),
        (400, {"code": "invalid_prompt", "message": "It may violate our usage policy."}),
        (403, {"code": 403, "message": "m needs moderation. Your input was flagged for x."}),
    ],
)
def test_a_prompt_that_is_refused_for_its_content_says_so(status: int, error: Any) -> None:
    """It is final, and neither the key's fault nor the options'."""
    found = fault(status, error)
    assert type(found) is RequestRefused
    assert not found.retryable
    assert found.what == "P refused the prompt for its content."
    assert found.do == "Change the prompt, or what is attached; trying again does not help."


def test_a_content_filter_inside_an_answer_is_final() -> None:
    """As Azure says it under HTTP 200; after a part of the answer the remedy is the same."""
    told = {"error": {"code": "content_filter", "message": "The response was filtered."}}
    found = inside(told)
    assert type(found) is RequestRefused
    assert not found.retryable
    assert [found.what, found.why, found.do] == [
        "P refused the prompt for its content.",
        "Inside an answer under HTTP 200: The response was filtered. (content_filter).",
        "Change the prompt, or what is attached; trying again does not help.",
    ]
    assert broken_off(told).do == found.do


def test_a_limit_of_tokens_inside_an_answer_is_an_overflow() -> None:
    """As OpenRouter says it in a stream."""
    told = {"error": {"code": 400, "message": "Token limit reached"}}
    found = inside(told)
    assert type(found) is ContextOverflow
    assert not found.retryable
    remedy = (
        "Shorten it, lower --max-output, or choose a model with more room:"
        " `reckon models --min-context N`."
    )
    assert (found.do, broken_off(told).do) == (remedy, remedy)


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        (
            {"provider_name": "Google", "raw": "m is limited upstream."},
            "HTTP 429: Provider returned error (Google: m is limited upstream.)",
        ),
        (
            {"provider_name": "Azure", "raw": '{"error": {"message": "Too many."}}'},
            "HTTP 429: Provider returned error (Azure: Too many.)",
        ),
        ({"provider_name": "Azure", "raw": 3}, "HTTP 429: Provider returned error (Azure)"),
        ({"raw": "credit balance is too low"}, None),
        ({}, "HTTP 429: Provider returned error"),
    ],
)
def test_what_the_provider_behind_a_router_said_is_told(
    metadata: dict[str, Any], why: str | None
) -> None:
    """What it says of its own customer, the router, is not believed of ours."""
    found = fault(429, {"code": 429, "message": "Provider returned error", "metadata": metadata})
    assert type(found) is RateLimited
    assert found.retryable
    assert why is None or found.why == why


def test_a_prompt_too_long_for_the_provider_behind_a_router_says_so() -> None:
    """With its counts."""
    raw = json.dumps({"error": {"message": "prompt is too long: 210 tokens > 200 maximum"}})
    found = fault(400, {"message": "Provider returned error", "metadata": {"raw": raw}})
    assert isinstance(found, ContextOverflow)
    assert (found.tokens, found.limit_tokens) == (210, 200)


@pytest.mark.parametrize(
    ("location", "to"),
    [
        ("https://new.example/v1?key=k", " to new.example"),
        ("/v2/chat", ""),
        ("https://[broken", ""),
        ("", ""),
    ],
)
def test_a_redirect_names_the_host_and_is_not_followed(location: str, to: str) -> None:
    """Nothing else of the address is shown: it may hold a secret."""
    found = fault(307, {}, location=location)
    assert [found.what, found.why, found.do] == [
        "P sends requests elsewhere.",
        f"HTTP 307{to}. Redirects are not followed: the key would go along.",
        "Set the base URL to the final address.",
    ]


def test_a_status_below_200_is_not_blamed_on_the_prompt() -> None:
    """No server of models answers so."""
    found = provider_error(101, {}, b"", MODEL, PROVIDER)
    assert [found.what, found.why, found.do] == [
        "What answers at the address of P is no server of models.",
        "HTTP 101, without a message.",
        "Check the base URL, and what stands between: a proxy may speak in its place.",
    ]
    assert not found.retryable
