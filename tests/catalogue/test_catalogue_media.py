"""The table of rules for media: which models they hold for, and who wins."""

from pathlib import Path

import pytest

from reckon import settings
from reckon.catalogue import overlay
from reckon.catalogue.block import MEDIA
from reckon.catalogue.load import load
from reckon.errors import CatalogueError


@pytest.mark.parametrize(
    ("key", "image", "audio", "pdf"),
    [
        ("openai/gpt-4o-mini", "openai_tiles 2833 5667", None, "openai_pages 210 25501"),
        ("openai/gpt-4o", "openai_tiles 85 170", None, "openai_pages 210 765"),
        ("google/gemini-1.5-flash-8b", "gemini_flat 258", "up 32", "gemini_pages 258"),
        ("google/gemini-2.0-flash", "gemini_tiles", "whole_seconds 25", "gemini_pages 258"),
        ("google/gemini-3.5-flash", "gemini3 1120", "up 25 32.2", "gemini3_pages 560"),
        ("anthropic/claude-haiku-4-5", "claude 1568 1568", None, "claude_pages 1568 1568"),
        ("anthropic/claude-opus-4-7", "claude 2576 4784", None, "claude_pages 2576 4784"),
    ],
)
def test_rules_of_main_models(key: str, image: str, audio: str | None, pdf: str) -> None:
    """What the table says of each."""
    model = load().find(key)
    assert (model.image_rule, model.audio_rule, model.pdf_rule) == (image, audio, pdf)


def test_a_rule_holds_wherever_the_model_is_served() -> None:
    """At a router as at its maker."""
    models = {model.key: model for model in load().models}
    served = [key for key in models if key.endswith("gpt-4o-mini")]
    assert len(served) >= 2
    assert {models[key].image_rule for key in served} == {"openai_tiles 2833 5667"}


def test_notes_go_with_the_rule_that_they_are_about() -> None:
    """A kind without a note has none, though another kind of the model has."""
    notes = load().find("google/gemini-2.5-flash").media_notes
    assert set(notes) == {"image"}
    assert "258 tokens by every bill" in notes["image"]


def test_the_users_own_rule_wins_and_our_note_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note about another rule would be untrue."""
    monkeypatch.setenv("RECKON_HOME", str(tmp_path))
    own = settings.home() / "catalogue"
    own.mkdir(parents=True)
    (own / "mine.toml").write_text(
        'provider = "openai"\n[[model]]\nid = "gpt-5-mini"\nimage_rule = "flat 7"\n'
    )
    model = load().find("openai/gpt-5-mini")
    assert model.image_rule == "flat 7"
    assert model.pdf_rule == "openai_pages 210 2489"
    assert "image" not in model.media_notes


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[media]]\nmodels = []\nsource = "x"\n', "empty"),
        ('[[media]]\nmodels = ["*"]\nsource = " "\n', "empty"),
        ('[[media]]\nmodels = ["*"]\n', "source"),
        ('[[media]]\nmodels = ["*"]\nsource = "x"\nrule = "y"\n', "unknown field"),
        ('[[model]]\nid = "x"\n', "unknown field"),
    ],
)
def test_a_row_that_is_malformed_is_refused_with_its_place(
    text: str, why: str, tmp_path: Path
) -> None:
    """File, row and field."""
    path = tmp_path / "media.toml"
    path.write_text(text)
    with pytest.raises(CatalogueError) as refused:
        overlay.read_media(path)
    assert str(path) in refused.value.what
    assert why in refused.value.why


def test_each_row_of_the_table_holds_for_a_model_or_is_of_open_weights() -> None:
    """A misspelled pattern would hold for nothing, and nobody would see it."""
    from fnmatch import fnmatchcase

    keys = [model.key.lower() for model in load().models]
    # Open models that no priced provider serves today, and names that are on their way out.
    unserved = {"*smolvlm*", "*smolvlm2*", "*/computer-use-preview*"}
    for row in overlay.read_media(MEDIA):
        fits = any(fnmatchcase(key, pattern) for key in keys for pattern in row.models)
        assert fits or unserved & set(row.models), row.models
