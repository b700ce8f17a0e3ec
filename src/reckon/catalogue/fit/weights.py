"""Bytes of a model's weights: from a file as they are, for others by the rule of a quantisation.

The files that end in `_K_M` and the like are mixtures: some tensors get more bits, and which these
are depends on the layer. The rules are llama.cpp's; what they give is checked against published
sizes. What a model has beside its layers (experts, an encoder of pictures) enters in proportion.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import msgspec

from reckon.catalogue.fit.gguf import BLOCKS, Header, Tensor
from reckon.catalogue.fit.shape import Layer, Shape
from reckon.errors import UsageError
from reckon.vocabulary.model import Weights

BITS = {name: 8 * size / weights for name, weights, size in BLOCKS.values()}
"""Bits for each weight, by type of tensor."""

MLX_GROUP = 64
"""Weights in MLX that share a scale and an offset of 16 bits each."""
MLX = {f"MLX-{bits}BIT": bits + 32 / MLX_GROUP for bits in (2, 3, 4, 5, 6, 8)}
"""Bits for each weight, by quantisation of MLX."""

MIXTURES = {
    "IQ4_XS": "IQ4_XS",
    "IQ4_NL": "IQ4_NL",
    "Q2_K": "Q2_K",
    "Q3_K_S": "Q3_K",
    "Q3_K_M": "Q3_K",
    "Q3_K_L": "Q3_K",
    "Q4_K_S": "Q4_K",
    "Q4_K_M": "Q4_K",
    "Q5_K_S": "Q5_K",
    "Q5_K_M": "Q5_K",
}
"""By mixture, the type of most of its tensors."""
PLAIN = ("F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_0", "Q5_1", "Q4_0", "Q4_1")
QUANTISATIONS = (*PLAIN, *MIXTURES, "MXFP4", *MLX)

_SEVENTY = 80
"""Layers of the models of 70 billion weights, whose values get a bit more."""


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of the weights."""

    total: int
    layers: tuple[int, ...]
    """Of each layer."""
    output: int
    """Of what comes after the layers, and the table of the output with it."""
    read: int
    """Read for each token that is generated: without the table of the input, of which one row is
    read, and without experts that are not asked."""
    exact: bool
    """Whether they stand in a file."""
    type: str
    """Quantisation."""
    parameters: float | None = None
    active_parameters: float | None = None
    note: str = ""


class Table(NamedTuple):
    """One tensor of a model of which the shape alone is known."""

    role: str
    """`attn_v`, `ffn_down`, `token_embd`, ..."""
    layer: int | None
    weights: int


def quantisation(name: str) -> str:
    """The name of a quantisation as it is written here.

    Raises:
        UsageError: There is none of that name.
    """
    found = name.strip().upper().replace(" ", "")
    found = {"FP16": "F16", "FP32": "F32", "Q4": "Q4_K_M", "Q8": "Q8_0"}.get(found, found)
    if found in QUANTISATIONS:
        return found
    raise UsageError(
        f"There is no quantisation {name!r}.",
        why=f"Known are {', '.join(QUANTISATIONS)}.",
        do="Name one of them: --quant Q4_K_M",
    )


# From a file


def of_gguf(header: Header) -> Sizes:
    """The sizes in a GGUF file."""
    used, experts = header.number("expert_used_count"), header.number("expert_count")
    share = used / experts if used and experts and used <= experts else 1.0
    return _summed(
        [(each, _is_expert(each.name)) for each in header.tensors], share, most_of(header.tensors)
    )


def of_tensors(tensors: Iterable[Tensor], share: float, kind: str) -> Sizes:
    """The sizes of tensors with the names of Hugging Face.

    Args:
        tensors: All of the model.
        share: Of its experts, those that a token asks.
        kind: What their quantisation is called.
    """
    return _summed([(each, bool(_EXPERTS.search(each.name))) for each in tensors], share, kind)


_EXPERTS = re.compile(r"\.(experts|switch_mlp)\.")
"""Of a mixture, in the names of Hugging Face and of MLX."""


