"""`reckon price`, `run` and `runs` as a user types them: the main job, from folder to search."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import error_lines, last_row, reckon, rows_of
from fake_openai import FakeOpenAI, Reply, fake_openai
from PIL import Image

PROMPT = ("-P", "describe this photo")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures in a tree, a broken one, a text and an empty file."""
    folder = tmp_path / "photos"
    (folder / "trip").mkdir(parents=True)
    Image.new("RGB", (640, 480), "navy").save(folder / "sea.jpg")
    Image.new("RGB", (300, 300), "green").save(folder / "meadow.png")
    Image.new("RGB", (200, 400), "orange").save(folder / "trip" / "dune.webp")
    noise = folder / "trip" / "broken.jpg"
    Image.effect_noise((300, 300), 60).save(noise)
    noise.write_bytes(noise.read_bytes()[:3000])
    (folder / "notes.txt").write_text("about the trip")
    (folder / "nothing.jpg").touch()
    return folder


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A table of forty rows."""
    path = tmp_path / "rows.csv"
    path.write_text("name,city\n" + "".join(f"person {n},town {n}\n" for n in range(40)))
    return path


def run_of(rows: Path) -> list[str]:
    """A command for a run with four calls in flight."""
    options = "-m gpt-4o-mini --budget 1 --yes --concurrency 4"
    return [sys.executable, *"-m reckon run -P {{name}}".split(), *options.split(), str(rows)]


def test_a_folder_is_priced_on_every_named_model(photos: Path) -> None:
    """Items, tokens, dollars, upload size; what was skipped stands in one line."""
    done = reckon("price", str(photos), *PROMPT, "-m", "gpt-4o-mini", "-m", "gemini-2.5-flash")
    assert done.returncode == 0, done.stderr
    for wanted in ("gpt-4o-mini", "gemini-2.5-flash", "likely", "upload", "low", "high", "kB"):
        assert wanted in done.stdout
    skipped = [line for line in done.stdout.splitlines() if line.startswith("Skipped")]
    assert skipped == ["Skipped 2: 1 empty file, 1 text file."]


def test_without_a_model_every_model_that_takes_pictures_is_priced(photos: Path) -> None:
    """Cheapest first; models that take no pictures are not in the list."""
    priced = rows_of("price", str(photos), *PROMPT)
    assert len(priced) > 20
    known = [float(row["likely_usd"]) for row in priced if row["likely_usd"] is not None]
    assert known == sorted(known)
    assert "openai/gpt-3.5-turbo" not in {row["model"] for row in priced}


def test_the_napkin_sum_is_exact_and_the_retired_model_names_its_successor() -> None:
    """68,000 photos on Gemini 1.5 Flash 8B: $0.663 + $1.02 = $1.683, not 6.732."""
    [row] = rows_of(
        *("price", "--count", "68000", "--input-tokens", "260", "--output-tokens", "100"),
        *("-m", "gemini-1.5-flash-8b"),
    )
    assert (row["input_usd"], row["output_usd"], row["likely_usd"]) == ("0.663", "1.02", "1.683")
    assert any("retired" in note and "gemini-2.5-flash-lite" in note for note in row["notes"])


def test_the_main_job_from_folder_to_search(photos: Path) -> None:
    """Every readable picture is described, the broken one fails alone, and words are found."""
    done = reckon("run", str(photos), *PROMPT, "-m", "builtin/describe", "--tag", "trip")
    assert done.returncode == 4, done.stderr
    assert "3 done, 1 failed, 2 skipped" in done.stdout
    assert "broken.jpg" in done.stdout
    [run] = rows_of("runs")
    assert (run["status"], run["done"], run["failed"], run["tag"]) == ("done", 3, 1, "trip")
    found = rows_of("logs", "search", "orange")
    assert [row["item"] for row in found] == ["trip/dune.webp"]
    assert "200 x 400" in found[0]["answer"]
    [failed] = rows_of("logs", "--status", "failed")
    assert failed["item"] == "trip/broken.jpg"


def test_columns_fill_the_prompt_and_the_export_keeps_the_order(
    rows: Path, tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """`{{column}}` is the same for price and run; CSV and JSON Lines come out in input order."""
    with fake_openai() as server:
        openai_at(server.base_url)
        template = ("-P", "Where does {{name}} live? In {{city}}.")
        [priced] = rows_of("price", str(rows), *template, "-m", "gpt-4o-mini")
        done = reckon("run", str(rows), *template, "-m", "gpt-4o-mini", "--budget", "1")
    assert done.returncode == 0, done.stderr
    assert priced["items"] == 40
    assert "Where does person 7 live? In town 7." in server.prompts()
    out = tmp_path / "out.csv"
    assert reckon("runs", "export", "--out", str(out)).returncode == 0
    with out.open(newline="") as file:
        exported = list(csv.DictReader(file))
    assert [row["item"] for row in exported] == [str(line) for line in range(2, 42)]
    assert {row["answer"] for row in exported} == {"a fine picture"}
    again = reckon("runs", "export", "--out", str(out))
    assert again.returncode == 2
    assert "exists" in error_lines(again)[0]
    lines = reckon("runs", "export").stdout.splitlines()
    assert json.loads(lines[0])["cost_usd"] == "0.000099"


def test_a_budget_ends_the_run_with_its_own_exit_code(
    rows: Path, openai_at: Callable[[str], None]
) -> None:
    """3, the way to go on, and no more spent than the cap; a larger budget finishes the run."""
    with fake_openai() as server:
        openai_at(server.base_url)
        done = reckon("run", str(rows), "-P", "{{name}}", "-m", "gpt-4o-mini", "--budget", "0.002")
        assert done.returncode == 3
        assert "reckon runs resume" in done.stderr
        [run] = rows_of("runs")
        assert float(run["spent_usd"]) <= 0.002
        assert (run["status"], run["cap_usd"]) == ("budget", "0.002")
        sent = server.requests
        assert 0 < sent < 40
        assert reckon("runs", "resume", "--budget", "1").returncode == 0
        assert server.requests == 40


def test_money_is_not_spent_without_consent(rows: Path, openai_at: Callable[[str], None]) -> None:
    """No terminal, no cap, no yes: exit 2, and nothing is sent."""
    with fake_openai() as server:
        openai_at(server.base_url)
        done = reckon("run", str(rows), "-P", "{{name}}", "-m", "gpt-4o-mini")
        assert server.requests == 0
    assert done.returncode == 2
    lines = error_lines(done)
    assert "no terminal" in lines[0]
    assert "--budget" in lines[-1]


def test_a_model_of_unknown_price_has_an_exit_code_of_its_own(
    rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """5, with the two ways out."""
    monkeypatch.setenv("TOGETHER_API_KEY", "x")
    done = reckon("run", str(rows), "-P", "{{name}}", "-m", "together/nobody/knows", "--yes")
    assert done.returncode == 5
    assert "--allow-unknown-price" in error_lines(done)[-1]


def test_progress_as_json_is_one_object_a_line(
    rows: Path, openai_at: Callable[[str], None]
) -> None:
    """For other programs: counts, rate, ETA, dollars spent, forecast and cap."""
    with fake_openai() as server:
        openai_at(server.base_url)
        done = reckon(
            *("run", str(rows), "-P", "{{name}}", "-m", "gpt-4o-mini", "--budget", "1"),
            *("--progress", "json"),
        )
    last = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")][-1]
    assert (last["done"], last["failed"], last["total"]) == (40, 0, 40)
    assert (last["spent_usd"], last["cap_usd"]) == ("0.00396", "1")
    assert {"rate_per_s", "eta_s", "forecast_usd", "in_doubt"} <= set(last)


def test_a_terminal_shows_a_bar_with_money_and_time(
    rows: Path, openai_at: Callable[[str], None]
) -> None:
    """In a real pseudo-terminal: done of all, rate, dollars of a forecast, the cap."""
    import pty

    with fake_openai(lambda _n, _b: Reply(delay_s=0.05)) as server:
        openai_at(server.base_url)
        main, side = pty.openpty()
        process = subprocess.Popen(
            run_of(rows),
            stdin=side,
            stdout=subprocess.DEVNULL,
            stderr=side,
            env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
        )
        os.close(side)
        shown = b""
        while True:
            try:
                piece = os.read(main, 65536)
            except OSError:  # the other side has gone
                break
            if not piece:
                break
            shown += piece
        os.close(main)
        assert process.wait(60) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "40/40" in text
    assert re.search(r"\d/s", text)
    assert re.search(r"\$0\.00\d* of ~\$0\.00396", text)
    assert "(cap $1" in text


def started(rows: Path) -> "subprocess.Popen[str]":
    """A run with four calls in flight."""
    return subprocess.Popen(
        run_of(rows),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_requests(server: FakeOpenAI, count: int) -> None:
    """Until so many requests have arrived."""
    deadline = time.monotonic() + 60
    while server.requests < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_kill_9_and_resume_lose_nothing_and_pay_nothing_twice(
    rows: Path, openai_at: Callable[[str], None]
) -> None:
    """What was done stays done; rows in doubt are at most the calls in flight, and named."""
    with fake_openai(lambda _n, _b: Reply(delay_s=0.1)) as server:
        openai_at(server.base_url)
        process = started(rows)
        wait_for_requests(server, 15)
        process.kill()
        process.communicate()
        [run] = rows_of("runs")
        assert run["status"] == "running"
        done = reckon("runs", "resume", run["id"][:8])
        [ended] = rows_of("runs")
    prompts = server.prompts()
    assert ended["done"] + ended["in_doubt"] == 40
    assert 0 < ended["in_doubt"] <= 4
    assert done.returncode == 4
    assert "in doubt" in done.stdout
    assert len(prompts) == len(set(prompts)) >= 40 - ended["in_doubt"]


def test_rows_in_doubt_of_a_finished_run_can_be_sent_again_on_demand(
    rows: Path, openai_at: Callable[[str], None]
) -> None:
    """`--in-doubt retry` takes them up; without it a finished run has nothing to do."""

    def decide(number: int, _body: object) -> Reply:
        return Reply(cut_after=30) if number == 5 else Reply()

    with fake_openai(decide) as server:
        openai_at(server.base_url)
        done = reckon("run", str(rows), "-P", "{{name}}", "-m", "gpt-4o-mini", "--budget", "1")
        assert done.returncode == 4
        assert "1 in doubt" in done.stdout
        nothing = reckon("runs", "resume")
        assert (nothing.returncode, server.requests) == (0, 40)
        again = reckon("runs", "resume", "--in-doubt", "retry")
        assert (again.returncode, server.requests) == (0, 41)
    [run] = rows_of("runs")
    assert (run["done"], run["in_doubt"]) == (40, 0)


def test_ctrl_c_ends_with_130_and_names_the_way_back(
    rows: Path, openai_at: Callable[[str], None]
) -> None:
    """Calls in flight finish; resuming does the rest, each row once."""
    with fake_openai(lambda _n, _b: Reply(delay_s=0.1)) as server:
        openai_at(server.base_url)
        process = started(rows)
        wait_for_requests(server, 10)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "reckon runs resume" in errors
        assert reckon("runs", "resume").returncode == 0
    assert len(server.prompts()) == len(set(server.prompts())) == 40
    finished = reckon("runs", "resume")
    assert (finished.returncode, "nothing to do" in finished.stdout) == (0, True)


def test_a_cancelled_run_is_not_resumed_and_keeps_its_rows(
    rows: Path, openai_at: Callable[[str], None]
) -> None:
    """`runs cancel` gives it up; what was paid for stays in the books."""
    with fake_openai() as server:
        openai_at(server.base_url)
        reckon("run", str(rows), "-P", "{{name}}", "-m", "gpt-4o-mini", "--budget", "0.002")
        sent = server.requests
        assert reckon("runs", "cancel").returncode == 0
        reckon("runs", "resume", "--budget", "1")
        assert server.requests == sent
    [run] = rows_of("runs")
    assert run["status"] == "cancelled"
    assert run["done"] == sent


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (("price", "/no/such/folder", "-P", "hi"), 1, "no file or folder /no/such/folder"),
        (("run", "/no/such/folder", "-P", "hi", "-m", "builtin/describe"), 1, "no file or folder"),
        (("price", "{csv}", "-P", "{{nobody}}"), 2, "a column 'nobody'"),
        (("run", "{csv}", "-P", "{{nobody}}", "-m", "builtin/describe"), 2, "a column 'nobody'"),
        (("price", "{csv}"), 2, "no source and prompt"),
        (("run", "{csv}", "-P", "x", "--budget", "much"), 2, "no amount of dollars"),
        (("run", "{csv}", "-P", "x", "--budget", "-1"), 2, "no amount of dollars"),
        (("run", "{csv}", "-P", "x", "--rpm", "0"), 2, "rpm"),
        (("price", "--count", "5"), 2, "by hand needs"),
        (("runs", "resume"), 2, "no run"),
        (("runs", "show", "zzz"), 1, "no ledger"),
    ],
)
def test_wrong_use_is_said_in_three_lines(
    rows: Path, arguments: tuple[str, ...], code: int, what: str
) -> None:
    """What, why, what to do; and the exit code tells wrong use from failure."""
    done = reckon(*(str(rows) if each == "{csv}" else each for each in arguments))
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert what in error_lines(done)[0]


def test_the_first_prompt_word_that_is_a_command_is_hinted_at() -> None:
    """`reckon run the numbers again` is a command; the error says how to ask instead."""
    done = reckon("price", "is", "no", "object", "--nonsense")
    assert done.returncode == 2
    assert "reckon ask" in done.stderr


def test_a_full_disk_ends_a_run_with_its_reason(
    rows: Path, openai_at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A ledger that cannot grow stops the run: nothing is sent that could not be recorded."""
    with fake_openai() as server:
        openai_at(server.base_url)
        long_text = tmp_path / "long.txt"
        long_text.write_text("".join(f"{n} " + "word " * 20_000 + "\n" for n in range(30)))
        done = subprocess.run(
            # The largest file this process may write: the disk is full at 600 kB.
            f"ulimit -f 600; exec {sys.executable} -m reckon run {long_text} -P '{{{{line}}}}'"
            " -m gpt-4o-mini --budget 5 --concurrency 2",
            shell=True,
            executable="/bin/bash",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
        )
        sent = server.requests
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"disk|written", done.stderr)
    assert last_row().status in ("done", "sent", "in_doubt")
    assert sent < 30
    assert reckon("logs", "verify").returncode == 0
