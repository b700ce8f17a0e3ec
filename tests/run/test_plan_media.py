"""Pricing jobs of sound, films and documents; and what a run makes of the same folders."""

import datetime as dt
from decimal import Decimal as D
from pathlib import Path

import media_files as files
import pytest
from PIL import Image

from reckon.errors import BadMedia, UnsupportedInput
from reckon.run.plan import price
from reckon.run.source import items
from reckon.vocabulary.job import Item, Skipped

DAY = dt.date(2026, 11, 23)


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    """Two recordings, one that is broken and one that says no length."""
    root = tmp_path / "talks"
    root.mkdir()
    (root / "a.wav").write_bytes(files.wav(60.0))
    (root / "b.mp3").write_bytes(files.mp3(2_297))
    (root / "broken.m4a").write_bytes(files.mp4(pictures=False)[:100])
    (root / "stream.flac").write_bytes(files.flac(0))
    (root / "notes.txt").write_text("words")
    return root


def test_a_folder_of_recordings_is_priced_by_their_length(talks: Path) -> None:
    """Gemini 2.5: 32 tokens a second, at the price of sound."""
    quote = price((str(talks),), "sum up", models=["gemini-2.5-flash"], output_tokens=0, on=DAY)
    [found] = quote.estimates
    sound = 60 * 32 + 1_921  # 2,297 frames of 1,152 samples are 60.003 seconds
    assert found.items == 2
    assert sound < found.input_tokens.likely < sound + 40
    price_of_day = found.price
    assert price_of_day is not None
    assert price_of_day.rate.audio_input is not None
    least = D(sound) * price_of_day.rate.audio_input / 10**6
    assert least < D(quote.to_rows()[0]["likely_usd"]) < least * D("1.02")


def test_recordings_that_cannot_be_priced_are_counted_by_reason(talks: Path) -> None:
    """The same words as for pictures: what it is, and how many."""
    quote = price((str(talks),), "sum up", models=["gemini-2.5-flash"], on=DAY)
    assert quote.skipped_line() == (
        "Skipped 3: 1 broken file, 1 sound of unknown length, 1 text file."
    )


def test_without_a_model_those_that_hear_are_ranked(talks: Path) -> None:
    """Models that take pictures alone are not among them."""
    names = {each.model for each in price((str(talks),), "sum up", on=DAY).estimates}
    assert "google/gemini-2.5-flash" in names
    assert "openai/gpt-4o-mini" not in names


def test_a_model_that_cannot_hear_is_refused_by_name(talks: Path) -> None:
    """What, why and what to do."""
    with pytest.raises(UnsupportedInput) as refused:
        price((str(talks),), "sum up", models=["gpt-4o-mini"], on=DAY)
    assert refused.value.what == "openai/gpt-4o-mini takes no audio input."
    assert refused.value.do == "Choose another: `reckon models --modality audio`."


def test_films_cost_their_pictures_and_their_sound(tmp_path: Path) -> None:
    """Gemini 2.5: three frames of 263 tokens, and 80 of sound; Gemini 3 less."""
    (tmp_path / "film.mp4").write_bytes(files.mp4())
    quote = price(
        (str(tmp_path / "film.mp4"),),
        "sum up",
        models=["gemini-2.5-flash", "gemini-3-flash-preview"],
        output_tokens=0,
        on=DAY,
    )
    found = {each.model: each.input_tokens.likely for each in quote.estimates}
    assert 3 * 263 + 80 < found["google/gemini-2.5-flash"] < 3 * 263 + 80 + 20
    assert found["google/gemini-3-flash-preview"] < 2 * (70 + 25) + 20


