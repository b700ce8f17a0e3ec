"""Who stands above whom: three questions, three answers, each labelled."""

import datetime as dt

import pytest
from test_boards import ARTICLE_2024

from reckon.catalogue import boards
from reckon.catalogue.boards import Board
from reckon.catalogue.standing import (
    beaten,
    listing,
    probability_above,
    score_of,
    scores_of,
    standings_above,
)
from reckon.errors import UsageError
from reckon.vocabulary.model import Model
from reckon.vocabulary.score import Score


def test_seventy_models_stood_above_the_first_gpt_4_on_5_december_2024(catalogue, home):
    """Of 17 organisations, which the board writes in 18 ways."""
    found = beaten(catalogue, "gpt-4-0314", board="2024-12-05")
    assert len(found.above) == 70
    assert len(found.organizations) == 17
    assert len({score.organization_written for score in found.above}) == 18
    assert ARTICLE_2024 - set(found.organizations) == {"Amazon"}
    assert found.sentence() == (
        "70 models stand above GPT-4-0314 (1186) on the board of 2024-12-05 by score, uncertainty "
        "left aside: 17 organizations (18 as written there).\n"
        "Method: Chatbot Arena, votes of people on anonymous answers, all questions; "
        "Bradley-Terry; retired models included; no intervals.\n"
        "Source: github.com/jasontrigg0/chatbot-arena-history at 8862846."
    )


@pytest.mark.parametrize(
    ("by", "count", "organizations", "question"),
    [
        ("score", 76, 18, "by score, uncertainty left aside"),
        ("rank", 75, 18, "by the rank that the board gives"),
        ("probability", 74, 17, "with a probability above 0.95 that the true score is higher"),
    ],
)
def test_the_three_questions_have_three_answers(
    catalogue, home, by, count, organizations, question
):
    """On the board of 31 December 2024, where the first GPT-4 has rank 73."""
    found = beaten(catalogue, "gpt-4-0314", by=by, board="2024-12-31")
    assert found.reference.rank == 73
    assert len(found.above) == count
    assert len(found.organizations) == organizations
    assert question in found.sentence()
    assert "GPT-4-0314 (1186, 1182 to 1189, rank 73)" in found.sentence()


def test_the_eighteen_organisations_are_the_article_s(catalogue, home):
    """Exactly those, on the board of 31 December 2024."""
    found = beaten(catalogue, "gpt-4-0314", board="2024-12-31")
    assert set(found.organizations) == ARTICLE_2024


def test_without_a_day_the_newest_board_that_has_the_model_and_can_tell_answers(catalogue, home):
    """A model that left the boards is looked up where it last stood."""
    assert beaten(catalogue, "gpt-4-0314").board.name == "2025-12-11:text"
    assert beaten(catalogue, "Gemini-Exp-1206").board.name == "2025-07-27"
    assert beaten(catalogue, "Gemini-Exp-1206", by="rank").board.name == "2024-12-31"


@pytest.mark.parametrize(
    ("by", "lacks", "can"),
    [
        ("rank", "ranks", "2024-12-20, 2024-12-31, 2025-12-11:text"),
        ("probability", "intervals", "2024-12-20, 2024-12-31, 2025-07-27, 2025-12-11:text"),
    ],
)
def test_a_board_that_cannot_tell_says_what_it_lacks(catalogue, home, by, lacks, can):
    """Nothing is made up: the boards that can are named."""
    with pytest.raises(UsageError) as caught:
        beaten(catalogue, "gpt-4-0314", by=by, board="2024-12-05")
    assert caught.value.lines() == [
        f"Error: The board of 2024-12-05 cannot tell by {by}.",
        f"Why: It has no {lacks}: Chatbot Arena, votes of people on anonymous answers, all "
        "questions; Bradley-Terry; retired models included; no intervals.",
        f"Do: Boards that can: {can}; or ask --by score.",
    ]


def test_a_model_on_no_board_names_the_nearest(catalogue, home):
    """And one that stands on others says on which."""
    with pytest.raises(UsageError) as caught:
        beaten(catalogue, "gpt-4-0315")
    assert caught.value.lines() == [
        "Error: gpt-4-0315 is not on the board of 2025-12-11:text.",
        "Why: The nearest there are gpt-4-0314, gpt-4-0613, gpt-4-0125-preview.",
        "Do: Name it as the board does, for instance gemini-3-pro.",
    ]
    with pytest.raises(UsageError) as caught:
        beaten(catalogue, "GPT-5-High", board="2024-12-31")
    assert caught.value.do == "Boards that have it: 2025-12-11:text."


