"""The article's prices, from our own catalogue; and the plots, as files."""

import pytest
from command_line import error_lines, reckon, rows_of

MODELS = (
    "gpt-4",
    "gpt-4-turbo",
    "gpt-3.5-turbo",
    "gpt-4o",
    "gpt-4o-mini",
    "gemini-1.5-flash-8b",
)
WITHIN = ("--from", "2023-12-01", "--to", "2024-12-31")


@pytest.mark.parametrize(
    ("now", "than", "exact"),
    [
        ("openai/gpt-4o", "openai/gpt-4", "12"),
        ("openai/gpt-4o-mini", "openai/gpt-4", "200"),
        ("openai/gpt-4o-mini", "openai/gpt-3.5-turbo", "20/3"),
        ("google/gemini-1.5-flash-8b", "openai/gpt-3.5-turbo", "80/3"),
    ],
)
def test_the_catalogue_gives_the_ratios_of_the_article(now, than, exact):
    """$30 to $2.50, $30 to $0.15, $1 to $0.15, $1 to $0.0375."""
    rows = rows_of("models", "prices", *MODELS, *WITHIN)
    found = [
        step["input_times_cheaper_exact"]
        for row in rows
        if row["model"] == now
        for step in row["compared"]
        if step["than"] == than
    ]
    assert found == [exact]


def test_the_ratios_of_the_article_read_as_it_says_them():
    """12x, 200x, nearly 7x, 27x."""
    done = reckon("models", "prices", *MODELS, *WITHIN)
    shown = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for begins, ends in (
        ("openai/gpt-4o $2.50 12x cheaper", "than openai/gpt-4 $30 of 2023-12-01"),
        ("openai/gpt-4o-mini $0.15 200x cheaper", "than openai/gpt-4 $30 of 2023-12-01"),
        ("openai/gpt-4o-mini $0.15 nearly 7x", "than openai/gpt-3.5-turbo $1 of 2023-12-01"),
        ("google/gemini-1.5-flash-8b $0.0375 27x", "than openai/gpt-3.5-turbo $1 of 2023-12-01"),
    ):
        assert any(line.startswith(begins) and line.endswith(ends) for line in shown), begins


def test_context_windows_of_the_catalogue_grew_from_4096_to_2_million():
    """Up to the end of 2024."""
    rows = rows_of("models", "history", "--context", "--to", "2024-12-31")
    windows = [row["context_tokens"] for row in rows]
    assert windows[0] == 4_096
    assert 2_000_000 <= windows[-1] <= 2_100_000
    assert windows == sorted(windows)


@pytest.mark.parametrize("command", [("prices", *MODELS, *WITHIN), ("history", "--context")])
@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_plot_is_written_beside_the_table(tmp_path, command, ending):
    """Prices as steps on a logarithmic axis, windows as dots with the line of records."""
    path = tmp_path / f"plot.{ending}"
    done = reckon("models", *command, "--plot", str(path))
    assert (done.returncode, done.stderr.strip()) == (0, f"Wrote {path}.")
    content = path.read_bytes()
    assert content.startswith(b"<svg" if ending == "svg" else b"\x89PNG")
    if ending == "svg":
        assert b"gpt-4" in content


def test_a_plot_of_another_format_is_refused_before_anything_is_done(tmp_path):
    """Exit 2."""
    done = reckon("models", "prices", "gpt-4", "--plot", str(tmp_path / "plot.gif"))
    assert done.returncode == 2
    assert error_lines(done)[-1] == "Do: Give a name that ends in .svg or .png."


def test_the_cheapest_model_above_a_score_by_month():
    """On a board that is named; GPT-4 alone at first, and many times cheaper at the end."""
    asked = ("models", "history", "--cheapest-above", "1186", "--board", "2024-12-31")
    rows = rows_of(*asked, "--to", "2024-12-31")
    assert rows[0]["month"] == "2023-03"
    assert (rows[0]["organization"], rows[0]["input_usd_per_mtok"]) == ("OpenAI", "30")
    assert rows[-1]["month"] == "2024-12"
    assert all(row["score"] >= 1186 for row in rows)
    assert rows[-1]["candidates"] > 10
    done = reckon(*asked, "--to", "2024-12-31")
    assert done.stdout.splitlines()[-1].startswith("At or above 1186 on the board of 2024-12-31: ")
    assert done.stdout.splitlines()[-1].endswith("x cheaper.")


def test_a_score_that_nothing_reaches_says_so():
    """Instead of an empty table."""
    done = reckon("models", "history", "--cheapest-above", "9999", "--board", "2024-12-31")
    assert done.stdout.strip() == (
        "No model at or above 9999 on the board of 2024-12-31 has a known price."
    )
