"""Pictures and sound through a real llama.cpp server: each costs the tokens that it must cost."""

import io
import math
import struct
import wave

import pytest
from engine_calls import GREEDY, WIRES, asked, counted, fetched
from PIL import Image

from reckon.errors import ProviderError, UnsupportedInput
from reckon.vocabulary.model import Modality
from reckon.vocabulary.prompt import Attachment, Prompt

ALONE = 23
"""Tokens of the question without media."""

SOUND_TOKENS = 375
"""Of up to 30 seconds: 1,500 frames, four to a token."""


def attachment(modality: Modality, media_type: str, content: bytes) -> Attachment:
    """Media as `run/attach` would hand it on."""
    return Attachment(media_type=media_type, modality=modality, content=content, digest="")


def picture(kind: str = "PNG", size: tuple[int, int] = (128, 128)) -> Attachment:
    """A red picture."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(buffer, kind)
    return attachment("image", f"image/{kind.lower()}", buffer.getvalue())


def sound(seconds: float) -> Attachment:
    """A tone, as a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        waves = (int(9000 * math.sin(tick * 0.17)) for tick in range(int(16_000 * seconds)))
        file.writeframes(b"".join(struct.pack("<h", height) for height in waves))
    return attachment("audio", "audio/wav", buffer.getvalue())


def about(*media: Attachment) -> Prompt:
    """The question with media; one token of an answer is enough."""
    return Prompt.of("what", attachments=media, max_output_tokens=1, options=GREEDY)


def input_tokens(base_url: str, wire: str, *media: Attachment, stream: bool = True) -> int | None:
    """What the server counts for the question with media."""
    return asked(base_url, wire, about(*media), stream=stream).usage.input_tokens


@pytest.mark.parametrize("wire", WIRES)
def test_a_question_alone_has_its_own_tokens(vision_server: str, wire: str) -> None:
    """The same in each format."""
    assert input_tokens(vision_server, wire) == ALONE


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wire", WIRES)
def test_a_picture_of_gemmas_kind_costs_four_tokens_and_its_marks(
    vision_server: str, wire: str, stream: bool
) -> None:
    """The marks are 30 letters, and this vocabulary spells them out."""
    marks = len("<start_of_image>") + len("<end_of_image>")
    assert input_tokens(vision_server, wire, picture(), stream=stream) == ALONE + 4 + marks


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wire", WIRES)
def test_a_picture_in_patches_costs_a_token_each(
    patch_server: str, wire: str, stream: bool
) -> None:
    """128 by 128 pixels in patches of 16."""
    assert input_tokens(patch_server, wire, picture(), stream=stream) == ALONE + 64


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_pictures_of_both_kinds_and_of_any_size_are_read(
    patch_server: str, wire: str, kind: str
) -> None:
    """This encoder scales each to the same size, so two cost twice."""
    both = picture(kind), picture(kind, (300, 90))
    assert input_tokens(patch_server, wire, *both) == ALONE + 2 * 64


def test_a_counter_counts_pictures_too(patch_server: str) -> None:
    """Anthropic's way of counting, with the request that we would send."""
    count = counted(patch_server, "anthropic", "/messages/count_tokens", about(picture()))
    assert count == ALONE + 64


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("seconds", [1.0, 3.5])
def test_sound_costs_its_frames(hearing_server: str, seconds: float, stream: bool) -> None:
    """Shorter sound is filled up to 30 seconds."""
    heard = input_tokens(hearing_server, "openai_chat", sound(seconds), stream=stream)
    assert heard == ALONE + SOUND_TOKENS


@pytest.mark.parametrize("wire", ["openai_responses", "anthropic"])
def test_formats_without_sound_refuse_it_before_the_call(hearing_server: str, wire: str) -> None:
    """Both say which file; nothing is sent."""
    with pytest.raises(UnsupportedInput, match="cannot be sent"):
        asked(hearing_server, wire, about(sound(1)))


@pytest.mark.parametrize("wire", WIRES)
def test_a_server_that_cannot_see_says_so(hearing_server: str, wire: str) -> None:
    """In its own words."""
    with pytest.raises(ProviderError) as refused:
        asked(hearing_server, wire, about(picture()))
    assert "image input is not supported" in refused.value.why


def test_the_list_of_models_says_what_each_takes(
    vision_server: str, patch_server: str, hearing_server: str
) -> None:
    """What a refreshed catalogue can read there."""
    for base_url, takes in (
        (vision_server, "image"),
        (patch_server, "image"),
        (hearing_server, "audio"),
    ):
        [row] = fetched(base_url + "/models")["data"]
        assert takes in row["architecture"]["input_modalities"]


def test_the_encoders_are_the_same_bytes_each_time(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """So that what these tests count does not depend on the run."""
    import gguf_encoders
    import gguf_models

    made: list[list[bytes]] = []
    for _ in range(2):
        folder = tmp_path_factory.mktemp("again")
        gguf_models.random(folder / "random")
        for make in (gguf_encoders.gemma3, gguf_encoders.mlp, gguf_encoders.ultravox):
            make(folder / make.__name__)
        made.append([file.read_bytes() for file in sorted(folder.iterdir())])
    assert made[0] == made[1]
