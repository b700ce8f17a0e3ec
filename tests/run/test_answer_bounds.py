"""The most that a call can cost: never too small, and unknown where nobody can say."""

from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from fake_openai import fake_openai

from reckon import settings
from reckon.errors import PriceUnknown
from reckon.ledger.ledger import Ledger
from reckon.run.answer import check_bound, upper_bound_pico
from reckon.run.bulk.start import run
from reckon.vocabulary.job import Job
from reckon.vocabulary.model import Modality, Model
from reckon.vocabulary.price import Price, Rate
from reckon.vocabulary.prompt import (
    Attachment,
    Media,
    MediaLink,
    Message,
    Part,
    Prompt,
    ProviderTool,
    Reasoning,
    Text,
    Tool,
    ToolResult,
)

MODEL = Model(id="m", provider="p", organization="o", image_rule="flat 1000")
PRICE = Price(rate=Rate(input=D(1), output=D(10)))
"""A million pico-dollars for a token of input, ten for one of output."""


def attachment(modality: Modality, **size: int) -> Attachment:
    """A file of that kind."""
    return Attachment(media_type="x/y", modality=modality, content=b"x", digest="d", **size)


def bound(*parts: Part, **more: Any) -> int | None:
    """The bound of a prompt of one turn, in tokens of input: an output token counts as ten."""
    prompt = Prompt(
        messages=(Message(role="user", parts=parts),), **({"max_output_tokens": 100} | more)
    )
    found = upper_bound_pico(prompt, MODEL, PRICE)
    return None if found is None else found // 1_000_000


def grown(*parts: Part, **more: Any) -> int:
    """How much larger the bound is than that of an empty prompt."""
    found, empty = bound(*parts, **more), bound()
    assert found is not None
    assert empty is not None
    return found - empty


def test_text_counts_a_token_for_each_byte_at_worst() -> None:
    """Letters of three bytes may be three tokens."""
    assert grown(Text("wörld €")) >= len("wörld €".encode())


def test_thoughts_that_go_back_are_counted_with_what_is_sealed_in_them() -> None:
    """Encrypted reasoning has no text, and is input all the same."""
    assert grown(Reasoning(encrypted="e" * 500)) >= 500
    assert grown(Reasoning("short", signature="s" * 300)) >= 305
    assert grown(Text("t", signature="s" * 300)) >= 301


def test_a_picture_counts_by_the_rule_of_the_model() -> None:
    """Here a thousand tokens, also in the result of a tool."""
    picture = Media(attachment("image", width=10, height=10))
    assert grown(picture) == 1_000
    assert grown(ToolResult("c", (picture,))) == 1_000


@pytest.mark.parametrize("modality", ["audio", "video", "pdf"])
def test_other_media_have_no_bound(modality: Modality) -> None:
    """A minute of sound is no picture of one pixel."""
    assert bound(Media(attachment(modality))) is None
    assert bound(ToolResult("c", (Media(attachment(modality)),))) is None


def test_media_of_unknown_size_have_no_bound() -> None:
    """Neither a picture without its pixels nor what the provider fetches by itself."""
    assert bound(Media(attachment("image"))) is None
    assert bound(MediaLink("https://e.x/y.png", "image")) is None
    assert bound(ToolResult("c", (MediaLink("https://e.x/y.png", "image"),))) is None


def test_every_answer_that_is_asked_for_counts() -> None:
    """Three choices may each be as long as the cap."""
    assert grown(choices=3) == 2 * 100 * 10
    assert grown(options={"n": 4}) == 3 * 100 * 10
    assert grown(options={"candidateCount": 2}) == 100 * 10


def test_an_option_that_lifts_the_cap_lifts_the_bound() -> None:
    """Options win over ours when the request is written."""
    assert grown(options={"max_tokens": 500}) == 400 * 10
    assert grown(options={"max_completion_tokens": 500}) == 400 * 10
    assert grown(options={"max_tokens": 5}) == 0, "two caps: which one counts is the provider's"
    assert bound(options={"max_tokens": "many"}) is None
    assert bound(options={"n": -1}) is None


def test_options_that_change_nothing_of_the_bill_change_nothing_of_the_bound() -> None:
    """Temperature, seeds and the like."""
    assert grown(options={"temperature": 0, "seed": 1, "top_k": 5}) == 0


@pytest.mark.parametrize(
    "option",
    "tools service_tier inference_geo speed previous_response_id web_search_options models".split(),
)
def test_options_that_bring_in_what_is_not_seen_leave_no_bound(option: str) -> None:
    """Searches, earlier turns, dearer tariffs, other models."""
    assert bound(options={option: "x"}) is None


def test_tools_count_with_what_the_provider_says_about_them() -> None:
    """Their own JSON, and the words that introduce them to the model."""
    assert grown(tools=(Tool(name="f", description="d" * 200),)) > 200 + 530


def test_tools_that_the_provider_runs_leave_no_bound() -> None:
    """What a search brings is billed as input, however much it is, with a cap on searches too."""
    search = ProviderTool(wire="anthropic", data={"type": "web_search_20250305", "max_uses": 1})
    assert bound(tools=(search,)) is None


def test_what_is_free_is_bounded_by_nothing() -> None:
    """A local model may search, listen and talk."""
    free = Price(rate=Rate(input=D(0), output=D(0)), free=True)
    prompt = Prompt(messages=(Message(role="user", parts=(Media(attachment("video")),)),))
    assert upper_bound_pico(prompt, MODEL, free) == 0
    assert upper_bound_pico(prompt, MODEL, None) is None


def test_a_call_without_a_bound_says_why_no_budget_can_be_kept() -> None:
    """And what to do about it."""
    check_bound(0, MODEL)
    with pytest.raises(PriceUnknown) as refused:
        check_bound(None, MODEL)
    assert refused.value.what == (
        "Nobody can say what this call of p/m may cost at most, so that no budget can be kept."
    )
    assert "media without a known size" in refused.value.why
    assert refused.value.do == "Leave that out, or run without --budget."


def test_within_a_budget_nothing_is_sent_that_has_no_bound(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """The rows fail with the reason; without a budget they are sent."""
    source = tmp_path / "rows.txt"
    source.write_text("one\ntwo\n")
    job = Job(
        sources=(str(source),),
        prompt="{{line}}",
        model="gpt-4o-mini",
        options={"service_tier": "priority"},
    )
    with fake_openai() as server:
        openai_at(server.base_url)
        capped = run(job, budget_usd=D(1))
        assert (capped.done, capped.failed, server.bodies) == (0, 2, [])
        with Ledger.open(settings.ledger_path()) as ledger:
            for row in ledger.logs(run=capped.run_id):
                assert row.error is not None
                assert "so that no budget can be kept" in row.error
                assert (row.cost_pico, row.reserved_pico) == (0, 0)
        free = run(job)
        assert (free.done, len(server.bodies)) == (2, 2)
