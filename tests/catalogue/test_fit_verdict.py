"""Verdicts with their headroom, and speeds against speeds that people have measured."""

import msgspec
import pytest
from fit_shapes import (
    DEEPSEEK_V3,
    LLAMA_2_7B,
    LLAMA_2_70B,
    LLAMA_3B,
    LLAMA_8B,
    LLAMA_70B,
    QWEN_32B,
    case,
    shape_of,
    sizes_of,
)

from reckon.catalogue.fit import cache, speed, verdict
from reckon.catalogue.fit.machine import GIB, between, parse, table
from reckon.catalogue.fit.verdict import judge
from reckon.vocabulary.model import Weights


def test_a_70b_fits_a_64_gb_mac_at_8k():
    """39.6 of weights, 2.5 of cache, half a GiB beside them: 42.6 of 48 GiB."""
    found = judge(case("64GB Mac", LLAMA_70B), 8192)
    assert found.verdict == "fits"
    assert found.limit_bytes == 48 * GIB
    assert found.need_bytes == pytest.approx(42.6 * GIB, rel=0.005)
    assert found.headroom_bytes == pytest.approx(5.4 * GIB, rel=0.01)
    assert found.headroom_bytes == found.limit_bytes - found.need_bytes
    parts = (found.weights_bytes, found.kv_bytes, found.compute_bytes, found.runtime_bytes)
    assert sum(each or 0 for each in parts) == found.need_bytes


def test_a_70b_does_not_fit_a_64_gb_mac_at_32k():
    """50 of 48 GiB; less context does, or a higher limit."""
    found = judge(case("64GB Mac", LLAMA_70B), 32_768)
    assert found.verdict == "less context"
    assert found.need_bytes == pytest.approx(50 * GIB, rel=0.005)
    assert found.headroom_bytes is not None
    assert found.headroom_bytes < 0
    assert found.largest_context == 25_600
    assert found.tokens_per_s is None
    assert found.notes[-1].startswith("With a higher limit it would run: sudo sysctl iogpu.wired_")


def test_a_raised_limit_is_taken_as_it_is():
    """57,344 MiB, say."""
    machine = msgspec.structs.replace(parse("M2 Max 64GB"), gpu_limit_bytes=56 * GIB)
    raised = msgspec.structs.replace(case("64GB Mac", LLAMA_70B), machine=machine)
    assert judge(raised, 32_768).verdict == "fits"


def test_the_largest_context_is_the_largest():
    """It fits, and one step more does not."""
    asked = case("64GB Mac", LLAMA_70B)
    largest = judge(asked).largest_context
    assert largest is not None
    assert judge(asked, largest).verdict == "fits"
    assert judge(asked, largest + cache.CONTEXT_STEP).verdict == "less context"


def test_a_smaller_cache_leaves_room_for_more_context():
    """Qwen2.5 Coder 32B at its whole 128k."""
    assert judge(case("64GB Mac", QWEN_32B), 131_072).verdict == "less context"
    assert judge(case("64GB Mac", QWEN_32B, kv_type="q8_0"), 131_072).verdict == "fits"


@pytest.mark.parametrize(
    ("machine", "gibibytes"),
    [
        ("16GB Mac", 16 * 2 / 3),
        ("32GB Mac", 32 * 2 / 3),
        ("36GB Mac", 27),
        ("64GB Mac", 48),
        ("192GB Mac", 144),
        ("iPhone 15 Pro", 6),
        ("DGX Spark", 96),
        ("16GB RAM", 16 * 0.85),
        ("8GB RAM", 6),
        ("256GB RAM", 248),
        ("2x RTX 3090", 48 * 0.975),
        ("RTX 4090 + 64GB RAM", 24 * 0.975),
    ],
)
def test_each_kind_of_machine_gives_its_share(machine, gibibytes):
    """One memory for both processors, cards with their own, main memory alone."""
    assert verdict.limit_of(parse(machine)) == pytest.approx(gibibytes * GIB, rel=1e-6)


def test_a_card_without_room_leaves_layers_in_main_memory():
    """44 of 80 in the card, and the rest is read five to thirty times slower."""
    found = judge(case("RTX 4090 + 64GB RAM", LLAMA_70B))
    assert found.verdict == "offload"
    assert found.gpu_layers is not None
    assert 40 <= found.gpu_layers < 48
    assert found.tokens_per_s is not None
    alone = judge(case("2x RTX 4090", LLAMA_70B)).tokens_per_s
    assert alone is not None
    assert found.tokens_per_s.likely < alone.likely / 3


def test_layers_stay_nowhere_where_main_memory_is_small_or_not_named():
    """Too large, and it says by how much."""
    for machine in ("RTX 4090", "RTX 4090 + 16GB RAM"):
        found = judge(case(machine, LLAMA_70B))
        assert found.verdict == "does not fit"
        assert found.largest_context is None
        assert found.gpu_layers is None
        assert found.headroom_bytes == pytest.approx(-19.5 * GIB, rel=0.01)


