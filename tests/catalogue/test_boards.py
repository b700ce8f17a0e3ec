"""Boards in our own format: what ships, which one is meant, and that nothing is lost on disk."""

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.catalogue import boards
from reckon.catalogue.boards import Board
from reckon.catalogue.organizations import canonical, maker_of
from reckon.errors import CatalogueError, UsageError
from reckon.vocabulary.score import Score

SHIPPED = [
    "2023-05-08:all",
    "2023-05-22:all",
    "2024-12-05:all",
    "2024-12-20",
    "2024-12-31",
    "2025-07-27",
    "2025-12-11:text",
]

ARTICLE_2024 = set(
    "Google|OpenAI|Alibaba|Anthropic|Meta|Reka AI|01 AI|Amazon|Cohere|DeepSeek|Nvidia|Mistral|"
    "NexusFlow|Zhipu AI|xAI|AI21 Labs|Princeton|Tencent".split("|")
)
"""Who had a model above the first GPT-4, says "Things we learned about LLMs in 2024"."""


def made(*rows, date="2025-01-02", series="shown"):
    """A board of models with their scores."""
    day = dt.date.fromisoformat(date)
    return Board(
        date=day,
        series=series,
        method="m",
        source="s",
        scores=tuple(
            Score(model=name, organization="", board=day, method="m", source="s", score=score)
            for name, score in rows
        ),
    )


def board(name):
    """A board at hand."""
    return boards.read(boards.known()[name])


@pytest.mark.usefixtures("home")
def test_a_fresh_clone_has_boards_of_2023_2024_and_the_newest_at_hand():
    """They are known by name, oldest first, without a file being opened."""
    assert list(boards.known()) == SHIPPED


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", SHIPPED)
def test_every_score_says_how_it_was_made_and_where_it_was_read(name):
    """Method, source, day and organisation stand with each of them."""
    found = board(name)
    assert found.scores
    for score in found.scores:
        assert score.method == found.method and score.method.startswith("Chatbot Arena, votes of")
        assert score.source == found.source and score.source.startswith("github.com/")
        assert score.board == found.date
        assert score.organization, score.model
        assert canonical(score.organization) == score.organization
        if score.low is not None:
            assert score.low <= score.score <= score.high


@pytest.mark.usefixtures("home")
def test_each_method_says_what_differs_between_boards():
    """Elo in 2023, one fit later; intervals, ranks and retired models where there are any."""
    methods = {name: board(name).method for name in SHIPPED}
    assert "Elo, moved by one vote after another" in methods["2023-05-08:all"]
    assert "Bradley-Terry; retired models included; no intervals" in methods["2024-12-05:all"]
    assert "95% interval by bootstrap; rank by upper bound, as shown" in methods["2024-12-31"]
    assert "95% interval computed, votes weighted; not ranked" in methods["2025-07-27"]
    assert "rank by upper bound, from the unrounded bounds" in methods["2025-12-11:text"]


@pytest.mark.usefixtures("home")
def test_the_article_s_screenshot_is_the_board_of_20_december_2024():
    """Ranks 52 to 69 with scores 1186 to 1207, from GLM-4-0520 down to the first GPT-4."""
    rows = board("2024-12-20").between("GLM-4-0520", "GPT-4-0314")
    assert (rows[0].rank, rows[0].score) == (52, 1207)
    assert (rows[-1].rank, rows[-1].score) == (69, 1186)
    assert (min(row.score for row in rows), max(row.score for row in rows)) == (1186, 1207)
    assert len(rows) == 13


@pytest.mark.usefixtures("home")
def test_rows_between_two_models_need_both_and_their_order():
    """A name that is not there and a range upside down are mistakes with a way out."""
    found = board("2024-12-20")
    with pytest.raises(UsageError) as caught:
        found.between("GPT-4-0314", "GLM-4-0520")
    assert caught.value.lines() == [
        "Error: GPT-4-0314 stands below GLM-4-0520 on the board of 2024-12-20.",
        "Do: Name the upper one first.",
    ]
    with pytest.raises(UsageError) as caught:
        found.between("GLM-4-0520", "GPT-4-0341")
    assert caught.value.lines() == [
        "Error: GPT-4-0341 is not on the board of 2024-12-20.",
        "Why: The nearest there are GPT-4-0314, GPT-4-0613, GLM-4-0116.",
        "Do: Name it as the board does, for instance Gemini-Exp-1206.",
    ]


@pytest.mark.usefixtures("home")
def test_ranks_of_unrounded_results_follow_from_their_bounds():
    """1, and one for each model whose lower bound is above the upper bound."""
    found = board("2025-12-11:text")
    for score in found.scores:
        assert score.rank == 1 + sum(other.low > score.high for other in found.scores)
    assert board("2025-12-11:text").find("gpt-4-0314").score == 1206.3665648137417


