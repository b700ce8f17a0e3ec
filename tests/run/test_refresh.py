"""A refresh: fetch, keep, compare. A server on loopback stands for the provider."""

import json
import socket
from decimal import Decimal

import pytest
from fake_openai import FakeOpenAI, Reply, fake_openai

from reckon import settings
from reckon.catalogue import fetched
from reckon.catalogue.load import load
from reckon.errors import (
    AnswerInvalid,
    AuthError,
    CatalogueError,
    MissingKey,
    NetError,
    NotSent,
    ProviderDown,
    RateLimited,
    ReckonError,
    UsageError,
)
from reckon.ledger.ledger import Ledger
from reckon.run.refresh import refresh, refreshable


@pytest.fixture
def openrouter(monkeypatch):
    """Make a server OpenRouter; it answers each request with the next of its pages."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-secret")
    pages: list[Reply] = []
    with fake_openai(lambda _number, _body: pages.pop(0)) as server:
        monkeypatch.setenv("OPENROUTER_BASE_URL", server.base_url)
        server.pages = pages
        yield server


def listing(*rows: dict[str, object], **beside: object) -> Reply:
    """A list of models."""
    return Reply(body=json.dumps({"data": rows, **beside}).encode())


def row(id_: str, prompt: str = "0.000001", completion: str = "0.000002") -> dict[str, object]:
    """One model of OpenRouter's list."""
    return {"id": id_, "pricing": {"prompt": prompt, "completion": completion}}


def path_asked(server: FakeOpenAI, number: int = -1) -> str:
    """The path of a request, with its query."""
    return server.heads[number].split()[1].decode()


def test_a_refresh_makes_the_models_known(openrouter):
    """With their price, today, and without another start."""
    openrouter.pages.append(listing(row("new/model"), row("openai/gpt-4o-mini")))
    found = refresh("openrouter")
    assert (found.listed, found.new) == (2, ("openrouter/new/model",))
    assert load().find("openrouter/new/model").prices[0].rate.output == 2
    assert load().search("new/model", provider="openrouter")
    head = openrouter.heads[0]
    assert head.startswith(b"GET /v1/models ")
    assert b"authorization: bearer sk-or-secret" in head.lower()


def test_a_second_refresh_says_what_changed(openrouter):
    """New, gone, dearer; and a third, what did not."""
    openrouter.pages += [
        listing(row("a/one"), row("a/two")),
        listing(row("a/two", "0.000003"), row("a/three")),
        listing(row("a/two", "0.000003"), row("a/three")),
    ]
    refresh("openrouter")
    second = refresh("openrouter")
    assert second.new == ("openrouter/a/three",)
    assert second.gone == ("openrouter/a/one",)
    [change] = second.prices
    assert (change.model, change.before.rate.input, change.now.rate.input) == (
        "openrouter/a/two",
        Decimal(1),
        Decimal(3),
    )
    third = refresh("openrouter")
    assert (third.new, third.gone, third.prices) == ((), (), ())


def test_a_price_that_is_no_longer_stated_is_a_change(openrouter):
    """It is unknown from then on."""
    openrouter.pages += [listing(row("a/one")), listing(row("a/one", "-1", "-1"))]
    refresh("openrouter")
    [change] = refresh("openrouter").prices
    assert change.now is None


def test_all_pages_of_anthropics_list_are_read(monkeypatch):
    """By the last id, until there is no more; the key in Anthropic's header."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    pages = [
        listing({"id": "claude-a"}, has_more=True, last_id="claude-a"),
        listing({"id": "claude-b"}, has_more=False, last_id="claude-b"),
    ]
    with fake_openai(lambda number, _body: pages[number]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url.removesuffix("/v1"))
        assert refresh("anthropic").listed == 2
        assert path_asked(server, 0) == "/v1/models?limit=1000"
        assert path_asked(server, 1) == "/v1/models?limit=1000&after_id=claude-a"
        assert b"x-api-key: sk-ant" in server.heads[1].lower()
        assert b"anthropic-version: 2023-06-01" in server.heads[1].lower()
    assert load().find("claude-b").key == "anthropic/claude-b"


def test_a_list_whose_pages_go_round_in_circles_ends(monkeypatch):
    """A server that always says there is more is asked twice for nothing."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    again = listing({"id": "claude-a"}, has_more=True, last_id="claude-a")
    with fake_openai(lambda _number, _body: again) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        assert refresh("anthropic").listed == 1
        assert server.requests == 2


def test_a_real_llama_server_is_refreshed(llama_server, monkeypatch):
    """Its list has one model, in a file; it is free."""
    monkeypatch.setenv("LLAMACPP_BASE_URL", llama_server)
    found = refresh("llamacpp")
    assert found.listed == 1
    model = load().find(found.new[0])
    assert model.id.endswith("scripted.gguf")
    assert (model.context_tokens, model.modalities) == (2048, ("text",))
    assert model.prices[0].free


def test_without_a_key_nothing_is_sent(monkeypatch):
    """The error names variable and command."""
    with pytest.raises(MissingKey) as caught:
        refresh("openrouter")
    assert caught.value.lines() == [
        "Error: OpenRouter needs a key and none is set.",
        "Why: Neither OPENROUTER_API_KEY is set nor is a key stored as openrouter.",
        "Do: Set OPENROUTER_API_KEY, or store it: `reckon keys set openrouter`.",
    ]


