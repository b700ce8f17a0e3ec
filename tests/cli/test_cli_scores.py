"""Scores as they are typed: `models --beats`, `models refresh --board`, the card of a model."""

import json
import re

import pytest
from command_line import error_lines, reckon, rows_of

from reckon import settings

TABLE = (
    "rank,model,arena_score,95_pct_ci,votes,organization,license\n"
    "1,GPT-4o-2024-05-13,1400,+4/-5,1000,OpenAI,Proprietary\n"
    "1,Nobody-7B,1399,+4/-5,1000,NVIDIA,MIT\n"
    "3,GPT-4-0314,1200,+4/-5,1000,OpenAI,Proprietary\n"
)


@pytest.fixture
def table(tmp_path):
    """A board of today's that nobody has published."""
    path = tmp_path / "board_2026-03-01.csv"
    path.write_text(TABLE)
    return path


def test_who_beats_the_first_gpt_4_as_json():
    """An array of every model above it; the question, its board and method go to stderr."""
    done = reckon("models", "--beats", "gpt-4-0314", "--board", "2024-12-05", "--json")
    rows = json.loads(done.stdout)
    assert len(rows) == 70
    assert len({row["organization"] for row in rows}) == 17
    assert done.stderr.startswith(
        "70 models stand above GPT-4-0314 (1186) on the board of 2024-12-05 by score, uncertainty "
        "left aside: 17 organizations (18 as written there).\nMethod: Chatbot Arena, votes of "
    )
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    assert rows[0]["score"] != round(rows[0]["score"]), "unrounded"


@pytest.mark.parametrize(("by", "count"), [("score", 76), ("rank", 75), ("probability", 74)])
def test_the_question_is_part_of_the_answer(by, count):
    """On 31 December 2024, by score, by rank, by probability."""
    done = reckon("models", "--beats", "gpt-4-0314", "--board", "2024-12-31", "--by", by)
    assert done.returncode == 0, done.stderr
    table, _, answer = done.stdout.partition("\n\n")
    assert sum(not line.startswith("* ") for line in table.splitlines()) == 1 + count
    assert answer.startswith(
        f"{count} models stand above GPT-4-0314 (1186, 1182 to 1189, rank 73) on the board of "
        "2024-12-31 "
    )
    assert "Method: Chatbot Arena, votes of people" in answer and "Source: " in answer


def test_a_row_of_a_board_has_the_fields_of_a_model_and_of_its_score():
    """What nobody here serves has no provider and no price, and keeps its name."""
    rows = rows_of("models", "--beats", "gpt-4-0314", "--board", "2024-12-31")
    by_name = {row["arena_name"]: row for row in rows}
    served, unserved = by_name["GPT-4o-2024-05-13"], by_name["Gemini-Exp-1121"]
    assert served["model"] == "openai/gpt-4o-2024-05-13"
    assert float(served["input_usd_per_mtok"]) == 5
    assert (served["score"], served["score_low"], served["score_high"]) == (1285, 1283, 1288)
    assert served["board"] == "2024-12-31" and served["organization"] == "OpenAI"
    assert served["method"].endswith("rank by upper bound, as shown")
    assert served["probability_above"] > 0.99
    assert unserved["model"] == "Gemini-Exp-1121"
    assert (unserved["provider"], unserved["input_usd_per_mtok"]) == (None, None)
    assert (unserved["rank"], unserved["organization"]) == (1, "Google")
    assert unserved["votes"] > 10_000
    assert served.keys() == unserved.keys() == rows_of("models", "gpt-4o")[0].keys()


def test_other_conditions_count_beside_the_board_s_answer():
    """The sentence keeps the whole answer, and says how many of it are listed."""
    done = reckon("models", "--beats", "gpt-4-0314", "--board", "2024-12-31", "--provider", "xai")
    table, _, answer = done.stdout.partition("\n\n")
    listed = len(table.splitlines()) - 1
    assert answer.startswith("76 models stand above")
    assert answer.rstrip().endswith(f"{listed} of them answer to the other conditions.")
    done = reckon("models", "nothing-is-named-so", "--beats", "gpt-4-0314")
    assert done.stdout.startswith("No model is like that.")


def test_models_are_sorted_by_the_score_of_a_board():
    """The best first, what has no score last; one board, so that scores can be compared."""
    rows = rows_of("models", "--provider", "openai", "--sort", "score", "--board", "2024-12-31")
    scores = [row["score"] for row in rows]
    known = [score for score in scores if score is not None]
    assert len(known) >= 5 and scores[: len(known)] == sorted(known, reverse=True)
    assert {row["board"] for row in rows} == {"2024-12-31", None}


def test_a_list_without_a_question_shows_scores_of_the_newest_board():
    """In the table as a column, in JSON with its board and method."""
    [row] = [row for row in rows_of("models", "gpt-4-0314") if row["model"] == "openai/gpt-4-0314"]
    assert (row["board"], round(row["score"], 2), row["rank"]) == ("2025-12-11", 1206.37, 180)
    assert row["probability_above"] is None
    done = reckon("models", "gpt-4-0314")
    assert re.search(r"openai/gpt-4-0314 .* 1206\b", done.stdout)


