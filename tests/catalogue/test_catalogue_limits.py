"""Rate limits of the rows: each says where it was read, and hours follow from them."""

import msgspec
import pytest

from reckon.catalogue import overlay
from reckon.catalogue.block import own_files
from reckon.errors import CatalogueError
from reckon.price.estimate import by_hand

COUNT = 68_000
OUT = 100


def _hours(model, input_tokens=260):
    found = by_hand(model, count=COUNT, input_tokens=input_tokens, output_tokens=OUT, price=None)
    return found.hours


def test_every_limit_has_a_source():
    """Nothing is limited by hearsay: a row with limits has an address, and a limit above zero."""
    rows = [model for path in own_files() for model in overlay.read_models(path) if model.limits]
    assert rows
    for model in rows:
        fields = msgspec.structs.asdict(model.limits)
        assert fields.pop("source").startswith("https://"), model.key
        numbers = [value for value in fields.values() if value is not None]
        assert numbers and all(value > 0 for value in numbers), model.key


def test_a_model_with_documented_limits_gets_hours_by_whichever_binds(catalogue):
    """Short requests wait for their number, long ones for their tokens."""
    model = catalogue.find("claude-haiku-4-5")
    limits = model.limits
    assert _hours(model) == pytest.approx(COUNT / limits.requests_per_minute / 60)
    tokens = COUNT * 50_000
    assert _hours(model, 50_000) == pytest.approx(tokens / limits.input_tokens_per_minute / 60)


def test_a_documented_limit_of_a_day_is_not_forgotten(catalogue):
    """10,000 requests a day make a week of 68,000, however many a minute admits."""
    assert catalogue.find("gpt-4o-mini").limits.requests_per_day == 10_000
    assert 6 * 24 < _hours(catalogue.find("gpt-4o-mini")) < 7 * 24


def test_a_provider_without_documented_limits_has_no_hours(catalogue):
    """Nothing is guessed where no source was read."""
    assert _hours(catalogue.find("deepseek-chat")) is None


def test_an_unknown_limit_is_named(home):
    """A misspelt limit is an error, not a limit that is never kept."""
    path = home / "mine.toml"
    path.write_text(
        'provider = "p"\n[[model]]\nid = "m"\nlimits = { request_per_minute = 5, source = "s" }\n'
    )
    with pytest.raises(CatalogueError, match="request_per_minute"):
        overlay.read_models(path)