@pytest.mark.usefixtures("home")
def test_a_model_is_found_under_any_of_its_spellings():
    """As shown, by the board's own key, whatever the capitals and the spaces."""
    found = board("2024-12-31")
    for name in ("Claude 3.5 Sonnet (20241022)", "claude-3-5-sonnet-20241022", "CLAUDE_3_OPUS"):
        assert found.find(name), name
    assert found.find("claude-3") is None, "a part of a name is no name"
    assert found.find("nothing", "gpt-4-0314").model == "GPT-4-0314", "the first that is there"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (None, "2025-12-11:text"),
        ("2024-12-31", "2024-12-31"),
        ("2024-12-31:shown", "2024-12-31"),
        ("2024-12-05", "2024-12-05:all"),
        ("2024-12-05:all", "2024-12-05:all"),
        ("2024-12-30", "2024-12-20"),
        ("2024-01-01", "2023-05-22:all"),
        ("2030-01-01", "2025-12-11:text"),
        (" 2024-12-31 ", "2024-12-31"),
    ],
)
def test_a_day_means_its_board_or_the_latest_before_it(asked, name):
    """A series can be named; without one the arena's is meant."""
    assert boards.pick(asked).name == name


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("asked", "what", "why"),
    [
        ("2023-05-07", "There is no board up to 2023-05-07.", ""),
        ("2024-12-31:coding", "There is no board 2024-12-31:coding.", ""),
        (
            "december",
            "'december' is no board.",
            "A board is named by its day: 2024-12-31, or 2024-12-31:SERIES.",
        ),
        (
            "2024-02-30",
            "'2024-02-30' is no board.",
            "A board is named by its day: 2024-12-31, or 2024-12-31:SERIES.",
        ),
    ],
)
def test_a_board_that_is_not_there_names_those_that_are(asked, what, why):
    """With the command that reads more."""
    with pytest.raises(UsageError) as caught:
        boards.pick(asked)
    assert (caught.value.what, caught.value.why) == (what, why)
    assert f"The boards at hand: {', '.join(SHIPPED)}." in caught.value.do


def test_two_boards_of_one_day_are_told_apart(home):
    """What the site showed comes before the table of all models, and a category never unasked."""
    boards.keep(
        [
            made(("a", 1000), date="2026-01-01", series="all"),
            made(("a", 1100), date="2026-01-01"),
            made(("a", 1200), date="2026-02-01", series="coding"),
        ]
    )
    assert boards.pick(None).name == "2026-01-01"
    assert boards.pick("2026-01-01:all").scores[0].score == 1000
    assert boards.pick("2026-02-01:coding").scores[0].score == 1200
    assert sorted(path.name for path in (home / "scores").iterdir()) == [
        "2026-01-01.all.jsonl",
        "2026-01-01.shown.jsonl",
        "2026-02-01.coding.jsonl",
    ]


def test_a_file_that_is_named_as_no_board_is_left_alone(home):
    """A copy that an editor made, a note of the user's."""
    (home / "scores").mkdir()
    for name in ("notes.jsonl", "2024-12-31.shown (copy).jsonl", "2024-12-31.jsonl"):
        (home / "scores" / name).write_text("?")
    assert list(boards.known()) == SHIPPED


def test_a_board_that_is_known_is_not_written_again(home):
    """The same figures change nothing; one of the user's hides ours only when it was forced."""
    shipped = board("2024-12-31")
    assert [kept.change for kept in boards.keep([shipped])] == ["known"]
    assert not list(home.glob("scores/*"))


def test_other_figures_for_a_known_board_are_refused_and_can_be_forced(home):
    """A score that was published does not change silently, and no half of a file is kept."""
    shipped = board("2024-12-31")
    first, *rest = shipped.scores
    other = msgspec.structs.replace(
        shipped, scores=(msgspec.structs.replace(first, score=1400.0), *rest)
    )
    new = made(("a", 1000), date="2026-01-01")
    with pytest.raises(CatalogueError) as caught:
        boards.keep([new, other])
    assert caught.value.lines() == [
        "Error: The board of 2024-12-31 is known with other figures.",
        "Why: Models that differ: Gemini-Exp-1206. It is known from "
        f"{boards.SHIPPED / '2024-12-31.shown.jsonl'}.",
        "Do: Give the day it is of with --board-date, or --force to replace it.",
    ]
    assert not list(home.glob("scores/*")), "nothing of the good board either"
    assert [kept.change for kept in boards.keep([new, other], force=True)] == ["new", "replaced"]
    assert board("2024-12-31").scores[0].score == 1400
    assert boards.read(boards.SHIPPED / "2024-12-31.shown.jsonl") == shipped, "ours stays"


def test_a_board_that_cannot_be_written_leaves_all_as_it_was(home):
    """The first of two is whole and beside its place when the second fails: neither is kept."""
    two = [made(("a", 1000), date="2026-01-02"), made(("a", 1000), series="x" * 300)]
    with pytest.raises(CatalogueError) as caught:
        boards.keep(two)
    assert caught.value.lines() == [
        f"Error: The boards cannot be written to {home / 'scores'}.",
        "Why: File name too long",
        "Do: Set RECKON_HOME to a folder you can write to.",
    ]
    assert not list((home / "scores").iterdir())


