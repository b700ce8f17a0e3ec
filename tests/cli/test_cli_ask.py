"""`reckon ask` as a user types it, against a real llama.cpp server and a server of faults."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Result, last_row, reckon
from fake_openai import Reply, fake_openai
from PIL import Image

from reckon import settings
from reckon.ledger.ledger import Ledger


def test_a_prompt_is_answered_and_logged(
    llama_server: str, at_address: Callable[[str], str]
) -> None:
    """The default command; the answer on stdout, the row in the ledger."""
    model = at_address(llama_server)
    done = reckon("hi", "-m", model, "-o", "temperature", "0")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Hello from the scripted model.\n"
    row = last_row()
    assert (row.status, row.prompt, row.answer) == ("done", "hi", "Hello from the scripted model.")
    assert (row.input_tokens, row.output_tokens, row.cost_pico) == (22, 6, 0)
    assert row.first_token_s is not None
    assert row.duration_s is not None


def test_without_streaming_the_answer_is_the_same(
    llama_server: str, at_address: Callable[[str], str]
) -> None:
    """One JSON object instead of events."""
    model = at_address(llama_server)
    done = reckon("hi", "-m", model, "-o", "temperature", "0", "--no-stream")
    assert done.stdout == "Hello from the scripted model.\n"


def test_reasoning_goes_to_stderr(llama_server: str, at_address: Callable[[str], str]) -> None:
    """Only the answer is data."""
    done = reckon("think", "-m", at_address(llama_server), "-o", "temperature", "0")
    assert done.stdout.strip() == "The answer is 4."
    assert "Two plus two" in done.stderr


def test_standard_input_is_joined_before_the_prompt(
    llama_server: str, at_address: Callable[[str], str]
) -> None:
    """As users of `llm` are used to."""
    reckon("sum up", "-m", at_address(llama_server), stdin="a long text\n")
    assert last_row().prompt == "a long text sum up"


def test_the_usage_line_tells_tokens_cost_and_time(
    llama_server: str, at_address: Callable[[str], str]
) -> None:
    """On stderr, with the kind of the figure."""
    done = reckon("hi", "-m", at_address(llama_server), "-o", "temperature", "0", "-u")
    assert "6 out" in done.stderr
    assert "Cost: $0 documented" in done.stderr


def test_json_has_text_tokens_and_money_as_a_string(
    llama_server: str, at_address: Callable[[str], str]
) -> None:
    """For programs."""
    done = reckon("hi", "-m", at_address(llama_server), "-o", "temperature", "0", "--json")
    answer = json.loads(done.stdout)
    assert answer["text"] == "Hello from the scripted model."
    assert answer["cost_usd"] == "0"
    assert answer["output_tokens"] == 6
    assert answer["stop_reason"] == "stop"


def test_an_answer_cut_by_its_length_is_said(
    llama_server: str, at_address: Callable[[str], str]
) -> None:
    """The endless script, stopped by max_tokens."""
    done = reckon("loop", "-m", at_address(llama_server), "-o", "max_tokens", "6")
    assert done.returncode == 0
    assert "cut at the limit" in done.stderr
    assert last_row().stop_reason == "length"


def test_a_picture_reaches_a_real_vision_model(
    vision_server: str, at_address: Callable[[str], str], tmp_path: Path
) -> None:
    """The engine decodes it: the prompt costs more tokens than the same without."""
    Image.new("RGB", (128, 128), "red").save(tmp_path / "red.png")
    model = at_address(vision_server)
    limit = ("-o", "max_tokens", "4")
    reckon("what", "-m", model, *limit)
    without = last_row().input_tokens
    done = reckon("what", "-m", model, "-a", str(tmp_path / "red.png"), *limit)
    assert done.returncode == 0, done.stderr
    row = last_row()
    assert without is not None
    assert row.input_tokens is not None
    assert row.input_tokens > without
    assert row.media[0].name == "red.png"


def test_no_log_keeps_the_content_out_and_the_books_whole(
    llama_server: str, at_address: Callable[[str], str]
) -> None:
    """The row of tokens stays."""
    reckon("secret words", "-m", at_address(llama_server), "-n")
    row = last_row()
    assert (row.prompt, row.answer) == (None, None)
    assert row.input_tokens


def test_a_context_that_is_too_small_is_said_with_the_servers_words(
    llama_server: str, at_address: Callable[[str], str]
) -> None:
    """A real overflow of a real engine."""
    done = reckon("x" * 9000, "-m", at_address(llama_server))
    assert done.returncode == 1
    lines = lines_of(done)
    assert lines[0] == "Error: The prompt does not fit into the context of local-model."
    assert lines[1].startswith("Why: HTTP 400: ")
    assert "--min-context" in lines[2]
    assert last_row().status == "failed"


def lines_of(done: Result) -> list[str]:
    """What went to stderr at the end, at most three lines; waits before it are left out."""
    lines = [each for each in done.stderr.strip().splitlines() if "Trying again in" not in each]
    assert len(lines) <= 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "sk-secret-123" not in done.stderr + done.stdout
    return lines


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        (
            Reply(status=401, body=b'{"error":{"message":"bad key sk-secret-123"}}'),
            "refused the key",
        ),
        (Reply(status=404), "does not serve gpt-4o-mini"),
        (Reply(status=429), "limits the rate"),
        (Reply(status=500), "cannot answer now"),
        (Reply(body=b"{not json"), "cannot be read"),
        (Reply(body=b"<html>login</html>"), "cannot be read"),
        (Reply(cut_after=40), "closed the connection|cut off"),
    ],
)
def test_every_fault_of_a_server_has_three_lines_and_a_row(
    reply: Reply, what: str, openai_at: Callable[[str], None]
) -> None:
    """What happened, why, what to do; and the ledger knows."""
    import re

    with fake_openai(lambda _n, _b: reply) as server:
        openai_at(server.base_url)
        done = reckon("hello", "-m", "gpt-4o-mini")
    lines = lines_of(done)
    assert done.returncode == 1
    assert re.search(what, lines[0]), lines
    assert lines[-1].startswith("Do: ")
    row = last_row()
    assert row.status in ("failed", "in_doubt")
    assert row.error
    assert "sk-secret-123" not in row.error


def test_an_answer_cut_in_mid_stream_keeps_its_part(openai_at: Callable[[str], None]) -> None:
    """Shown, logged, and in doubt: it may have been billed."""
    with fake_openai(lambda _n, _b: Reply(text="one two three", cut_after=300)) as server:
        openai_at(server.base_url)
        done = reckon("hello", "-m", "gpt-4o-mini")
    assert done.returncode == 1
    assert done.stdout.startswith("one")
    row = last_row()
    assert (row.status, (row.answer or "")[:3]) == ("in_doubt", "one")
    assert row.cost_kind == "estimated"
    assert row.cost_pico
    assert row.reserved_pico is None or row.reserved_pico > 0


def test_a_wait_before_another_try_is_said_in_one_line(openai_at: Callable[[str], None]) -> None:
    """What went wrong, how long, and how often still; the answer is as if nothing had been."""

    def decide(number: int, _body: object) -> Reply:
        return Reply(status=429, headers={"Retry-After": "0.1"}) if number == 0 else Reply()

    with fake_openai(decide) as server:
        openai_at(server.base_url)
        done = reckon("hello", "-m", "gpt-4o-mini")
    assert (done.returncode, done.stdout) == (0, "a fine picture\n")
    assert done.stderr == "OpenAI limits the rate of requests. Trying again in 0.1s (1 of 2).\n"


def test_ctrl_c_ends_a_wait_at_once(openai_at: Callable[[str], None]) -> None:
    """The row of the failed try stands as it is; no other was opened."""
    busy = Reply(status=503, headers={"Retry-After": "100"})
    with fake_openai(lambda _n, _b: busy) as server:
        openai_at(server.base_url)
        process = subprocess.Popen(
            [sys.executable, "-m", "reckon", "hello", "-m", "gpt-4o-mini"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        assert "Trying again in" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert server.requests == 1
    assert process.returncode == 130
    assert last_row().status == "failed"


def test_a_long_wait_is_not_waited(openai_at: Callable[[str], None]) -> None:
    """Three minutes are for the user to decide."""
    busy = Reply(status=429, headers={"Retry-After": "180"})
    with fake_openai(lambda _n, _b: busy) as server:
        openai_at(server.base_url)
        done = reckon("hello", "-m", "gpt-4o-mini")
        assert server.requests == 1
    assert done.returncode == 1
    assert "Trying again" not in done.stderr


def test_ctrl_c_keeps_what_arrived(openai_at: Callable[[str], None]) -> None:
    """Exit 130 and a row."""
    never = threading.Event()
    with fake_openai(lambda _n, _b: Reply(wait_for=never)) as server:
        openai_at(server.base_url)
        process = subprocess.Popen(
            [sys.executable, "-m", "reckon", "hello", "-m", "gpt-4o-mini"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + 30
        while not server.in_flight and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        never.set()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert last_row().status == "cancelled"


def test_no_key_names_the_variable_and_the_command() -> None:
    """Nothing is sent and no row is made."""
    done = reckon("hello", "-m", "gpt-4o-mini")
    lines = lines_of(done)
    assert done.returncode == 2
    assert "OPENAI_API_KEY" in " ".join(lines)
    assert "reckon keys set openai" in lines[-1]
    assert not settings.ledger_path().exists()


def test_no_model_names_the_ways_out() -> None:
    """A key, a default, the builtin one."""
    done = reckon("hello")
    text = " ".join(lines_of(done))
    assert done.returncode == 2
    assert "reckon models default" in text
    assert "builtin/describe" in text


def test_the_only_key_decides_the_model_and_says_so(openai_at: Callable[[str], None]) -> None:
    """That provider's small model, named on stderr."""
    with fake_openai() as server:
        openai_at(server.base_url)
        done = reckon("hello")
    assert done.returncode == 0, done.stderr
    assert "only provider with a key" in done.stderr
    assert last_row().model_asked.startswith("openai/")


