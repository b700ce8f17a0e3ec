"""`reckon models refresh`, and a provider of the user's own, as they are typed."""

import json

import pytest
from click.testing import CliRunner, Result
from command_line import reckon, rows_of
from fake_openai import Reply, fake_openai

from reckon import settings
from reckon.catalogue.load import load
from reckon.cli.main import cli
from reckon.errors import AnswerInvalid
from reckon.run import refresh_published


def reckon_here(*arguments: str) -> Result:
    """Run it in this process, where the published address can be another."""
    return CliRunner().invoke(cli, arguments)


def listing(*ids: str) -> Reply:
    """A list of models without prices."""
    return Reply(body=json.dumps({"data": [{"id": id_} for id_ in ids]}).encode())


@pytest.fixture
def own_provider():
    """Four lines in providers.toml, and the server that they name."""
    replies = [listing("tiny", "large")]

    def decide(_number, body):
        return Reply() if "messages" in body else replies[0]

    with fake_openai(decide) as server:
        settings.home().mkdir(parents=True)
        (settings.home() / "providers.toml").write_text(
            "[[provider]]\n"
            'id = "mine"\n'
            f'base_url = "{server.base_url}"\n'
            'key_variables = ["MINE_API_KEY"]\n'
        )
        server.replies = replies
        yield server


def test_four_lines_are_enough_to_ask_any_model_there(own_provider):
    """A fresh folder, a real server, the key in its header, the id as it was typed."""
    done = reckon("hello", "-m", "mine/some/model:1", MINE_API_KEY="sk-mine")
    assert (done.returncode, done.stdout.strip()) == (0, "a fine picture")
    assert own_provider.bodies[0]["model"] == "some/model:1"
    assert b"authorization: bearer sk-mine" in own_provider.heads[0].lower()


def test_quirks_are_fields_that_the_user_can_set(own_provider):
    """What the server calls the limit, where its key goes, what it must be told."""
    path = settings.home() / "providers.toml"
    path.write_text(
        path.read_text()
        + 'max_tokens_field = "max_completion_tokens"\nkey_header = "api-key"\n'
        + 'stream_usage = false\nheaders = { "x-team" = "blue" }\n'
    )
    done = reckon("hi", "-m", "mine/m", "-o", "max_tokens", "5", MINE_API_KEY="sk-mine")
    assert done.returncode == 0, done.stderr
    head, body = own_provider.heads[0].lower(), own_provider.bodies[0]
    assert b"api-key: sk-mine" in head and b"authorization" not in head
    assert b"x-team: blue" in head
    assert "stream_options" not in body


def test_a_refresh_lists_the_models_of_a_provider(own_provider):
    """What is new is said, `models list` shows it, and `-m` finds it."""
    done = reckon("models", "refresh", "--provider", "mine", MINE_API_KEY="k")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"mine lists 2 models ({own_provider.base_url}/models).",
        "new:   mine/tiny",
        "new:   mine/large",
    ] or done.stdout.splitlines()[1:] == ["new:   mine/large", "new:   mine/tiny"]
    assert [row["model"] for row in rows_of("models", "list", "--provider", "mine")] == [
        "mine/large",
        "mine/tiny",
    ]
    again = reckon("models", "refresh", "--provider", "mine", MINE_API_KEY="k")
    assert again.stdout.splitlines()[1:] == ["Nothing has changed."]


def test_a_refresh_gives_its_changes_as_json(own_provider):
    """An array of objects of one shape."""
    reckon("models", "refresh", "--provider", "mine", MINE_API_KEY="k")
    own_provider.replies[0] = listing("tiny", "huge")
    done = reckon("models", "refresh", "--provider", "mine", "--json", MINE_API_KEY="k")
    rows = json.loads(done.stdout)
    assert [(row["model"], row["change"]) for row in rows] == [
        ("mine/huge", "new"),
        ("mine/large", "gone"),
    ]
    assert rows[0]["input_usd_per_mtok"] is None


def published(*rows: tuple[str, str]) -> Reply:
    """A list of genai-prices, with OpenAI's models at these prices of input."""
    models = [
        {"id": id_, "match": {"equals": id_}, "prices": {"input_mtok": price, "output_mtok": 9}}
        for id_, price in rows
    ]
    return Reply(body=json.dumps([{"id": "openai", "name": "OpenAI", "models": models}]).encode())


def test_with_nothing_named_the_published_list_is_fetched(monkeypatch):
    """What cannot be right stays as it was, and is said; then who else could be asked."""
    replies = [
        published(("gpt-99", "3"), ("gpt-98", "2")),
        published(("gpt-99", "300"), ("gpt-98", "1")),
        published(("gpt-99", "300"), ("gpt-98", "1")),
        Reply(status=503),
    ]
    with fake_openai(lambda _number, _body: replies.pop(0)) as server:
        monkeypatch.setattr(refresh_published, "URL", f"{server.base_url}/data.json")
        monkeypatch.setenv("GROQ_API_KEY", "k")
        first = reckon_here("models", "refresh")
        assert first.exit_code == 0, first.output
        assert "new:   openai/gpt-99" in first.output
        assert "Ready, with a key or running here: groq" in first.output
        second = reckon_here("models", "refresh")
        assert "price: openai/gpt-98: $2 in, $9 out -> $1 in, $9 out" in second.output
        assert (
            "1 cannot be right and stay as they were: openai/gpt-99: input $3 -> $300 (100 times)."
            " --force takes them." in second.output
        )
        assert load().find("gpt-99").prices[-1].rate.input == 3
        forced = reckon_here("models", "refresh", "--force")
        assert "price: openai/gpt-99: $3 in, $9 out -> $300 in, $9 out" in forced.output
        assert load().find("gpt-99").prices[-1].rate.input == 300
        down = reckon_here("models", "refresh")
    assert isinstance(down.exception, AnswerInvalid)
    assert down.exception.what == "The published list of prices cannot be fetched."
    assert "HTTP 503" in down.exception.why
    assert down.exception.do.endswith("reckon models refresh FILE")


def test_a_stored_key_can_be_named(own_provider):
    """As everywhere else."""
    settings.write_keys({"work": "sk-work"})
    done = reckon("models", "refresh", "--provider", "mine", "--key", "work")
    assert done.returncode == 0, done.stderr
    assert b"bearer sk-work" in own_provider.heads[0].lower()


def test_an_entry_of_llms_file_is_asked_by_its_own_name(tmp_path):
    """With its headers and the key that it names, and whole where it cannot stream."""
    home = tmp_path / "llm-home"
    home.mkdir()
    (home / "keys.json").write_text('{"mine": "sk-llm"}')
    with fake_openai() as server:
        (home / "extra-openai-models.yaml").write_text(
            "- model_id: pet\n  model_name: big/model\n"
            f"  api_base: {server.base_url}\n  api_key_name: mine\n  can_stream: false\n"
            "  headers:\n    X-Title: LLM\n"
        )
        done = reckon("hello", "-m", "pet")
        assert (done.returncode, done.stdout.strip()) == (0, "a fine picture")
        head, body = server.heads[0].lower(), server.bodies[0]
    assert body["model"] == "big/model"
    assert "stream" not in body
    assert b"authorization: bearer sk-llm" in head and b"x-title: llm" in head