@pytest.mark.parametrize(
    ("provider", "lines"),
    [
        (
            "azure",
            [
                "Error: Azure OpenAI offers no list of models.",
                "Why: What it serves is known to the account's owner alone.",
                "Do: See `reckon models list --provider azure`; any model there can be named as "
                "azure/ID.",
            ],
        ),
        (
            "builtin",
            [
                "Error: Built in offers no list of models.",
                "Why: It runs inside reckon; its models are all known.",
                "Do: See `reckon models list --provider builtin`; any model there can be named as "
                "builtin/ID.",
            ],
        ),
        (
            "local",
            [
                "Error: A server on this machine has no address.",
                "Why: Its row in the catalogue has no `base_url`.",
                "Do: Set LOCAL_BASE_URL.",
            ],
        ),
    ],
)
def test_a_provider_without_a_list_says_so(provider, lines):
    """Before anything is sent."""
    with pytest.raises(UsageError) as caught:
        refresh(provider)
    assert caught.value.lines() == lines


def test_a_server_that_is_not_there_is_named(monkeypatch):
    """Nothing listens at that port."""
    monkeypatch.setenv("LLAMACPP_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(NotSent) as caught:
        refresh("llamacpp")
    assert caught.value.what == "127.0.0.1:9 could not be reached."
    assert caught.value.do == "Start the server, or check the address."


@pytest.mark.parametrize(
    ("reply", "kind", "what", "do"),
    [
        (
            Reply(body=b"<html><body>Sign in</body></html>"),
            AnswerInvalid,
            "The list of models cannot be read.",
            "Check that the base URL is that of the provider's interface for programs.",
        ),
        (
            listing(),
            AnswerInvalid,
            "OpenRouter lists no models.",
            "Check what the key may use, and the base URL.",
        ),
        (
            Reply(status=404, body=b"not found"),
            UsageError,
            "OpenRouter has no list of models at URL/models.",
            "Check the base URL (OPENROUTER_BASE_URL), or name models as openrouter/ID.",
        ),
        (
            Reply(status=401, body=b'{"error": {"message": "no key sk-or-secret"}}'),
            AuthError,
            "OpenRouter refused the key.",
            "Check the key: `reckon keys set openrouter`.",
        ),
        (
            Reply(status=429, body=b"{}"),
            RateLimited,
            "OpenRouter limits the rate of requests.",
            "Wait, then refresh again.",
        ),
        (
            Reply(status=503, body=b"{}"),
            ProviderDown,
            "OpenRouter cannot answer now.",
            "Try again later.",
        ),
        (
            Reply(body=b'{"data": []}', cut_after=3),
            NetError,
            "The answer of HOST was cut off or is garbled.",
            "Try again later.",
        ),
    ],
)
def test_an_answer_that_is_no_list_changes_nothing(openrouter, reply, kind, what, do):
    """What was known stays; the error says what to do, and never shows the key."""
    openrouter.pages += [listing(row("a/one")), reply]
    refresh("openrouter")
    before = fetched.path_of("openrouter").read_bytes()
    with pytest.raises(ReckonError) as caught:
        refresh("openrouter")
    assert type(caught.value) is kind
    url = openrouter.base_url
    host = url.removeprefix("http://").removesuffix("/v1")
    assert caught.value.what == what.replace("URL", url).replace("HOST", host)
    assert caught.value.do == do
    assert "sk-or-secret" not in str(caught.value)
    assert "billed" not in str(caught.value)
    assert fetched.path_of("openrouter").read_bytes() == before


def test_an_empty_local_server_says_to_load_a_model(monkeypatch):
    """As Ollama does before its first pull."""
    with fake_openai(lambda _number, _body: Reply(body=b'{"models": []}')) as server:
        monkeypatch.setenv("OLLAMA_BASE_URL", server.base_url)
        with pytest.raises(AnswerInvalid) as caught:
            refresh("ollama")
        assert path_asked(server) == "/api/tags"
    assert caught.value.do == "Load a model there first."


def test_what_can_be_refreshed_has_a_key_or_runs_here(monkeypatch):
    """And nothing is sent to find out."""
    monkeypatch.setenv("GROQ_API_KEY", "k")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("VLLM_BASE_URL", f"http://127.0.0.1:{port}/v1")
        ready = {provider.id for provider in refreshable()}
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(1) == b""
    assert {"groq", "vllm"} <= ready
    assert not ready & {"azure", "openai", "builtin", "local"}


def test_a_list_that_jumps_against_its_own_last_word_is_refused(openrouter):
    """A hundred times dearer overnight is a broken list; --force takes it."""
    broken = [row("a/b", prompt="0.0001"), row("c/d")]
    openrouter.pages += [listing(row("a/b")), listing(*broken), listing(*broken)]
    refresh("openrouter")
    with pytest.raises(CatalogueError) as caught:
        refresh("openrouter")
    assert caught.value.what == (
        "The list of OpenRouter was not taken: it states 1 price that cannot be right."
    )
    assert caught.value.why == "openrouter/a/b: input $1 -> $100 (100 times)."
    assert not load().lists("openrouter/c/d")
    assert [each.now.rate.input for each in refresh("openrouter", force=True).prices] == [100]


def test_what_a_list_states_is_noted_in_the_ledger(openrouter):
    """With the first and the last time it was seen; a price that changed is a new row."""
    for prompt in ("0.000001", "0.000001", "0.000002"):
        openrouter.pages.append(listing(row("a/b", prompt=prompt)))
        refresh("openrouter")
    with Ledger.look(settings.ledger_path()) as ledger:
        first, second = ledger.observed_prices()
    assert (first.source, first.provider, first.model) == ("openrouter", "openrouter", "a/b")
    assert '"input":"1"' in first.price and '"input":"2"' in second.price
    assert first.first_seen < first.last_seen < second.first_seen
