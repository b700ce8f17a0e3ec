"""Length, size and pages of media, from their headers alone."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import media_files as files
import pytest

from reckon.errors import BadMedia
from reckon.run.headers import HEAD_BYTES, Header, media_header

WIRE = Path(__file__).parents[3] / "shared" / "data" / "wire"


def header(data: bytes, read: list[int] | None = None) -> Header | None:
    """The header of these bytes; `read` gathers how many bytes were read beside the first ones."""

    def read_at(start: int, most: int) -> bytes:
        found = data[start : start + most]
        if read is not None:
            read.append(len(found))
        return found

    return media_header(data[:HEAD_BYTES], len(data), read_at)


def found(data: bytes) -> Header:
    """As `header`, of a file of a known kind."""
    told = header(data)
    assert told is not None
    return told


@pytest.mark.parametrize(
    ("data", "media_type", "seconds"),
    [
        (files.wav(2.5), "audio/wav", 2.5),
        (files.flac(), "audio/flac", 2.5),
        (files.opus(2.5), "audio/ogg", 2.5),
        (files.vorbis(2.5), "audio/ogg", 2.5),
        (files.mp3(100), "audio/mpeg", 100 * 1_152 / 44_100),
        (files.mp3(100, bits=(9, 5, 14)), "audio/mpeg", 100 * 1_152 / 44_100),
        (files.mp3(101, index=True), "audio/mpeg", (100 * 1_152 - 1_576) / 44_100),
        (b"ID3\4\0\0\0\0\1\0" + bytes(128) + files.mp3(100), "audio/mpeg", 100 * 1_152 / 44_100),
        (files.mp4(pictures=False), "audio/mp4", 2.5),
    ],
)
def test_sound_says_how_long_it_is(data: bytes, media_type: str, seconds: float) -> None:
    """WAV, FLAC, Ogg, MP3 of constant and of changing rate, with an index or tags, and M4A."""
    told = found(data)
    assert (told.modality, told.media_type) == ("audio", media_type)
    assert told.seconds == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    ("data", "media_type", "has_audio"),
    [
        (files.mp4(), "video/mp4", True),
        (files.mp4(moov_last=True), "video/mp4", True),
        (files.mp4(sound=False), "video/mp4", False),
        (files.webm(), "video/webm", True),
        (files.webm(sound=False), "video/webm", False),
        (files.avi(), "video/x-msvideo", True),
        (files.avi(sound=False), "video/x-msvideo", False),
    ],
)
def test_a_film_says_length_size_and_sound(data: bytes, media_type: str, has_audio: bool) -> None:
    """Wherever in the file it stands."""
    told = found(data)
    assert (told.modality, told.media_type, told.has_audio) == ("video", media_type, has_audio)
    assert (told.width, told.height) == (320, 180)
    assert told.seconds == pytest.approx(2.5)


def test_a_film_that_was_held_upright_is_upright() -> None:
    """Telephones write it lying, with a turn."""
    told = found(files.mp4(turned=True))
    assert (told.width, told.height) == (180, 320)


def test_a_film_that_was_recorded_live_is_walked() -> None:
    """A browser writes no length: the last block of WebM and the fragments of MP4 tell it."""
    assert found(files.webm(None)).seconds == pytest.approx(2.5)
    parts = files.fragment(0, 25, 40) + files.fragment(1_000, 30, 50)
    assert found(files.mp4(0, fragments=parts)).seconds == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(files.mp4(0), "film"), (files.flac(0), "sound"), (files.avi(0), "film")],
)
def test_a_recording_without_a_length_says_what_to_do(data: bytes, kind: str) -> None:
    """What, why and what to do; and the words by which such files are counted."""
    with pytest.raises(BadMedia) as refused:
        header(data)
    assert refused.value.what == f"The {kind} does not say how long it is."
    assert refused.value.why.startswith("Its header holds no duration")
    assert refused.value.do == "Write it anew with one: ffmpeg -i OLD -c copy NEW"
    assert refused.value.reason == f"{kind} of unknown length"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (files.flac((1 << 36) - 1, 1), "a length"),
        (files.webm(float("inf")), "a length"),
        (files.webm(float("nan")), "a length"),
        (files.pdf(((2_000_000, 842),)), "a size"),
    ],
)
def test_what_no_recording_and_no_page_has_is_refused(data: bytes, what: str) -> None:
    """Two thousand years of sound, a page of a kilometre: the header is broken."""
    with pytest.raises(BadMedia) as refused:
        header(data)
    assert refused.value.reason in ("broken file", "film of unknown length")
    assert what in refused.value.why or "no duration" in refused.value.why
    assert refused.value.do


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_sound_that_was_piped_is_as_long_as_the_file(size: int) -> None:
    """A program that writes to a pipe cannot go back to say how much it wrote."""
    data = bytearray(files.wav(2.5))
    data[40:44] = size.to_bytes(4, "little")
    assert found(bytes(data)).seconds == pytest.approx(2.5)


@pytest.mark.parametrize("packed", [False, True])
def test_a_document_says_the_size_of_each_page(packed: bool) -> None:
    """From its table of objects, in plain text or packed into streams."""
    sizes = ((595, 842), (612, 792), (842, 595)) * 20
    told = found(files.pdf(sizes, packed=packed))
    assert (told.modality, told.media_type) == ("pdf", "application/pdf")
    assert told.pages == sizes


def test_pages_are_turned_as_they_are_shown() -> None:
    """What stands above them in the tree holds for them."""
    assert found(files.pdf(((595, 842),), rotate=90)).pages == ((842.0, 595.0),)


@pytest.mark.parametrize("packed", [False, True])
def test_an_encrypted_document_is_refused_with_what_to_do(packed: bool) -> None:
    """What, why and what to do."""
    with pytest.raises(BadMedia) as refused:
        header(files.pdf(encrypted=True, packed=packed))
    assert refused.value.what == "The PDF is encrypted."
    assert refused.value.why == "Without its password neither its pages nor its text can be read."
    assert refused.value.do == "Save it without a password, then try again: qpdf --decrypt OLD NEW"
    assert refused.value.reason == "encrypted PDF"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"startxref", b"startxxxx"),
        lambda data: data.replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]"),
        lambda data: data.replace(b"xref\n0 4", b"xref\n0 9"),
        lambda data: data.replace(b"3 0 obj", b"4 0 obj"),
    ],
)
def test_pages_that_cannot_be_counted_for_certain_are_not_counted(spoil: Any) -> None:
    """Cut, without a table, a tree that leads round, a table that is wrong: never a wrong count."""
    with pytest.raises(BadMedia, match="cannot be counted") as refused:
        header(spoil(files.pdf()))
    assert refused.value.do == "Save it anew: qpdf OLD NEW"
    assert refused.value.why


@pytest.mark.parametrize(
    "data",
    [
        files.wav(), files.flac(), files.opus(), files.mp3(), files.mp4(), files.webm(),
        files.avi(), files.pdf(), files.pdf(packed=True),
    ],
)  # fmt: skip
def test_a_file_cut_anywhere_is_our_error_or_a_shorter_one(data: bytes) -> None:
    """No other error comes out, and no length grows."""
    whole = found(data)
    for end in range(1, min(len(data), 2_000), 7):
        try:
            told = header(data[:end])
        except BadMedia as error:
            assert error.what, "an error says what happened"
            assert error.do, "an error says what to do"
        else:
            assert told is None or told.seconds <= whole.seconds + 1e-9


def test_a_header_is_read_and_not_the_file() -> None:
    """The sound of a film is jumped over, wherever its header stands."""
    read: list[int] = []
    data = files.mp4(moov_last=True)
    header(data, read)
    assert sum(read) < len(data)
    assert len(read) <= 3


@pytest.mark.parametrize("data", [b"", b"words", b"\xff\xfe" + bytes(100), bytes(5_000)])
def test_what_is_no_medium_is_none(data: bytes) -> None:
    """Texts, and bytes that begin as sound and are none."""
    assert header(data) is None


RECORDED = {
    # Media in recorded requests, by size in bytes: what their bills were made of.
    53_856: ("audio", 4.488),
    52_079: ("audio", 3.1956),
    222_798: ("audio", 6.96),
    626_552: ("video", 1.305),
    788_493: ("video", 10.0267),
    13_264: ("pdf", 595.0),
    18_810: ("pdf", 612.0),
}


def recorded() -> Iterator[bytes]:
    """Media that were sent inline."""
    for path in sorted(WIRE.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield from _inline(json.loads(line)["request"]["body"])


def _inline(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _inline(each)
    elif isinstance(value, list):
        for each in value:
            yield from _inline(each)
    elif isinstance(value, str) and len(value) > 5_000:
        text = value.partition(",")[2] if value.startswith("data:") else value
        plain = text.translate(str.maketrans("-_", "+/"))
        try:
            yield base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        except ValueError:
            return


@pytest.mark.skipif(not WIRE.exists(), reason="needs the recorded exchanges beside the project")
def test_real_files_say_what_their_bills_were_made_of() -> None:
    """Recordings, films and documents of recorded requests."""
    seen: set[int] = set()
    for data in recorded():
        expected = RECORDED.get(len(data))
        told = header(data) if expected else None
        if expected and told:
            kind, number = expected
            assert told.modality == kind
            assert (told.pages[0][0] if kind == "pdf" else told.seconds) == pytest.approx(
                number, abs=1e-3
            )
            seen.add(len(data))
    assert len(seen) >= 3
