"""`extra-openai-models.yaml`, as users of `llm` have it."""

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from reckon import settings
from reckon.catalogue import load as load_module
from reckon.catalogue.block import LLM_FILE
from reckon.catalogue.load import load, price_on
from reckon.errors import CatalogueError, MissingKey, UnknownModel
from reckon.run.choose import access, choose_model

TODAY = dt.date(2026, 11, 25)

DOCUMENTED = """
- model_id: orca-openai-compat
  model_name: orca-mini-3b.ggmlv3
  api_base: "http://localhost:8085"
- model_id: claude
  model_name: anthropic/claude-3-haiku
  api_base: "https://openrouter.ai/api/v1"
  api_key_name: openrouter
  headers:
    HTTP-Referer: "https://llm.datasette.io/"
    X-Title: LLM
"""


NEST = "- &a0 [x, x]\n" + "".join(f"- &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
"""Forty lines that unfold to a million million values."""


@pytest.fixture
def llm_home(home, tmp_path, monkeypatch):
    """The folder where `llm` keeps its things."""
    folder = tmp_path / "io.datasette.llm"
    folder.mkdir()
    monkeypatch.setenv("LLM_USER_PATH", str(folder))
    return folder


def written(folder: Path, text: str) -> Path:
    """The file, with this text."""
    path = folder / LLM_FILE
    path.write_text(text, encoding="utf-8")
    return path


def entry(**fields: object) -> str:
    """One entry."""
    lines = [f"{name}: {value}" for name, value in fields.items()]
    return "- " + "\n  ".join(lines) + "\n"


def test_the_entries_of_the_documentation_are_read_as_they_are(llm_home):
    """A name of the user's finds the model, its address, its headers and what it sends."""
    written(llm_home, DOCUMENTED)
    orca, claude = choose_model("orca-openai-compat"), choose_model("claude")
    assert orca.model.id == "orca-mini-3b.ggmlv3"
    assert orca.model.key == "localhost:8085/orca-mini-3b.ggmlv3"
    assert orca.provider.base_url == "http://localhost:8085"
    assert claude.model.key == "openrouter.ai/anthropic/claude-3-haiku"
    assert claude.provider.headers["X-Title"] == "LLM"


def test_what_is_known_of_an_address_holds_for_an_entry_there(llm_home):
    """Price and quirks are those of our row for the same address."""
    written(llm_home, DOCUMENTED)
    model = load().find("claude")
    ours = load().find("openrouter/anthropic/claude-3-haiku")
    assert price_on(model, TODAY) == price_on(ours, TODAY) is not None
    assert (
        load().provider("openrouter.ai").effort_style == load().provider("openrouter").effort_style
    )


def test_a_model_at_an_unknown_address_has_no_price(llm_home):
    """A gateway may listen on this machine too: nothing is called free that nobody said is."""
    written(llm_home, DOCUMENTED)
    assert price_on(load().find("orca-openai-compat"), TODAY) is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_model_at_the_usual_address_of_a_local_server_is_free(llm_home, host):
    """Ollama's OpenAI-compatible side is Ollama."""
    written(
        llm_home, entry(model_id="l", model_name="llama3.2", api_base=f"http://{host}:11434/v1")
    )
    found = choose_model("l")
    assert price_on(found.model, TODAY).free
    assert (found.provider.wire, found.provider.local) == ("openai_chat", True)


def test_the_users_name_wins_over_a_known_id(llm_home):
    """Whoever calls an entry gpt-4o means the entry; the known model keeps its full name."""
    written(llm_home, entry(model_id="gpt-4o", model_name="m", api_base="http://h.test/v1"))
    assert load().find("gpt-4o").key == "h.test/m"
    assert load().find("openai/gpt-4o").key == "openai/gpt-4o"


def test_an_alias_finds_the_model(llm_home):
    """The loader knows `aliases`, though the documentation does not say so."""
    text = entry(model_id="a", model_name="m", api_base="http://h.test/v1", aliases="[b, c]")
    written(llm_home, text)
    assert {load().find(name).key for name in ("a", "b", "c")} == {"h.test/m"}


def test_an_entry_without_an_address_is_openais(llm_home, monkeypatch):
    """With OpenAI's key, price and base URL variable."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    written(llm_home, entry(model_id="mini", model_name="gpt-4o-mini"))
    found = choose_model("mini")
    assert price_on(found.model, TODAY).rate.input == Decimal("0.15")
    assert access(found.provider).base_url == "http://127.0.0.1:9/v1"
    assert access(found.provider).key == "sk-env"
    assert found.provider.max_tokens_field == "max_completion_tokens"


def test_an_entry_with_an_address_is_sent_no_key_but_its_own(llm_home, monkeypatch):
    """OpenAI's key never goes to another host."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    settings.write_keys({"openai": "sk-stored"})
    written(llm_home, entry(model_id="x", model_name="m", api_base="https://h.test/v1"))
    assert access(choose_model("x").provider).key is None


@pytest.mark.parametrize("stored_by", ["reckon", "llm", "both"])
def test_the_named_key_is_found_in_our_keys_then_in_those_of_llm(llm_home, stored_by):
    """`llm keys set` need not be done again."""
    if stored_by != "reckon":
        (llm_home / "keys.json").write_text('{"// Note": "secret", "mine": "from-llm"}')
    if stored_by != "llm":
        settings.write_keys({"mine": "from-reckon"})
    text = entry(model_id="x", model_name="m", api_base="https://h.test/v1", api_key_name="mine")
    written(llm_home, text)
    wanted = "from-llm" if stored_by == "llm" else "from-reckon"
    assert access(choose_model("x").provider).key == wanted


def test_a_named_key_that_is_nowhere_is_an_error(llm_home, monkeypatch):
    """And it is not replaced by OpenAI's, which `llm` would send to that host."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    text = entry(model_id="x", model_name="m", api_base="https://h.test/v1", api_key_name="mine")
    written(llm_home, text)
    with pytest.raises(MissingKey) as caught:
        access(choose_model("x").provider)
    assert caught.value.lines() == [
        "Error: h.test needs a key and none is set.",
        "Why: No key is stored as mine.",
        "Do: Store it: `reckon keys set mine`.",
    ]


def test_keys_of_llm_are_nobody_elses(llm_home):
    """A provider of ours does not look into them."""
    (llm_home / "keys.json").write_text('{"groq": "from-llm"}')
    with pytest.raises(MissingKey):
        access(load().provider("groq"))


@pytest.mark.parametrize(
    ("flags", "takes"),
    [
        ({}, None),
        ({"vision": "true"}, ("text", "image", "pdf")),
        ({"audio": "true"}, ("text", "audio")),
        ({"vision": "true", "audio": "true"}, ("text", "image", "pdf", "audio")),
        ({"vision": "false"}, None),
    ],
)
def test_flags_say_what_a_model_takes(llm_home, flags, takes):
    """Silence is no answer: what nobody says is unknown."""
    written(llm_home, entry(model_id="x", model_name="m", api_base="http://h.test", **flags))
    assert load().find("x").modalities == takes


def test_wire_and_streaming_follow_the_entry(llm_home):
    """`responses: true` speaks the other format; `can_stream: false` asks for whole answers."""
    written(
        llm_home,
        entry(model_id="r", model_name="m", api_base="http://h.test/v1", responses="true")
        + entry(model_id="s", model_name="m", api_base="http://h.test/v1", can_stream="false"),
    )
    responses, whole = choose_model("r").provider, choose_model("s").provider
    assert (responses.wire, responses.streams) == ("openai_responses", True)
    assert (whole.wire, whole.streams) == ("openai_chat", False)
    assert (responses.id, whole.id) == ("h.test", "h.test-2")


def test_azures_older_addresses_are_put_together(llm_home):
    """One address per deployment, the version in the query, the key in a header of its own."""
    written(
        llm_home,
        entry(
            model_id="az",
            model_name="gpt-4o",
            api_base="https://me.openai.azure.com/",
            api_type="azure",
            api_version="2024-10-21",
            api_engine="my-deployment",
        ),
    )
    provider = choose_model("az").provider
    assert provider.base_url == (
        "https://me.openai.azure.com/openai/deployments/my-deployment?api-version=2024-10-21"
    )
    assert provider.key_header == "api-key"


def test_an_old_completions_model_is_refused_with_a_sentence(llm_home):
    """It is not dropped in silence."""
    path = written(
        llm_home,
        entry(model_id="old", model_name="m", api_base="http://h.test", completion="true"),
    )
    with pytest.raises(UnknownModel) as caught:
        load().find("old")
    assert caught.value.lines() == [
        "Error: The model 'old' cannot be asked.",
        f"Why: {path} marks it `completion: true`: the old completions API, which takes no "
        "messages, is not spoken here.",
        "Do: Name a chat model, or correct the entry.",
    ]


def test_a_file_in_our_own_folder_wins(llm_home, home):
    """Both folders are read; of two entries of one name the later wins."""
    written(llm_home, entry(model_id="x", model_name="theirs", api_base="http://h.test"))
    assert load().find("x").id == "theirs"
    written(home, entry(model_id="x", model_name="ours", api_base="http://h.test"))
    assert load().find("x").id == "ours"


def test_a_change_of_the_file_is_seen_at_once(llm_home):
    """The file is part of what the compiled catalogue is checked by."""
    written(llm_home, entry(model_id="x", model_name="one", api_base="http://h.test"))
    assert load().find("x").id == "one"
    written(llm_home, entry(model_id="x", model_name="two", api_base="http://h.test"))
    assert load().find("x").id == "two"


def test_the_users_price_holds_for_an_entry(llm_home, home):
    """A row in the user's catalogue says what nobody else knows."""
    written(llm_home, entry(model_id="x", model_name="m", api_base="http://h.test"))
    (home / "catalogue").mkdir()
    (home / "catalogue" / "mine.toml").write_text(
        'provider = "h.test"\n[[model]]\nid = "m"\n[[model.price]]\ninput = "1"\noutput = "2"\n'
        'source = "s"\n'
    )
    assert price_on(load().find("x"), TODAY).rate.output == 2


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]\n"])
def test_an_empty_file_is_no_mistake(llm_home, text):
    """It holds no entries."""
    written(llm_home, text)
    assert load().find("gpt-4o").key == "openai/gpt-4o"


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("- model_id: [\n", "line 2", "expected the node content"),
        ("model_id: x\n", "top of the file", "no list"),
        ("- just text\n", "entry 1", "Expected `object`, got `str`"),
        ("- model_id: x\n", "entry 1 (x)", "`model_name`"),
        ("- model_name: x\n", "entry 1", "`model_id`"),
        (DOCUMENTED + "- model_id: 7\n  model_name: m\n", "entry 3", "Expected `str`, got `int`"),
        ("- model_id: ' '\n  model_name: m\n", "entry 1", "`model_id` is empty"),
        ("- model_id: x\n  model_name: m\n  api_base: h.test/v1\n", "entry 1 (x)", "`api_base`"),
        ("- model_id: x\n  model_name: m\n  headers: {a: [1]}\n", "entry 1 (x)", "headers"),
        ("- model_id: x\n  model_name: 2024-99-99\n", "", "month must be in 1..12"),
        ("[" * 5000, "", "recursion"),
        (
            "- &a\n  model_id: x\n  model_name: m\n  headers: *a\n",
            "top of the file",
            "aliases unfold",
        ),
        (NEST, "top of the file", "aliases unfold"),
        ("- model_id: !!int ''\n", "", "index out of range"),
        ("- model_id: !!bool foo\n", "", "foo"),
        ("- model_id: !!timestamp foo\n", "", "group"),
    ],
)
def test_a_broken_file_is_named_with_its_place(llm_home, text, where, why):
    """File, line or entry, the cause, and what to do."""
    path = written(llm_home, text)
    with pytest.raises(CatalogueError) as caught:
        load()
    assert str(path) in caught.value.what
    assert where in caught.value.what
    assert why in caught.value.why
    assert caught.value.do
    assert len(caught.value.lines()) == 3


