"""The bulk engine against a server that counts: a budget that holds, rows that are never lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from fake_openai import FakeOpenAI, Reply, fake_openai

from reckon import settings
from reckon.errors import PriceUnknown, UsageError
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import LogRow
from reckon.run.bulk.report import Progress, RunReport
from reckon.run.bulk.start import resume, run
from reckon.vocabulary.job import Job

MODEL = "gpt-4o-mini"
ROW_PICO = 260 * 150_000 + 100 * 600_000
"""The fake server bills 260 and 100 tokens a row, at $0.15 and $0.60 per million."""


def lines(folder: Path, count: int) -> str:
    """A file of lines."""
    path = folder / "rows.txt"
    path.write_text("".join(f"row {number}\n" for number in range(count)))
    return str(path)


def job(source: str, **more: object) -> Job:
    """Summarise each line."""
    values = {"sources": (source,), "prompt": "sum up: {{line}}", "model": MODEL} | more
    return Job(**values)  # type: ignore[arg-type]


def rows_of(report: RunReport) -> list[LogRow]:
    """All attempts of a run, oldest first."""
    with Ledger.open(settings.ledger_path()) as ledger:
        assert ledger.verify() == []
        return list(ledger.logs(run=report.run_id, oldest_first=True))


def test_every_row_is_answered_and_its_cost_is_exact(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """The template is filled in, tokens are those that were billed, money adds up."""
    with fake_openai() as server:
        openai_at(server.base_url)
        report = run(job(lines(tmp_path, 40)))
    assert (report.status, report.done, report.failed) == ("done", 40, 0)
    assert sorted(server.prompts()) == sorted(f"sum up: row {n}" for n in range(40))
    assert report.spent_pico == 40 * ROW_PICO
    rows = rows_of(report)
    assert {(row.input_tokens, row.output_tokens) for row in rows} == {(260, 100)}
    assert {row.model_answered for row in rows} == {"fake-1"}
    assert {body["max_completion_tokens"] for body in server.bodies} == {1024}


def test_a_row_stands_in_the_ledger_before_its_bytes_leave(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """When the server sees the request, the row is committed with what it may cost."""
    seen: list[tuple[str, int | None]] = []

    def look(_number: int, _body: object) -> Reply:
        with Ledger.open(settings.ledger_path(), read_only=True) as ledger:
            [row] = ledger.logs()
            seen.append((row.status, row.reserved_pico))
        return Reply()

    with fake_openai(look) as server:
        openai_at(server.base_url)
        run(job(lines(tmp_path, 1)))
    [(status, reserved)] = seen
    assert status == "sent"
    assert reserved is not None
    assert reserved >= 1024 * 600_000


def test_the_concurrency_is_kept(tmp_path: Path, openai_at: Callable[[str], None]) -> None:
    """Never more calls in flight than asked for, and as many."""
    with fake_openai(lambda _n, _b: Reply(delay_s=0.02)) as server:
        openai_at(server.base_url)
        run(job(lines(tmp_path, 40)), concurrency=5)
    assert server.most_in_flight == 5


def test_the_budget_is_never_passed_and_a_larger_one_finishes_the_run(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """The bound of a call is reserved before it is sent, at any concurrency."""
    with fake_openai() as server:
        openai_at(server.base_url)
        stopped = run(job(lines(tmp_path, 60)), budget_usd=Decimal("0.002"), concurrency=16)
        assert stopped.status == "budget"
        assert stopped.budget_reached
        assert 0 < stopped.done < 60
        assert stopped.spent_pico + stopped.in_doubt_pico <= 2 * 10**9
        finished = resume(stopped.run_id, budget_usd=Decimal(1))
    assert (finished.status, finished.done) == ("done", 60)
    assert sorted(server.prompts()) == sorted({f"sum up: row {n}" for n in range(60)})


def test_a_budget_of_zero_sends_nothing(tmp_path: Path, openai_at: Callable[[str], None]) -> None:
    """Zero dollars are zero dollars."""
    with fake_openai() as server:
        openai_at(server.base_url)
        report = run(job(lines(tmp_path, 3)), budget_usd=Decimal(0))
    assert (report.status, report.done, server.requests) == ("budget", 0, 0)


def test_a_provider_that_bills_more_than_the_bound_stops_the_run(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """The overshoot is in the books, and nothing more is sent."""
    greedy = Reply(usage={"prompt_tokens": 260, "completion_tokens": 9_000_000})
    with fake_openai(lambda _n, _b: greedy) as server:
        openai_at(server.base_url)
        report = run(job(lines(tmp_path, 50)), budget_usd=Decimal(1), concurrency=1)
    assert (report.status, report.done, server.requests) == ("budget", 1, 1)
    assert report.spent_pico > 10**12


def test_a_rate_limit_is_waited_out(tmp_path: Path, openai_at: Callable[[str], None]) -> None:
    """429 with Retry-After: the row is tried again, and each attempt has its row."""

    def decide(number: int, _body: object) -> Reply:
        return Reply(status=429, headers={"Retry-After": "0.05"}) if number < 3 else Reply()

    with fake_openai(decide) as server:
        openai_at(server.base_url)
        report = run(job(lines(tmp_path, 5)), concurrency=1)
    assert (report.done, report.failed, server.requests) == (5, 0, 8)
    assert [row.status for row in rows_of(report)].count("failed") == 3
    assert report.spent_pico == 5 * ROW_PICO


def test_one_row_that_always_fails_costs_five_tries_and_not_the_run(
    tmp_path: Path, openai_at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tries are bounded; the other rows are done."""
    monkeypatch.setattr("reckon.run.retry.FIRST_S", 0.0)

    def decide(_number: int, body: dict[str, object]) -> Reply:
        return Reply(status=500) if "row 3" in str(body) else Reply()

    with fake_openai(decide) as server:
        openai_at(server.base_url)
        report = run(job(lines(tmp_path, 8)))
    assert (report.status, report.done, report.failed) == ("done", 7, 1)
    assert server.requests == 7 + 5
    [cause] = report.errors.values()
    assert cause.count == 1
    assert "cannot answer now" in cause.example


