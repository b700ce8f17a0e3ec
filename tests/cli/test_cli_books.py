"""`reckon logs`, `spend`, `models`, `keys` and `doctor` as a user types them."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from command_line import error_lines, last_row, reckon, rows_of
from fake_openai import fake_openai

from reckon import settings

SECRET = "sk-secret-123"


@pytest.fixture
def asked(openai_at: Callable[[str], None]) -> None:
    """Three calls: two of one model, one of another with a tag."""
    with fake_openai() as server:
        openai_at(server.base_url)
        for arguments in (
            ("the first question", "-m", "gpt-4o-mini"),
            ("the second question", "-m", "gpt-4o-mini"),
            ("about llamas", "-m", "gpt-4o", "--tag", "zoo"),
        ):
            assert reckon(*arguments).returncode == 0


@pytest.mark.usefixtures("asked")
def test_rows_are_listed_newest_first_with_money_tokens_and_times_in_their_types() -> None:
    """Money is a decimal string, tokens are integers, times are ISO 8601 in UTC."""
    rows = rows_of("logs", "-n", "0")
    assert [row["prompt"] for row in rows] == [
        "about llamas",
        "the second question",
        "the first question",
    ]
    assert rows[0]["cost_usd"] == "0.00165"
    assert (rows[0]["input_tokens"], rows[0]["output_tokens"]) == (260, 100)
    assert rows[0]["started"].endswith("Z")
    assert datetime.fromisoformat(rows[0]["started"]).utcoffset() is not None
    assert (rows[0]["error"], rows[0]["run"]) == (None, None)
    assert isinstance(rows[0]["duration_s"], float)


@pytest.mark.usefixtures("asked")
def test_rows_are_filtered_and_found() -> None:
    """By tag, by model, by status, by word."""
    assert [row["prompt"] for row in rows_of("logs", "--tag", "zoo")] == ["about llamas"]
    assert len(rows_of("logs", "-m", "openai/gpt-4o-mini", "-n", "0")) == 2
    assert rows_of("logs", "--status", "failed") == []
    assert [row["tag"] for row in rows_of("logs", "search", "llamas")] == ["zoo"]
    nothing = reckon("logs", "search", "giraffes")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "Nothing found" in nothing.stderr


@pytest.mark.usefixtures("asked")
def test_removing_content_keeps_tokens_and_money() -> None:
    """The books must balance: the row stays, the words go."""
    [row] = rows_of("logs", "-n", "1")
    assert reckon("logs", "rm", row["id"], "--yes").returncode == 0
    [left] = rows_of("logs", "show", row["id"])
    assert (left["prompt"], left["answer"]) == (None, None)
    assert left["cost_usd"] == row["cost_usd"]
    assert rows_of("logs", "search", "llamas") == []
    assert reckon("logs", "verify").returncode == 0


@pytest.mark.usefixtures("asked")
def test_export_gives_every_row_oldest_first() -> None:
    """JSON Lines, for other programs."""
    lines = reckon("logs", "export").stdout.splitlines()
    assert [json.loads(line)["prompt"] for line in lines] == [
        "the first question",
        "the second question",
        "about llamas",
    ]


@pytest.mark.usefixtures("asked")
def test_spending_adds_up_by_model_day_and_tag() -> None:
    """Two calls at 99 micro-dollars and one at 1,650."""
    by_model = {row["model"]: row["cost_usd"] for row in rows_of("spend")}
    assert by_model == {"openai/gpt-4o": "0.00165", "openai/gpt-4o-mini": "0.000198"}
    [day] = rows_of("spend", "--by", "day")
    assert (day["calls"], day["cost_usd"]) == (3, "0.001848")
    assert {row["tag"]: row["calls"] for row in rows_of("spend", "--by", "tag")} == {
        None: 2,
        "zoo": 1,
    }
    assert rows_of("spend", "--since", "2999-01-01") == []


def test_a_damaged_ledger_is_said_and_left_alone() -> None:
    """`logs verify` names the problem; nothing is written over it."""
    settings.home().mkdir(parents=True)
    settings.ledger_path().write_bytes(b"this is no database at all" * 100)
    for arguments in (("logs", "verify"), ("hello", "-m", "builtin/describe")):
        done = reckon(*arguments)
        assert done.returncode == 1
        assert "ledger" in error_lines(done)[0]
    assert settings.ledger_path().read_bytes().startswith(b"this is no database")


def test_a_ledger_of_a_newer_reckon_is_said() -> None:
    """With what to do: upgrade, or another folder."""
    import sqlite3

    assert reckon("hello", "-m", "builtin/describe").returncode == 0
    with sqlite3.connect(settings.ledger_path()) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    done = reckon("hello", "-m", "builtin/describe")
    assert done.returncode == 1
    lines = error_lines(done)
    assert "newer reckon" in lines[0]
    assert "Upgrade" in lines[-1]


def test_a_user_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file stands where the folder should be: what, why, and RECKON_HOME."""
    (tmp_path / "taken").write_text("")
    done = reckon("hello", "-m", "builtin/describe", RECKON_HOME=str(tmp_path / "taken" / "home"))
    assert done.returncode == 1
    assert "RECKON_HOME" in error_lines(done)[-1]


