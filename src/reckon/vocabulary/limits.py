"""What one answer's headers say of rate limits: everything that a limiter needs, in one value."""

import msgspec


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One of the limits that a provider keeps. None means that it does not say."""

    counts: str
    """What is counted: `requests`, `tokens`, `input_tokens`, `output_tokens`, `input_images`, or
    another dimension as the provider names it, with underscores."""
    window_s: float | None = None
    """Seconds in which the limit is counted: 60 per minute, 86400 per day."""
    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None
    """Seconds from the answer until the limit is whole again."""


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """All that one answer's headers say of limits, waits and retries."""

    limits: tuple[Limit, ...] = ()
    wait_s: float | None = None
    """Seconds that the server asks to wait. Anthropic and Hugging Face send it with answers too,
    where it means nothing: only that of an error is to be obeyed."""
    should_retry: bool | None = None
    """Whether the server says that the same request may succeed later; None: it does not say."""
    charged_tokens: int | None = None
    """Tokens that this request was counted as, where the provider tells (Mistral does)."""
    request_id: str | None = None

    def of(self, counts: str) -> tuple[Limit, ...]:
        """The limits on that dimension, one for each window."""
        return tuple(each for each in self.limits if each.counts == counts)
