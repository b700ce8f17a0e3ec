"""What providers billed for media, against our rules: error by model and rule.

The table is that of 107 recorded bills beside this project. Google says how many tokens were sound
or picture, so its rows are compared alone. Others bill one number for words and media: rows of one
request, which differ in the medium alone, must leave the same number of words.
"""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest

from reckon.catalogue.load import load
from reckon.price.media import audio_tokens, image_tokens, pdf_tokens, video_tokens
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Interval

TRUTH = Path(__file__).parents[3] / "shared" / "facts" / "multimodal-token-truth.csv"
pytestmark = pytest.mark.skipif(
    not TRUTH.exists(), reason="needs the table of billed tokens beside the project"
)

PAGES = {"dummy.pdf": ((595.0, 842.0), 4), "sample.pdf": ((612.0, 792.0), 733)}
"""Size of the page in points, and tokens of its text by OpenAI's tokenizer."""
UNTOLD_S = {"alloy.wav": 6.96, "mov_bbb.mp4": 10.027, "lCdaVNyHtjU": 59.9}
"""Seconds of media that the table has no length of: read from the files, and from a bill of its
sound."""
ELSEWHERE = {
    # What is billed there is known, and is no error of the rule: it lies within the interval, or
    # is another resolution.
    "uploaded_file-video-google_2_5": "uploaded before: one frame for 1.3 seconds, and no sound",
    "direct-binary-document-google_gemini3": "the answer of a tool: at the high resolution",
    "direct-url_force_download-document-google_gemini3": "the same",
    "direct-url-document-google_gemini3": "the same",
    "document-openai_responses": "Responses: the text alone",
    "test_openai_responses_document_as_binary": "the same",
    "test_vendor_metadata_detail": "a third picture, of unknown size",
}


class Bill(NamedTuple):
    """One row of the table, as far as it can be compared."""

    model: str
    rule: str
    request: str
    """Rows of the same request differ in the medium alone."""
    source: str
    billed: int
    with_words: bool
    likely: float
    interval: Interval


def test_the_table_is_all_there() -> None:
    """107 rows; those without a medium, or whose medium nobody has, are left out by reason."""
    assert len(rows()) == 107
    assert len(bills()) >= 85


def test_google_bills_what_the_rules_say() -> None:
    """Each part by itself: all within 2%."""
    errors = [
        abs(bill.likely / bill.billed - 1)
        for bill in bills()
        if not bill.with_words and not elsewhere(bill)
    ]
    assert len(errors) >= 45
    assert max(errors) <= 0.02, report()


def test_requests_that_differ_in_the_picture_alone_leave_the_same_words() -> None:
    """gpt-5-mini, Mistral Medium, Llama 4 and Claude: what is left differs by the name of a file
    at most, within 2% of the bill."""
    compared = 0
    for group in requests().values():
        if len({bill.likely for bill in group}) < 2:
            continue
        words = [bill.billed - bill.likely for bill in group]
        for bill, left in zip(group, words, strict=True):
            assert abs(left - median(words)) <= 0.02 * bill.billed, (bill, words)
            compared += 1
    assert compared >= 13, report()


def test_what_is_left_of_a_bill_can_be_its_words() -> None:
    """Never less than nothing; more than a prompt only where tools are described."""
    for bill in bills():
        if bill.with_words and not elsewhere(bill) and "document" not in bill.source:
            left = bill.billed - bill.likely
            described = bill.model.startswith(("groq/meta-llama/llama-4-mav", "anthropic/claude-s"))
            assert 5 <= left <= (800 if described else 200), bill


def test_bills_that_are_made_in_another_way_lie_within_the_interval() -> None:
    """Uploaded films and Responses; the answers of tools are at another resolution."""
    for bill in bills():
        if "uploaded_file-video-google_2_5" in bill.source:
            assert bill.interval.low <= bill.billed <= bill.interval.high
        if "document-google_gemini3" in bill.source and elsewhere(bill):
            page = PAGES["dummy.pdf" if "binary" in bill.source else "sample.pdf"][0]
            assert pdf_tokens("gemini3_pages 1120", (page,)).likely == bill.billed


def test_the_report_names_each_model_and_rule() -> None:
    """Rows, how many within 2%, and the worst error."""
    lines = report().splitlines()
    assert any("gemini3" in line and "100%" in line for line in lines), report()
    assert any("openai_patches" in line for line in lines)