def test_an_unknown_model_names_the_nearest() -> None:
    """A typing error is answered with what was meant."""
    done = reckon("hello", "-m", "gpt-4o-mimi")
    assert done.returncode == 2
    assert "gpt-4o-mini" in " ".join(lines_of(done))


def test_a_server_that_is_down_is_not_sent(openai_at: Callable[[str], None]) -> None:
    """And nothing can have been billed."""
    openai_at("http://127.0.0.1:9/v1")
    done = reckon("hello", "-m", "gpt-4o-mini")
    assert done.returncode == 1
    assert "Nothing was sent" in " ".join(lines_of(done))
    assert last_row().status == "failed"


def test_a_model_that_takes_no_pictures_refuses_them(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """Before anything is sent."""
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with fake_openai() as server:
        openai_at(server.base_url)
        done = reckon("what", "-m", "gpt-3.5-turbo", "-a", str(tmp_path / "a.png"))
        assert server.requests == 0
    assert done.returncode == 2
    assert "takes no image input" in lines_of(done)[0]


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "truncated"])
def test_a_picture_that_is_none_is_said(kind: str, tmp_path: Path) -> None:
    """With its name and what to do."""
    path = tmp_path / "p.jpg"
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("just words")
    elif kind == "truncated":
        Image.effect_noise((200, 200), 50).save(path)
        path.write_bytes(path.read_bytes()[:2000])
    done = reckon("what", "-m", "builtin/describe", "-a", str(path))
    assert done.returncode == 1
    assert "p.jpg" in lines_of(done)[0]


