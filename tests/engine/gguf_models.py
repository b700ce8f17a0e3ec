"""Makes the tiny models that the tests' llama.cpp server runs: real engine, no downloads.

    scripted   a model whose every answer is known: one-hot embeddings, attention and feed-forward
               at zero, and an output table that says which token follows which
    random     two layers of random weights with a real tokenizer; what it says is noise

Encoders of pictures and sound for `random` are in `gguf_encoders`. The bytes are the same every
time.
"""

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

ANSWERS = {
    "hello": ["Hello", " from", " the", " scripted", " model."],
    "think": ["<think>\n", "Two plus two", "\n</think>\n\n", "The answer", " is 4."],
    "json": ['{"a": ', "1, ", '"b": "red"}'],
    "call": [
        "<tool_call>\n",
        '{"name": "get_weather", ',
        '"arguments": {"city": "Paris"}}',
        "\n</tool_call>",
    ],
    "loop": ["la "],
}
"""Pieces of each answer; a piece is a token of its own, so none occurs twice."""

RANDOM_WIDTH = 64

# llama.cpp tells reasoning and calls apart only where the template shows how they are written.
_SCRIPTED_TEMPLATE = """{% if tools %}<|im_start|>system
Tools: {% for tool in tools %}{{ tool | tojson }}{% endfor %}
A call is written so:
<tool_call>
{"name": NAME, "arguments": OBJECT}
</tool_call><|im_end|>
{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.reasoning_content %}<think>
{{ m.reasoning_content }}
</think>

{% endif %}{{ m.content or "" }}{% for call in m.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% set last = messages[-1].content | string %}\
{% if tools and messages[-1].role != "tool" %}<|go_call|>{% elif "think" in last %}<|go_think|>\
{% elif "json" in last %}<|go_json|>{% elif "loop" in last %}<|go_loop|>\
{% else %}<|go_hello|>{% endif %}{% endif %}"""

_PLAIN_TEMPLATE = """{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

# llama.cpp refuses an empty list of merges.
_MERGES = ["Ġ t"]
_CONTROL = ["<|bos|>", "<|im_start|>", "<|im_end|>"]


class Vocabulary:
    """Byte-level tokens, a few merges, and what is added."""

    def __init__(self) -> None:
        self.letters = _byte_letters()
        self.tokens = [self.letters[byte] for byte in range(256)]
        self.tokens += [merge.replace(" ", "") for merge in _MERGES]
        self.kinds = [gguf.TokenType.NORMAL] * len(self.tokens)
        for name in _CONTROL:
            self.add(name, gguf.TokenType.CONTROL)

    def add(self, token: str, kind: gguf.TokenType) -> int:
        """Add a token; gives its number."""
        assert token not in self.tokens
        self.tokens.append(token)
        self.kinds.append(kind)
        return len(self.tokens) - 1

    def add_text(self, text: str) -> int:
        """Add a token that spells a text."""
        spelled = "".join(self.letters[byte] for byte in text.encode())
        return self.add(spelled, gguf.TokenType.NORMAL)

    @property
    def end(self) -> int:
        """The token that ends an answer."""
        return self.tokens.index("<|im_end|>")


def scripted(path: Path) -> None:
    """The model whose answers are known at temperature 0."""
    words = Vocabulary()
    follows: dict[int, int] = {}
    for name, pieces in ANSWERS.items():
        last = words.add(f"<|go_{name}|>", gguf.TokenType.CONTROL)
        for piece in pieces:
            follows[last] = words.add_text(piece)
            last = follows[last]
        follows[last] = last if name == "loop" else words.end
    size = len(words.tokens)
    width = -(-size // 32) * 32
    embedding = np.zeros((size, width), np.float32)
    embedding[np.arange(size), np.arange(size)] = 1
    table = np.zeros((size, width), np.float32)
    for token in range(size):
        table[follows.get(token, words.end), token] = 2
    writer = _writer(
        path,
        words,
        width=width,
        layers=1,
        heads=8,
        kv_heads=8,
        ffn=32,
        context=8192,
        template=_SCRIPTED_TEMPLATE,
    )
    _layers(writer, width=width, layers=1, kv_width=width, ffn=32, weights=zeros)
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output.weight", table)
    close(writer)


def random(path: Path) -> None:
    """Random weights with a fixed seed."""
    words = Vocabulary()
    draw = np.random.default_rng(0)

    def weights(*shape: int) -> Array:
        return (draw.standard_normal(shape) * 0.08).astype(np.float32)

    width = RANDOM_WIDTH
    writer = _writer(
        path,
        words,
        width=width,
        layers=2,
        heads=4,
        kv_heads=2,
        ffn=128,
        context=4096,
        template=_PLAIN_TEMPLATE,
    )
    _layers(writer, width=width, layers=2, kv_width=width // 2, ffn=128, weights=weights)
    writer.add_tensor("token_embd.weight", weights(len(words.tokens), width))
    writer.add_tensor("output.weight", weights(len(words.tokens), width))
    close(writer)


def _writer(
    path: Path,
    words: Vocabulary,
    *,
    width: int,
    layers: int,
    heads: int,
    kv_heads: int,
    ffn: int,
    context: int,
    template: str,
) -> gguf.GGUFWriter:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(ffn)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(len(words.tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(words.tokens)
    writer.add_token_types(words.kinds)
    writer.add_token_merges(_MERGES)
    writer.add_bos_token_id(words.tokens.index("<|bos|>"))
    writer.add_eos_token_id(words.end)
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)
    return writer


def _layers(
    writer: gguf.GGUFWriter,
    *,
    width: int,
    layers: int,
    kv_width: int,
    ffn: int,
    weights: Callable[..., Array],
) -> None:
    writer.add_tensor("output_norm.weight", np.ones(width, np.float32))
    for number in range(layers):
        name = f"blk.{number}."
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{name}{norm}.weight", np.ones(width, np.float32))
        for part, shape in (
            ("attn_q", (width, width)),
            ("attn_k", (kv_width, width)),
            ("attn_v", (kv_width, width)),
            ("attn_output", (width, width)),
            ("ffn_gate", (ffn, width)),
            ("ffn_up", (ffn, width)),
            ("ffn_down", (width, ffn)),
        ):
            writer.add_tensor(f"{name}{part}.weight", weights(*shape))


def zeros(*shape: int) -> Array:
    """Weights that do nothing."""
    return np.zeros(shape, np.float32)


def close(writer: gguf.GGUFWriter) -> None:
    """Write all that was added."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _byte_letters() -> dict[int, str]:
    """The printable letter that stands for each byte in byte-level BPE."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    letters: dict[int, str] = {}
    spare = 256
    for byte in range(256):
        letters[byte] = chr(byte if byte in printable else spare)
        spare += byte not in printable
    return letters
