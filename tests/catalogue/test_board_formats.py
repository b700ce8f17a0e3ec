"""Boards as others publish them: four formats read, and what is wrong with a file said."""

import datetime as dt
import json
from pathlib import Path

import msgspec
import pytest

from reckon.catalogue import board_file, boards
from reckon.catalogue.board_formats import read_file, with_keys
from reckon.errors import SourceError

DATA = Path(__file__).parents[3] / "shared" / "data" / "arena" / "boards"
NEEDS_DATA = pytest.mark.skipif(not DATA.exists(), reason="no boards in ../shared/data/arena")
TODAY = dt.date(2026, 11, 25)

SHOWN = "rank,model,arena_score,95_pct_ci,votes,organization,license\n"
RATED = "key,Model,rating,License,Organization,date\n"
KNOWN = "key,Model,MT-bench (score),MMLU,License,Organization\n"


RATED_ONCE = {"m": {"rating": 1000, "rating_q025": 990, "rating_q975": 1010}}


@pytest.fixture
def read(tmp_path):
    """Reads a text as a file of that name."""

    def reader(text, name="board_20241231.csv", date=None):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_file(path, date=date, today=TODAY)

    return reader


def test_a_table_as_it_was_shown(read):
    """Scores with their intervals, votes, licence, and the rank that the board gives."""
    [board], repeated = read(
        SHOWN
        + ' 1,GPT-9,1400,+4/-5,55982,OpenAI,Proprietary\n1,"Model, the",1399.5,+10/-9,10,Zhipu,\n'
    )
    assert (board.name, repeated) == ("2024-12-31", 0)
    first, second = board.scores
    assert (first.score, first.low, first.high) == (1400, 1395, 1404)
    assert (first.rank, first.votes, first.licence) == (1, 55982, "Proprietary")
    assert (second.model, second.organization, second.organization_written) == (
        "Model, the",
        "Zhipu AI",
        "Zhipu",
    )
    assert (second.rank, second.licence) == (1, None)
    assert first.source == "file board_20241231.csv"


def test_rows_that_are_numbered_are_not_ranked(read):
    """1, 2, 3 down the table are no ranks: where intervals overlap, ranks are shared."""
    rows = "1,a,1400,+4/-5,1,o,\n2,b,1399,+4/-5,1,o,\n"
    [board], _ = read(SHOWN + rows)
    assert not board.has_ranks and board.method.endswith("; not ranked")
    [board], _ = read(SHOWN + rows.replace("2,b", "1,b"))
    assert board.has_ranks and board.method.endswith("; rank by upper bound, as shown")


def test_a_table_of_2024_calls_its_score_elo(read):
    """The older name of the column; a cell without a value is unknown, and no zero."""
    [board], _ = read(SHOWN.replace("arena_score", "arena_elo") + "1,a,1400,,,o,\n")
    [score] = board.scores
    assert (score.score, score.low, score.high, score.votes) == (1400, None, None, None)


def test_a_table_of_many_days_is_a_board_for_each(read):
    """By score, with the key of each model; the method changed on 27 March 2024."""
    found, _ = read(
        RATED + "b,B,1000.123456789,MIT,xAI,20240326\na,A,1001.5,MIT,xAI,2024-03-26\n"
        "a,A,1100.25,MIT,xAI,2024-03-27\n",
        name="ratings.csv",
    )
    assert [board.name for board in found] == ["2024-03-26:all", "2024-03-27:all"]
    assert [score.key for score in found[0].scores] == ["a", "b"]
    assert found[0].scores[1].score == 1000.123456789
    assert "Elo, moved by one vote after another" in found[0].method
    assert "Bradley-Terry" in found[1].method


def test_results_are_a_board_for_each_category(read):
    """Ranks follow from the unrounded bounds; all questions are the arena's own board."""
    found, _ = read(
        json.dumps(
            {
                "full": {
                    "claude-x": {"rating": 1000.4, "rating_q025": 990, "rating_q975": 1010},
                    "gpt-y": {"rating": 1050, "rating_q025": 1040, "rating_q975": 1060},
                    "z": {"rating": 1001, "rating_q025": 995, "rating_q975": 1040.0001},
                },
                "hard_6": {"gpt-y": {"rating": 900, "rating_q025": 890, "rating_q975": 910}},
            }
        ),
        name="results_2025-12-11.json",
    )
    assert [board.name for board in found] == ["2025-12-11:text", "2025-12-11:hard-6"]
    ranks = [(score.model, score.rank, score.organization) for score in found[0].scores]
    assert ranks == [("gpt-y", 1, "OpenAI"), ("z", 1, ""), ("claude-x", 2, "Anthropic")]
    assert "questions of hard_6" in found[1].method


