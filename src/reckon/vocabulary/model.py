"""Models and the providers that serve them."""

import datetime as dt
from typing import Literal

import msgspec

from reckon.vocabulary.price import Price

Modality = Literal["text", "image", "audio", "video", "pdf"]


class Weights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open weights of a model, for fit and energy. Shapes are those of its `config.json`."""

    licence: str | None = None
    repository: str | None = None
    """Where they are published, as `OWNER/NAME` of the model hub."""
    parameters: float | None = None
    """Total parameters, in units."""
    active_parameters: float | None = None
    """Parameters that one token passes through, where a mixture of experts uses only some."""
    layers: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    head_size: int | None = None
    hidden_size: int | None = None
    feed_forward_size: int | None = None
    """Of a dense layer."""
    vocabulary_size: int | None = None
    tied_embeddings: bool | None = None
    """Whether input and output share one table."""
    attention_bias: bool | None = None
    """Whether query, key and value have a bias."""
    latent_size: int | None = None
    """Numbers kept for each token and layer by latent attention (MLA): its rank and the part with
    positions together."""
    sliding_window: int | None = None
    """Tokens that a layer with a window looks back."""
    global_every: int | None = None
    """Every so many layers, one has no window; None: all have one, where there is a window."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rate limits of the lowest paid tier, as the provider documents them. None: none is known."""

    requests_per_minute: float | None = None
    requests_per_day: float | None = None
    tokens_per_minute: float | None = None
    """Input and output together, where the provider counts them so."""
    input_tokens_per_minute: float | None = None
    """Input alone, where the provider counts it apart."""
    output_tokens_per_minute: float | None = None
    """Output alone, where the provider counts it apart."""
    source: str = ""
    """Where they were read: the address, the tier, and the date of the copy where it is known."""


EffortStyle = Literal["level", "adaptive", "budget", "none"]
"""How a model of a native format is told how much to reason: by a word; by a word, and by one
more that lets it reason at all (Anthropic); by a number of tokens; it does not reason."""


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue knows of one model at one provider. None means unknown."""

    id: str
    """As the provider spells it in a request."""
    provider: str
    """Empty: no provider that is known here serves it."""
    organization: str
    name: str = ""
    aliases: tuple[str, ...] = ()
    family: str = ""
    released: dt.date | None = None
    retired: dt.date | None = None
    """First day it is no longer served."""
    successors: tuple[str, ...] = ()
    """Plain ids or provider/id of what to use instead."""
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    modalities: tuple[Modality, ...] | None = None
    """What it takes; None: unknown."""
    tokenizer: str | None = None
    """`o200k`, `cl100k`, or a family with a ratio: `claude`, `gemini`, ..."""
    image_rule: str | None = None
    """Name of a rule in `price/media`, with its arguments: `openai_tiles 85 170`."""
    audio_rule: str | None = None
    """As `image_rule`, for sound."""
    video_rule: str | None = None
    pdf_rule: str | None = None
    media_notes: dict[Modality, str] = {}
    """What to know of a rule: where bills and documentation disagree, and what the rule is a fit
    to."""
    effort_style: EffortStyle | None = None
    """What an effort becomes where the wire format is Anthropic's or Gemini's; None: a word."""
    prices: tuple[Price, ...] = ()
    other_prices: tuple[Price, ...] = ()
    """What other sources state for now, where it differs from `prices` by more than 1%: input and
    output alone."""
    limits: Limits | None = None
    weights: Weights | None = None
    licence: str | None = None
    free_tier: bool | None = None
    limitations: tuple[str, ...] = ()
    arena_names: tuple[str, ...] = ()
    """What leaderboards call it, each spelling that is met."""
    source: str = ""
    """Where the row itself comes from: our overlay, or a package and version."""

    @property
    def key(self) -> str:
        """`provider/id`, unique in the catalogue; the id alone where nobody serves it."""
        return f"{self.provider}/{self.id}" if self.provider else self.id

    @property
    def is_open(self) -> bool:
        """Whether the weights can be had."""
        return self.weights is not None

    def takes(self, modality: Modality) -> bool | None:
        """Whether the model accepts that input; None where nobody says."""
        return None if self.modalities is None else modality in self.modalities

    def retired_on(self, day: dt.date) -> bool:
        """Whether the model is no longer served on that day."""
        return self.retired is not None and day >= self.retired


def _highest_as_xhigh() -> dict[str, str]:
    return {"max": "xhigh"}


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """Where requests go. An OpenAI-compatible provider is a data row and no code."""

    id: str
    name: str
    wire: str
    """A wire format or engine of the registry: `openai_chat`, `builtin`."""
    base_url: str = ""
    key_variables: tuple[str, ...] = ()
    base_url_variables: tuple[str, ...] = ()
    small_model: str | None = None
    """The model to fall back on where this provider's key is the only one present."""
    local: bool = False
    """Runs on the user's own machine and costs nothing."""
    max_tokens_field: str = "max_tokens"
    stream_usage: bool = True
    """Whether `stream_options.include_usage` is understood."""
    headers: dict[str, str] = {}
    """Constant headers, beside the key."""
    key_header: str = ""
    """Header that carries the key alone (Azure's `api-key`); empty: the wire format's own way."""
    key_name: str = ""
    """The name its key is stored under; empty: the provider's id."""
    from_llm: bool = False
    """Described by a file of `llm`, so that `llm`'s own keys may hold its key."""
    streams: bool = True
    """Whether it can answer in pieces."""
    system_role: str = "system"
    """What the provider calls the system's turn: `developer` at OpenAI's reasoning models."""
    reasoning_field: str = ""
    """Field of a message in which reasoning goes back to the provider; empty: it is left out."""
    effort_style: Literal[
        "field", "object", "thinking", "switch_and_field", "switch_or_field", ""
    ] = "field"
    """How effort is asked for: `reasoning_effort`, `reasoning: {effort}`, `thinking: {type}`,
    both the first and the last, or the last for none and the first for all else; empty: not at
    all."""
    effort_words: dict[str, str] = msgspec.field(default_factory=_highest_as_xhigh)
    """By our words for efforts, those of its chat completions where they differ."""
    cache_marks: bool = False
    """Whether it reads `cache_control` in chat completions. The others cache by themselves."""
    short_call_ids: bool = False
    """Whether the id of a tool call must have nine letters and digits."""
    assistant_after_tool: bool = False
    """Whether the model's turn alone may follow the result of a tool."""
    schema_style: Literal["json_schema", "json_object"] = "json_schema"
    """Whether a schema is enforced, or JSON alone."""
    file_parts: bool = False
    """Whether a PDF can go inline as a `file` part."""
    video_parts: bool = False
    """Whether a video can go inline as a `video_url` part."""
    limit_windows: dict[str, float] = {}
    """Seconds over which its headers count `requests`, `tokens` and so on, where the names of the
    headers do not tell: `{requests = 86400, tokens = 60}` at Groq."""
    count_wire: str = ""
    """The wire format that its free counter of input tokens speaks, where it is not its own."""
    models_path: str = "/models"
    """Where the provider lists its models, below the address; `..` goes up; empty: nowhere."""
    models_prices: Literal["usd_per_token", "usd_per_million", "cents_per_100_million", ""] = ""
    """Unit of the prices in its list of models; empty: it states none, or none is trusted."""
