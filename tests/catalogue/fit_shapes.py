"""Models whose shapes are known from their `config.json`, for the tests of fit."""

from reckon.catalogue.fit import shape, weights
from reckon.catalogue.fit.machine import parse
from reckon.catalogue.fit.verdict import Case
from reckon.vocabulary.model import Weights


def described(
    layers: int,
    hidden: int,
    feed_forward: int,
    heads: int,
    kv_heads: int,
    vocabulary: int,
    **more: object,
) -> Weights:
    """Weights with heads of 128 numbers."""
    return Weights(
        layers=layers,
        hidden_size=hidden,
        feed_forward_size=feed_forward,
        heads=heads,
        kv_heads=kv_heads,
        head_size=128,
        vocabulary_size=vocabulary,
        **more,  # type: ignore[arg-type]
    )


LLAMA_3B = described(28, 3072, 8192, 24, 8, 128_256, tied_embeddings=True)
LLAMA_8B = described(32, 4096, 14_336, 32, 8, 128_256, tied_embeddings=False)
LLAMA_70B = described(80, 8192, 28_672, 64, 8, 128_256, tied_embeddings=False)
QWEN_32B = described(64, 5120, 27_648, 40, 8, 152_064, tied_embeddings=False, attention_bias=True)
LLAMA_2_7B = described(32, 4096, 11_008, 32, 32, 32_000, tied_embeddings=False)
LLAMA_2_70B = described(80, 8192, 28_672, 64, 8, 32_000, tied_embeddings=False)
DEEPSEEK_V3 = Weights(
    layers=61,
    hidden_size=7168,
    heads=128,
    kv_heads=128,
    vocabulary_size=129_280,
    latent_size=576,
    parameters=671e9,
    active_parameters=37e9,
)


def shape_of(model: Weights, context: int = 131_072) -> shape.Shape:
    """Its shape, made for so many tokens."""
    found = shape.of_weights(model, context)
    assert found is not None
    return found


def sizes_of(model: Weights, kind: str = "Q4_K_M") -> weights.Sizes:
    """Its sizes in a quantisation."""
    found = weights.by_rule(model, shape.of_weights(model), kind)
    assert found is not None
    return found


def case(machine: str, model: Weights, kind: str = "Q4_K_M", **more: object) -> Case:
    """The model on a machine."""
    return Case(
        machine=parse(machine),
        sizes=sizes_of(model, kind),
        shape=shape_of(model),
        **more,  # type: ignore[arg-type]
    )
