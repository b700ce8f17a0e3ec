"""What the errors of providers mean: codes, phrases and statuses, the cause that each stands for,
and the error that each cause has. Data, alike for all providers.
"""

from typing import Literal

import msgspec

from reckon.errors import (
    AuthError,
    ContextOverflow,
    ModelNotServed,
    ProviderDown,
    ProviderError,
    RateLimited,
    RequestRefused,
)

Cause = Literal[
    "key",
    "model",
    "credit",
    "day",
    "rate",
    "too_large",
    "down",
    "overflow",
    "policy",
    "moved",
    "other_server",
    "request",
]


class Fault(msgspec.Struct, frozen=True):
    """The error of one cause. `{provider}`, `{id}` and `{model}` are filled in."""

    kind: type[ProviderError]
    what: str
    do: str
    retryable: bool = False


FAULTS: dict[Cause, Fault] = {
    "key": Fault(
        AuthError, "{provider} refused the key.", "Check the key: `reckon keys set {id}`."
    ),
    "model": Fault(
        ModelNotServed,
        "{provider} does not serve {model} at this address.",
        "See `reckon models --provider {id}`, and check the base URL.",
    ),
    "credit": Fault(
        RateLimited,
        "The account at {provider} has no credit left.",
        "Add credit there; then `reckon runs resume` goes on.",
    ),
    "day": Fault(
        RateLimited,
        "The quota of the day at {provider} is used up.",
        "Go on another day, or raise the quota there; `reckon runs resume` goes on.",
    ),
    "rate": Fault(
        RateLimited,
        "{provider} limits the rate of requests.",
        "Wait, or lower --rpm, --tpm or --concurrency.",
        retryable=True,
    ),
    "too_large": Fault(
        RequestRefused,
        "The request is larger than {provider} lets through in a minute.",
        "Shorten the prompt or lower --max-output; waiting does not help.",
    ),
    "down": Fault(
        ProviderDown, "{provider} cannot answer now.", "Try again later.", retryable=True
    ),
    "overflow": Fault(
        ContextOverflow,
        "The prompt does not fit into the context of {model}.",
        "Shorten it, lower --max-output, or choose a model with more room:"
        " `reckon models --min-context N`.",
    ),
    "policy": Fault(
        RequestRefused,
        "{provider} refused the prompt for its content.",
        "Change the prompt, or what is attached; trying again does not help.",
    ),
    "moved": Fault(
        RequestRefused,
        "{provider} sends requests elsewhere.",
        "Set the base URL to the final address.",
    ),
    "other_server": Fault(
        RequestRefused,
        "What answers at the address of {provider} is no server of models.",
        "Check the base URL, and what stands between: a proxy may speak in its place.",
    ),
    "request": Fault(
        RequestRefused,
        "{provider} refused the request.",
        "Correct the prompt or the options; `reckon logs show` has the request.",
    ),
}

CODES: dict[str, Cause] = {
    "insufficient_quota": "credit",
    "credit_balance_exhausted": "credit",
    "billing_hard_limit_reached": "credit",
    "billing_not_active": "credit",
    "billing_error": "credit",
    "insufficient_balance": "credit",
    "exceeded_current_quota_error": "credit",  # Moonshot
    "api_key_invalid": "key",  # Gemini, with HTTP 400
    "model_not_found": "model",  # with 400 in Responses, with 403 for a key that may not use it
    "model_decommissioned": "model",  # Groq, with HTTP 400
    "content_filter": "policy",
    "content_policy_violation": "policy",
    "context_length_exceeded": "overflow",
    "token_limit_exceeded": "overflow",  # OpenRouter
    "exceed_context_size_error": "overflow",  # llama.cpp
}
"""Codes that say more than the status they come with."""

SAME_INSIDE: frozenset[Cause] = frozenset({"credit", "day", "too_large", "overflow", "policy"})
"""Causes whose remedy holds also where a part of the answer came before the error."""