def test_a_table_of_facts_is_two_boards_of_other_tests(read):
    """Each with its own method and scale; a model without the score is not on it."""
    found, _ = read(KNOWN + "a,A,9.1,0.86,MIT,xAI\nb,B,-,0.9,MIT,xAI\n")
    assert [(board.name, len(board.scores)) for board in found] == [
        ("2024-12-31:mt-bench", 1),
        ("2024-12-31:mmlu", 2),
    ]
    assert found[1].method == "MMLU, share of right answers"


def test_the_day_that_was_given_goes_before_the_name(read):
    """Where the name has the day of a copy."""
    [board], _ = read(SHOWN + "1,a,1400,,,o,\n", date=dt.date(2024, 12, 20))
    assert board.name == "2024-12-20"


@pytest.mark.parametrize(
    ("name", "board", "method"),
    [
        ("lmarena_text_20250806.csv", "2025-08-06", "Chatbot Arena, votes of"),
        ("lmarena_vision_20250806.csv", "2025-08-06:vision", "Chatbot Arena of vision, votes of"),
        ("text-style-control-20250806.csv", "2025-08-06:text-style-control", "Chatbot Arena, "),
        ("vision_style_20250806.csv", "2025-08-06:vision-style-control", "Chatbot Arena of"),
    ],
)
def test_a_board_of_another_arena_is_never_taken_for_that_of_text(read, name, board, method):
    """The columns are the same; the name of the file tells, and the series keeps them apart."""
    [found], _ = read(SHOWN + "1,a,1400,+1/-1,5,o,\n", name=name)
    assert found.name == board
    assert found.method.startswith(method)
    assert ("; Bradley-Terry, style control;" in found.method) == ("style" in name)
    results, _ = read(
        json.dumps({"full": RATED_ONCE, "math": RATED_ONCE}), name=name.replace(".csv", ".json")
    )
    series = board.partition(":")[2]
    assert [each.series for each in results] == [
        series or "text",
        f"{series}-math" if series else "math",
    ]


def test_a_row_that_stands_there_twice_is_taken_once(read):
    """With the same figures; it is counted."""
    [board], repeated = read(SHOWN + "1,a,1400,+1/-1,5,o,\n" * 3)
    assert (len(board.scores), repeated) == (1, 2)


def test_keys_are_taken_from_boards_that_know_them(read, home):
    """So that a table of names finds the models of the catalogue."""
    [board], _ = read(SHOWN + "1,Claude 3 Opus,1247,+2/-2,5,Anthropic,\n")
    shipped = [boards.read(path) for path in boards.known().values()]
    assert with_keys(board, shipped).scores[0].key == "claude-3-opus-20240229"


A_ROW = "1,a,1400,+4/-5,10,o,\n"
MALFORMED = "is malformed, line 2."
CORRECT = "Correct the file, or take the row out."
FORMATS = (
    "Give a CSV with rank, model, arena_score, 95_pct_ci, votes, organization, license; or with "
    "key, Model, rating, License, Organization, date; or the arena's JSON."
)
TELL = "Say which day it is of: --board-date 2024-12-31."


def result(**fields):
    """Results with one model."""
    good = {"rating": 1000, "rating_q025": 990, "rating_q975": 1010}
    return json.dumps({"full": {"m": good | fields}})


