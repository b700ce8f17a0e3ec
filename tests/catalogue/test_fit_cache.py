"""Memory beside the weights: as the formulas have it, and as llama.cpp's own log has it."""

import engine_shapes as engine
import gguf_bytes as made
import pytest
from fit_shapes import DEEPSEEK_V3, LLAMA_3B, LLAMA_8B, LLAMA_70B, QWEN_32B, shape_of

from reckon.catalogue.fit import cache, gguf, shape, weights
from reckon.errors import UsageError
from reckon.vocabulary.model import Weights

GIB, MIB = 1 << 30, 1 << 20


@pytest.mark.parametrize(
    ("model", "at_8k", "at_128k"),
    [(LLAMA_3B, 0.875, 14), (LLAMA_8B, 1, 16), (LLAMA_70B, 2.5, 40), (QWEN_32B, 2, 32)],
)
def test_heads_that_share_keys_share_their_cache(model, at_8k, at_128k):
    """In GiB, at two bytes a number."""
    assert cache.kv_bytes(shape_of(model), 8192) == at_8k * GIB
    assert cache.kv_bytes(shape_of(model), 131_072) == at_128k * GIB


def test_latent_attention_keeps_one_short_vector():
    """61 layers of 576 numbers: 70,272 bytes a token."""
    form = shape_of(DEEPSEEK_V3)
    assert cache.kv_bytes(form, 256) == 256 * 70_272
    assert cache.kv_bytes(form, 131_072) == pytest.approx(8.58 * GIB, rel=0.001)


def test_a_smaller_type_of_cache_takes_less():
    """34 bytes for 32 numbers, or 18."""
    form = shape_of(LLAMA_8B)
    assert cache.kv_bytes(form, 8192, "q8_0") == GIB * 34 / 64
    assert cache.kv_bytes(form, 8192, "q4_0") == GIB * 18 / 64


def test_a_layer_with_a_window_keeps_the_window_and_a_batch():
    """Five of six layers; the sixth keeps everything."""
    model = Weights(
        **(_fields(LLAMA_8B) | {"layers": 12, "sliding_window": 1024, "global_every": 6})
    )
    each = 2 * 1024 * 2
    assert cache.kv_bytes(shape_of(model), 32_768) == each * (2 * 32_768 + 10 * 1536)
    assert cache.kv_bytes(shape_of(model), 512) == each * 12 * 512


def _fields(model: Weights) -> dict[str, object]:
    return {name: getattr(model, name) for name in Weights.__struct_fields__}


def test_a_type_of_cache_that_is_none_names_those_there_are():
    """What, why, what to do."""
    with pytest.raises(UsageError) as caught:
        cache.kv_type("q9")
    assert caught.value.lines() == [
        "Error: There is no cache of type 'q9'.",
        "Why: Known are f16, q8_0, q4_0.",
        "Do: Name one of them: --kv-type q8_0",
    ]


# What a GGUF file says of its shape


def shape_in(values: dict[str, made.Typed], *names: str) -> shape.Shape:
    """The shape in a file with these values and tensors."""
    tensors = [(name, (64, 1000), 1, 128_000) for name in ("token_embd.weight", *names)]
    data = made.file(values, tensors)
    found = shape.of_gguf(gguf.parse(data, len(data), "x"))
    assert found is not None
    return found


def test_keys_and_values_may_differ_in_size():
    """And heads in number, layer by layer; a layer without any keeps no tokens."""
    found = shape_in(
        made.llama(
            layers=3,
            attention__head_count_kv=(made.ARRAY, (made.I32, [2, 0, 1])),
            attention__key_length=(made.U32, 24),
            attention__value_length=(made.U32, 8),
        )
    )
    assert [(each.key, each.value) for each in found.caches] == [(48, 16), (0, 0), (24, 8)]


def test_recurrent_layers_keep_a_state_that_does_not_grow():
    """One layer in four attends, and the others are Mamba's."""
    found = shape_in(
        made.llama(
            layers=4,
            architecture="hybrid",
            full_attention_interval=(made.U32, 4),
            ssm__inner_size=(made.U32, 128),
            ssm__state_size=(made.U32, 16),
            ssm__conv_kernel=(made.U32, 4),
            ssm__group_count=(made.U32, 2),
        )
    )
    assert [each.key for each in found.caches] == [0, 0, 0, 32]
    assert found.state_bytes == 3 * 4 * (3 * (128 + 2 * 2 * 16) + 16 * 128)
    assert cache.kv_bytes(found, 1024) == found.state_bytes + 1024 * 64 * 2


def test_a_window_without_a_known_pattern_counts_as_none_and_says_so():
    """It errs on the large side."""
    found = shape_in(made.llama(attention__sliding_window=(made.U32, 512)))
    assert found.window is None
    assert not any(each.windowed for each in found.caches)
    assert found.note == (
        "It has a sliding window, which is not counted: every layer keeps every token."
    )


