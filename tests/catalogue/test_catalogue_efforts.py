"""How models are told how much to reason: rows that hold for all models of a name."""

from pathlib import Path

import pytest

from reckon.catalogue.load import load
from reckon.catalogue.overlay import read_efforts
from reckon.errors import CatalogueError

ROW = """
organization = "google"
[[effort]]
models = ["gemini-3.8-*"]
style = "budget"
source = "https://acme.example/efforts"
"""


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("google/gemini-2.5-flash", "budget"),
        ("google/gemini-2.5-flash-preview-09-2025", "budget"),
        ("google/gemini-3.8-flash", None),
        ("google/gemini-2.0-flash", "none"),
        ("anthropic/claude-opus-4-1", "budget"),
        ("anthropic/claude-opus-4-5", "level"),
        ("anthropic/claude-opus-4-8", "adaptive"),
        ("anthropic/claude-opus-5", None),
        ("openrouter/google/gemini-2.5-flash", None),
    ],
)
def test_a_row_holds_for_all_models_of_its_names(name: str, style: str | None) -> None:
    """At its own provider; a gateway has a way of its own."""
    assert load().find(name).effort_style == style


def test_a_users_rows_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for many names, and the field of a model over it."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    own = '[[model]]\nid = "gemini-3.8-flash-x"\neffort_style = "level"\n'
    (folder / "mine.toml").write_text(ROW.replace("3.8-", "2.5-").replace("budget", "none"))
    (folder / "more.toml").write_text(ROW + own)
    monkeypatch.setenv("RECKON_HOME", str(tmp_path))
    assert load().find("google/gemini-2.5-flash").effort_style == "none"
    assert load().find("google/gemini-3.8-flash").effort_style == "budget"
    assert load().find("google/gemini-3.8-flash-x").effort_style == "level"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('"budget"', '"tokens"'), "Invalid enum value 'tokens'"),
        (('"https://acme.example/efforts"', '""'), "`models` or `source` is empty"),
        (('["gemini-3.8-*"]', "[]"), "`models` or `source` is empty"),
        (('organization = "google"', ""), "no `provider` at the top of the file"),
        (("style", "stile"), "stile"),
    ],
)
def test_a_malformed_row_says_where_and_why(
    tmp_path: Path, change: tuple[str, str], why: str
) -> None:
    """File, row and field."""
    path = tmp_path / "mine.toml"
    path.write_text(ROW.replace(*change))
    with pytest.raises(CatalogueError) as refused:
        read_efforts(path)
    assert str(path) in refused.value.what
    assert "effort" in refused.value.what
    assert why in refused.value.why
