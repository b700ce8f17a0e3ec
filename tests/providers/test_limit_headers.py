"""The headers of rate limits, in each provider's spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.providers.limit_headers import LONGEST_S, asked_wait_s, duration_s, limits_in
from reckon.vocabulary.limits import Limit, RateLimits
from recorded_wire import exchanges, needs_recordings

NOW = 1_800_000_000.0
DAY_S = 86_400.0


def limits(headers: dict[str, str], windows: dict[str, float] | None = None) -> RateLimits:
    """At a fixed time."""
    return limits_in(headers, now=NOW, windows=windows)


def dimension(prefix: str, name: str, *, limit: int, remaining: int, reset: str) -> dict[str, str]:
    """OpenAI's three headers of one limit."""
    return {
        f"{prefix}-limit-{name}": str(limit),
        f"{prefix}-remaining-{name}": str(remaining),
        f"{prefix}-reset-{name}": reset,
    }


def test_openai_counts_requests_tokens_and_images() -> None:
    """Resets are durations as Go writes them."""
    found = limits(
        dimension("x-ratelimit", "requests", limit=10_000, remaining=9_999, reset="6ms")
        | dimension("x-ratelimit", "tokens", limit=50_000, remaining=985, reset="6m0s")
        | dimension("x-ratelimit", "input-images", limit=50, remaining=49, reset="1h2m3.5s")
        | {"x-request-id": "req_1", "openai-processing-ms": "233"},
        {"requests": 60, "tokens": 60},
    )
    assert found.limits == (
        Limit(counts="requests", window_s=60, limit=10_000, remaining=9_999, reset_s=0.006),
        Limit(counts="tokens", window_s=60, limit=50_000, remaining=985, reset_s=360),
        Limit(counts="input_images", limit=50, remaining=49, reset_s=3723.5),
    )
    assert found.request_id == "req_1"
    assert (found.wait_s, found.should_retry) == (None, None)


def test_groq_counts_requests_by_the_day_and_tokens_by_the_minute() -> None:
    """Its names are OpenAI's: only its row tells."""
    headers = dimension("x-ratelimit", "requests", limit=14_400, remaining=14_399, reset="6s")
    headers |= dimension("x-ratelimit", "tokens", limit=30_000, remaining=29_987, reset="26ms")
    found = limits(headers, {"requests": DAY_S, "tokens": 60})
    assert [(each.counts, each.window_s) for each in found.limits] == [
        ("requests", DAY_S),
        ("tokens", 60),
    ]


def test_anthropic_tells_moments_and_both_kinds_of_tokens() -> None:
    """Counted by the server's own clock, where it tells that."""
    found = limits(
        {
            "anthropic-ratelimit-requests-limit": "4000",
            "anthropic-ratelimit-requests-remaining": "3999",
            "anthropic-ratelimit-requests-reset": "2027-01-15T08:00:30Z",
            "anthropic-ratelimit-input-tokens-remaining": "1999000",
            "anthropic-ratelimit-output-tokens-reset": "2027-01-15T08:00:00.500Z",
            "request-id": "req_011",
        }
    )
    assert found.of("requests") == (
        Limit(counts="requests", limit=4000, remaining=3999, reset_s=30.0),
    )
    assert found.of("input_tokens")[0].remaining == 1_999_000
    assert found.of("output_tokens")[0].reset_s == pytest.approx(0.5)
    assert found.request_id == "req_011"
    skewed = limits(
        {
            "anthropic-ratelimit-requests-reset": "2025-06-23T10:26:57Z",
            "date": "Mon, 23 Jun 2025 10:26:50 GMT",
        }
    )
    assert skewed.of("requests")[0].reset_s == 7.0


