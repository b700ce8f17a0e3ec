"""`reckon models refresh`, and a provider of the user's own, as they are typed."""

import json

import pytest
from command_line import error_lines, reckon, rows_of
from fake_openai import Reply, fake_openai

from reckon import settings


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


def test_a_refresh_needs_a_provider():
    """Exit 2, with what is ready."""
    done = reckon("models", "refresh", GROQ_API_KEY="k")
    assert done.returncode == 2
    what, why, do = error_lines(done)
    assert what == "Error: No file and no provider was named."
    assert why.startswith("Why: Ready, with a key or running here: groq")
    assert do.startswith("Do: Name one: reckon models refresh --provider groq; or give a list")


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