def test_the_card_shows_scores_with_method_interval_and_board():
    """Newest first; and the terms: free tier, licence, limits."""
    lines = reckon("models", "show", "gpt-4-0314").stdout.splitlines()
    scores = [line for line in lines if line.startswith("score:")]
    assert scores[0].startswith(
        "score:         1206, 1202 to 1211, rank 180 on 2025-12-11 as gpt-4-0314: Chatbot Arena, "
    )
    assert [line for line in scores if "1186, 1182 to 1189, rank 73 on 2024-12-31" in line]
    assert "free tier:     unknown" in lines
    [card] = rows_of("models", "show", "gpt-4-0314")
    assert len(card["scores"]) == len(scores)
    assert card["scores"][0]["score"] == 1206.3665648137417
    assert {"limits", "weights", "limitations", "arena_names", "free_tier"} <= card.keys()


def test_the_card_names_weights_limits_and_limitations(tmp_path):
    """Of a row that has them all."""
    folder = settings.home() / "catalogue"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(
        'provider = "mine"\norganization = "mine"\n[[model]]\nid = "m"\nlicence = "MIT"\n'
        'free_tier = true\nlimitations = ["No pictures."]\narena_names = ["GPT-4-0314"]\n'
        '[model.weights]\nrepository = "mine/m"\nparameters = 671e9\nactive_parameters = 37e9\n'
        '[model.limits]\nrequests_per_minute = 5\nsource = "https://x"\n'
    )
    lines = reckon("models", "show", "mine/m").stdout.splitlines()
    assert "free tier:     yes, within limits" in lines
    assert "licence:       MIT" in lines
    assert "weights:       mine/m, 671 billion parameters, 37 billion active for a token" in lines
    assert "limits:        5 requests a minute (source: https://x)" in lines
    assert "limitation:    No pictures." in lines
    assert [line for line in lines if "rank 73 on 2024-12-31 as GPT-4-0314" in line]
    [listed] = rows_of("models", "--free-tier", "--provider", "mine")
    assert (listed["model"], listed["free_tier"]) == ("mine/m", True)


def test_a_board_that_is_read_in_is_the_newest(table):
    """Read once, known from then on; the scores of reckon's own boards stay."""
    done = reckon("models", "refresh", "--board", str(table))
    assert done.stdout == "new:      2026-03-01, 3 models\n"
    [row] = rows_of("models", "refresh", "--board", str(table))
    assert (row["board"], row["models"], row["change"]) == ("2026-03-01", 3, "known")
    found = reckon("models", "--beats", "gpt-4-0314", "--json")
    assert [row["model"] for row in json.loads(found.stdout)] == [
        "openai/gpt-4o-2024-05-13",
        "Nobody-7B",
    ]
    assert "Source: file board_2026-03-01.csv." in found.stderr
    assert len(rows_of("models", "--beats", "gpt-4-0314", "--board", "2024-12-31")) == 76


def test_other_figures_for_a_day_need_force(table):
    """Nothing that is known is changed by reading a file."""
    assert reckon("models", "refresh", "--board", str(table)).returncode == 0
    table.write_text(TABLE.replace("1399", "1398"))
    done = reckon("models", "refresh", "--board", str(table))
    assert done.returncode == 1
    assert error_lines(done) == [
        "Error: The board of 2026-03-01 is known with other figures.",
        "Why: Models that differ: Nobody-7B. It is known from "
        f"{settings.home() / 'scores' / '2026-03-01.shown.jsonl'}.",
        "Do: Give the day it is of with --board-date, or --force to replace it.",
    ]
    done = reckon("models", "refresh", "--board", str(table), "--force")
    assert done.stdout == "replaced: 2026-03-01, 3 models\n"
    done = reckon("models", "refresh", "--board", str(table), "--board-date", "2026-03-02")
    assert done.stdout == "new:      2026-03-02, 3 models\n"


def test_a_broken_board_changes_nothing(table):
    """The error names file and line, and no file is written."""
    table.write_text(TABLE.replace("1399", "NaN"))
    done = reckon("models", "refresh", "--board", str(table))
    assert done.returncode == 1
    assert error_lines(done) == [
        f"Error: {table} is malformed, line 3.",
        "Why: `arena_score` is 'NaN', not a number.",
        "Do: Correct the file, or take the row out.",
    ]
    assert not (settings.home() / "scores").exists()


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ["list", "--by", "rank"],
            [
                "Error: --by says what above means, and no model was named.",
                "Do: Name one: reckon models list --beats gpt-4-0314 --by rank",
            ],
        ),
        (
            ["refresh", "--board-date", "2024-12-31"],
            [
                "Error: --board-date is about a board, and none was named.",
                "Do: Name its file: reckon models refresh --board FILE",
            ],
        ),
        (
            ["list", "--board", "2020-01-01"],
            [
                "Error: There is no board up to 2020-01-01.",
                "Do: The boards at hand: 2023-05-08:all, 2023-05-22:all, 2024-12-05:all, "
                "2024-12-20, 2024-12-31, 2025-07-27, 2025-12-11:text. `reckon models refresh "
                "--board FILE` reads more.",
            ],
        ),
    ],
)
def test_a_wrong_use_says_how_it_is_meant(arguments, lines):
    """Exit code 2, and the way out."""
    done = reckon("models", *arguments)
    assert done.returncode == 2
    assert error_lines(done) == lines