def test_documents_are_priced_by_page(tmp_path: Path) -> None:
    """Gemini: pages alone, exactly; Anthropic: pages and a guess at their text."""
    (tmp_path / "paper.pdf").write_bytes(files.pdf(((595, 842),) * 10))
    models = ["gemini-2.5-flash", "claude-sonnet-4-5"]
    paper = str(tmp_path / "paper.pdf")
    quote = price((paper,), "sum up", models=models, output_tokens=0, on=DAY)
    by_model = {each.model.partition("/")[2]: each for each in quote.estimates}
    gemini, claude = by_model["gemini-2.5-flash"], by_model["claude-sonnet-4-5"]
    assert 2_580 < gemini.input_tokens.likely < 2_600
    assert claude.input_tokens.low > 15_510
    assert claude.input_tokens.high > 45_000
    assert gemini.input_tokens.high - gemini.input_tokens.low < 30


def test_an_encrypted_document_is_left_out_with_its_reason(tmp_path: Path) -> None:
    """As all that cannot be priced."""
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "a.pdf").write_bytes(files.pdf())
    (papers / "secret.pdf").write_bytes(files.pdf(encrypted=True))
    quote = price((str(papers),), "sum up", models=["gemini-2.5-flash"], on=DAY)
    assert (quote.items, quote.skipped) == (1, {"encrypted PDF": 1})


def test_what_is_known_of_a_rule_is_noted_where_it_is_used(tmp_path: Path) -> None:
    """Bills against documentation; and nothing of pictures where there are none."""
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    [found] = price((str(tmp_path / "a.png"),), "what", models=["gpt-5-mini"], on=DAY).estimates
    assert "A patch costs 1.2 tokens by every bill, 1.62 by the documentation." in found.notes
    (tmp_path / "lines.txt").write_text("one\n")
    [words] = price((str(tmp_path / "lines.txt"),), "x", models=["gpt-5-mini"], on=DAY).estimates
    assert not any("patch" in note for note in words.notes)


def test_films_among_photos_are_left_out_as_a_run_leaves_them_out(tmp_path: Path) -> None:
    """Whichever comes first by name: a folder of photos stays one."""
    trip = tmp_path / "trip"
    trip.mkdir()
    (trip / "a.mov").write_bytes(files.mp4())
    Image.new("RGB", (64, 64)).save(trip / "b.png")
    (trip / "c.mp4").write_bytes(files.mp4())
    (trip / "d.pdf").write_bytes(files.pdf())
    for to_run in (False, True):
        quote = price((str(trip),), "what", models=["gpt-4o"], on=DAY, to_run=to_run)
        assert quote.items == 1
        assert quote.skipped_line() == "Skipped 3: 1 PDF, not sent yet, 2 film, not sent yet."


def test_a_run_has_no_rows_of_media_that_are_not_sent_yet(talks: Path) -> None:
    """They are named with a reason, and pictures keep their numbers."""
    Image.new("RGB", (64, 64)).save(talks / "z.png")
    rows = list(items([str(talks)]))
    skipped = {row.id: row.reason for row in rows if isinstance(row, Skipped)}
    assert skipped["a.wav"] == "sound, not sent yet"
    assert [(row.index, row.id) for row in rows if isinstance(row, Item)] == [(0, "z.png")]


def test_a_table_names_recordings_in_a_column(tmp_path: Path) -> None:
    """With `--attach`, as it names pictures."""
    (tmp_path / "a.wav").write_bytes(files.wav(60.0))
    (tmp_path / "calls.csv").write_text("who,file\nAda,a.wav\n")
    [found] = price(
        (str(tmp_path / "calls.csv"),),
        "what does {{who}} want",
        models=["gemini-2.5-flash"],
        attach_columns=["file"],
        on=DAY,
    ).estimates
    assert found.input_tokens.likely > 60 * 32


def test_a_file_that_was_named_and_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """In a folder it is one of many, and skipped; alone it is what was asked about."""
    path = tmp_path / "films" / "cut.mp4"
    path.parent.mkdir()
    path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    with pytest.raises(BadMedia, match="The file ends within its header"):
        price([str(path)], "what is said?", models=["gemini-2.5-flash"])
    quote = price([str(path.parent)], "what is said?", models=["gemini-2.5-flash"])
    assert (quote.items, quote.skipped) == (0, {"broken file": 1})