def test_more_cards_hold_more_and_each_has_buffers_of_its_own():
    """Two hold what one does not."""
    one, two = (judge(case(name, LLAMA_70B)) for name in ("RTX 3090", "2x RTX 3090"))
    assert (one.verdict, two.verdict) == ("does not fit", "fits")
    assert two.runtime_bytes == 2 * one.runtime_bytes


def test_a_mixture_of_experts_must_fit_whole_and_is_as_fast_as_its_active_part():
    """All 671 billion are held, and 37 are read."""
    assert judge(case("256GB Mac", DEEPSEEK_V3)).verdict == "does not fit"
    found = judge(case("M3 Ultra 512GB", DEEPSEEK_V3))
    assert found.weights_bytes > 380 * GIB
    dense = judge(case("M3 Ultra 512GB", LLAMA_70B)).tokens_per_s
    mixture = found.tokens_per_s
    assert dense is not None
    assert mixture is not None
    assert mixture.likely > dense.likely


def test_a_model_without_a_shape_is_judged_by_its_weights_alone():
    """Too large is certain; that it fits is not."""
    sizes = sizes_of(Weights(parameters=70e9))
    large = verdict.judge_weights(parse("16GB RAM"), sizes)
    assert large.verdict == "does not fit"
    assert large.headroom_bytes is not None
    assert large.headroom_bytes < 0
    small = verdict.judge_weights(parse("64GB Mac"), sizes)
    assert (small.verdict, small.headroom_bytes, small.kv_bytes) == ("unknown", None, None)
    assert small.notes[-1].endswith("give a GGUF file of it.")


def test_context_beyond_what_the_model_is_made_for_is_noted():
    """The cache would hold it, and the model not."""
    found = judge(case("512GB Mac", LLAMA_8B), 200_000)
    assert "The model is made for 131,072 tokens of context." in found.notes


def test_conversations_at_once_share_the_context():
    """They do not multiply it."""
    one = judge(case("64GB Mac", LLAMA_8B), 8192)
    four = judge(case("64GB Mac", LLAMA_8B, sequences=4), 8192)
    assert one.kv_bytes == four.kv_bytes


# Speed

PUBLIC = "https://github.com/XiongjieDai/GPU-Benchmarks-on-LLM-Inference"
MEASURED = [
    # Llama 3, 512 tokens, May 2024.
    ("3070", LLAMA_8B, "Q4_K_M", 72.79),
    ("3080", LLAMA_8B, "Q4_K_M", 109.57),
    ("3080 ti", LLAMA_8B, "Q4_K_M", 110.60),
    ("4070 ti", LLAMA_8B, "Q4_K_M", 83.50),
    ("4080", LLAMA_8B, "Q4_K_M", 108.15),
    ("4080", LLAMA_8B, "F16", 40.58),
    ("3090", LLAMA_8B, "Q4_K_M", 115.42),
    ("3090", LLAMA_8B, "F16", 47.40),
    ("4090", LLAMA_8B, "Q4_K_M", 130.58),
    ("4090", LLAMA_8B, "F16", 54.84),
    ("m1", LLAMA_8B, "Q4_K_M", 10.20),
    ("m1 max", LLAMA_8B, "Q4_K_M", 35.73),
    ("m1 max", LLAMA_8B, "F16", 18.75),
    ("m1 max", LLAMA_70B, "Q4_K_M", 4.34),
    ("m2 ultra", LLAMA_8B, "Q4_K_M", 78.81),
    ("m2 ultra", LLAMA_8B, "F16", 36.90),
    ("m2 ultra", LLAMA_70B, "Q4_K_M", 12.48),
    ("m2 ultra", LLAMA_70B, "F16", 4.76),
    ("m3 max", LLAMA_8B, "Q4_K_M", 48.97),
    ("m3 max", LLAMA_8B, "F16", 22.04),
    ("m3 max", LLAMA_70B, "Q4_K_M", 7.65),
    # Llama 2, December 2023.
    ("4080", LLAMA_2_7B, "Q4_0", 118.05),
    ("4080", LLAMA_2_7B, "F16", 44.22),
    ("3090", LLAMA_2_7B, "Q4_0", 121.17),
    ("3090", LLAMA_2_7B, "F16", 51.81),
    ("4090", LLAMA_2_7B, "Q4_0", 149.41),
    ("4090", LLAMA_2_7B, "F16", 60.92),
    ("a6000", LLAMA_2_7B, "Q4_0", 111.44),
    ("a6000", LLAMA_2_7B, "F16", 43.96),
    ("a6000", LLAMA_2_70B, "Q4_0", 15.18),
    ("a100", LLAMA_2_7B, "Q4_0", 136.24),
    ("a100", LLAMA_2_7B, "F16", 73.83),
    ("a100", LLAMA_2_70B, "Q4_0", 25.68),
    ("h100", LLAMA_2_7B, "Q4_0", 133.77),
    ("h100", LLAMA_2_7B, "F16", 83.32),
    ("h100", LLAMA_2_70B, "Q4_0", 25.88),
    ("m1 max", LLAMA_2_7B, "Q4_0", 48.65),
    ("m1 max", LLAMA_2_7B, "F16", 13.83),
    ("m2 ultra", LLAMA_2_7B, "Q4_0", 91.89),
    ("m2 ultra", LLAMA_2_7B, "F16", 40.68),
    ("m2 ultra", LLAMA_2_70B, "Q4_0", 14.37),
    ("m2 ultra", LLAMA_2_70B, "F16", 4.81),
    ("m3", LLAMA_2_7B, "Q4_0", 20.79),
    ("m3 max", LLAMA_2_7B, "Q4_0", 63.11),
    ("m3 max", LLAMA_2_7B, "F16", 24.76),
    # Milliseconds in an issue of that repository, August 2023.
    ("m2 pro", LLAMA_2_7B, "Q4_0", 1000 / 28.91),
    ("m2 pro", LLAMA_2_7B, "F16", 1000 / 92.15),
    # 27 to 28 ms on a chip of 30 cores, in llama.cpp's log of changes of 2023.
    ("m2 max", LLAMA_2_7B, "Q4_0", 36.0),
    # https://github.com/brand-o/normiebench/issues/3 and /40, March 2026.
    ("m4", LLAMA_8B, "Q4_K_M", 20.87),
    ("m1 max", LLAMA_8B, "Q4_K_M", 46.2),
]
"""Tokens a second that people measured with llama.cpp, most of them in PUBLIC."""


