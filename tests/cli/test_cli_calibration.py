"""Estimates against bills, as a user sees them: `run`, `spend --calibration`, `price --sample`."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from command_line import error_lines, reckon, rows_of
from fake_openai import Reply, fake_openai

from reckon import settings

PROMPT = ("-P", "Say in one word what this is about: {{text}}")
WORDS = "the sea was calm and the old harbour lay quiet under the morning light "


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Thirty rows of text, of several lengths."""
    path = tmp_path / "rows.csv"
    path.write_text("text\n" + "".join(f"{n} {WORDS * (3 + n % 4)}\n" for n in range(30)))
    return path


def billed(factor: float) -> Callable[[int, dict[str, object]], Reply]:
    """A provider that counts so many times as many tokens as o200k does, and answers with 12."""
    from reckon.price.encodings import counter

    def decide(number: int, body: dict[str, object]) -> Reply:
        text = body["messages"][-1]["content"]  # type: ignore[index]
        tokens = round((counter("o200k")(text) + 6) * factor) + number % 3
        return Reply(usage={"prompt_tokens": tokens, "completion_tokens": 12, "total_tokens": 0})

    return decide


def test_a_run_is_held_against_its_estimate_and_teaches_the_next(
    table: Path, openai_at: Callable[[str], None]
) -> None:
    """The bill is shown beside the estimate and kept; the next price is measured and narrow."""
    before = rows_of("price", str(table), *PROMPT, "-m", "gpt-4o-mini")[0]
    with fake_openai(billed(1.3)) as server:
        openai_at(server.base_url)
        done = reckon("run", str(table), *PROMPT, "-m", "gpt-4o-mini", "--budget", "1")
    assert done.returncode == 0, done.stderr
    assert "Bill against estimate: " in done.stdout
    assert "output 360 of 4,500 tokens (8%)" in done.stdout

    [row] = rows_of("spend", "--calibration")
    assert (row["model"], row["rows"]) == ("openai/gpt-4o-mini", 30)
    assert row["predicted_tokens"] == before["input_tokens"]
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
    assert row["ratio"] == pytest.approx(1.3, rel=0.02)
    [run] = row["runs"]
    assert run["estimated_usd"] == before["likely_usd"]
    assert (run["estimated_output_tokens"], run["output_tokens"]) == (4500, 360)
    shown = reckon("spend", "--calibration").stdout
    assert "predicted" in shown
    assert "1.3" in shown

    after = rows_of("price", str(table), *PROMPT, "-m", "gpt-4o-mini")[0]
    assert after["input_tokens"] == pytest.approx(1.3 * before["input_tokens"], rel=0.02)
    assert (after["output_tokens_low"], after["output_tokens_high"]) == (360, 360)
    assert any("your own calls with this prompt, 30 of them" in note for note in after["notes"])
    said = reckon("price", str(table), *PROMPT, "-m", "gpt-4o-mini").stdout
    assert "The length of the answers is not known" not in said

    other = rows_of("price", str(table), "-P", "{{text}}", "-m", "gpt-4o-mini")[0]
    assert other["output_tokens_high"] == 30 * 1024  # another prompt: answers of another length


def test_without_calls_there_is_nothing_to_hold_against() -> None:
    """And no table without rows."""
    assert rows_of("spend", "--calibration") == []
    assert "No call in the ledger" in reckon("spend", "--calibration").stdout


def test_a_ledger_that_cannot_be_read_is_no_reason_not_to_price(table: Path) -> None:
    """The price stands on our own ratio, and says so."""
    path = settings.ledger_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE songs (title)")
        other.commit()
    done = reckon("price", str(table), *PROMPT, "-m", "gpt-4o-mini")
    assert done.returncode == 0, done.stderr
    assert "No estimate is measured by your own calls: This database is not a ledger" in done.stdout


def test_a_sample_is_counted_by_the_provider_and_narrows_the_estimate(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many rows are sent to its counter, and to nothing else; the interval gets narrow."""
    wide = rows_of("price", str(table), *PROMPT, "-m", "claude-haiku-4-5", "--output-tokens", "5")[
        0
    ]

    def decide(number: int, body: dict[str, object]) -> Reply:
        tokens = len(json.dumps(body["messages"])) // 4 + number % 2
        return Reply(body=json.dumps({"input_tokens": tokens}).encode())

    with fake_openai(decide) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
        done = reckon(
            *("price", str(table), *PROMPT, "-m", "claude-haiku-4-5", "--sample", "20"),
            *("--output-tokens", "5", "--json"),
        )
        assert done.returncode == 0, done.stderr
        assert server.requests == 20
        assert all(b"/messages/count_tokens" in head.splitlines()[0] for head in server.heads)
    assert "20 of 30 rows were counted by Anthropic, for free." in done.stderr
    [narrow] = json.loads(done.stdout)

    def width(row: dict[str, int]) -> int:
        return row["input_tokens_high"] - row["input_tokens_low"]

    assert width(narrow) < width(wide) / 4
    assert any("the counter of Anthropic on a sample of rows" in note for note in narrow["notes"])


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ((), "--sample needs a model"),
        (("-m", "mistral-large-latest"), "counts tokens for free"),
        (("-m", "claude-haiku-4-5"), "Anthropic needs a key"),
    ],
)
def test_a_sample_that_cannot_be_counted_is_refused(
    table: Path, more: tuple[str, ...], what: str
) -> None:
    """Before anything is sent."""
    done = reckon("price", str(table), *PROMPT, "--sample", "5", *more)
    assert done.returncode == 2
    assert what in error_lines(done)[0]


def test_a_schema_bounds_the_answers_and_is_counted_as_input(table: Path, tmp_path: Path) -> None:
    """From a file or as it stands."""
    schema = {"type": "object", "properties": {"word": {"enum": ["sea", "town"]}}}
    (tmp_path / "word.json").write_text(json.dumps(schema))
    plain = rows_of("price", str(table), *PROMPT, "-m", "gpt-4o-mini")[0]
    for given in (json.dumps(schema), str(tmp_path / "word.json")):
        [row] = rows_of("price", str(table), *PROMPT, "-m", "gpt-4o-mini", "--schema", given)
        assert row["output_tokens_high"] < 30 * 30
        assert row["input_tokens"] > plain["input_tokens"]
    for given, what in (('{"type": ', "no valid JSON"), ("none.json", "There is no schema")):
        done = reckon("price", str(table), *PROMPT, "--schema", given)
        assert done.returncode == 2
        assert what in error_lines(done)[0]


def test_a_decimal_comma_is_said() -> None:
    """Never read as two and a half million."""
    done = reckon("run", "x.csv", "-P", "x", "-m", "gpt-4o-mini", "--budget", "2,50")
    assert done.returncode == 2
    assert "not a number of dollars; write 2.50, with a point" in error_lines(done)[0]
