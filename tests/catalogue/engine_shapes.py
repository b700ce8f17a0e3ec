"""Models of chosen shapes for llama.cpp, with weights of zero, and what its log says of memory."""

import re
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf_models import Vocabulary, close

_LINES = {
    "weights": r"model buffer size =\s+([\d.]+) MiB",
    "cache": r"KV buffer size =\s+([\d.]+) MiB",
    "compute": r"compute buffer size =\s+([\d.]+) MiB",
}
_SERVE = """
import sys, time, xllamacpp
path, context, kind, flash, sequences = sys.argv[1:]
parameters = xllamacpp.CommonParams()
parameters.model.path = path
parameters.hostnames = ["127.0.0.1"]
parameters.port = 0
parameters.n_parallel = int(sequences)
parameters.n_ctx = int(context)
parameters.warmup = False
parameters.verbosity = 4
parameters.no_extra_bufts = True
parameters.cache_type_k = parameters.cache_type_v = getattr(
    xllamacpp.ggml_type, "GGML_TYPE_" + kind.upper()
)
parameters.flash_attn_type = getattr(
    xllamacpp.llama_flash_attn_type, "LLAMA_FLASH_ATTN_TYPE_" + flash
)
server = xllamacpp.Server(parameters)
# A thread of its own writes the log; whoever reads it ends this process.
time.sleep(120)
"""


def logged(
    path: Path,
    context: int,
    *,
    kind: str = "f16",
    flash_attention: bool = True,
    sequences: int = 1,
) -> dict[str, float]:
    """MiB of weights, cache and compute buffer that llama.cpp says it takes, to two places."""
    flash = "ENABLED" if flash_attention else "DISABLED"
    command = [sys.executable, "-c", _SERVE, str(path), str(context), kind, flash, str(sequences)]
    said = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as engine:
        for line in engine.stdout or ():
            said += line
            if "reserve took" in line:  # all that is asked for was said before
                break
        engine.kill()
    found = {name: re.findall(line, said) for name, line in _LINES.items()}
    assert all(found.values()), said[-3000:]
    return {name: sum(map(float, sizes)) for name, sizes in found.items()}