def foretold(chip: str, model: Weights, kind: str):
    """The interval for a chip of the table, early in an answer."""
    row, form = table().names[chip], shape_of(model)
    size = sizes_of(model, kind).read + cache.kv_read(form, 256)
    return speed.decode([speed.Read(size, form.layers, between(row.bandwidth_gb_per_s))])


def test_measured_speeds_lie_within_the_interval():
    """Nine in ten at least, from an M1 to an H100, from 7 to 70 billion weights."""
    inside = [
        found.low <= measured <= found.high
        for chip, model, kind, measured in MEASURED
        for found in [foretold(chip, model, kind)]
    ]
    assert sum(inside) >= 0.9 * len(MEASURED)


def test_the_likely_speed_is_not_off_to_one_side():
    """Half of the measured speeds are above, give or take a fifth."""
    above = sum(
        measured > foretold(chip, model, kind).likely for chip, model, kind, measured in MEASURED
    )
    assert 0.3 < above / len(MEASURED) < 0.7


def test_the_interval_is_of_use():
    """Its ends are a factor of two and a half to five apart."""
    for chip, model, kind, _ in MEASURED:
        found = foretold(chip, model, kind)
        assert found.high / found.low < (6 if chip in ("a100", "h100") else 3.5), chip


def test_an_m2_max_brackets_what_was_measured():
    """36 tokens a second of a 7B in Q4_0."""
    found = foretold("m2 max", LLAMA_2_7B, "Q4_0")
    assert found.low < 36 < found.high


def test_a_3b_runs_on_a_phone_at_about_twenty_tokens_a_second():
    """Llama 3.2 3B on an iPhone 15 Pro."""
    found = judge(case("iPhone 15 Pro", LLAMA_3B))
    assert found.verdict == "fits"
    assert found.tokens_per_s is not None
    assert found.tokens_per_s.low < 20 < found.tokens_per_s.high
    assert found.tokens_per_s.likely == pytest.approx(20, rel=0.2)


def test_a_full_context_is_slower():
    """The cache is read for each token, too."""
    found = judge(case("M2 Max 64GB", LLAMA_8B), 131_072)
    assert found.tokens_per_s is not None
    assert found.full_tokens_per_s is not None
    assert found.full_tokens_per_s.likely < found.tokens_per_s.likely / 2


@pytest.mark.parametrize(
    ("machine", "measured"),
    [
        ("M1 Max 64GB", 408.23),
        ("M2 Ultra 192GB", 994.04),
        ("M3 Max 64GB", 693.32),
        ("RTX 3070", 2402.51),
        ("RTX 3080", 3728.86),
        ("RTX 3090", 4030.40),
        ("RTX 4070 Ti", 3936.29),
        ("RTX 4080", 5389.74),
        ("RTX 4090", 7138.99),
    ],
)
def test_prompts_are_read_as_fast_as_was_measured(machine, measured):
    """512 tokens, Llama 3 8B in Q4_K_M, in PUBLIC."""
    found = judge(case(machine, LLAMA_8B), 1024).prompt_tokens_per_s
    assert found is not None
    assert found.low < measured < found.high


def test_where_the_speed_of_memory_is_unknown_so_is_the_speed():
    """None, and the verdict stands."""
    found = judge(case("24GB GPU", LLAMA_8B))
    assert (found.verdict, found.tokens_per_s) == ("fits", None)
    assert judge(case("16GB RAM", LLAMA_8B)).prompt_tokens_per_s is None
