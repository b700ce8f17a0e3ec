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
from importlib.util import find_spec
from pathlib import Path

import pytest
from command_line import error_lines, reckon, rows_of
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
    assert "3 done, 1 failed." in done.stdout
    assert "Skipped 2: 1 empty file, 1 text file." in done.stdout
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
    assert "40 done, 0 left" in text
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
        assert "39 done, 1 in doubt." in done.stdout
        assert re.search(r"^1 in doubt: .*may have been billed", done.stdout, re.MULTILINE)
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
        (("runs", "show", "zzz"), 2, "no run 'zzz'"),
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


def test_a_full_disk_loses_no_answer_and_says_the_way_back(
    rows: Path, openai_at: Callable[[str], None], tmp_path: Path
) -> None:
    """What cannot be recorded is not sent; with room again the run goes on, each row once."""
    long_rows = tmp_path / "long.txt"
    long_rows.write_text("".join(f"{n} " + "word " * 20_000 + "\n" for n in range(30)))
    command = f"{sys.executable} -m reckon run {long_rows} -P '{{{{line}}}}' -m gpt-4o-mini"
    with fake_openai(lambda _n, _b: Reply(delay_s=0.05)) as server:
        openai_at(server.base_url)
        done = subprocess.run(
            # The largest file that this process may write: the disk is full at 600 kB.
            f"ulimit -f 600; exec {command} --budget 5 --concurrency 2",
            shell=True,
            executable="/bin/bash",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
        )
        assert "Traceback" not in done.stderr
        assert done.returncode == 1, done.stderr
        assert re.search("disk|written", done.stderr)
        assert "reckon runs resume" in done.stderr
        assert 0 < server.requests < 30
        assert reckon("logs", "verify").returncode == 0
        resumed = reckon("runs", "resume")
        assert resumed.returncode in (0, 4), resumed.stderr
        prompts = server.prompts()
        assert len(prompts) == len(set(prompts))
    [run] = rows_of("runs")
    assert run["done"] + run["in_doubt"] == 30
    assert run["in_doubt"] <= 2


def test_two_models_in_one_run_are_refused(rows: Path) -> None:
    """Never the last of them in silence."""
    done = reckon("run", str(rows), "-P", "{{name}}", "-m", "gpt-4o-mini", "-m", "gpt-4o", "--yes")
    assert done.returncode == 2
    assert "A run has one model; 2 were named." in error_lines(done)[0]


def test_price_and_run_pass_over_the_same_files(
    photos: Path, openai_at: Callable[[str], None]
) -> None:
    """A file that is no picture is no row, for either; both say so in the same words."""
    (photos / "garbage.jpg").write_bytes(b"these are just words" * 50)
    priced = reckon("price", str(photos), *PROMPT, "-m", "gpt-4o-mini")
    with fake_openai() as server:
        openai_at(server.base_url)
        done = reckon("run", str(photos), *PROMPT, "-m", "gpt-4o-mini", "--budget", "1")
        assert server.requests == 3
    line = "Skipped 3: 1 empty file, 1 no picture, 1 text file."
    assert line in priced.stdout
    assert line in done.stdout


@pytest.mark.skipif(find_spec("pillow_heif") is not None, reason="the media extra is installed")
def test_heic_names_its_extra_before_a_cent_is_spent(tmp_path: Path) -> None:
    """Price and run say what to install."""
    box = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1"
    ispe = b"\0\0\0\x14ispe\0\0\0\0" + (4032).to_bytes(4, "big") + (3024).to_bytes(4, "big")
    folder = tmp_path / "phone"
    folder.mkdir()
    (folder / "photo.heic").write_bytes(box + ispe + b"\0" * 100)
    Image.new("RGB", (64, 64), "navy").save(folder / "sea.jpg")
    line = "Skipped 1: 1 HEIC, which needs pip install 'reckon-llm[media]'."
    assert line in reckon("price", str(folder), *PROMPT, "-m", "gpt-4o-mini").stdout
    assert line in reckon("run", str(folder), *PROMPT, "-m", "builtin/describe").stdout