class ShapeWriter:
    """A model file, tensor by tensor."""

    def __init__(
        self, path: Path, architecture: str, *, hidden: int, layers: int, ffn: int
    ) -> None:
        self.writer = gguf.GGUFWriter(path, architecture)
        self.hidden = hidden
        words = Vocabulary()
        self.vocabulary = len(words.tokens)
        self.writer.add_context_length(131_072)
        self.writer.add_embedding_length(hidden)
        self.writer.add_block_count(layers)
        self.writer.add_feed_forward_length(ffn)
        self.writer.add_layer_norm_rms_eps(1e-6)
        self.writer.add_vocab_size(self.vocabulary)
        self.writer.add_tokenizer_model("gpt2")
        self.writer.add_tokenizer_pre("gpt-2")
        self.writer.add_token_list(words.tokens)
        self.writer.add_token_types(words.kinds)
        self.writer.add_token_merges(["Ġ t"])
        self.writer.add_bos_token_id(0)
        self.writer.add_eos_token_id(words.end)
        self.table("token_embd", self.vocabulary, hidden)
        self.norm("output_norm")

    def table(self, name: str, rows: int, width: int) -> None:
        """A table in Q4_0, all zero."""
        blocks = np.zeros((rows, width // 32 * 18), np.uint8)
        kind = gguf.GGMLQuantizationType.Q4_0
        self.writer.add_tensor(f"{name}.weight", blocks, raw_dtype=kind)

    def norm(self, name: str, width: int = 0) -> None:
        """A vector of ones."""
        self.writer.add_tensor(f"{name}.weight", np.ones(width or self.hidden, np.float32))

    def close(self) -> None:
        """Write the file."""
        close(self.writer)


def grouped(
    path: Path, *, hidden: int, ffn: int, heads: int, kv_heads: int, layers: int = 2
) -> None:
    """A Llama whose queries share keys."""
    made = ShapeWriter(path, "llama", hidden=hidden, layers=layers, ffn=ffn)
    size = hidden // heads
    made.writer.add_head_count(heads)
    made.writer.add_head_count_kv(kv_heads)
    made.writer.add_rope_dimension_count(size)
    for place in range(layers):
        name = f"blk.{place}."
        made.norm(f"{name}attn_norm")
        made.norm(f"{name}ffn_norm")
        _attention(made, name, heads * size, kv_heads * size)
        _feed_forward(made, name, ffn)
    made.close()


def windowed(path: Path, *, window: int, layers: int = 12) -> None:
    """A Gemma 3: five of six layers look back over a window, and heads are wider than hidden."""
    hidden, ffn, heads, kv_heads, size = 256, 256, 4, 2, 128
    made = ShapeWriter(path, "gemma3", hidden=hidden, layers=layers, ffn=ffn)
    made.writer.add_head_count(heads)
    made.writer.add_head_count_kv(kv_heads)
    made.writer.add_key_length(size)
    made.writer.add_value_length(size)
    made.writer.add_sliding_window(window)
    for place in range(layers):
        name = f"blk.{place}."
        for norm in ("attn_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm"):
            made.norm(f"{name}{norm}")
        made.norm(f"{name}attn_q_norm", size)
        made.norm(f"{name}attn_k_norm", size)
        _attention(made, name, heads * size, kv_heads * size)
        _feed_forward(made, name, ffn)
    made.close()


def latent(path: Path, *, layers: int = 3) -> None:
    """A DeepSeek: keys and values are one short vector for each token."""
    hidden, ffn, heads, rank, rope, plain = 256, 256, 4, 512, 64, 128
    made = ShapeWriter(path, "deepseek2", hidden=hidden, layers=layers, ffn=ffn)
    writer = made.writer
    writer.add_head_count(heads)
    writer.add_head_count_kv(1)
    writer.add_q_lora_rank(256)
    writer.add_kv_lora_rank(rank)
    writer.add_key_length(rank + rope)
    writer.add_value_length(rank)
    writer.add_key_length_mla(plain + rope)
    writer.add_value_length_mla(plain)
    writer.add_rope_dimension_count(rope)
    writer.add_leading_dense_block_count(layers)
    writer.add_expert_count(0)
    writer.add_expert_used_count(0)
    writer.add_expert_feed_forward_length(0)
    writer.add_expert_shared_count(0)
    for place in range(layers):
        name = f"blk.{place}."
        made.norm(f"{name}attn_norm")
        made.norm(f"{name}ffn_norm")
        made.norm(f"{name}attn_q_a_norm", 256)
        made.norm(f"{name}attn_kv_a_norm", rank)
        made.table(f"{name}attn_q_a", 256, hidden)
        made.table(f"{name}attn_q_b", heads * (plain + rope), 256)
        made.table(f"{name}attn_kv_a_mqa", rank + rope, hidden)
        for part, shape in (("attn_k_b", (rank, plain)), ("attn_v_b", (plain, rank))):
            writer.add_tensor(f"{name}{part}.weight", np.zeros((heads, *shape), np.float32))
        made.table(f"{name}attn_output", hidden, heads * plain)
        _feed_forward(made, name, ffn)
    made.close()


def _attention(made: ShapeWriter, name: str, query: int, key: int) -> None:
    made.table(f"{name}attn_q", query, made.hidden)
    made.table(f"{name}attn_k", key, made.hidden)
    made.table(f"{name}attn_v", key, made.hidden)
    made.table(f"{name}attn_output", made.hidden, query)


def _feed_forward(made: ShapeWriter, name: str, ffn: int) -> None:
    made.table(f"{name}ffn_gate", ffn, made.hidden)
    made.table(f"{name}ffn_up", ffn, made.hidden)
    made.table(f"{name}ffn_down", made.hidden, ffn)
