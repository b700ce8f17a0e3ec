"""Makes the tiny encoders with which llama.cpp's server sees pictures and hears sound.

    gemma3    pictures of 128 x 128 pixels; each becomes 4 tokens between two marks of text
    mlp       the same pictures; each patch of 16 x 16 pixels becomes a token, 64 in all
    ultravox  sound as a spectrogram of 80 bands

Their weights are random, so what the model makes of a picture is noise; that it is decoded, encoded
and counted is real. All are of the width of `gguf_models.random`, and the bytes are the same every
time.
"""

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
from gguf_models import RANDOM_WIDTH, Array, close, zeros

WIDTH, FEED_FORWARD, LAYERS, HEADS = 32, 64, 2, 2
PICTURE, PATCH = 128, 16
BANDS = 80
FRAMES = 1500
"""Half the frames of a spectrogram of 30 seconds: the second convolution has a stride of two."""
STACKED = 4
"""Frames that become one token together; it must divide FRAMES."""
HIDDEN = 128


def gemma3(path: Path) -> None:
    """Gemma 3's way: averaged patches, then one projection."""
    writer, draw = _pictures(path, "gemma3")
    writer.add_tensor("mm.input_projection.weight", draw(WIDTH, RANDOM_WIDTH))
    writer.add_tensor("mm.soft_emb_norm.weight", np.ones(WIDTH, np.float32))
    close(writer)


def mlp(path: Path) -> None:
    """LLaVA's way: two dense layers over each patch."""
    writer, draw = _pictures(path, "mlp")
    for number, width in ((0, WIDTH), (2, RANDOM_WIDTH)):
        writer.add_tensor(f"mm.{number}.weight", draw(RANDOM_WIDTH, width))
        writer.add_tensor(f"mm.{number}.bias", zeros(RANDOM_WIDTH))
    close(writer)


def ultravox(path: Path) -> None:
    """Ultravox's way: Whisper's encoder, then a gated layer over stacked frames."""
    writer, draw = _writer(path, "ultravox", sense="audio", epsilon=1e-5)
    writer.add_uint32("clip.audio.num_mel_bins", BANDS)
    writer.add_uint32("clip.audio.projector.stack_factor", STACKED)
    for number, bands in ((1, BANDS), (2, WIDTH)):
        writer.add_tensor(f"a.conv1d.{number}.weight", draw(WIDTH, bands, 3))
        writer.add_tensor(f"a.conv1d.{number}.bias", zeros(WIDTH, 1))
    writer.add_tensor("a.position_embd.weight", draw(FRAMES, WIDTH))
    # Whisper's keys have no bias, and llama.cpp ends the process where it finds one.
    _layers(writer, "a", draw, without_bias="attn_k")
    stacked = WIDTH * STACKED
    writer.add_tensor("mm.a.norm_pre.weight", np.ones(stacked, np.float32))
    writer.add_tensor("mm.a.mlp.1.weight", draw(HIDDEN, stacked))
    # One half of the hidden layer is the gate of the other.
    writer.add_tensor("mm.a.norm_mid.weight", np.ones(HIDDEN // 2, np.float32))
    writer.add_tensor("mm.a.mlp.2.weight", draw(RANDOM_WIDTH, HIDDEN // 2))
    close(writer)


def _pictures(path: Path, kind: str) -> tuple[gguf.GGUFWriter, Callable[..., Array]]:
    """All of an encoder of pictures but its last step."""
    writer, draw = _writer(path, kind, sense="vision", epsilon=1e-6)
    writer.add_uint32("clip.vision.image_size", PICTURE)
    writer.add_uint32("clip.vision.patch_size", PATCH)
    writer.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
    writer.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])
    writer.add_tensor("v.patch_embd.weight", draw(WIDTH, 3, PATCH, PATCH))
    writer.add_tensor("v.patch_embd.bias", zeros(WIDTH))
    writer.add_tensor("v.position_embd.weight", draw((PICTURE // PATCH) ** 2, WIDTH))
    _layers(writer, "v", draw)
    return writer, draw


def _writer(
    path: Path, kind: str, *, sense: str, epsilon: float
) -> tuple[gguf.GGUFWriter, Callable[..., Array]]:
    """A file with the measures of an encoder, and what its weights are drawn by."""
    chance = np.random.default_rng(1)

    def draw(*shape: int) -> Array:
        return (chance.standard_normal(shape) * 0.05).astype(np.float32)

    writer = gguf.GGUFWriter(path, "clip")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_bool(f"clip.has_{sense}_encoder", True)
    writer.add_string("clip.projector_type", kind)
    writer.add_bool("clip.use_gelu", True)
    for name, value in (
        ("embedding_length", WIDTH),
        ("feed_forward_length", FEED_FORWARD),
        ("projection_dim", RANDOM_WIDTH),
        ("block_count", LAYERS),
        ("attention.head_count", HEADS),
    ):
        writer.add_uint32(f"clip.{sense}.{name}", value)
    writer.add_float32(f"clip.{sense}.attention.layer_norm_epsilon", epsilon)
    return writer, draw


def _layers(
    writer: gguf.GGUFWriter, side: str, draw: Callable[..., Array], *, without_bias: str = ""
) -> None:
    """The layers of one side: `v` sees, `a` hears."""
    _norm(writer, f"{side}.post_ln")
    for number in range(LAYERS):
        name = f"{side}.blk.{number}."
        _norm(writer, f"{name}ln1")
        _norm(writer, f"{name}ln2")
        for part, shape in (
            ("attn_q", (WIDTH, WIDTH)),
            ("attn_k", (WIDTH, WIDTH)),
            ("attn_v", (WIDTH, WIDTH)),
            ("attn_out", (WIDTH, WIDTH)),
            ("ffn_up", (FEED_FORWARD, WIDTH)),
            ("ffn_down", (WIDTH, FEED_FORWARD)),
        ):
            writer.add_tensor(f"{name}{part}.weight", draw(*shape))
            if part != without_bias:
                writer.add_tensor(f"{name}{part}.bias", zeros(shape[0]))


def _norm(writer: gguf.GGUFWriter, name: str) -> None:
    writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor(f"{name}.bias", zeros(WIDTH))
