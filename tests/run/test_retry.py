"""Who is tried again, when, and who never is; then asked over a real socket."""

import json
from collections.abc import Callable

import pytest
from fake_openai import Reply, fake_openai

import reckon
from reckon import settings
from reckon.errors import (
    AnswerBrokenOff,
    AnswerTruncated,
    AuthError,
    MaybeBilled,
    NotSent,
    ProviderDown,
    RateLimited,
    ReckonError,
)
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import LogRow
from reckon.run import retry
from reckon.run.retry import ASKING, BULK, Wait, wait_s


def wait(
    error: ReckonError,
    retries: int = 0,
    *,
    chance: float = 0.0,
    has_output: bool = False,
    patience: retry.Patience = ASKING,
) -> float | None:
    """Without luck."""
    return wait_s(error, retries, has_output=has_output, patience=patience, chance=chance)


DOWN = ProviderDown("x", retryable=True)


def test_waits_double_up_to_eight_seconds_and_chance_takes_a_quarter_off() -> None:
    """As OpenAI's SDK does it."""
    many = retry.Patience(retries=9, longest_asked_s=120, spread=0.25)
    waits = [wait(DOWN, n, patience=many) for n in range(6)]
    assert waits == [0.5, 1, 2, 4, 8, 8]
    assert wait(DOWN, 1, chance=1.0) == 0.75


def test_tries_end() -> None:
    """Two more for who waits before the terminal, four in a run."""
    assert wait(DOWN, 1) is not None
    assert wait(DOWN, 2) is None
    assert wait(DOWN, 3, patience=BULK) is not None
    assert wait(DOWN, 4, patience=BULK) is None


def test_what_the_server_asks_is_kept_and_never_cut_short() -> None:
    """Up to two minutes; a longer wait is for somebody else."""
    for asked, least in ((7.0, 7.0), (120.0, 120.0)):
        error = RateLimited("x", retryable=True, retry_after_s=asked)
        assert wait(error) == least
        assert least < (wait(error, chance=1.0) or 0) <= least * 1.2
    long = RateLimited("x", retryable=True, retry_after_s=121.0)
    assert wait(long) is None
    assert wait(long, patience=BULK) == 121.0
    assert wait(RateLimited("x", retryable=True, retry_after_s=7200.0), patience=BULK) is None
    assert wait(RateLimited("x", retryable=True, retry_after_s=0.0)) == 0.5


def test_an_overloaded_server_is_left_alone_for_longer() -> None:
    """Eight times."""
    assert wait(ProviderDown("x", retryable=True, overloaded=True)) == 4.0


@pytest.mark.parametrize(
    "error",
    [
        MaybeBilled("x"),
        AnswerTruncated("x", retryable=True),
        AnswerBrokenOff("x", why="", do="", told={}),
        AuthError("x"),
        RateLimited("no credit"),
        NotSent("bad header", retryable=False),
    ],
)
def test_what_may_have_been_billed_or_will_not_pass_is_final(error: ReckonError) -> None:
    """At the first try."""
    assert wait(error) is None