def test_models_are_listed_and_filtered() -> None:
    """By provider, by what they take, by price; prices are decimal strings."""
    rows = rows_of("models", "--provider", "openai", "--modality", "image", "--max-price", "0.2")
    assert "openai/gpt-4o-mini" in {row["model"] for row in rows}
    assert all(row["provider"] == "openai" for row in rows)
    assert all("image" in row["modalities"] for row in rows)
    assert all(float(row["input_usd_per_mtok"]) <= 0.2 for row in rows)
    by_name = rows_of("models", "list", "gemini", "8b")
    assert "google/gemini-1.5-flash-8b" in {row["model"] for row in by_name}


def test_a_models_card_tells_prices_then_and_now() -> None:
    """With source and successor of a retired one."""
    [card] = rows_of("models", "show", "gemini-1.5-flash-8b")
    assert card["is_retired"] is True
    assert card["successors"] == ["gemini-2.5-flash-lite"]
    assert card["prices"][-1]["input_usd_per_mtok"] == "0.0375"
    assert card["prices"][-1]["source"]
    assert "gemini-2.5-flash-lite" in reckon("models", "show", "gemini-1.5-flash-8b").stdout


def test_the_default_model_is_set_used_and_forgotten() -> None:
    """It answers without -m; RECKON_MODEL wins over it."""
    none = reckon("models", "default")
    assert none.returncode == 2
    assert "models default" in error_lines(none)[-1]
    assert reckon("models", "default", "builtin/describe").returncode == 0
    assert reckon("hello").returncode == 0
    assert last_row().model_asked == "builtin/describe"
    refused = reckon("hello", RECKON_MODEL="gpt-4o-mini")
    assert "OPENAI_API_KEY" in refused.stderr
    assert reckon("models", "default", "--unset").returncode == 0
    assert reckon("models", "default").returncode == 2


def test_a_key_is_stored_for_the_owner_alone_and_never_listed() -> None:
    """Mode 0600; the listing has names only; `rm` forgets it."""
    stored = reckon("keys", "set", "openai", stdin=f"{SECRET}\n")
    assert stored.returncode == 0
    assert SECRET not in stored.stdout + stored.stderr
    assert stat.S_IMODE(settings.keys_path().stat().st_mode) == 0o600
    assert rows_of("keys") == [{"name": "openai"}]
    assert SECRET not in reckon("keys", "list").stdout
    assert reckon("keys", "get", "openai").stdout == f"{SECRET}\n"
    assert reckon("keys", "rm", "openai").returncode == 0
    assert reckon("keys", "get", "openai").returncode == 2


def test_a_stored_key_wins_over_the_environment_and_stays_out_of_the_ledger(
    openai_at: Callable[[str], None],
) -> None:
    """The order that users of `llm` know; no byte of a key is in the user folder's database."""
    reckon("keys", "set", "openai", stdin="sk-stored-456\n")
    with fake_openai() as server:
        openai_at(server.base_url)
        assert reckon("hello", "-m", "gpt-4o-mini").returncode == 0
        assert reckon("hello", "-m", "gpt-4o-mini", "--key", "sk-given-789").returncode == 0
    assert b"Bearer sk-stored-456" in server.heads[0]
    assert b"Bearer sk-given-789" in server.heads[1]
    for path in settings.home().glob("reckon.db*"):
        data = path.read_bytes()
        assert not any(key in data for key in (b"sk-secret", b"sk-stored", b"sk-given"))


def test_doctor_tells_keys_servers_folders_and_versions_and_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is found, as sentences and as JSON."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    found = {row["what"]: row for row in rows_of("doctor")}
    assert found["key openai"]["found"] == "is set"
    assert "ANTHROPIC_API_KEY" in found["key anthropic"]["found"]
    assert found["Python"]["found"].startswith(f"{sys.version_info.major}.")
    assert str(settings.home()) in found["user folder"]["found"]
    assert "server ollama" in found
    plain = reckon("doctor")
    assert plain.returncode == 0
    assert SECRET not in plain.stdout + plain.stderr


@pytest.mark.skipif(os.name == "nt", reason="a folder's mode binds POSIX users only")
def test_eight_commands_at_once_on_an_empty_user_folder_all_succeed() -> None:
    """Eight processes make the ledger together."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "reckon", f"question {n}", "-m", "builtin/describe"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(8)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert len(rows_of("logs", "-n", "0")) == 8
    assert reckon("logs", "verify").returncode == 0


def test_a_fresh_user_folder_has_empty_listings_and_stays_untouched() -> None:
    """For programs an empty array; looking makes no file."""
    for listing in (("logs",), ("runs",), ("spend",), ("logs", "search", "x"), ("keys",)):
        assert rows_of(*listing) == []
    assert reckon("logs", "verify").returncode == 0
    assert not settings.home().exists()


def test_the_price_that_was_used_is_on_record(openai_at: Callable[[str], None]) -> None:
    """The whole period with its source, also where its beginning is not known."""
    with fake_openai() as server:
        openai_at(server.base_url)
        reckon("hello", "-m", "gpt-4o-mini")
    [row] = rows_of("logs")
    assert row["price"]["rate"]["input"] == "0.15"
    assert row["price"]["source"]
    assert row["reserved_usd"] is not None


@pytest.mark.parametrize(
    "arguments",
    [
        ("models", "default", "builtin/describe"),
        ("keys", "set", "openai", "--value", "sk-1"),
    ],
)
def test_a_setting_that_cannot_be_written_is_said(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    """Three lines, and no traceback."""
    (tmp_path / "taken").write_text("")
    done = reckon(*arguments, RECKON_HOME=str(tmp_path / "taken" / "home"))
    assert done.returncode in (1, 2)
    assert "RECKON_HOME" in error_lines(done)[-1]