def test_bytes_that_are_no_text_are_a_named_mistake(llm_home):
    """Not a traceback."""
    (llm_home / LLM_FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogueError, match=LLM_FILE):
        load()


@pytest.mark.parametrize("is_there", [True, False])
def test_the_yaml_library_is_not_imported_where_it_is_not_needed(llm_home, is_there):
    """With a fresh cache never, and without a file not even then."""
    if is_there:
        written(llm_home, DOCUMENTED)
        load()
    code = (
        "import sys; from reckon.catalogue.load import load; load(); print('yaml' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {}, "HOME/.config/io.datasette.llm"),
        ("linux", {"XDG_CONFIG_HOME": "/x"}, "/x/io.datasette.llm"),
        ("darwin", {}, "HOME/Library/Application Support/io.datasette.llm"),
        ("linux", {"LLM_USER_PATH": "/y"}, "/y"),
    ],
)
def test_the_folder_of_llm_is_where_that_program_puts_it(
    monkeypatch, tmp_path, platform, variables, folder
):
    """By variable, else by platform."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("LLM_USER_PATH", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(settings.sys, "platform", platform)
    assert settings.llm_home() == Path(folder.replace("HOME", str(tmp_path)))


def test_secrets_in_headers_stay_private_in_the_compiled_catalogue(llm_home, home):
    """Only the user can read what was made of the file."""
    written(
        llm_home,
        entry(model_id="x", model_name="m", api_base="http://h.test", headers="{X-Secret: s}"),
    )
    load()
    assert load_module.cache.cache_path().stat().st_mode & 0o077 == 0