@cache
def rows() -> list[dict[str, str]]:
    """The table."""
    return list(csv.DictReader(TRUTH.read_text(encoding="utf-8").splitlines()))


@cache
def bills() -> tuple[Bill, ...]:
    """The rows that can be compared."""
    return tuple(bill for row in rows() for bill in compared(row))


def compared(row: dict[str, str]) -> Iterator[Bill]:
    """The parts of one row."""
    provider = "google" if row["provider"] == "gemini" else row["provider"]
    model = load().find(f"{provider}/{row['model']}")
    billed: dict[str, int] = json.loads(row["billed_tokens"])
    for part, rule, interval in counted(row, model):
        if provider == "google":
            # Pages of Gemini 3 are called pictures; a request that was cached says text alone.
            told = billed.get(part, billed.get("IMAGE", 0) if part == "DOCUMENT" else 0)
            if not told:
                continue
        else:
            told = billed["in"]
        yield Bill(
            model=model.key,
            rule=rule.split()[0],
            request=request_of(row),
            source=row["source"].split(" | ")[0],
            billed=told,
            with_words=provider != "google",
            likely=interval.likely,
            interval=interval,
        )


def counted(row: dict[str, str], model: Model) -> Iterator[tuple[str, str, Interval]]:
    """The parts of the media of a row: as the bill calls them, the rule, and our count."""
    kinds = set(row["media_type"].split("+"))
    if kinds == {"image"} and row["width"]:
        sizes = zip(row["width"].split(";"), row["height"].split(";"), strict=True)
        total = Interval.exactly(0)
        for width, height in sizes:
            total += image_tokens(model.image_rule, int(width), int(height))
        yield "IMAGE", model.image_rule or "", total
    elif kinds == {"audio"} and (seconds := length_of(row)):
        yield "AUDIO", model.audio_rule or "", audio_tokens(model.audio_rule, seconds)
    elif kinds == {"video"} and (seconds := length_of(row)):
        width, height = int(row["width"] or 320), int(row["height"] or 176)
        sound = "no audio track" not in row["media"]
        film = video_tokens(model.video_rule, seconds, width, height, sound)
        yield "VIDEO", model.video_rule or "", film.pictures
        yield "AUDIO", model.video_rule or "", film.sound
    elif kinds == {"pdf"}:
        name = next(name for name in PAGES if name in row["media"])
        page, text = PAGES[name]
        pages = (page,) * len(row["pages"].split(";"))
        yield (
            "DOCUMENT",
            model.pdf_rule or "",
            pdf_tokens(model.pdf_rule, pages, Interval.exactly(text)),
        )


def length_of(row: dict[str, str]) -> float:
    """Seconds; 0 where nobody knows them."""
    told = next((s for name, s in UNTOLD_S.items() if name in row["media"]), 0.0)
    return float(row["duration_s"] or told)


def request_of(row: dict[str, str]) -> str:
    """The model and the words around the medium: the test's name without it."""
    name = row["source"].rpartition("cassettes/")[2].partition("#")[0]
    return f"{row['model']} {re.sub('-(binary|url(_force_download)?)-', '-', name)}"


def requests() -> dict[str, list[Bill]]:
    """Pictures that are billed together with words, by request."""
    found: dict[str, list[Bill]] = defaultdict(list)
    for bill in bills():
        if bill.with_words and "image" in bill.request and not elsewhere(bill):
            found[bill.request].append(bill)
    return found


def elsewhere(bill: Bill) -> str:
    """Why a bill is made in another way; empty where it is not."""
    return next((why for part, why in ELSEWHERE.items() if part in bill.source), "")


def report() -> str:
    """Error by model and rule, for a reader."""
    errors: dict[tuple[str, str], list[float]] = defaultdict(list)
    words = {
        name: median(bill.billed - bill.likely for bill in group)
        for name, group in requests().items()
    }
    for bill in bills():
        media = bill.billed - (words.get(bill.request, 0) if bill.with_words else 0)
        if not elsewhere(bill) and not (bill.with_words and bill.request not in words):
            errors[bill.model, bill.rule].append(bill.likely / media - 1)
    lines = [f"{'model':52} {'rule':16} rows  within 2%  worst"]
    for (model, rule), each in sorted(errors.items()):
        good = sum(abs(error) <= 0.02 for error in each) / len(each)
        worst = max(each, key=abs)
        lines.append(f"{model:52} {rule:16} {len(each):4} {good:10.0%} {worst:+6.1%}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(report())