def test_a_model_is_found_by_each_name_that_the_catalogue_knows():
    """Its arena names first, then id and aliases, then the id without its owner; no other."""
    day = dt.date(2026, 1, 1)
    scores = tuple(
        Score(model=name, organization="", board=day, method="m", source="s", score=1000 - n)
        for n, name in enumerate(["Big Model (new)", "big-model-2", "Big-Model"])
    )
    board = Board(date=day, series="shown", method="m", source="s", scores=scores)

    def found(id_, **fields):
        score = score_of(Model(id=id_, provider="p", organization="o", **fields), board)
        return score and score.model

    assert found("x", arena_names=("Big Model (new)",), aliases=("big-model",)) == "Big Model (new)"
    assert found("owner/BIG-MODEL-2") == "big-model-2"
    assert found("y", aliases=("big-model",)) == "Big-Model"
    assert found("z", name="Big Model") is None, "a name for people is that of all versions"
    assert found("big") is None


def test_scores_of_a_model_keep_the_method_of_each_board(catalogue, home):
    """The same model is 1186 and 1206, by two ways of counting."""
    found = {score.board.isoformat(): score for score in scores_of(catalogue.find("gpt-4-0314"))}
    assert round(found["2024-12-31"].score) == 1186
    assert round(found["2025-12-11"].score) == 1206
    assert found["2024-12-31"].method != found["2025-12-11"].method
    assert found["2023-05-08"].model == "ChatGPT-4", "which was the first GPT-4 then"


def score(value, low=None, high=None):
    """A score with its interval."""
    return Score(
        model="m",
        organization="",
        board=dt.date(2026, 1, 1),
        method="m",
        source="s",
        score=value,
        low=low,
        high=high,
    )


def test_probability_is_that_of_two_independent_normal_scores():
    """A gap of 1.96 joint standard errors is 97.5%; equals are even; no interval, no answer."""
    one = score(1000 + 10 * 2**0.5, 990 + 10 * 2**0.5, 1010 + 10 * 2**0.5)
    other = score(1000, 990, 1010)
    assert probability_above(one, other) == pytest.approx(0.975, abs=1e-12)
    assert probability_above(other, one) == pytest.approx(0.025, abs=1e-12)
    assert probability_above(other, other) == 0.5
    assert probability_above(score(1000), other) is None
    assert probability_above(score(1001, 1001, 1001), score(1000, 1000, 1000)) == 1
    assert probability_above(score(1000, 1000, 1000), score(1000, 1000, 1000)) == 0.5


def test_conditions_keep_only_models_that_the_catalogue_knows(catalogue, home):
    """What only a board knows has no price and no context: it cannot answer to a condition."""
    everything = listing(catalogue, beats="gpt-4-0314", board="2024-12-31")
    assert len(everything.rows) == 76
    unlisted = [row.model for row in everything.rows if not row.model.provider]
    assert unlisted and all(model.key == model.id for model in unlisted)
    served = listing(catalogue, beats="gpt-4-0314", board="2024-12-31", provider="anthropic")
    assert {row.model.provider for row in served.rows} == {"anthropic"}
    assert {row.score.organization for row in served.rows} == {"Anthropic"}
    words = listing(catalogue, "nemotron", beats="gpt-4-0314", board="2024-12-31")
    assert len(words.rows) == 3


def test_the_maker_s_own_service_goes_before_those_that_resell(catalogue, home):
    """Several providers serve a model; one row stands for its score."""
    found = listing(catalogue, beats="gpt-4-0314", board="2024-12-31")
    by_name = {row.score.model: row.model for row in found.rows}
    assert by_name["GPT-4o-2024-05-13"].key == "openai/gpt-4o-2024-05-13"
    assert by_name["Claude 3.5 Sonnet (20241022)"].provider == "anthropic"


def test_rows_come_by_score_and_say_how_sure_it_is(catalogue, home):
    """The best first, with the probability of being above."""
    found = beaten(catalogue, "gpt-4-0314", board="2024-12-31")
    rows = standings_above(found, catalogue.models)
    assert [row.score.score for row in rows] == sorted(
        (row.score.score for row in rows), reverse=True
    )
    assert rows[0].probability > 0.999
    assert 0.5 < rows[-1].probability < 0.95


def test_every_board_is_read_once_it_is_asked_for_and_no_sooner(catalogue, home, monkeypatch):
    """The catalogue itself opens none of them."""

    def refuse(path):
        raise AssertionError(path)

    monkeypatch.setattr(boards, "read", refuse)
    assert catalogue.find("gpt-4o").id == "gpt-4o"
    assert catalogue.search("gpt-4o")
    with pytest.raises(AssertionError):
        boards.pick(None)