def test_a_refused_request_is_not_tried_again(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """400 is the request's own fault."""

    def decide(_number: int, body: dict[str, object]) -> Reply:
        return Reply(status=400) if "row 1" in str(body) else Reply()

    with fake_openai(decide) as server:
        openai_at(server.base_url)
        report = run(job(lines(tmp_path, 3)))
    assert (report.done, report.failed, server.requests) == (2, 1, 3)


@pytest.mark.parametrize("status", [401, 404, 402])
def test_what_every_row_would_meet_stops_the_run(
    status: int, tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """A refused key is not tried 1,000 times; the run can be resumed."""
    with fake_openai(lambda _n, _b: Reply(status=status)) as server:
        openai_at(server.base_url)
        report = run(job(lines(tmp_path, 1_000)), concurrency=4)
        assert server.requests <= 4
        assert report.status == "interrupted"
        assert not report.interrupted
        assert report.halted
        server.decide = lambda _n, _b: Reply()
        assert resume(report.run_id).done == 1_000


def test_a_server_that_is_down_stops_the_run(
    tmp_path: Path, openai_at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent, nothing is in doubt, and the error says so."""
    monkeypatch.setattr("reckon.run.retry.FIRST_S", 0.0)
    openai_at("http://127.0.0.1:9/v1")
    report = run(job(lines(tmp_path, 100)), concurrency=2)
    assert report.halted
    assert "could not be reached" in report.halted[0]
    assert (report.done, report.in_doubt, report.spent_pico) == (0, 0, 0)


@pytest.mark.parametrize("broken", ["cut", "not json", "html"])
def test_an_answer_that_cannot_be_read_is_in_doubt_and_not_sent_again(
    broken: str, tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """It may have been billed: its bound stays reserved, and only --in-doubt retry sends it."""
    replies = {
        "cut": Reply(cut_after=30),
        "not json": Reply(body=b"{oops"),
        "html": Reply(body=b"<html></html>"),
    }

    def decide(number: int, _body: object) -> Reply:
        return replies[broken] if number == 0 else Reply()

    with fake_openai(decide) as server:
        openai_at(server.base_url)
        report = run(job(lines(tmp_path, 3)), concurrency=1)
        assert (report.done, report.in_doubt, server.requests) == (2, 1, 3)
        assert report.in_doubt_pico > 0


def test_in_doubt_retry_sends_the_row_again(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """And both attempts stay in the books."""
    with fake_openai(lambda n, _b: Reply(cut_after=30) if n == 0 else Reply()) as server:
        openai_at(server.base_url)
        report = run(job(lines(tmp_path, 3)), concurrency=1, in_doubt="retry")
    assert (report.done, report.in_doubt, server.requests) == (3, 0, 4)
    assert [row.status for row in rows_of(report)].count("in_doubt") == 1
    assert report.in_doubt_pico > 0


def test_an_answer_cut_by_its_length_is_a_result(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """It was paid for; it is not bought again."""
    with fake_openai(lambda _n, _b: Reply(finish_reason="length")) as server:
        openai_at(server.base_url)
        report = run(job(lines(tmp_path, 4)))
    assert (report.done, server.requests) == (4, 4)
    assert {row.stop_reason for row in rows_of(report)} == {"length"}


def test_equal_rows_are_sent_once(tmp_path: Path, openai_at: Callable[[str], None]) -> None:
    """Each gets the answer; it is paid for once."""
    path = tmp_path / "same.txt"
    path.write_text("one\ntwo\n" * 25)
    with fake_openai(lambda _n, _b: Reply(delay_s=0.01)) as server:
        openai_at(server.base_url)
        report = run(job(str(path)))
    assert (report.done, report.reused, server.requests) == (50, 48, 2)
    assert report.spent_pico == 2 * ROW_PICO
    assert all(row.answer == "a fine picture" for row in rows_of(report))


def test_the_same_job_is_free_the_second_time(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """A changed prompt is sent again."""
    with fake_openai() as server:
        openai_at(server.base_url)
        source = lines(tmp_path, 6)
        run(job(source))
        again = run(job(source))
        assert (again.done, again.reused, again.spent_pico, server.requests) == (6, 6, 0, 6)
        run(job(source, prompt="shorter: {{line}}"))
        assert server.requests == 12


def test_a_run_of_unknown_price_must_be_allowed(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """Without a price no budget can be kept."""
    with fake_openai() as server:
        openai_at(server.base_url)
        unknown = job(lines(tmp_path, 2), model="openai/brand-new-model")
        with pytest.raises(PriceUnknown, match="is not known") as refused:
            run(unknown)
        assert "--allow-unknown-price" in refused.value.do
        assert server.requests == 0
        assert run(unknown, allow_unknown_price=True).done == 2


def test_a_broken_source_keeps_what_was_done(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """The rows before the bad line are answered; the error names the line."""
    path = tmp_path / "ragged.csv"
    path.write_text("line\n" + "good\n" * 3 + "bad,row\n")
    with fake_openai() as server:
        openai_at(server.base_url)
        report = run(job(str(path)))
    assert report.halted
    assert "line 5" in report.halted[0]


@pytest.mark.parametrize("numbers", [{"rpm": 0}, {"tpm": -1}, {"concurrency": 0}])
def test_nonsense_limits_are_refused(numbers: dict[str, int], tmp_path: Path) -> None:
    """Before anything is opened or sent."""
    with pytest.raises(UsageError, match="not a positive number"):
        run(job(lines(tmp_path, 1)), **numbers)  # type: ignore[arg-type]


def test_progress_tells_rows_money_and_the_cap(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """The last moment is the end of the run."""
    moments: list[Progress] = []
    with fake_openai() as server:
        openai_at(server.base_url)
        run(job(lines(tmp_path, 10)), budget_usd=Decimal(1), on_progress=moments.append)
    assert moments[-1].done == 10
    assert moments[-1].spent_pico == 10 * ROW_PICO
    assert moments[-1].cap_pico == 10**12


def test_a_finished_run_has_nothing_to_resume(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """Resuming it sends nothing."""
    with fake_openai() as server:
        openai_at(server.base_url)
        report = run(job(lines(tmp_path, 3)))
        again = resume(report.run_id)
    assert (again.status, again.done, server.requests) == ("done", 3, 3)


def start_run(server: FakeOpenAI, source: str, concurrency: int) -> "subprocess.Popen[str]":
    """`reckon run` in a process of its own."""
    command = [sys.executable, "-m", "reckon", "run", source, "-P", "sum up: {{line}}"]
    options = ["-m", MODEL, "--budget", "1", "--concurrency", str(concurrency)]
    environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-test"}
    return subprocess.Popen(
        [*command, *options],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again and again, for half a minute at most."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


@pytest.mark.parametrize("after", [3, 21, 47, 80])
def test_after_kill_9_no_finished_row_is_lost_or_sent_again(
    after: int, tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """Killed after so many requests; rows in doubt are no more than the concurrency."""
    source = lines(tmp_path, 100)
    with fake_openai(lambda _n, _b: Reply(delay_s=0.005)) as server:
        openai_at(server.base_url)
        process = start_run(server, source, concurrency=8)
        wait_until(lambda: server.requests >= after)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with Ledger.open(settings.ledger_path()) as ledger:
            assert ledger.verify() == []
            done = [row.prompt for row in ledger.logs(status="done")]
        before = server.requests
        report = resume()
        sent_again = server.prompts()[before:]
    assert not set(sent_again) & set(done)
    assert report.in_doubt <= 8
    assert report.done + report.in_doubt == 100
    # Whatever the server saw twice would be a row that was paid for twice.
    assert len(server.prompts()) == len(set(server.prompts()))


def test_ctrl_c_finishes_what_is_in_flight_and_names_the_way_back(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """Exit 130, nothing in doubt, and the printed command finishes the job."""
    release = threading.Event()
    with fake_openai(lambda n, _b: Reply(wait_for=release if n >= 10 else None)) as server:
        openai_at(server.base_url)
        process = start_run(server, lines(tmp_path, 50), concurrency=4)
        wait_until(lambda: server.in_flight == 4 and server.requests >= 14)
        process.send_signal(signal.SIGINT)
        release.set()
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 130, output + errors
        assert "reckon runs resume" in errors + output
        report = resume()
    assert (report.done, report.in_doubt) == (50, 0)
    assert server.requests == 50


def test_ctrl_c_twice_cancels_and_keeps_the_record(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """The calls that were under way are in doubt, with what they may have cost."""
    never = threading.Event()
    with fake_openai(lambda _n, _b: Reply(wait_for=never)) as server:
        openai_at(server.base_url)
        process = start_run(server, lines(tmp_path, 50), concurrency=4)
        wait_until(lambda: server.in_flight == 4)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)  # two signals at once would be one
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        never.set()
    assert process.returncode == 130, output + errors
    with Ledger.open(settings.ledger_path()) as ledger:
        totals = ledger.run_totals(ledger.find_run().id)
    assert totals.in_doubt == 4
    assert totals.reserved_pico > 0