def _summed(tensors: list[tuple[Tensor, bool]], share: float, kind: str) -> Sizes:
    layers: dict[int, int] = {}
    total = output = inputs = spared = 0
    parameters = active = 0.0
    ties = not any(_is_output(tensor.name) for tensor, _ in tensors)
    for tensor, expert in tensors:
        total += tensor.size
        parameters += tensor.weights
        active += tensor.weights * (share if expert else 1)
        spared += tensor.size * (1 - share) if expert else 0
        number = _layer_number(tensor.name)
        if number is not None:
            layers[number] = layers.get(number, 0) + tensor.size
        elif _is_input(tensor.name):
            inputs += tensor.size
            output += tensor.size if ties else 0
        else:
            output += tensor.size
    return Sizes(
        total=total,
        layers=tuple(layers[number] for number in sorted(layers)),
        output=output,
        read=round(total - spared - (0 if ties else inputs)),
        exact=True,
        type=kind,
        parameters=parameters,
        active_parameters=active,
    )


def _is_expert(name: str) -> bool:
    return "_exps." in name


def _is_input(name: str) -> bool:
    return name.startswith("token_embd.") or "embed_tokens." in name


def _is_output(name: str) -> bool:
    return name.startswith("output.weight") or "lm_head." in name


def _layer_number(name: str) -> int | None:
    parts = name.split(".")
    for before, number in pairwise(parts):
        if before in ("blk", "layers", "h") and number.isascii() and number.isdigit():
            return int(number[:9])
    return None


def most_of(tensors: Iterable[Tensor]) -> str:
    """The type of tensor that holds most of the bytes."""
    sizes: dict[str, int] = {}
    for each in tensors:
        sizes[each.type] = sizes.get(each.type, 0) + each.size
    return max(sizes, key=lambda name: sizes[name], default="unknown")


# By rule


