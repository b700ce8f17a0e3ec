"""Bytes of weights: by rule within half a percent of published files, from files exactly."""

import json
import struct

import gguf_bytes as made
import pytest
from fit_shapes import DEEPSEEK_V3, LLAMA_3B, LLAMA_8B, LLAMA_70B, QWEN_32B, sizes_of

from reckon.catalogue.fit import gguf, safetensors, shape, weights
from reckon.errors import SourceError, UsageError
from reckon.vocabulary.model import Weights

GIB = 1 << 30


@pytest.mark.parametrize(
    ("model", "parameters", "gigabytes"),
    [
        (LLAMA_3B, 3.213e9, 2.012),
        (LLAMA_8B, 8.030e9, 4.913),
        (LLAMA_70B, 70.554e9, 42.513),
        (QWEN_32B, 32.764e9, 19.845),
    ],
)
def test_q4_k_m_has_the_size_that_is_published(model, parameters, gigabytes):
    """Within half a percent; so the weights of Llama 3.2 3B are below 2 GiB."""
    found = sizes_of(model)
    assert found.parameters == pytest.approx(parameters, rel=0.001)
    assert found.total / 1e9 == pytest.approx(gigabytes, rel=0.005)
    assert found.read == pytest.approx(sum(found.layers) + found.output, abs=100)
    assert not found.exact


def test_llama_3b_is_below_two_gibibytes():
    """And just above two gigabytes."""
    assert 2e9 < sizes_of(LLAMA_3B).total < 2 * GIB


@pytest.mark.parametrize(
    ("kind", "gibibytes"),
    [
        ("Q2_K", 24.56),
        ("Q3_K_S", 28.79),
        ("Q3_K_M", 31.91),
        ("Q3_K_L", 34.59),
        ("IQ4_XS", 35.30),
        ("IQ4_NL", 37.30),
        ("Q4_K_S", 37.58),
        ("Q4_K_M", 39.60),
        ("Q5_K_S", 45.32),
        ("Q5_K_M", 46.52),
        ("Q6_K", 53.91),
        ("Q8_0", 69.83),
        ("F16", 131.43),
    ],
)
def test_every_mixture_has_the_size_of_the_published_70b(kind, gibibytes):
    """Sizes of Llama 3 70B: https://github.com/ggml-org/llama.cpp/pull/6745."""
    assert sizes_of(LLAMA_70B, kind).total / GIB == pytest.approx(gibibytes, rel=0.001)


def test_mlx_keeps_a_scale_and_an_offset_for_every_64_weights():
    """Four bits are four and a half, eight are eight and a half."""
    for kind, bits in (("MLX-4BIT", 4.5), ("MLX-8BIT", 8.5)):
        found = sizes_of(LLAMA_8B, kind)
        assert 8 * found.total / found.parameters == pytest.approx(bits, rel=0.001)


def test_a_token_reads_one_row_of_the_table_of_the_input():
    """Unless the output is the same table."""
    untied, tied = sizes_of(LLAMA_8B, "F16"), sizes_of(LLAMA_3B, "F16")
    assert untied.total - untied.read == 128_256 * 4096 * 2
    assert tied.total == tied.read


def test_of_a_mixture_of_experts_a_token_reads_the_share_that_is_active():
    """37 of 671 billion."""
    found = sizes_of(DEEPSEEK_V3)
    assert found.read / found.total == pytest.approx(37 / 671)
    assert found.total * 8 / 671e9 == pytest.approx(4.89, abs=0.01)
    assert found.note == "Its weights are counted at 4.89 bits each, as a dense model has them."


def test_weights_beside_the_layers_are_counted_in_proportion():
    """An encoder of pictures, say."""
    plain = sizes_of(LLAMA_8B)
    more = sizes_of(Weights(**{**_fields(LLAMA_8B), "parameters": plain.parameters * 1.25}))
    assert more.total == pytest.approx(plain.total * 1.25)
    assert more.note.startswith("It has weights beside its dense layers")


def _fields(model: Weights) -> dict[str, object]:
    return {name: getattr(model, name) for name in Weights.__struct_fields__}


def test_without_parameters_and_layers_there_is_no_size():
    """Unknown is not zero."""
    assert weights.by_rule(Weights(), None, "Q4_K_M") is None
    assert weights.by_rule(Weights(parameters=7e9), None, "Q4_K_M") is not None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("q4_k_m", "Q4_K_M"), (" mlx-4bit", "MLX-4BIT"), ("fp16", "F16"), ("Q4", "Q4_K_M")],
)
def test_a_quantisation_may_be_typed_as_people_do(typed, meant):
    """Small letters and short forms."""
    assert weights.quantisation(typed) == meant


def test_a_quantisation_that_is_none_names_those_there_are():
    """What, why, what to do."""
    with pytest.raises(UsageError) as caught:
        weights.quantisation("Q4_K_XL")
    what, why, do = caught.value.lines()
    assert what == "Error: There is no quantisation 'Q4_K_XL'."
    assert why.startswith("Why: Known are F32, F16, BF16, Q8_0, Q6_K, ")
    assert do == "Do: Name one of them: --quant Q4_K_M"


# From a GGUF file


def header_of(values: dict[str, made.Typed], tensors: list[tuple[str, tuple[int, ...], int, int]]):
    """The header of a file with these."""
    data = made.file(values, tensors)
    return gguf.parse(data, len(data), "x")


