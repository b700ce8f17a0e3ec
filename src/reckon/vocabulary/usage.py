"""Usage: what one call consumed, each field with what it includes."""

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens of one call, normalised over all wire formats. None means unknown, never zero."""

    input_tokens: int | None = None
    """All tokens that went in: cached ones, cache writes, images and audio included."""
    output_tokens: int | None = None
    """All tokens that came out: reasoning and audio included."""
    cached_input_tokens: int = 0
    """Part of `input_tokens` that was read from the provider's cache."""
    cache_write_tokens: int = 0
    """Part of `input_tokens` that was written to the provider's short-lived cache."""
    cache_write_1h_tokens: int = 0
    """Part of `input_tokens` that was written to a one-hour cache; not in `cache_write_tokens`."""
    audio_input_tokens: int = 0
    """Part of `input_tokens`: sound, that of a film included. 0 where the provider does not say."""
    image_input_tokens: int = 0
    """Part of `input_tokens`: pictures, and pages of documents. 0 where the provider does not
    say."""
    video_input_tokens: int = 0
    """Part of `input_tokens`: the pictures of a film. 0 where the provider does not say."""
    reasoning_tokens: int = 0
    """Part of `output_tokens` spent on hidden or shown reasoning."""
    audio_output_tokens: int = 0
    """Part of `output_tokens`: speech that the model made."""
    image_output_tokens: int = 0
    """Part of `output_tokens`: pictures that the model made."""
    web_searches: int = 0
    """Searches that the provider ran. They are billed beside the tokens, each of them or once for
    the request."""
    service_tier: str = ""
    """The tier that served the call, in the provider's word, where its price is not the standard
    one: `flex` and `batch` are cheaper, `priority` is dearer, `provisioned` is paid by the hour.
    Empty: the standard tier, or the provider does not say."""
    billed_besides: str = ""
    """What else is billed and counted in no field here, in words (another model that the provider
    asked for advice, a container in which code ran); what the call cost is then unknown."""
    reported_cost_pico: int | None = None
    """What the provider itself says this call cost (OpenRouter and Perplexity do), in
    pico-dollars; None: it does not say."""
