"""`reckon logs` shows answers as they came, the parts of usage, and what a bill is held against."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from command_line import last_row, reckon, rows_of
from fake_openai import Reply, fake_openai

from reckon import settings
from reckon.ledger.ledger import Ledger

USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "prompt_tokens_details": {"cached_tokens": 400, "audio_tokens": 7},
}
ASK = ("hello", "-m", "gpt-4o-mini")


def ask(openai_at: Callable[[str], None], reply: Reply, *more: str) -> Any:
    """One call that is answered so; gives what went wrong, too."""
    with fake_openai(lambda _number, _body: reply) as server:
        openai_at(server.base_url)
        return reckon(*ASK, *more)


def test_an_answer_in_one_piece_is_shown_as_the_json_it_was(
    openai_at: Callable[[str], None],
) -> None:
    """With every field that came, also those that nobody reads."""
    body = {
        "id": "x",
        "choices": [{"message": {"content": "hi", "new": 1}, "finish_reason": "stop"}],
    }
    sent = json.dumps(body).encode()
    ask(openai_at, Reply(body=sent), "--no-stream")
    [row] = rows_of("logs", "show")
    assert (row["raw"], row["raw_bytes"]) == (body, len(sent))
    [line] = reckon("logs", "export").stdout.splitlines()
    assert json.loads(line)["raw"] == body
    assert "raw" not in rows_of("logs", "-n", "1")[0]
    shown = reckon("logs", "show").stdout
    assert f"{len(sent)} B (application/json); --json shows it" in shown


def test_a_stream_is_shown_as_the_list_of_its_events(openai_at: Callable[[str], None]) -> None:
    """What is no JSON among them is text."""
    ask(openai_at, Reply(text="one two"))
    [row] = rows_of("logs", "show")
    *events, end = row["raw"]
    assert end == "[DONE]"
    said = "".join(e["choices"][0]["delta"].get("content", "") for e in events if e["choices"])
    assert said == row["answer"] == "one two"


def test_lines_of_json_are_shown_as_a_list_and_anything_else_as_text(
    openai_at: Callable[[str], None],
) -> None:
    """An error page, half a document, NaN: what came is there."""
    for sent, shown in (
        (b'{"a": 1}\n{"b": [2]}\n', [{"a": 1}, {"b": [2]}]),
        (b"<html>no</html>", "<html>no</html>"),
        (b'{"a": NaN}', '{"a": NaN}'),
        (b'{"a": "\xff"}', '{"a": "\ufffd"}'),
    ):
        assert ask(openai_at, Reply(body=sent), "--no-stream").returncode == 1
        [row] = rows_of("logs", "show")
        assert row["raw"] == shown


def test_an_error_of_the_provider_is_kept_as_it_came(openai_at: Callable[[str], None]) -> None:
    """Its fields may say more than its message."""
    sent = b'{"error": {"message": "no", "hint": 7}}'
    ask(openai_at, Reply(status=400, body=sent))
    [row] = rows_of("logs", "show")
    assert (row["status"], row["raw"]) == ("failed", json.loads(sent))


def test_an_answer_that_was_too_long_is_said_to_be_left_out(
    openai_at: Callable[[str], None],
) -> None:
    """With its size, so that it is not taken for an answer that never came."""
    ask(openai_at, Reply())
    with sqlite3.connect(settings.ledger_path()) as raw:
        raw.execute("UPDATE raw SET body = NULL, digest = NULL, bytes = 17000000")
    raw.close()
    [row] = rows_of("logs", "show")
    assert (row["raw"], row["raw_bytes"]) == (None, 17_000_000)
    assert "left out: 17.0 MB (text/event-stream) are more than is kept" in (
        reckon("logs", "show").stdout
    )


def test_without_content_and_after_removal_no_answer_is_left(
    openai_at: Callable[[str], None],
) -> None:
    """`-n` and `logs rm` mean the raw answer, too."""
    ask(openai_at, Reply(), "-n")
    ask(openai_at, Reply())
    assert reckon("logs", "rm", last_row().id, "--yes").returncode == 0
    for line in reckon("logs", "export").stdout.splitlines():
        assert (json.loads(line)["raw"], json.loads(line)["raw_bytes"]) == (None, None)
    assert reckon("logs", "verify").returncode == 0


def test_every_part_of_the_usage_is_shown(openai_at: Callable[[str], None]) -> None:
    """In JSON all of it, for people what is not zero."""
    ask(openai_at, Reply(usage=USAGE))
    [row] = rows_of("logs", "show")
    assert (row["cached_input_tokens"], row["audio_input_tokens"]) == (400, 7)
    assert (row["video_input_tokens"], row["web_searches"], row["billed_besides"]) == (0, 0, None)
    shown = reckon("logs", "show").stdout
    assert "audio_input_tokens:    7" in shown
    assert "video_input_tokens" not in shown


def test_a_bill_is_shown_beside_what_the_price_list_says(openai_at: Callable[[str], None]) -> None:
    """1,000 in and 100 out at $0.15 and $0.60 a million, 400 of them cached at $0.075: $0.00018."""
    ask(openai_at, Reply(usage=USAGE | {"cost": 0.0002}))
    [row] = rows_of("logs", "show")
    assert (row["cost_usd"], row["cost_kind"], row["reported_cost_usd"]) == (
        "0.0002",
        "billed",
        "0.0002",
    )
    assert "billed $0.000200 (the price list says $0.000180)" in reckon("logs", "show").stdout


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        ({}, "The provider did not say how many tokens were used."),
        (
            USAGE | {"num_search_queries": 2},
            "Web searches were run (2), and what they cost is not known.",
        ),
    ],
)
def test_a_cost_that_is_unknown_says_why(
    openai_at: Callable[[str], None], usage: dict[str, Any], why: str
) -> None:
    """When it is asked, and when the row is shown."""
    asked = ask(openai_at, Reply(usage=usage))
    assert f"{why} This call of openai/gpt-4o-mini has no cost on record." in asked.stderr
    assert why in reckon("logs", "show").stdout
    with Ledger.look(settings.ledger_path()) as ledger:
        assert ledger.show().cost_pico is None


def test_a_damaged_answer_does_not_end_the_export_of_the_others(
    openai_at: Callable[[str], None],
) -> None:
    """Its row comes without it, and stderr says why."""
    ask(openai_at, Reply(text="one"))
    ask(openai_at, Reply(text="two"))
    with sqlite3.connect(settings.ledger_path()) as connection:
        connection.execute("UPDATE raw SET body = x'78' WHERE attempt = 1")
    connection.close()
    done = reckon("logs", "export")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["answer"] for row in rows] == ["one", "two"]
    assert [row["raw"] is None for row in rows] == [True, False]
    assert "damaged" in done.stderr
    without = reckon("logs", "export", "--no-raw").stdout.splitlines()
    assert all("raw" not in json.loads(line) for line in without)