def test_azure_counts_in_milliseconds_and_does_not_always_know() -> None:
    """As recorded; and 0 or -1 is no time."""
    found = limits(
        {
            "x-ratelimit-limit-requests": "120",
            "x-ratelimit-reset-requests": "500",
            "x-ratelimit-renewalperiod-requests": "60",
            "x-ratelimit-abusepenalty-active": "False",
            "apim-request-id": "a-1",
        }
    )
    assert found.limits == (Limit(counts="requests", window_s=60, limit=120, reset_s=0.5),)
    assert found.request_id == "a-1"
    for unknown in ("0", "-1"):
        odd = limits({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": unknown})
        assert odd.limits == (Limit(counts="tokens", remaining=5),)


def test_mistral_counts_tokens_over_two_windows_and_tells_what_it_charged() -> None:
    """New names; of the old ones each is read too."""
    found = limits(
        {
            "x-ratelimit-limit-req-10-second": "60",
            "x-ratelimit-remaining-req-10-second": "50",
            "x-ratelimit-limit-tokens-minute": "20000000",
            "x-ratelimit-remaining-tokens-month": "199999999990",
            "x-ratelimit-tokens-query-cost": "10",
        }
    )
    assert found.limits == (
        Limit(counts="requests", window_s=10, limit=60, remaining=50),
        Limit(counts="tokens", window_s=60, limit=20_000_000),
        Limit(counts="tokens", window_s=30 * DAY_S, remaining=199_999_999_990),
    )
    assert found.charged_tokens == 10
    old = limits(
        {
            "ratelimitbysize-limit": "500000",
            "ratelimitbysize-remaining": "499900",
            "ratelimitbysize-reset": "24",
            "x-ratelimitbysize-remaining-month": "9",
            "ratelimitbysize-query-cost": "32",
        }
    )
    assert old.limits == (
        Limit(counts="tokens", limit=500_000, remaining=499_900, reset_s=24),
        Limit(counts="tokens", window_s=30 * DAY_S, remaining=9),
    )
    assert old.charged_tokens == 32


@pytest.mark.parametrize(
    ("headers", "limit"),
    [
        (
            {
                "x-ratelimit-limit-requests-day": "14400",
                "x-ratelimit-reset-requests-day": "33011.38",
            },
            Limit(counts="requests", window_s=DAY_S, limit=14_400, reset_s=33011.38),
        ),
        (
            {"x-ratelimit-limit-tokens-prompt": "60000"},
            Limit(counts="input_tokens", limit=60_000),
        ),
        (
            {"x-ratelimit-remaining-tokens-generated": "6000"},
            Limit(counts="output_tokens", remaining=6_000),
        ),
        (
            {"x-ratelimit-limit": "2", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"},
            Limit(counts="requests", limit=2, remaining=0, reset_s=1),
        ),
        ({"x-tokenlimit-limit": "180000"}, Limit(counts="tokens", limit=180_000)),
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int((NOW + 90) * 1000))},
            Limit(counts="requests", remaining=0, reset_s=90),
        ),
        (
            {"ratelimit-remaining": "599", "ratelimit-reset": str(int(NOW) + 30)},
            Limit(counts="requests", remaining=599, reset_s=30),
        ),
        ({"ratelimit-limit": "10, 10;w=1"}, Limit(counts="requests", limit=10)),
        (
            {"x-endpoint-monthly-call-limit": "1000"},
            Limit(counts="requests", window_s=30 * DAY_S, limit=1000),
        ),
    ],
    ids="cerebras fireworks-in fireworks-out together tokens openrouter epoch list cohere".split(),
)
def test_each_vendors_spelling_is_one_limit(headers: dict[str, str], limit: Limit) -> None:
    """By the names alone."""
    assert limits(headers).limits == (limit,)


def test_an_answer_that_says_nothing_gives_nothing() -> None:
    """Gemini, DeepSeek, local servers."""
    assert limits({"content-type": "application/json", "server": "x"}) == RateLimits()


