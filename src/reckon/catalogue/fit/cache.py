"""Memory beside the weights: the cache of keys and values, buffers to compute in, the runtime.

Grouped heads and latent attention are in the widths of the layers. Sizes are llama.cpp's, and what
its own log says is the test.
"""

from reckon.catalogue.fit.shape import Shape
from reckon.catalogue.fit.weights import BITS
from reckon.errors import UsageError

KV_TYPES = ("f16", "q8_0", "q4_0")
CONTEXT_STEP = 256
"""Caches are a multiple of this many tokens long."""
BATCH = 512
"""Tokens that are computed together while a prompt is read (llama.cpp's `ubatch`)."""

SCHEDULER_BYTES = 16 << 20
"""What buffers have that does not grow with the model."""


def kv_type(name: str) -> str:
    """The name of a type of cache as it is written here.

    Raises:
        UsageError: There is none of that name.
    """
    found = name.strip().lower()
    if found in KV_TYPES:
        return found
    raise UsageError(
        f"There is no cache of type {name!r}.",
        why=f"Known are {', '.join(KV_TYPES)}.",
        do="Name one of them: --kv-type q8_0",
    )


def padded(tokens: int) -> int:
    """Rounded up to what a cache is long."""
    return -(-tokens // CONTEXT_STEP) * CONTEXT_STEP


def kv_layers(shape: Shape, context: int, kind: str = "f16", *, sequences: int = 1) -> list[int]:
    """Bytes of keys and values in each layer.

    Args:
        shape: Of the model.
        context: Tokens in all conversations together.
        kind: Of `KV_TYPES`.
        sequences: Conversations at once; each has a window of its own.
    """
    bits = BITS[kind.upper()]
    each = padded(-(-context // sequences))
    seen = each
    if shape.window is not None:
        # A batch is written before the oldest tokens may go.
        seen = min(each, padded(shape.window + BATCH))
    return [
        round((layer.key + layer.value) * (seen if layer.windowed else each) * sequences * bits / 8)
        for layer in shape.caches
    ]


def kv_bytes(shape: Shape, context: int, kind: str = "f16", *, sequences: int = 1) -> int:
    """Bytes of keys and values in all layers, and of recurrent state, which does not grow."""
    layers = kv_layers(shape, context, kind, sequences=sequences)
    return sum(layers) + shape.state_bytes * sequences


def kv_read(shape: Shape, tokens: int, kind: str = "f16") -> int:
    """Bytes that one more token reads after so many tokens."""
    bits = BITS[kind.upper()]
    seen = tokens if shape.window is None else min(tokens, shape.window)
    kept = (
        (layer.key + layer.value) * (seen if layer.windowed else tokens) for layer in shape.caches
    )
    return round(sum(kept) * bits / 8) + shape.state_bytes


def compute_bytes(shape: Shape, context: int, *, flash_attention: bool = True) -> int:
    """Bytes to compute a batch in, at most.

    The larger of two steps: a layer, and the output for every token of the batch, which ollama
    reserves and llama.cpp does not always need.
    """
    hidden, tokens = shape.hidden, padded(context)
    inner = 4 * hidden if shape.feed_forward is None else shape.feed_forward
    if flash_attention:
        layer = 4 * (5 * hidden + 3 * inner) + 2 * tokens
    else:
        layer = 4 * (4 * hidden + inner + tokens * (1 + shape.heads))
    return BATCH * max(layer, 4 * (hidden + shape.vocabulary)) + SCHEDULER_BYTES


def output_bytes(shape: Shape, sequences: int = 1) -> int:
    """Bytes of the results of a step."""
    return 4 * (shape.hidden + shape.vocabulary) * sequences