@pytest.mark.parametrize("content", ["", "name,city\n"])
def test_a_source_without_rows_is_an_error(tmp_path: Path, content: str) -> None:
    """An empty file is rarely what was meant."""
    (tmp_path / "rows.csv").write_text(content)
    done = reckon("run", str(tmp_path / "rows.csv"), "-P", "hello", "-m", "builtin/describe")
    assert done.returncode == 1
    assert "no row to run" in error_lines(done)[0]
    assert rows_of("runs") == []


def test_an_unknown_cost_is_unknown_and_keeps_no_budget(
    rows: Path, openai_at: Callable[[str], None]
) -> None:
    """Never $0; and a cap that could not hold is refused before anything is sent."""
    command = ("run", str(rows), "-P", "{{name}}", "-m", "openai/nobody-knows", "--limit", "3")
    with fake_openai() as server:
        openai_at(server.base_url)
        capped = reckon(*command, "--allow-unknown-price", "--budget", "1")
        assert (capped.returncode, server.requests) == (5, 0)
        assert "without --budget" in error_lines(capped)[-1]
        done = reckon(*command, "--allow-unknown-price", "--json", "--yes")
    [report] = json.loads(done.stdout)
    assert (report["spent_usd"], report["unknown_calls"]) == (None, 3)
    assert "Spent unknown" in done.stderr
    [run] = rows_of("runs")
    assert (run["spent_usd"], run["done"]) == (None, 3)
    assert [row["cost_usd"] for row in rows_of("spend")] == [None]
    assert "Total unknown." in reckon("spend").stdout


def test_failures_are_counted_by_cause_with_what_the_provider_said(
    rows: Path, openai_at: Callable[[str], None]
) -> None:
    """Two causes, two lines, each with an example."""

    def decide(_number: int, body: dict[str, object]) -> Reply:
        said = str(body)
        if "person 3" in said:
            return Reply(status=400, body=b'{"error":{"message":"no such word"}}')
        if "person 7" in said:
            return Reply(status=413, body=b'{"error":{"message":"too long"}}')
        return Reply()

    with fake_openai(decide) as server:
        openai_at(server.base_url)
        done = reckon("run", str(rows), "-P", "{{name}}", "-m", "gpt-4o-mini", "--budget", "1")
    assert done.returncode == 4
    assert re.search(r"11 failed: .*HTTP 400: no such word", done.stdout)
    assert re.search(r"1 failed: .*HTTP 413: too long", done.stdout)


def test_the_first_ctrl_c_says_what_it_waits_for(
    rows: Path, openai_at: Callable[[str], None]
) -> None:
    """And that a second one gives it up."""
    with fake_openai(lambda _n, _b: Reply(delay_s=1.5)) as server:
        openai_at(server.base_url)
        process = subprocess.Popen(
            [*run_of(rows), "--progress", "bar"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "160", "FORCE_COLOR": "1"},
        )
        wait_for_requests(server, 4)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert "stopping: waiting for 4 calls, Ctrl-C again gives them up" in errors
    assert process.returncode == 130


def test_resume_asks_about_doubts_before_it_draws_the_bar(
    rows: Path, openai_at: Callable[[str], None]
) -> None:
    """On a terminal the question stands alone, with its dollars and its choices."""
    import pty

    with fake_openai(lambda n, _b: Reply(cut_after=30) if n == 5 else Reply()) as server:
        openai_at(server.base_url)
        reckon("run", str(rows), "-P", "{{name}}", "-m", "gpt-4o-mini", "--budget", "0.03")
        main, side = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "reckon", "runs", "resume"],
            stdin=side,
            stdout=subprocess.DEVNULL,
            stderr=side,
            env={**os.environ, "TERM": "xterm"},
        )
        os.close(side)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(main, 65536)
        assert b"1 rows are in doubt" in shown
        assert b"starting" not in shown
        os.write(main, b"y\n")
        while process.poll() is None:
            try:
                os.read(main, 65536)
            except OSError:
                break
        os.close(main)
        assert process.wait(60) == 0
        assert server.requests == 41