@pytest.mark.parametrize(
    ("said", "meant"), [("true", True), ("False", False), ("maybe", None), ("", None)]
)
def test_whether_to_retry_is_told_or_not(said: str, meant: bool | None) -> None:
    """`x-should-retry`."""
    assert limits({"x-should-retry": said}).should_retry is meant


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "1m30s"}, 90.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:45 GMT"}, 45.0),
        (
            {
                "retry-after": "Wed, 21 Oct 2015 07:28:30 GMT",
                "date": "Wed, 21 Oct 2015 07:28:00 GMT",
            },
            30.0,
        ),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "7200"}, 7200.0),
        ({"retry-after": "9" * 18}, LONGEST_S),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_each_spelling(
    headers: dict[str, str], seconds: float | None
) -> None:
    """Milliseconds, seconds, durations, dates by the server's clock; nonsense is nothing."""
    assert asked_wait_s(headers, now=NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360),
        ("120ms", 0.12),
        ("1h2m3.5s", 3723.5),
        ("22s", 22),
        ("22.5s", 22.5),
        ("0s", 0),
        ("250us", 0.00025),
        ("7", None),
        ("s", None),
        ("5 minutes", None),
        ("1s" * 100, None),
    ],
)
def test_durations_are_those_of_go_and_google(text: str, seconds: float | None) -> None:
    """Or none."""
    assert duration_s(text) == (None if seconds is None else pytest.approx(seconds))


RECORDED = [
    pytest.param(headers, id=f"{exchange['provider']} {exchange['id']}")
    for exchange in exchanges()
    for headers in (dict(exchange["response"]["headers"]),)
    if any("ratelimit" in name or name == "retry-after" for name in headers)
]
FIGURES = ("limit", "remaining", "reset")


@needs_recordings
@pytest.mark.parametrize("headers", RECORDED)
def test_every_recorded_figure_is_understood(headers: dict[str, str]) -> None:
    """As many figures are found as headers hold, none of them absurd."""
    found = limits(headers)
    told = [
        name
        for name in headers
        if "ratelimit" in name and any(figure in name.split("-") for figure in FIGURES)
    ]
    read = [
        figure
        for each in found.limits
        for figure in (each.limit, each.remaining, each.reset_s)
        if figure is not None
    ]
    assert len(read) == len(told)
    assert all(each.reset_s is None or each.reset_s < 120 for each in found.limits)
    assert all((each.remaining or 0) <= (each.limit or 2**53) for each in found.limits)
    if "retry-after" in headers:
        assert found.wait_s == float(headers["retry-after"])


NAMES = st.sampled_from(
    "x-ratelimit-limit-requests x-ratelimit-reset-tokens x-ratelimit-remaining ratelimit-reset"
    " anthropic-ratelimit-tokens-reset x-ratelimit-renewalperiod-requests retry-after date"
    " x-ratelimit-reset-requests retry-after-ms x-should-retry x-ratelimit-limit-req-10-second"
    " x-ratelimit-tokens-query-cost ratelimitbysize-reset x-ratelimit-reset-0-day".split()
)
VALUES = (
    st.text(max_size=40)
    | st.integers().map(str)
    | st.floats().map(str)
    | st.datetimes().map(str)
    | st.from_regex(r"(\d+(\.\d+)?(h|m|s|ms|us|µs|ns))+", fullmatch=True)
    | st.from_regex(r"\w{3}, \d\d (Jan|Feb|Dec) \d{4} \d\d:\d\d:\d\d GMT", fullmatch=True)
)


@given(
    headers=st.dictionaries(NAMES | st.text(max_size=30), VALUES, max_size=8),
    now=st.floats(0, 4e9),
)
def test_no_header_crashes_the_reader(headers: dict[str, str], now: float) -> None:
    """And whatever it reads is sane."""
    found = limits_in(headers, now=now, windows={"requests": 60.0})
    for each in found.limits:
        assert each.reset_s is None or 0 <= each.reset_s <= LONGEST_S
        assert each.limit is None or each.limit >= 0
    assert found.wait_s is None or 0 <= found.wait_s <= LONGEST_S