def by_rule(weights: Weights, shape: Shape | None, kind: str) -> Sizes | None:
    """The sizes of a model in a quantisation; None where neither shape nor parameters are known.

    Args:
        weights: What the catalogue knows of the model.
        shape: Its shape, where that is known.
        kind: A name of `QUANTISATIONS`.
    """
    told = weights.parameters
    whole = shape is not None and shape.feed_forward is not None
    base = shape if whole and shape is not None else GENERIC
    counted, sizes = _counted(base, kind)
    if told is None and not whole:
        return None
    factor = 1.0 if told is None or (whole and abs(told / counted - 1) < 0.02) else told / counted
    layers = shape.layers if shape is not None else base.layers
    scaled = [round(size * factor) for size in sizes.layers]
    if len(scaled) != layers:
        scaled = [sum(scaled) // layers] * layers
    active = weights.active_parameters
    share = active / told if active and told and active < told else 1.0
    note = ""
    if not whole:
        bits = 8 * sizes.total / counted
        note = f"Its weights are counted at {bits:.2f} bits each, as a dense model has them."
    elif factor != 1.0:
        note = "It has weights beside its dense layers, which are counted in proportion."
    total = round(sizes.total * factor)
    return msgspec.structs.replace(
        sizes,
        total=total,
        layers=tuple(scaled),
        output=round(sizes.output * factor),
        read=round(total * share) if share < 1 else round(sizes.read * factor),
        parameters=told or counted,
        active_parameters=active or told or counted,
        note=note,
    )


def _counted(shape: Shape, kind: str) -> tuple[int, Sizes]:
    """Parameters and sizes of a dense model."""
    layers = [0.0] * shape.layers
    total = output = 0.0
    parameters = 0
    inputs = 0.0
    for table in tables(shape):
        size = table.weights * bits_of(kind, table, shape) / 8
        parameters += table.weights
        total += size
        if table.layer is not None:
            layers[table.layer] += size
        elif table.role == "token_embd" and not shape.tied:
            inputs += size
        else:
            output += size
    return parameters, Sizes(
        total=round(total),
        layers=tuple(map(round, layers)),
        output=round(output),
        read=round(total - inputs),
        exact=False,
        type=kind,
    )


def tables(shape: Shape) -> Iterator[Table]:
    """The tensors of a dense model of that shape, as Llama and Qwen have them."""
    hidden, vocabulary = shape.hidden, shape.vocabulary
    yield Table("token_embd", None, vocabulary * hidden)
    if not shape.tied:
        yield Table("output", None, vocabulary * hidden)
    yield Table("norm", None, hidden)
    for place, layer in enumerate(shape.caches):
        # A query is as wide as the heads, and a key as wide as the heads that share it.
        size = _head_size(shape, layer)
        yield Table("attn_q", place, hidden * shape.heads * size)
        yield Table("attn_k", place, hidden * layer.key)
        yield Table("attn_v", place, hidden * layer.value)
        yield Table("attn_output", place, shape.heads * size * hidden)
        for role in ("ffn_gate", "ffn_up", "ffn_down"):
            yield Table(role, place, hidden * (shape.feed_forward or 0))
        yield Table("norm", place, 2 * hidden)
        if shape.bias:
            yield Table("norm", place, shape.heads * size + layer.key + layer.value)


def _head_size(shape: Shape, layer: Layer) -> int:
    return shape.head_size or shape.hidden // shape.heads if layer.key else 0


def bits_of(kind: str, table: Table, shape: Shape) -> float:
    """Bits for each weight of a tensor."""
    if kind in MLX:
        return 16 if table.role == "norm" else MLX[kind]
    if table.role == "norm":
        return 32
    if kind == "MXFP4":
        # Experts alone are in it, and they are nearly all of the model.
        return BITS["MXFP4"]
    return BITS[_type_of(kind, table, shape)]


def _type_of(kind: str, table: Table, shape: Shape) -> str:
    base = MIXTURES.get(kind, kind)
    if kind in ("F32", "F16", "BF16", "Q8_0"):
        return kind
    is_output = table.role == "output" or (table.role == "token_embd" and bool(shape.tied))
    if is_output:
        return "Q6_K"
    if table.layer is None or kind not in MIXTURES:
        return base
    special = _SPECIAL.get(table.role)
    return base if special is None else special(kind, table.layer, shape) or base


def _value_type(kind: str, place: int, shape: Shape) -> str | None:
    """Of the values, which are few and matter much."""
    layers = shape.layers
    # Where four queries share a value, it is a small part.
    shared = shape.heads >= 4 * max(1, _kv_heads(shape))
    found = {
        "IQ4_XS": "Q5_K" if shared else None,
        "IQ4_NL": "Q5_K" if shared else None,
        "Q2_K": "Q4_K" if shared else "Q3_K",
        "Q3_K_M": "Q5_K" if place < 2 else "Q4_K",
        "Q3_K_L": "Q5_K",
        "Q4_K_S": "Q5_K" if place < 4 else None,
        "Q4_K_M": "Q6_K" if _more(place, layers) else None,
        "Q5_K_M": "Q6_K" if _more(place, layers) else None,
    }.get(kind)
    if layers == _SEVENTY and (found or MIXTURES[kind]) in ("Q3_K", "Q4_K"):
        return "Q5_K"
    return found


def _down_type(kind: str, place: int, shape: Shape) -> str | None:
    """Of the tables that lead back from the feed-forward layer."""
    layers = shape.layers
    return {
        "Q2_K": "Q3_K",
        "Q3_K_M": "Q5_K" if place < layers // 16 else "Q4_K",
        "Q3_K_L": "Q5_K",
        "Q4_K_S": "Q5_K" if place < layers // 8 else None,
        "Q4_K_M": "Q6_K" if _more(place, layers) else None,
        "Q5_K_M": "Q6_K" if _more(place, layers) else None,
    }.get(kind)


def _out_type(kind: str, _place: int, _shape: Shape) -> str | None:
    """Of the tables that lead back from attention."""
    return {"Q2_K": "Q3_K", "Q3_K_M": "Q4_K", "Q3_K_L": "Q5_K"}.get(kind)


_SPECIAL = {"attn_v": _value_type, "ffn_down": _down_type, "attn_output": _out_type}


def _more(place: int, layers: int) -> bool:
    """Whether a layer gets more bits: the first and last eighth, and every third between."""
    eighth = layers // 8
    return place < eighth or place >= 7 * layers // 8 or (place - eighth) % 3 == 2


def _kv_heads(shape: Shape) -> int:
    size = shape.head_size or shape.hidden // shape.heads
    return shape.kv_width // max(1, size)


GENERIC = Shape(
    caches=(Layer(1024, 1024),) * 32,
    hidden=4096,
    heads=32,
    head_size=128,
    vocabulary=128_256,
    feed_forward=14_336,
    tied=False,
)
"""A model that stands for those whose layers are not known: Llama 3.1 8B."""
