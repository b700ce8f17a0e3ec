"""The lists of models that providers give out: each spelling is read, the rest stays unknown.

The bodies are of our own making, in the shapes that the providers document.
"""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.catalogue.load import load
from reckon.errors import AnswerInvalid
from reckon.providers.model_list import first_call, next_call, read_page
from reckon.vocabulary.model import Provider
from recorded_wire import exchanges, needs_recordings


def provider(wire: str = "openai_chat", **fields: object) -> Provider:
    """A provider's row."""
    return msgspec.convert({"id": "p", "name": "P", "wire": wire, **fields}, Provider)


def models(answer: object, wire: str = "openai_chat", prices: str = "") -> dict[str, object]:
    """The models of an answer by id."""
    body = json.dumps(answer).encode()
    page = read_page(body, provider(wire, models_prices=prices))
    return {model.id: model for model in page.models}


def only(row: dict[str, object], wire: str = "openai_chat", prices: str = ""):
    """The model of one row."""
    [model] = models({"data": [{"id": "m", **row}]}, wire, prices).values()
    return model


def test_the_bare_list_of_openai_says_ids_and_nothing_else():
    """`created` is no release date and `owned_by` no organisation worth trusting."""
    row = {"id": "gpt-9", "object": "model", "created": 1, "owned_by": "system"}
    model = models({"object": "list", "data": [row]})["gpt-9"]
    assert (model.context_tokens, model.modalities, model.prices) == (None, None, ())


@pytest.mark.parametrize(
    ("who", "row", "context", "output"),
    [
        ("Groq", {"context_window": 131072, "max_completion_tokens": 32768}, 131072, 32768),
        ("Mistral", {"max_context_length": 256000}, 256000, None),
        ("vLLM", {"max_model_len": 4096, "root": "m"}, 4096, None),
        ("llama.cpp", {"meta": {"n_ctx": 2048, "n_ctx_train": 8192}}, 2048, None),
        ("Moonshot", {"context_length": 262144}, 262144, None),
        (
            "OpenRouter",
            {"context_length": 128000, "top_provider": {"max_completion_tokens": 40000}},
            128000,
            40000,
        ),
        ("Anthropic", {"max_input_tokens": 1000000, "max_tokens": 128000}, 1000000, 128000),
        ("nobody knows", {"max_tokens": 5}, None, None),
        ("written as a fraction", {"context_length": 131072.0}, 131072, None),
        ("nonsense", {"context_length": 1e300}, None, None),
        ("nonsense", {"context_length": -1}, None, None),
        ("nonsense", {"context_length": "many"}, None, None),
    ],
)
def test_limits_are_read_in_each_spelling(who, row, context, output):
    """Context is what a prompt and its answer may have together, or the prompt alone."""
    model = only(row)
    assert (model.context_tokens, model.max_output_tokens) == (context, output), who


@pytest.mark.parametrize(
    ("who", "row", "takes"),
    [
        (
            "OpenRouter",
            {"architecture": {"input_modalities": ["file", "image", "text"]}},
            {"pdf", "image", "text"},
        ),
        ("xAI", {"input_modalities": ["text", "image"]}, {"text", "image"}),
        ("Mistral", {"capabilities": {"vision": True, "audio": False}}, {"text", "image"}),
        ("Mistral", {"capabilities": {"vision": False}}, {"text"}),
        ("Fireworks", {"supports_image_input": True}, {"text", "image"}),
        (
            "Moonshot",
            {"supports_image_in": True, "supports_video_in": True},
            {"text", "image", "video"},
        ),
        (
            "Anthropic",
            {
                "capabilities": {
                    "image_input": {"supported": True},
                    "pdf_input": {"supported": True},
                }
            },
            {"text", "image", "pdf"},
        ),
        ("silence", {}, None),
        ("nonsense", {"architecture": "?", "capabilities": ["vision"]}, None),
    ],
)
def test_what_a_model_takes_is_read_in_each_spelling(who, row, takes):
    """Silence is no answer."""
    found = only(row).modalities
    assert (set(found) if found else found) == takes, who


@pytest.mark.parametrize(
    ("who", "row"),
    [
        ("Mistral", {"capabilities": {"completion_chat": False}}),
        ("Fireworks", {"supports_chat": False}),
        ("Together", {"type": "image"}),
        ("Groq", {"active": False}),
        ("Cohere", {"endpoints": ["embed"]}),
        ("Google", {"supportedGenerationMethods": ["embedContent"]}),
        ("OpenRouter", {"architecture": {"output_modalities": ["image"]}}),
    ],
)
def test_what_cannot_chat_is_left_out(who, row):
    """Where the list says so."""
    assert models({"data": [{"id": "m", **row}]}) == {}, who