def test_nothing_to_ask_is_wrong_use() -> None:
    """Exit 2, with an example."""
    done = reckon("ask", "-m", "builtin/describe")
    assert done.returncode == 2
    assert "nothing to ask" in lines_of(done)[0]


def test_input_that_is_no_text_is_said() -> None:
    """Standard input of another encoding."""
    done = subprocess.run(
        [sys.executable, "-m", "reckon", "sum up", "-m", "builtin/describe"],
        input=b"\xff\xfe\x00",
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert b"not UTF-8" in done.stderr


def test_a_closed_pipe_is_no_error() -> None:
    """`reckon models list | head -1` ends quietly."""
    done = subprocess.run(
        f"{sys.executable} -m reckon models list | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_control_characters_of_an_answer_do_not_reach_a_terminal(
    openai_at: Callable[[str], None],
) -> None:
    """A model could retitle the window or hide what stands above; a pipe keeps the raw text."""
    import pty

    evil = "before\x1b]0;owned\x07\x1b[2Jafter"
    with fake_openai(lambda _n, _b: Reply(text=evil)) as server:
        openai_at(server.base_url)
        piped = reckon("hello", "-m", "gpt-4o-mini")
        assert piped.stdout == evil + "\n"
        main, side = pty.openpty()
        subprocess.run(
            [sys.executable, "-m", "reckon", "hello", "-m", "gpt-4o-mini"],
            stdin=subprocess.DEVNULL,
            stdout=side,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )
        os.close(side)
        shown = os.read(main, 4096)
        os.close(main)
    assert b"\x1b" not in shown
    assert b"\x07" not in shown
    assert b"after" in shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_polite_kill_ends_as_ctrl_c_does(
    number: signal.Signals, openai_at: Callable[[str], None]
) -> None:
    """Exit 130 and a row; what may have been billed is named in dollars, never $0."""
    held = threading.Event()
    with fake_openai(lambda _n, _b: Reply(wait_for=held)) as server:
        openai_at(server.base_url)
        process = subprocess.Popen(
            [sys.executable, "-m", "reckon", "hello", "-m", "gpt-4o-mini"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(30) == 130
        held.set()
    row = last_row()
    assert (row.status, row.cost_pico) == ("cancelled", None)
    assert row.reserved_pico
    assert "Total unknown." in reckon("spend").stdout


def test_a_call_that_was_killed_is_in_doubt_at_the_next_one(
    openai_at: Callable[[str], None],
) -> None:
    """kill -9 leaves an open row; the next call says what became of it."""
    held = threading.Event()
    with fake_openai(lambda n, _b: Reply(wait_for=held) if n == 0 else Reply()) as server:
        openai_at(server.base_url)
        process = subprocess.Popen(
            [sys.executable, "-m", "reckon", "hello", "-m", "gpt-4o-mini"],
            stdin=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
        process.wait(30)
        held.set()
        assert reckon("again", "-m", "gpt-4o-mini").returncode == 0
    with Ledger.open(settings.ledger_path()) as ledger:
        assert [row.status for row in ledger.logs()] == ["done", "in_doubt"]


def test_a_full_disk_does_not_swallow_the_answer(openai_at: Callable[[str], None]) -> None:
    """It was paid for: it is printed, then the error, and the exit code tells."""
    with fake_openai(lambda _n, _b: Reply(text="word " * 60_000)) as server:
        openai_at(server.base_url)
        reckon("first", "-m", "builtin/describe")
        done = subprocess.run(
            f"ulimit -f 200; exec {sys.executable} -m reckon hello -m gpt-4o-mini --json",
            shell=True,
            executable="/bin/bash",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
        )
    assert json.loads(done.stdout)["text"].startswith("word word")
    assert done.returncode == 1
    assert "Error: The ledger" in done.stderr