HEAD = (
    '{"date":"2026-01-01","series":"shown","method":"m","source":"s","columns":'
    '["model","key","organization","score","low","high","rank","votes","licence"]}\n'
)
ROW = '["a",null,"",1000.0,null,null,null,null,null]\n'


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "Input data was truncated"),
        ("[]\n", 1, "Expected `object`, got `array`"),
        (HEAD.replace("2026-01-01", "soon"), 1, "Invalid RFC3339 encoded date - at `$.date`"),
        (HEAD.replace("2026-01-01", "2026-01-02"), 1, "it says that it is 2026-01-02.shown.jsonl"),
        (HEAD.replace('"key",', ""), 1, "the columns are not model, key, organization, score,"),
        (HEAD + ROW + "[", 3, "Input data was truncated"),
        (HEAD + ROW + ROW.replace("1000.0", "null"), 3, "Expected `float`, got `null` - at `$[3]`"),
        (HEAD + ROW + '["b"]\n', 3, "Expected `array` of length 9"),
    ],
)
def test_a_damaged_file_names_its_line(home, text, line, why):
    """And the way out: move it away, read it anew."""
    path = home / "scores" / "2026-01-01.shown.jsonl"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(CatalogueError) as caught:
        boards.read(path)
    assert caught.value.what == f"The board {path}, line {line}, is malformed."
    assert caught.value.why.startswith(why)
    assert "`reckon models refresh --board FILE` reads it anew" in caught.value.do


text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
number = st.floats(allow_nan=False, allow_infinity=False)
count = st.integers(0, 10**9)


@st.composite
def any_board(draw):
    """A board as one of the readers may make it."""
    day = draw(st.dates(dt.date(2023, 5, 1), dt.date(2030, 1, 1)))
    series = draw(st.from_regex(r"\A[a-z0-9]{1,8}(-[a-z0-9]{1,8})?\Z"))
    method, source = draw(text), draw(text)

    def score(model):
        written = draw(st.one_of(st.just(""), text))
        return Score(
            model=model,
            key=draw(st.none() | text),
            organization=canonical(written) or maker_of(model),
            organization_written=written,
            board=day,
            method=method,
            source=source,
            score=draw(number),
            low=draw(st.none() | number),
            high=draw(st.none() | number),
            rank=draw(st.none() | count),
            votes=draw(st.none() | count),
            licence=draw(st.none() | text),
        )

    names = draw(st.lists(text, max_size=6, unique=True))
    scores = tuple(score(name) for name in names)
    return Board(date=day, series=series, method=method, source=source, scores=scores)


@given(any_board())
def test_a_board_that_is_written_and_read_is_the_same(tmp_path_factory, original):
    """Every figure to its last digit, every name, in the order of the board."""
    path = tmp_path_factory.mktemp("b") / boards.file_name(original.date, original.series)
    path.write_bytes(boards.encode(original))
    assert boards.read(path) == original


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("DeepSeek AI", "DeepSeek"),
        ("deepseek-ai", "DeepSeek"),
        ("Nexusflow", "NexusFlow"),
        ("NVIDIA", "Nvidia"),
        ("Zhipu", "Zhipu AI"),
        ("Z.ai", "Zhipu AI"),
        ("zai-org", "Zhipu AI"),
        ("Meta AI", "Meta"),
        ("meta-llama", "Meta"),
        ("AI2", "Ai2"),
        ("Allen AI", "Ai2"),
        ("Aliaba", "Alibaba"),
        ("qwen", "Alibaba"),
        ("x-ai", "xAI"),
        ("01-ai", "01 AI"),
        ("mistralai", "Mistral"),
        ("AI21 Labs", "AI21 Labs"),
        ("  Nobody Known ", "Nobody Known"),
        ("", ""),
    ],
)
def test_an_organisation_has_one_spelling(written, ours):
    """Whatever a board, a hub or a provider calls it; an unknown one stays as it is."""
    assert canonical(written) == ours


@pytest.mark.parametrize(
    ("model", "maker"),
    [
        ("claude-opus-4-5-20251101", "Anthropic"),
        ("llama-3.1-405b-instruct-bf16", "Meta"),
        ("llama-3.1-nemotron-70b-instruct", "Nvidia"),
        ("llama-3.1-tulu-3-70b", "Ai2"),
        ("o3-2025-04-16", "OpenAI"),
        ("gemma-2-9b-it-simpo", "Princeton"),
        ("gemma-2-9b-it", "Google"),
        ("yi-lightning", "01 AI"),
        ("yieldbot-7b", ""),
        ("nobody-knows", ""),
    ],
)
def test_a_board_without_organisations_gets_them_by_the_family_of_the_name(model, maker):
    """The longest beginning that is a whole word; an unknown family stays unknown."""
    assert maker_of(model) == maker


@pytest.mark.usefixtures("home")
def test_no_organisation_has_two_spellings_on_any_board():
    """The article's eighteen are all there, once."""
    names = {score.organization for name in SHIPPED for score in board(name).scores}
    assert names >= ARTICLE_2024
    assert len({name.casefold().replace(" ", "") for name in names}) == len(names)