def test_a_pattern_of_windows_may_stand_in_the_file():
    """As a flag for each layer, or as a number."""
    flags = (made.ARRAY, (made.BOOL, [True, False]))
    for pattern in (flags, (made.U32, 2)):
        found = shape_in(
            made.llama(
                attention__sliding_window=(made.U32, 512),
                attention__sliding_window_pattern=pattern,
            )
        )
        assert [each.windowed for each in found.caches] == [True, False]
        assert found.window == 512


def test_a_file_that_is_no_language_model_has_no_shape():
    """An encoder of pictures, or a file without values."""
    data = made.file({"general.architecture": (made.TEXT, "clip")}, [])
    assert shape.of_gguf(gguf.parse(data, len(data), "x")) is None


def test_a_file_that_does_not_say_its_heads_has_no_shape():
    """Nor one that says them for another number of layers."""
    for heads in (None, (made.ARRAY, (made.I32, [2, 2, 2]))):
        values = made.llama()
        for name in ("llama.attention.head_count", "llama.attention.head_count_kv"):
            values.pop(name)
            if heads is not None:
                values[name] = heads
        data = made.file(values, [])
        assert shape.of_gguf(gguf.parse(data, len(data), "x")) is None


# What a config.json says of it

CONFIG = {
    "num_hidden_layers": 4,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 100,
}


def in_config(**more: object) -> list[tuple[int, int, bool]]:
    """What each layer keeps."""
    found = shape.of_config(CONFIG | more)
    assert found is not None
    return [(each.key, each.value, each.windowed) for each in found.caches]


def test_a_configuration_says_the_same():
    """Windows by kind of layer or pattern, latent attention, recurrent layers, text within."""
    assert in_config() == [(32, 32, False)] * 4
    assert in_config(head_dim=128) == [(256, 256, False)] * 4
    kinds = ["sliding_attention", "full_attention", "sliding_attention", "linear_attention"]
    assert in_config(sliding_window=512, layer_types=kinds) == [
        (32, 32, True),
        (32, 32, False),
        (32, 32, True),
        (0, 0, False),
    ]
    assert in_config(sliding_window=512, sliding_window_pattern=2)[:2] == [
        (32, 32, True),
        (32, 32, False),
    ]
    assert in_config(sliding_window=512, use_sliding_window=False) == [(32, 32, False)] * 4
    assert in_config(kv_lora_rank=512, qk_rope_head_dim=64) == [(576, 0, False)] * 4
    assert in_config(full_attention_interval=4) == [(0, 0, False)] * 3 + [(32, 32, False)]
    assert shape.of_config({"text_config": CONFIG}) == shape.of_config(CONFIG)
    assert shape.of_config({}) is None


# What llama.cpp says itself


def compared(path, context: int, **how: object) -> None:
    """Weights and cache to the last digit of the log; buffers never below, and not far above."""
    header = gguf.read(path)
    form = shape.of_gguf(header)
    assert form is not None
    said = engine.logged(path, context, **how)  # type: ignore[arg-type]
    kind, sequences = how.get("kind", "f16"), how.get("sequences", 1)
    expected = cache.kv_bytes(form, context, kind, sequences=sequences)  # type: ignore[arg-type]
    assert weights.of_gguf(header).total / MIB == pytest.approx(said["weights"], abs=0.011)
    assert expected / MIB == pytest.approx(said["cache"], abs=0.011)
    flash = bool(how.get("flash_attention", True))
    compute = cache.compute_bytes(form, context, flash_attention=flash) / MIB
    assert said["compute"] <= compute <= said["compute"] + 250


@pytest.fixture(scope="module")
def made_models(tmp_path_factory):
    """A model of each kind."""
    folder = tmp_path_factory.mktemp("shapes")
    engine.grouped(folder / "grouped.gguf", hidden=1024, ffn=2048, heads=8, kv_heads=2)
    # The width of Llama 3.1 8B, in two of its 32 layers.
    engine.grouped(folder / "wide.gguf", hidden=4096, ffn=14_336, heads=32, kv_heads=8)
    engine.windowed(folder / "windowed.gguf", window=1024)
    engine.latent(folder / "latent.gguf")
    return folder


@pytest.mark.parametrize(
    ("name", "context", "how"),
    [
        ("grouped", 8192, {}),
        ("grouped", 8000, {}),
        ("grouped", 8192, {"kind": "q8_0"}),
        ("grouped", 8192, {"kind": "q4_0"}),
        ("grouped", 8192, {"flash_attention": False}),
        ("wide", 8192, {}),
        ("wide", 32_768, {}),
        ("wide", 8192, {"flash_attention": False}),
        ("windowed", 1024, {}),
        ("windowed", 8192, {}),
        ("windowed", 8192, {"kind": "q8_0"}),
        ("windowed", 16_384, {"sequences": 4}),
        ("latent", 8192, {}),
        ("latent", 8192, {"kind": "q8_0"}),
    ],
)
def test_llama_cpp_takes_what_was_predicted(made_models, name, context, how):
    """Grouped heads, windows, latent attention; types of cache; more than one conversation."""
    compared(made_models / f"{name}.gguf", context, **how)