def test_openrouter_states_dollars_per_token():
    """Also for cached and written input, and a fee per request."""
    pricing = {
        "prompt": "0.000003",
        "completion": "0.000015",
        "request": "0.0001",
        "image": "0.0048",
        "input_cache_read": "0.0000003",
        "input_cache_write": "0.00000375",
        "web_search": "0.01",
    }
    [price] = only({"pricing": pricing}, prices="usd_per_token").prices
    assert str(price.rate.input) == "3"
    assert price.rate.output == 15
    assert price.rate.cached_input == Decimal("0.3")
    assert price.rate.cache_write == Decimal("3.75")
    assert price.per_request == Decimal("0.0001")
    assert not price.free


def test_openrouters_price_of_long_prompts_is_a_tier():
    """What an override leaves out stays as it is."""
    pricing = {
        "prompt": "0.000001",
        "completion": "0.000004",
        "overrides": [{"min_prompt_tokens": 200000, "prompt": "0.000002"}],
    }
    [price] = only({"pricing": pricing}, prices="usd_per_token").prices
    [tier] = price.tiers
    assert tier.above_input_tokens == 199_999
    assert (tier.rate.input, tier.rate.output) == (2, 4)


def test_a_price_that_hangs_on_what_we_cannot_carry_is_unknown():
    """The hour of the day, say."""
    pricing = {
        "prompt": "0.000001",
        "completion": "0.000004",
        "overrides": [{"hours_utc": [16, 24], "prompt": "0.0000005"}],
    }
    assert only({"pricing": pricing}, prices="usd_per_token").prices == ()


def test_xai_states_cents_per_hundred_million_tokens():
    """With a second set of rates above a threshold."""
    row = {
        "prompt_text_token_price": 12500,
        "cached_prompt_text_token_price": 2000,
        "completion_text_token_price": 25000,
        "prompt_text_token_price_long_context": 25000,
        "cached_prompt_text_token_price_long_context": 4000,
        "completion_text_token_price_long_context": 50000,
        "long_context_threshold": 200000,
        "aliases": ["m-latest"],
    }
    found = models({"data": [{"id": "m", **row}]}, prices="cents_per_100_million")
    [price] = found["m"].prices
    assert (price.rate.input, price.rate.output) == (Decimal("1.25"), Decimal("2.5"))
    assert price.rate.cached_input == Decimal("0.2")
    assert price.tiers[0].above_input_tokens == 200000
    assert price.tiers[0].rate.output == 5
    assert found["m-latest"].prices == (price,)


def test_together_sends_a_bare_array_with_dollars_per_million():
    """A float is read as it is written, not as the nearest binary number."""
    row = {"id": "a/b", "type": "chat", "pricing": {"hourly": 0, "input": 0.18, "output": 0.59}}
    body = json.dumps([row]).encode()
    [model] = read_page(body, provider(models_prices="usd_per_million")).models
    assert str(model.prices[0].rate.input) == "0.18"
    assert str(model.prices[0].rate.output) == "0.59"


def test_a_router_has_a_price_for_each_host_and_none_of_its_own():
    """What the router will choose, nobody knows before; `model:host` chooses for it."""
    row = {
        "providers": [
            {"provider": "a", "status": "live", "pricing": {"input": 1, "output": 2}},
            {"provider": "b", "status": "live", "context_length": 8192},
            {"provider": "c", "status": "error"},
        ]
    }
    found = models({"data": [{"id": "m", **row}]}, prices="usd_per_million")
    assert set(found) == {"m", "m:a", "m:b"}
    assert found["m"].prices == found["m:b"].prices == ()
    assert found["m:a"].prices[0].rate.output == 2
    assert found["m:b"].context_tokens == 8192


@pytest.mark.parametrize(
    ("id_", "pricing"),
    [
        ("router/auto", {"prompt": "-1", "completion": "-1"}),
        ("a/zero", {"prompt": "0", "completion": "0"}),
        ("a/half", {"prompt": "0", "completion": "0.00001"}),
        ("a/half", {"prompt": "0.00001"}),
        ("a/nonsense", {"prompt": "cheap", "completion": "NaN"}),
        ("a/b:free", {"prompt": "0", "completion": "0", "request": "0.1"}),
    ],
)
def test_a_price_that_is_no_price_is_unknown(id_, pricing):
    """Never free, never zero."""
    found = models({"data": [{"id": id_, "pricing": pricing}]}, prices="usd_per_token")
    assert found[id_].prices == ()


@pytest.mark.parametrize("id_", ["a/b:free", "a/B-Free"])
def test_a_zero_with_a_mark_is_free(id_):
    """The mark is in the id."""
    found = models(
        {"data": [{"id": id_, "pricing": {"prompt": "0", "completion": "0"}}]},
        prices="usd_per_token",
    )
    [price] = found[id_].prices
    assert price.free and price.rate.input == 0


def test_a_price_in_an_unknown_unit_is_not_read():
    """The same words mean dollars per token at one provider and per million at another."""
    assert only({"pricing": {"input": 1, "output": 2}}).prices == ()


