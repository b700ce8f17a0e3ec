"""The user's own files: what they may say, and how a mistake is named."""

from decimal import Decimal

import pytest

from reckon.catalogue import overlay
from reckon.catalogue.load import load
from reckon.errors import CatalogueError

PRICE = '[[model.price]]\ninput = "1"\noutput = "2"\nsource = "s"\n'
MODEL = 'provider = "p"\n[[model]]\nid = "m"\n'


def test_four_lines_add_a_provider(home):
    """An OpenAI-compatible provider is data and no code."""
    (home / "providers.toml").write_text(
        '[[provider]]\nid = "mine"\nbase_url = "http://127.0.0.1:9/v1"\n'
        'key_variables = ["MINE_API_KEY"]\n'
    )
    catalogue = load()
    provider = catalogue.provider("mine")
    assert (provider.wire, provider.name) == ("openai_chat", "mine")
    assert catalogue.find("mine/any-model").prices == ()


def test_the_users_price_wins_and_the_rest_is_kept(home):
    """A row that says less keeps what our row knows."""
    (home / "catalogue").mkdir()
    (home / "catalogue" / "mine.toml").write_text(
        'provider = "openai"\n[[model]]\nid = "gpt-4o"\n' + PRICE
    )
    model = load().find("gpt-4o")
    assert [price.rate.input for price in model.prices] == [Decimal(1)]
    assert model.image_rule == "openai_tiles 85 170"


def test_a_new_model_of_the_user_is_listed(home):
    """With the price, tier and period it was given."""
    (home / "catalogue").mkdir()
    (home / "catalogue" / "mine.toml").write_text(
        MODEL
        + '[[model.price]]\nstart = 2026-01-01\ninput = "0.1"\noutput = "0.2"\nsource = "s"\n'
        + 'tiers = [{ above_input_tokens = 1000, input = "0.3", output = "0.4" }]\n'
    )
    price = load().find("p/m").prices[0]
    assert price.tiers[0].rate.output == Decimal("0.4")
    assert price.start.isoformat() == "2026-01-01"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[model]\n", "not TOML"),
        ('colour = "red"\n', "colour"),
        ('provider = "p"\n[model]\nid = "m"\n', "[[model]]"),
        ('provider = "p"\n[[model]]\nname = "M"\n', "id"),
        ('provider = "p"\n[[model]]\nid = " "\n', "id"),
        ('[[model]]\nid = "m"\n', "provider"),
        (MODEL + 'colour = "red"\n', "colour"),
        (MODEL + 'context_tokens = "many"\n', "context_tokens"),
        (MODEL + 'modalities = ["smell"]\n', "modalities"),
        (MODEL + 'retired = "soon"\n', "retired"),
        (MODEL + PRICE.replace('"1"', "1.5"), "input"),
        (MODEL + PRICE.replace('"1"', '"cheap"'), "input"),
        (MODEL + PRICE.replace('"1"', '"-1"'), "input"),
        (MODEL + PRICE.replace('"2"', '"NaN"'), "output"),
        (MODEL + PRICE.replace('source = "s"\n', ""), "source"),
        (MODEL + PRICE.replace('"s"', '""'), "source"),
        (MODEL + PRICE + PRICE, "overlap"),
        (MODEL + PRICE + "start = 2026-02-01\nend = 2026-01-01\n", "end"),
    ],
)
def test_a_malformed_row_is_named(home, text, named):
    """The error names the file, the row and the field."""
    (home / "catalogue").mkdir()
    path = home / "catalogue" / "mine.toml"
    path.write_text(text)
    with pytest.raises(CatalogueError) as caught:
        load()
    assert str(path) in caught.value.what
    assert named in str(caught.value)
    assert len(caught.value.lines()) <= 3


def test_a_model_listed_twice_is_named(home):
    """Two rows of one id in one file are a mistake."""
    (home / "catalogue").mkdir()
    (home / "catalogue" / "mine.toml").write_text(MODEL + '[[model]]\nid = "m"\n')
    with pytest.raises(CatalogueError, match="listed twice"):
        load()


def test_bytes_that_are_no_text_are_named(home):
    """A binary file in the folder is a clear error."""
    (home / "catalogue").mkdir()
    (home / "catalogue" / "mine.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogueError, match=r"mine\.toml"):
        load()


def test_a_malformed_provider_is_named(home):
    """A wrong type in providers.toml."""
    (home / "providers.toml").write_text('[[provider]]\nid = "x"\nkey_variables = "X"\n')
    with pytest.raises(CatalogueError, match="key_variables"):
        load()


def test_snapshots_are_models_of_their_own(tmp_path):
    """Same description, own id; an alias stays with the row."""
    path = tmp_path / "a.toml"
    path.write_text(MODEL + 'aliases = ["n"]\nsnapshots = ["m-1", "m-2"]\n')
    models = overlay.read_models(path)
    assert [(model.id, model.aliases) for model in models] == [
        ("m", ("n",)),
        ("m-1", ()),
        ("m-2", ()),
    ]