def test_a_file_says_its_sizes_itself():
    """Layers, output, and what a token reads."""
    found = weights.of_gguf(
        header_of(
            made.llama(),
            [
                ("token_embd.weight", (64, 1000), 0, 256_000),
                ("output.weight", (64, 1000), 1, 128_000),
                ("blk.0.ffn_up.weight", (64, 128), 0, 32_768),
                ("blk.1.ffn_up.weight", (64, 256), 0, 65_536),
            ],
        )
    )
    assert found.total == 256_000 + 128_000 + 32_768 + 65_536
    assert found.layers == (32_768, 65_536)
    assert found.output == 128_000
    assert found.read == found.total - 256_000
    assert found.exact
    assert found.type == "F32"


def test_a_file_with_experts_reads_those_that_are_asked():
    """Two of eight."""
    found = weights.of_gguf(
        header_of(
            made.llama(expert_count=(made.U32, 8), expert_used_count=(made.U32, 2)),
            [
                ("token_embd.weight", (64, 10), 0, 2560),
                ("blk.0.attn_q.weight", (64, 64), 0, 16_384),
                ("blk.0.ffn_up_exps.weight", (64, 32, 8), 0, 65_536),
            ],
        )
    )
    # The table of the input is that of the output too, and is read.
    assert found.read == 2560 + 16_384 + 65_536 * 2 // 8
    assert found.active_parameters == 640 + 4096 + 16_384 / 4


# From a folder of safetensors


def folder(tmp_path, config: dict[str, object], tensors: dict[str, tuple[str, list[int], int]]):
    """A model's folder."""
    entries, end = {}, 0
    for name, (dtype, sides, size) in tensors.items():
        entries[name] = {"dtype": dtype, "shape": sides, "data_offsets": [end, end + size]}
        end += size
    head = json.dumps({"__metadata__": {"format": "mlx"}} | entries).encode()
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + bytes(end))
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


CONFIG = {
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "max_position_embeddings": 4096,
}


def test_an_mlx_folder_says_sizes_and_shape(tmp_path):
    """Packed weights, their scales and offsets."""
    found = safetensors.read_folder(
        folder(
            tmp_path,
            CONFIG | {"quantization": {"group_size": 64, "bits": 4}, "tie_word_embeddings": True},
            {
                "model.embed_tokens.weight": ("U32", [100, 8], 3200),
                "model.embed_tokens.scales": ("F16", [100, 1], 200),
                "model.embed_tokens.biases": ("F16", [100, 1], 200),
                "model.layers.0.mlp.up_proj.weight": ("U32", [128, 8], 4096),
                "model.layers.1.mlp.up_proj.weight": ("U32", [128, 8], 4096),
                "model.norm.weight": ("BF16", [64], 128),
            },
        )
    )
    assert found.sizes.total == 3200 + 400 + 8192 + 128 == found.sizes.read
    assert found.sizes.layers == (4096, 4096)
    assert found.sizes.type == "MLX-4BIT"
    assert found.sizes.parameters == 100 * 64 + 2 * 128 * 64
    assert found.shape is not None
    assert found.shape.caches == (shape.Layer(32, 32),) * 2
    assert found.shape.context_tokens == 4096


def test_an_mlx_mixture_reads_the_experts_that_are_asked(tmp_path):
    """One of four."""
    found = safetensors.read_folder(
        folder(
            tmp_path,
            CONFIG | {"num_experts": 4, "num_experts_per_tok": 1},
            {
                "lm_head.weight": ("BF16", [100, 64], 12_800),
                "model.embed_tokens.weight": ("BF16", [100, 64], 12_800),
                "model.layers.0.mlp.switch_mlp.up_proj.weight": ("BF16", [4, 64, 64], 32_768),
            },
        )
    )
    assert found.sizes.total - found.sizes.read == 12_800 + 32_768 * 3 // 4
    assert found.sizes.type == "BF16"


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (b"\xff" * 20, "Its first eight bytes are no length of a header."),
        (b"", "Its first eight bytes are no length of a header."),
        (struct.pack("<Q", 2) + b"[]", "Its header is malformed: Expected `object`, got `array`."),
        (
            struct.pack("<Q", 60) + b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}     ',
            "A tensor ends at byte 16 of its data, and there are 0.",
        ),
        (
            struct.pack("<Q", 60) + b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[9,1]}}      ',
            "A tensor has a size below zero.",
        ),
        (
            struct.pack("<Q", 7) + b'{"a":1}',
            "Its header is malformed: Expected `object`, got `int`.",
        ),
    ],
)
def test_a_broken_safetensors_file_is_refused_with_its_reason(tmp_path, damage, why):
    """No length, no JSON, no room."""
    (folder(tmp_path, CONFIG, {}) / "model.safetensors").write_bytes(damage)
    with pytest.raises(SourceError) as caught:
        safetensors.read_folder(tmp_path)
    assert caught.value.what == f"{tmp_path / 'model.safetensors'} cannot be read."
    assert caught.value.why == why
    assert caught.value.do == "Download it again, or give a GGUF file."


def test_a_folder_without_a_model_is_told(tmp_path):
    """No configuration, no weights, a configuration that is none."""
    with pytest.raises(SourceError, match="There is no model in"):
        safetensors.read_folder(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(SourceError, match="There are no weights in"):
        safetensors.read_folder(tmp_path)
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(SourceError, match="It is no JSON object"):
        safetensors.read_folder(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(SourceError, match="It is no JSON: "):
        safetensors.read_folder(tmp_path)
