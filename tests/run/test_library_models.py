"""`reckon.models`: the questions of `models list`, as a function."""

import asyncio
import datetime as dt

import pytest

import reckon
from reckon.errors import UsageError


def test_what_beats_a_model_is_a_list_with_scores_and_an_answer_in_words():
    """In the order of the board, whether somebody here serves them or not."""
    found = reckon.models(beats="gpt-4-0314", board=dt.date(2024, 12, 31))
    assert len(found) == len(found.scores) == 76
    assert len({score.organization for score in found.scores}) == 18
    assert found.answer.startswith("76 models stand above GPT-4-0314")
    assert "" in {model.provider for model in found}
    assert {"openai", "anthropic", "google"} <= {model.provider for model in found}


def test_the_other_form_and_the_other_questions_are_the_same():
    """Awaited, by rank and by probability."""
    found = asyncio.run(reckon.models_async(beats="gpt-4-0314", board="2024-12-31", by="rank"))
    assert len(found) == 75
    assert len(reckon.models(beats="gpt-4-0314", board="2024-12-31", by="probability")) == 74
    with pytest.raises(UsageError, match="cannot tell by rank"):
        reckon.models(beats="gpt-4-0314", board="2024-12-05", by="rank")


def test_without_a_question_each_model_has_its_score_on_the_newest_board():
    """And a notebook shows it as a column."""
    found = reckon.models("gpt-4-0314", provider="openai")
    [(model, score)] = zip(found, found.scores, strict=True)
    assert (model.id, score.board) == ("gpt-4-0314", dt.date(2025, 12, 11))
    assert found.answer == ""
    assert "<td>1206</td>" in found._repr_html_()
    assert "<th>score</th>" in found._repr_html_()
    found.append(model)
    assert found._repr_html_().count("<td>openai/gpt-4-0314</td>") == 2, "a list as any other"


def test_a_free_tier_that_nobody_states_is_left_out():
    """Unknown is not free."""
    assert all(model.free_tier for model in reckon.models(free_tier=True))