STATUS_OF = {
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "invalid_request_error": 400,
    "invalid_argument": 400,
    "invalid_prompt": 400,
    "failed_precondition": 400,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "resource_exhausted": 429,
    "slow_down": 429,
    "capacity_exceeded": 498,
    "api_error": 500,
    "internal": 500,
    "internal_server_error": 500,
    "server_error": 500,
    "insufficient_system_resource": 503,  # DeepSeek
    "network_error": 503,  # Z.ai
    "server_is_overloaded": 503,
    "unavailable": 503,
    "service_unavailable": 503,
    "deadline_exceeded": 504,
    "timeout_error": 504,
    "vector_store_timeout": 504,
    "overloaded_error": 529,
}
"""The status that an error inside an answer would have had, by its code."""

OVERLOADED = frozenset(
    {"slow_down", "server_is_overloaded", "capacity_exceeded", "overloaded_error"}
    | {"engine_overloaded_error", "unavailable"}
)
OVERLOADED_STATUSES = frozenset({498, 529})


NUMBER = r"(\d[\d,]{0,19})"
REFUSED = frozenset({400, 402, 403, 413, 422, 500})
LIMITED = frozenset({403, 413, 429})

PHRASES: tuple[tuple[frozenset[int], str, Cause], ...] = (
    (
        REFUSED | {429},
        r"credit balance is too low|insufficient (balance|credits)|used all available credits",
        "credit",
    ),
    (LIMITED, r"\bper[ _-]day\b|\((RP|TP)D\)|\bdaily (limit|quota)\b", "day"),
    (LIMITED, r"^request too large for\b", "too_large"),
    (
        REFUSED,
        r"content (management )?policy|usage policy|\binput was flagged\b",
        "policy",
    ),
)
"""What a message says where the code does not, by the statuses that it comes with.

Patterns are text here and compiled by the first error: most calls meet none.
"""

OVERFLOWS: tuple[tuple[str, bool], ...] = (
    # OpenAI, DeepSeek, OpenRouter, vLLM
    (rf"maximum context length is {NUMBER} tokens.{{0,80}}?\b{NUMBER}", False),
    # Anthropic
    (rf"prompt is too long: {NUMBER} tokens > {NUMBER}", True),
    (rf"exceed context limit: (\d[\d,]{{0,19}} \+ \d[\d,]{{0,19}}) > {NUMBER}", True),
    # Gemini
    (rf"input token count \({NUMBER}\) exceeds the maximum.{{0,50}}\({NUMBER}\)", True),
    # llama.cpp
    (rf"\({NUMBER} tokens\) exceeds the available context size \({NUMBER}", True),
    # Mistral
    (rf"prompt contains {NUMBER} tokens.{{0,80}}too large.{{0,30}}?{NUMBER}", True),
    # Fireworks
    (rf"prompt is too long: {NUMBER}, model maximum context length: {NUMBER}", True),
    # xAI
    (rf"maximum prompt length is {NUMBER} but the request contains {NUMBER}", False),
    # Cohere
    (rf"cannot exceed {NUMBER}.{{0,5}}received {NUMBER}", False),
    # Cerebras
    (rf"current length is {NUMBER} while limit is {NUMBER}", True),
    # Together, Hugging Face
    (rf"must be <= {NUMBER}\. given: {NUMBER}", False),
)
"""How providers say that a prompt is too long, with two numbers: the prompt's tokens and the
limit, in that order where the second field is true."""

OVERFLOW = (
    r"prompt is too long|exceeds the maximum number of tokens|maximum context length"
    r"|exceeds? (?:the )?(?:available|maximum|model'?s?)? ?context"
    r"|reduce the length of the messages|exceeded model token limit"
    r"|input is too long for requested model|prompt exceeds max length"
    r"|greater than the context length|^token limit reached"
)
"""The same without numbers."""

BY_STATUS: dict[int, Cause] = {
    401: "key",
    402: "credit",
    403: "key",
    404: "model",
    408: "down",
    409: "down",
    429: "rate",
    498: "down",
}

BY_HUNDRED: dict[int, Cause] = {1: "other_server", 3: "moved", 4: "request", 5: "down"}
"""By the first digit of the status, where the status itself says no more."""

ASKS_WAIT = r"\b(?:try again|retry) in ((?:\d{1,9}(?:\.\d{1,9})?(?:h|ms|m|s)){1,4})\b"
