"""The shape of a model, as far as memory depends on it: from a row, a GGUF file or a config.json.

What one of these does not say is None, and whoever needs it says so. Nothing is guessed here but
which layers look back over a window only: GGUF files of most families leave it to the engine, so it
is in `WINDOW_EVERY`.
"""

from typing import Any, cast

import msgspec

from reckon.catalogue.fit.gguf import Header, Value
from reckon.vocabulary.model import Weights

WINDOW_EVERY = {
    "cohere2": 4,
    "exaone4": 4,
    "gemma2": 2,
    "gemma3": 6,
    "gemma3n": 5,
    "gpt-oss": 2,
    "llama4": 4,
    "olmo3": 4,
}
"""By architecture in GGUF: every so many layers, one looks back over everything. As llama.cpp has
it; in the others a window without a pattern counts as none, which errs on the large side."""
MOST_LAYERS = 10_000
LARGEST_SIDE = 1 << 40
STATE_BYTES = 4
"""Recurrent state is kept in F32."""


class Layer(msgspec.Struct, frozen=True):
    """What one layer keeps for each token; nothing where it is recurrent."""

    key: int
    """Numbers of the key, over all its heads."""
    value: int
    windowed: bool = False


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What memory depends on."""

    caches: tuple[Layer, ...]
    """One for each layer."""
    hidden: int
    heads: int
    """Of the queries."""
    vocabulary: int
    head_size: int | None = None
    window: int | None = None
    """Tokens that a layer with a window looks back."""
    state_bytes: int = 0
    """Recurrent state of all layers together, for one conversation. It does not grow."""
    feed_forward: int | None = None
    """Of a dense layer; None: unknown, or a mixture of experts."""
    tied: bool | None = None
    bias: bool = False
    context_tokens: int | None = None
    """What it was trained for."""
    note: str = ""
    """What a reader of figures must know."""

    @property
    def layers(self) -> int:
        """How many there are."""
        return len(self.caches)

    @property
    def kv_width(self) -> int:
        """Numbers of a key in the widest layer."""
        return max((layer.key for layer in self.caches), default=0)


def of_weights(weights: Weights, context_tokens: int | None = None) -> Shape | None:
    """The shape that a row of the catalogue describes; None where it leaves out too much."""
    needed = (weights.layers, weights.hidden_size, weights.heads, weights.vocabulary_size)
    layers, hidden, heads, vocabulary = needed
    if layers is None or hidden is None or heads is None or vocabulary is None:
        return None
    if weights.latent_size:
        key, value = weights.latent_size, 0
    else:
        size = weights.head_size or hidden // heads
        key = value = size * (heads if weights.kv_heads is None else weights.kv_heads)
    window, every = weights.sliding_window, weights.global_every
    return Shape(
        caches=tuple(
            Layer(key, value, window is not None and _windowed(place, every))
            for place in range(layers)
        ),
        hidden=hidden,
        heads=heads,
        vocabulary=vocabulary,
        head_size=weights.head_size,
        window=window,
        feed_forward=None if _is_mixture(weights) else weights.feed_forward_size,
        tied=weights.tied_embeddings,
        bias=bool(weights.attention_bias),
        context_tokens=context_tokens,
    )


def _is_mixture(weights: Weights) -> bool:
    active = weights.active_parameters
    return active is not None and active != weights.parameters


def _windowed(place: int, every: int | None) -> bool:
    return every is None or place % every < every - 1


# GGUF


def of_gguf(header: Header) -> Shape | None:
    """The shape that a GGUF file describes; None where it describes no language model."""
    layers, hidden = header.number("block_count"), header.number("embedding_length")
    vocabulary = _vocabulary(header)
    if not layers or not hidden or not vocabulary or layers > MOST_LAYERS:
        return None
    if max(hidden, vocabulary) > LARGEST_SIDE:
        return None
    heads = _per_layer(header, "attention.head_count", layers)
    kv_heads = _per_layer(header, "attention.head_count_kv", layers) or heads
    if not kv_heads:
        return None
    most_heads = max(heads, default=0) or 1
    window, pattern = _window(header, layers)
    note = ""
    if window is not None and pattern is None:
        note = "It has a sliding window, which is not counted: every layer keeps every token."
    names = {tensor.name for tensor in header.tensors}
    return Shape(
        caches=_gguf_caches(header, kv_heads, most_heads, pattern or [False] * layers),
        hidden=hidden,
        heads=most_heads,
        vocabulary=vocabulary,
        window=window if pattern else None,
        state_bytes=_state_bytes(header, layers),
        feed_forward=None if header.number("expert_count") else _first(header, layers),
        tied="output.weight" not in names,
        bias="blk.0.attn_q.bias" in names,
        context_tokens=header.number("context_length"),
        note=note,
    )


def _gguf_caches(
    header: Header, kv_heads: list[int], heads: int, pattern: list[bool]
) -> tuple[Layer, ...]:
    size = (header.number("embedding_length") or 0) // heads
    latent = header.number("attention.kv_lora_rank")
    recurrent = _recurrent(header, len(kv_heads))
    if latent:
        rope = header.number("rope.dimension_count") or 0
        return tuple(Layer(0, 0) if flag else Layer(latent + rope, 0) for flag in recurrent)
    sizes = [
        [
            header.number(f"attention.{part}{end}") or header.number(f"attention.{part}") or size
            for part in ("key_length", "value_length")
        ]
        for end in ("", "_swa")
    ]
    return tuple(
        Layer(0, 0) if flag else Layer(count * key, count * value, windowed)
        for flag, count, windowed in zip(recurrent, kv_heads, pattern, strict=True)
        for key, value in [sizes[windowed]]
    )


def _recurrent(header: Header, layers: int) -> list[bool]:
    """Which layers keep a state and no tokens."""
    every = header.number("full_attention_interval")
    if every:
        return [(place + 1) % every != 0 for place in range(layers)]
    counts = _per_layer(header, "attention.head_count_kv", layers)
    return [not count for count in counts] if counts else [False] * layers


def _state_bytes(header: Header, layers: int) -> int:
    """State of Mamba's layers, or of RWKV's."""
    inner, size = header.number("ssm.inner_size"), header.number("ssm.state_size")
    recurrent = sum(_recurrent(header, layers))
    if inner and size:
        groups = header.number("ssm.group_count") or 0
        kernel = header.number("ssm.conv_kernel") or 1
        each = (kernel - 1) * (inner + 2 * groups * size) + size * inner
        return recurrent * each * STATE_BYTES
    head = header.number("wkv.head_size")
    if head:
        hidden = header.number("embedding_length") or 0
        shifted = header.number("token_shift_count") or 2
        return layers * (shifted * hidden + hidden * head) * STATE_BYTES
    return 0


def _window(header: Header, layers: int) -> tuple[int | None, list[bool] | None]:
    """Tokens of the window, and which layers have it; None: nobody says."""
    window = header.number("attention.sliding_window")
    if header.architecture == "llama4" and not window:
        window = 8_192
    if not window:
        return None, None
    told = header.values.get(f"{header.architecture}.attention.sliding_window_pattern")
    if isinstance(told, list) and len(told) == layers:
        return window, [bool(flag) for flag in told]
    number = isinstance(told, int) and not isinstance(told, bool) and told > 0
    every = told if number else WINDOW_EVERY.get(header.architecture)
    if not isinstance(every, int):
        return window, None
    return window, [_windowed(place, every) for place in range(layers)]


def _per_layer(header: Header, name: str, layers: int) -> list[int]:
    """A number for each layer, whether the file gives one or many; empty where it gives none."""
    found = header.values.get(f"{header.architecture}.{name}")
    if isinstance(found, list):
        numbers = [_count(each) for each in found]
        return numbers if len(numbers) == layers else []
    return [] if found is None else [_count(found)] * layers


def _count(value: Value) -> int:
    number = value if isinstance(value, int) and not isinstance(value, bool) else 0
    return number if 0 <= number <= LARGEST_SIDE else 0


def _first(header: Header, layers: int) -> int | None:
    sizes = set(_per_layer(header, "feed_forward_length", layers))
    return sizes.pop() if len(sizes) == 1 else None


def _vocabulary(header: Header) -> int | None:
    for tensor in header.tensors:
        if tensor.name == "token_embd.weight" and len(tensor.shape) == 2:
            return tensor.shape[1]
    return header.number("vocab_size")


# config.json


def of_config(config: dict[str, Any]) -> Shape | None:
    """The shape in a `config.json` of Hugging Face or MLX; None where it leaves out too much."""
    text: Any = config.get("text_config")
    if isinstance(text, dict):
        config = {**config, **text}
    layers, hidden = _whole(config, "num_hidden_layers"), _whole(config, "hidden_size")
    heads, vocabulary = _whole(config, "num_attention_heads"), _whole(config, "vocab_size")
    if not layers or not hidden or not heads or not vocabulary or layers > MOST_LAYERS:
        return None
    window = None
    if config.get("use_sliding_window") is not False:
        window = _whole(config, "sliding_window")
    kinds = _layer_kinds(config, layers, windowed=window is not None)
    latent = _whole(config, "kv_lora_rank")
    if latent:
        key, value = latent + (_whole(config, "qk_rope_head_dim") or 0), 0
    else:
        size = _whole(config, "head_dim") or hidden // heads
        key = value = size * (_whole(config, "num_key_value_heads") or heads)
    recurrent = "linear" in kinds
    return Shape(
        caches=tuple(
            Layer(0, 0) if kind == "linear" else Layer(key, value, kind == "window")
            for kind in kinds
        ),
        hidden=hidden,
        heads=heads,
        vocabulary=vocabulary,
        head_size=_whole(config, "head_dim"),
        window=window,
        tied=bool(config.get("tie_word_embeddings")),
        context_tokens=_whole(config, "max_position_embeddings"),
        note="The state of its recurrent layers is not counted." if recurrent else "",
    )


def _layer_kinds(config: dict[str, Any], layers: int, *, windowed: bool) -> list[str]:
    told: Any = config.get("layer_types")
    kinds = cast("list[Any]", told) if isinstance(told, list) else []
    if len(kinds) == layers:
        return [_kind(str(each), windowed=windowed) for each in kinds]
    every = _whole(config, "full_attention_interval")
    if every:
        return ["linear" if (place + 1) % every else "all" for place in range(layers)]
    if not windowed:
        return ["all"] * layers
    every = _whole(config, "sliding_window_pattern")
    return ["window" if _windowed(place, every) else "all" for place in range(layers)]


def _kind(told: str, *, windowed: bool) -> str:
    if told in ("sliding_attention", "chunked_attention"):
        return "window" if windowed else "all"
    return "all" if told == "full_attention" else "linear"


def _whole(config: dict[str, Any], name: str) -> int | None:
    found: Any = config.get(name)
    if isinstance(found, int) and not isinstance(found, bool) and 0 < found <= LARGEST_SIDE:
        return found
    return None