def test_google_pages_by_a_token_and_spells_names_with_a_prefix():
    """The id is what a request carries."""
    answer = {
        "models": [{"name": "models/gemini-9", "displayName": "Gemini 9", "inputTokenLimit": 10}],
        "nextPageToken": "a b&c",
    }
    page = read_page(json.dumps(answer).encode(), provider("gemini"))
    [model] = page.models
    assert (model.id, model.name, model.context_tokens) == ("gemini-9", "Gemini 9", 10)
    assert page.next == "pageSize=1000&pageToken=a%20b%26c"


def test_anthropic_pages_by_the_last_id():
    """Until it says that there is no more."""
    answer = {"data": [{"id": "a"}], "has_more": True, "last_id": "a"}
    assert read_page(json.dumps(answer).encode(), provider("anthropic")).next == (
        "limit=1000&after_id=a"
    )
    answer["has_more"] = False
    assert read_page(json.dumps(answer).encode(), provider("anthropic")).next == ""


def test_ollama_names_its_models_with_tags():
    """And says nothing of their context."""
    answer = {"models": [{"name": "llama3.2:latest", "model": "llama3.2:latest", "details": {}}]}
    assert set(models(answer, "ollama")) == {"llama3.2:latest"}


@pytest.mark.parametrize(
    ("id_", "base_url", "url"),
    [
        ("openai", "https://api.openai.com/v1", "https://api.openai.com/v1/models"),
        ("anthropic", "https://h.test", "https://h.test/v1/models?limit=1000"),
        ("anthropic", "https://h.test/v1/", "https://h.test/v1/models?limit=1000"),
        ("google", "https://h.test/v1beta", "https://h.test/v1beta/models?pageSize=1000"),
        ("ollama", "http://h.test/v1", "http://h.test/api/tags"),
        ("ollama", "http://h.test", "http://h.test/api/tags"),
        (
            "cohere",
            "https://h.test/compatibility/v1",
            "https://h.test/v1/models?page_size=1000&endpoint=chat",
        ),
        ("openai", "https://h.test/v1?api-version=1", "https://h.test/v1/models?api-version=1"),
    ],
)
def test_the_list_is_at_the_address_of_each_provider(id_, base_url, url):
    """Below the base URL, on the same host, with its query."""
    assert first_call(load().provider(id_), base_url, None).url == url


@pytest.mark.parametrize(
    ("fields", "header"),
    [
        ({"wire": "openai_chat"}, ("authorization", "Bearer k")),
        ({"wire": "ollama"}, ("authorization", "Bearer k")),
        ({"wire": "anthropic"}, ("x-api-key", "k")),
        ({"wire": "gemini"}, ("x-goog-api-key", "k")),
        ({"wire": "openai_chat", "key_header": "api-key"}, ("api-key", "k")),
    ],
)
def test_the_key_goes_where_the_wire_format_wants_it(fields, header):
    """In a header, never in the address; and nowhere without a key."""
    row = provider(**fields)
    with_key = next_call(row, "https://h.test/v1", "k", "")
    without = next_call(row, "https://h.test/v1", None, "")
    assert header in with_key.headers.items()
    assert with_key.url == without.url
    assert header[0] not in without.headers
    assert with_key.method == "GET"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<!DOCTYPE html><html></html>", "It is a web page, not JSON."),
        (b"", "It is not JSON: Input data was truncated."),
        (b'{"data": [{"id": "m"', "It is not JSON: Input data was truncated."),
        (b"\xff\xfe", "It is not JSON"),
        (b'{"error": "no"}', "It is JSON, but has no list of models in it."),
        (b'"text"', "It is JSON, but has no list of models in it."),
        (b"[" * 100_000, "It is not JSON"),
    ],
)
def test_what_is_no_list_is_named(body, why):
    """What came, and what to do."""
    with pytest.raises(AnswerInvalid) as caught:
        read_page(body, provider())
    assert caught.value.what == "The list of models cannot be read."
    assert caught.value.why.startswith(why)
    assert caught.value.do.startswith("Check that the base URL")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "id name pricing prompt completion overrides capabilities architecture meta "
                "input_modalities providers aliases request".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=4), st.sampled_from(["openai_chat", "anthropic", "gemini"]))
def test_no_row_makes_a_list_unreadable(rows, wire):
    """Whatever a row holds: it is read as far as it can be, or left out."""
    body = json.dumps({"data": rows}).encode()
    try:
        page = read_page(body, provider(wire, models_prices="usd_per_token"))
    except AnswerInvalid as error:
        assert "not JSON" in error.why  # NaN and Infinity, which Python writes and JSON lacks
        return
    for model in page.models:
        for price in model.prices:
            assert price.free or (price.rate.input > 0 and price.rate.output > 0)


@needs_recordings
def test_a_recorded_list_of_google_is_read():
    """As it came over the wire."""
    [recorded] = [each for each in exchanges("google") if each["endpoint"] == "GET /v1beta/models"]
    page = read_page(recorded["response"]["body"].encode(), provider("gemini"))
    flash = next(model for model in page.models if model.id == "gemini-2.5-flash")
    assert (flash.context_tokens, flash.max_output_tokens) == (1048576, 65536)
    assert not [model for model in page.models if "embedding" in model.id]