def test_nothing_is_asked_again_once_a_piece_was_shown() -> None:
    """Whatever the error says."""
    assert wait(DOWN, has_output=True) is None
    assert wait(NotSent("x"), has_output=True) is None


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait of our own."""
    monkeypatch.setattr(retry, "FIRST_S", 0.0)
    monkeypatch.setattr(retry, "FIRST_OVERLOADED_S", 0.0)


def rows() -> list[LogRow]:
    """Every row of the ledger, oldest first."""
    with Ledger.open(settings.ledger_path()) as ledger:
        return list(ledger.logs(oldest_first=True))


def test_each_try_is_a_row_and_its_wait_is_told(
    at_once: None, openai_at: Callable[[str], None]
) -> None:
    """A row before each call; the failed ones keep their errors."""
    waits: list[Wait] = []
    open_rows: list[int] = []

    def decide(number: int, _body: object) -> Reply:
        open_rows.append(sum(row.status == "sent" for row in rows()))
        if number == 0:
            return Reply(status=429, headers={"Retry-After": "0.01"})
        return Reply(status=503) if number == 1 else Reply()

    with fake_openai(decide) as server:
        openai_at(server.base_url)
        answer = reckon.ask("hello", model="gpt-4o-mini", on_wait=waits.append)
    assert answer.text == "a fine picture"
    assert open_rows == [1, 1, 1]
    assert [row.status for row in rows()] == ["failed", "failed", "done"]
    assert "limits the rate" in (rows()[0].error or "")
    assert [(each.retry, each.of) for each in waits] == [(1, 2), (2, 2)]
    assert 0.01 <= waits[0].seconds < 0.02


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (400, 1), (401, 1), (402, 1)])
def test_tries_are_bounded_and_final_errors_end_at_once(
    status: int, tries: int, at_once: None, openai_at: Callable[[str], None]
) -> None:
    """And the last error is the one that is raised."""
    with fake_openai(lambda _n, _b: Reply(status=status)) as server:
        openai_at(server.base_url)
        with pytest.raises(ReckonError):
            reckon.ask("hello", model="gpt-4o-mini")
        assert server.requests == tries
    assert [row.status for row in rows()] == ["failed"] * tries


def event(**chunk: object) -> bytes:
    """One server-sent event."""
    return f"data: {json.dumps(chunk)}\n\n".encode()


WORD = event(choices=[{"index": 0, "delta": {"content": "one two three "}}])
BUSY = event(error={"code": 429, "message": "slow down"})


def test_an_error_after_the_first_token_is_never_tried_again(
    at_once: None, openai_at: Callable[[str], None]
) -> None:
    """The part is kept, in doubt, at an estimated cost that is not zero."""
    with fake_openai(lambda _n, _b: streamed(WORD + BUSY)) as server:
        openai_at(server.base_url)
        with pytest.raises(AnswerBrokenOff, match="broke off"):
            reckon.ask("hello", model="gpt-4o-mini")
        assert server.requests == 1
    [row] = rows()
    assert (row.status, row.answer) == ("in_doubt", "one two three ")
    assert row.cost_kind == "estimated"
    assert row.cost_pico
    assert (row.input_tokens, row.output_tokens) == (None, None)


def test_an_error_before_the_first_token_is_one_like_any_other(
    at_once: None, openai_at: Callable[[str], None]
) -> None:
    """Under HTTP 200."""

    def decide(number: int, _body: object) -> Reply:
        return streamed(BUSY) if number == 0 else Reply()

    with fake_openai(decide) as server:
        openai_at(server.base_url)
        assert reckon.ask("hello", model="gpt-4o-mini").text == "a fine picture"
    assert [row.status for row in rows()] == ["failed", "done"]


def test_a_stream_without_an_end_keeps_its_part_at_an_estimated_cost(
    openai_at: Callable[[str], None],
) -> None:
    """By the words that came, for its usage never did; of nothing, nothing is estimated."""
    with fake_openai(lambda _n, _b: streamed(WORD)) as server:
        openai_at(server.base_url)
        with pytest.raises(AnswerTruncated):
            reckon.ask("hello", model="gpt-4o-mini")
        server.decide = lambda _n, _b: streamed(b": ping\n\n")
        with pytest.raises(AnswerTruncated):
            reckon.ask("hello", model="gpt-4o-mini")
        assert server.requests == 2
    part, nothing = rows()
    # 7 tokens in at $0.15 and 4 out at $0.60 per million: hello in its frame of 6, three words and
    # a blank.
    assert (part.status, part.cost_kind, part.cost_pico) == ("in_doubt", "estimated", 3_450_000)
    assert (nothing.status, nothing.cost_kind, nothing.cost_pico) == ("in_doubt", None, None)


def test_a_wait_that_comes_with_a_good_answer_is_not_obeyed(
    openai_at: Callable[[str], None],
) -> None:
    """Anthropic and Hugging Face send it with every answer."""
    waits: list[Wait] = []
    with fake_openai(lambda _n, _b: Reply(headers={"Retry-After": "600"})) as server:
        openai_at(server.base_url)
        reckon.ask("hello", model="gpt-4o-mini", on_wait=waits.append)
    assert not waits


def streamed(body: bytes) -> Reply:
    """These events, and nothing after."""
    return Reply(body=body, headers={"Content-Type": "text/event-stream"})