BROKEN = {
    "empty": ("", "is empty.", "", "Give a file with a board."),
    "blank": (" \n\n", "is empty.", "", "Give a file with a board."),
    "only a header": (SHOWN, "has no scores.", "", "Give a file with a board."),
    "no text": (
        b"\x89PNG\xff\xfe",
        "is not text in UTF-8.",
        "'utf-8' codec can't decode byte 0x89 in position 0: invalid start byte",
        "Save it as UTF-8.",
    ),
    "another table": (
        "name,price\na,1\n",
        "is no board that is known here.",
        "Its first line is 'name,price'.",
        FORMATS,
    ),
    "semicolons": (
        "rank;model;arena_score\n1;a;1400\n",
        "is no board that is known here.",
        "Its first line is 'rank;model;arena_score'. Fields are parted by commas.",
        FORMATS,
    ),
    "columns missing": (
        "rank,model,arena_score\n1,a,1400\n",
        "has no column 95_pct_ci, votes, organization, license.",
        "It has arena_score, model, rank.",
        "Give a table with rank, model, 95_pct_ci, votes, organization, license.",
    ),
    "a column missing of the ratings": (
        RATED.replace(",date", "") + "a,A,1000,MIT,xAI\n",
        "has no column date.",
        "It has License, Model, Organization, key, rating.",
        "Give a table with key, Model, rating, License, Organization, date.",
    ),
    "a column twice": (
        SHOWN.replace("license", "votes") + A_ROW,
        "has the column votes twice.",
        "",
        "Take one of them out.",
    ),
    "too few fields": (
        SHOWN + "1,a,1400\n",
        MALFORMED,
        "It has 3 fields, the header 7.",
        CORRECT,
    ),
    "an open quote": (SHOWN + '1,"a,1400', MALFORMED, "unexpected end of data.", CORRECT),
    "a field without end": (
        SHOWN + "1," + "a" * 140_000 + ",1400,,,o,\n",
        MALFORMED,
        "field larger than field limit (131072).",
        CORRECT,
    ),
    "no number": (
        SHOWN + "1,a,high,,,o,\n",
        MALFORMED,
        "`arena_score` is 'high', not a number.",
        CORRECT,
    ),
    "no score": (SHOWN + "1,a,,,,o,\n", MALFORMED, "`arena_score` is '', not a number.", CORRECT),
    "NaN": (SHOWN + "1,a,NaN,,,o,\n", MALFORMED, "`arena_score` is 'NaN', not a number.", CORRECT),
    "infinite": (
        SHOWN + "1,a,-inf,,,o,\n",
        MALFORMED,
        "`arena_score` is '-inf', not a number.",
        CORRECT,
    ),
    "an underscore": (
        SHOWN + "1,a,1_400,,,o,\n",
        MALFORMED,
        "`arena_score` is '1_400', not a number.",
        CORRECT,
    ),
    "a decimal comma": (
        SHOWN + '1,a,"1400,5",,,o,\n',
        MALFORMED,
        "`arena_score` is '1400,5', not a number. Write a decimal point.",
        CORRECT,
    ),
    "a share among points": (
        SHOWN + "1,a,0.83,,,o,\n",
        MALFORMED,
        "`arena_score` is 0.83; other units? Here it is points of an arena, 300 to 3000.",
        CORRECT,
    ),
    "points among shares": (
        KNOWN + "a,A,-,86.4,MIT,xAI\n",
        MALFORMED,
        "`MMLU` is 86.4; other units? Here it is a share of right answers, 0 to 1.",
        CORRECT,
    ),
    "an interval without signs": (
        SHOWN + "1,a,1400,4,,o,\n",
        MALFORMED,
        "`95_pct_ci` is '4', not an interval like +4/-5.",
        CORRECT,
    ),
    "an interval that is negative": (
        SHOWN + "1,a,1400,-4/+5,,o,\n",
        MALFORMED,
        "`95_pct_ci` is '-4/+5', not an interval like +4/-5.",
        CORRECT,
    ),
    "half a vote": (
        SHOWN + "1,a,1400,,10.5,o,\n",
        MALFORMED,
        "`votes` is '10.5', not a whole number of at least 0.",
        CORRECT,
    ),
    "rank zero": (
        SHOWN + "0,a,1400,,,o,\n0,b,1400,,,o,\n",
        MALFORMED,
        "`rank` is '0', not a whole number of at least 1.",
        CORRECT,
    ),
    "no name": (SHOWN + "1,,1400,,,o,\n", MALFORMED, "The model's name is ''.", CORRECT),
    "a name that drives a terminal": (
        SHOWN + "1,\x1b[2Ja,1400,,,o,\n",
        MALFORMED,
        "The model's name is '\\x1b[2Ja'.",
        CORRECT,
    ),
    "a model twice": (
        SHOWN + A_ROW + A_ROW.replace("1400", "1401"),
        "is malformed, line 3.",
        "a stands there twice, with different figures.",
        CORRECT,
    ),
    "a day that is none": (
        RATED + "a,A,1000,MIT,xAI,20241345\n",
        "does not say of which day it is.",
        "2024-13-45 in line 2 is no date.",
        TELL,
    ),
    "a day in words": (
        RATED + "a,A,1000,MIT,xAI,yesterday\n",
        MALFORMED,
        "The date is 'yesterday', not a day like 20241231.",
        CORRECT,
    ),
    "a day to come": (
        RATED + "a,A,1000,MIT,xAI,20300101\n",
        "cannot be a board of 2030-01-01.",
        "Line 2 says so; boards are from 2023-04-24 to 2026-11-25.",
        TELL,
    ),
    "half of a JSON": (
        '{"full": {"m": {"rating": 10',
        "is not JSON.",
        "Expecting ',' delimiter: line 1 column 29 (char 28).",
        "Fetch the file again, whole.",
    ),
    "a JSON of rows": (
        "[1, 2]",
        "is no board that is known here.",
        "Its JSON is no object of categories.",
        CORRECT,
    ),
    "a JSON without models": ('{"full": {}}', "has no scores.", "", "Give a file with a board."),
    "a JSON without categories": ("{}", "has no scores.", "", "Give a file with a board."),
    "a category that is a path": (
        '{"../../x": {"m": {}}}',
        "is malformed, category '../../x'.",
        "That is no name of a category.",
        CORRECT,
    ),
    "a category that is a list": (
        '{"full": []}',
        "is malformed, category 'full'.",
        "It is no object of models.",
        CORRECT,
    ),
    "a model that is a number": (
        '{"full": {"m": 1}}',
        "is malformed, full, 'm'.",
        "It is no object with a rating.",
        CORRECT,
    ),
    "a rating that is missing": (
        result(rating=None),
        "is malformed, full, 'm'.",
        "`rating` is None, not a number.",
        CORRECT,
    ),
    "a rating that is true": (
        result(rating=True),
        "is malformed, full, 'm'.",
        "`rating` is True, not a number.",
        CORRECT,
    ),
    "a rating beyond all numbers": (
        result(rating=10**400),
        "is malformed, full, 'm'.",
        "`rating` is 100000000000000000000000000000000000000000000000000000000..., not a number.",
        CORRECT,
    ),
    "bounds the wrong way round": (
        result(rating_q025=1020),
        "is malformed, full, 'm'.",
        "The rating 1000.0 is not within its bounds, 1020.0 to 1010.0.",
        CORRECT,
    ),
    "a model twice in a JSON": (
        '{"full": {"m": {"rating": 1}, "m": {"rating": 2}}}',
        "is malformed, 'm'.",
        "It stands there twice.",
        CORRECT,
    ),
    "a JSON without floor": (
        '{"a":' * 100_000,
        "is no board that is known here.",
        "Its JSON is nested too deeply.",
        CORRECT,
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_with_a_file_is_said(read, tmp_path, case):
    """What, why, what to do; the line where there is one."""
    text, what, why, do = BROKEN[case]
    with pytest.raises(SourceError) as caught:
        read(text)
    error = caught.value
    assert (error.what, error.why, error.do) == (
        f"{tmp_path / 'board_20241231.csv'} {what}",
        why,
        do,
    )


@pytest.mark.parametrize(
    ("name", "what", "why"),
    [
        (
            "board.csv",
            "does not say of which day it is.",
            "Neither its rows nor its name hold a date.",
        ),
        (
            "board_20230508_20250326.csv",
            "does not say of which day it is.",
            "Its name holds several dates.",
        ),
        (
            "board_20241301.csv",
            "does not say of which day it is.",
            "2024-13-01 in its name is no date.",
        ),
        (
            "board_20300101.csv",
            "cannot be a board of 2030-01-01.",
            "Its name says so; boards are from 2023-04-24 to 2026-11-25.",
        ),
    ],
)
def test_a_file_without_a_day_asks_for_one(read, tmp_path, name, what, why):
    """The day is never guessed."""
    with pytest.raises(SourceError) as caught:
        read(SHOWN + A_ROW, name=name)
    assert caught.value.lines() == [
        f"Error: {tmp_path / name} {what}",
        f"Why: {why}",
        f"Do: {TELL}",
    ]


def test_a_day_that_was_given_is_checked_too(read):
    """And a file whose rows have days of their own takes none."""
    with pytest.raises(SourceError) as caught:
        read(SHOWN + A_ROW, date=dt.date(1999, 1, 1))
    assert caught.value.why.startswith("--board-date says so; boards are from 2023-04-24 to")
    with pytest.raises(SourceError) as caught:
        read(RATED + "a,A,1000,MIT,xAI,20241205\n", date=dt.date(2024, 12, 5))
    assert caught.value.do == "Leave --board-date out."


def test_a_file_that_is_not_there_or_too_large(tmp_path, monkeypatch):
    """A folder is no file, and a dump of all votes is no board."""
    with pytest.raises(SourceError) as caught:
        read_file(tmp_path / "none.csv", today=TODAY)
    assert (caught.value.why, caught.value.do) == ("No such file or directory", "Check the path.")
    with pytest.raises(SourceError) as caught:
        read_file(tmp_path, today=TODAY)
    assert caught.value.why == "Is a directory"
    monkeypatch.setattr(board_file, "MOST_BYTES", 1000)
    path = tmp_path / "votes.csv"
    path.write_bytes(b"x" * 1001)
    with pytest.raises(SourceError) as caught:
        read_file(path, today=TODAY)
    assert caught.value.lines() == [
        f"Error: {path} is too large for a board.",
        "Why: It has 1,001 bytes; at most 1,000 are read.",
        "Do: Give a file of boards, one table or one JSON.",
    ]


@NEEDS_DATA
@pytest.mark.parametrize(
    ("name", "count", "models", "repeated"),
    [
        ("arena_alltime_ratings_20230508_20250326.csv", 105, 13434 - 96, 96),
        ("leaderboard_table_20241230.csv", 2, 166, 4),
        ("lmarena_text_20250806_283321b.csv", 1, 259, 1),
        ("lmarena_text_20251211.json", 29, 7461, 0),
        ("lmsys_20240619_3792cf0.csv", 1, 109, 0),
        ("lmsys_20240919_46f210d.csv", 1, 141, 0),
        ("lmsys_20241207_bc6254e.csv", 1, 168, 0),
        ("lmsys_20241231_fd1f48b.csv", 1, 182, 0),
        ("lmsys_20250326_8b8994f.csv", 1, 184, 0),
        ("lmsys_20250618_5f92c95.csv", 1, 205, 0),
    ],
)
def test_every_published_file_at_hand_is_read_whole(name, count, models, repeated):
    """No row is lost; those that stand there twice are counted."""
    found = read_file(DATA / name, today=TODAY)
    assert len(found.boards) == count
    assert sum(len(board.scores) for board in found.boards) == models
    assert found.repeated == repeated


@NEEDS_DATA
@pytest.mark.parametrize(
    ("name", "file", "date"),
    [
        ("2023-05-08:all", "arena_alltime_ratings_20230508_20250326.csv", None),
        ("2023-05-22:all", "arena_alltime_ratings_20230508_20250326.csv", None),
        ("2024-12-05:all", "arena_alltime_ratings_20230508_20250326.csv", None),
        ("2024-12-31", "lmsys_20241231_fd1f48b.csv", None),
        # The table of the copy of 6 August has the scores of 27 July, as its commit says.
        ("2025-07-27", "lmarena_text_20250806_283321b.csv", dt.date(2025, 7, 27)),
        ("2025-12-11:text", "lmarena_text_20251211.json", None),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_ships_is_what_was_published(name, file, date):
    """Every figure, in the same order; the sources and second names are ours to add."""
    shipped = boards.read(boards.known()[name])
    found = read_file(DATA / file, date=date, today=TODAY)
    [published] = [board for board in found.boards if board.name == name]
    assert shipped.method == published.method

    def bare(board):
        return [msgspec.structs.replace(score, key=None, source="") for score in board.scores]

    assert bare(shipped) == bare(published)
