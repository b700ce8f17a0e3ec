"""Names: exact or not at all."""

from decimal import Decimal

import pytest

from reckon.errors import UnknownModel, UsageError


@pytest.mark.parametrize(
    "name",
    ["gemini-1.5-flash-8b", "google/gemini-1.5-flash-8b", "gemini-flash-1.5-8b"],
)
def test_the_8b_model_is_never_its_bigger_sister(catalogue, name):
    """Another package's matcher takes the 8B for the model that costs twice as much."""
    assert catalogue.find(name).key == "google/gemini-1.5-flash-8b"
    assert catalogue.find(name).prices[0].rate.input == Decimal("0.0375")


def test_a_snapshot_is_asked_for_by_its_own_id(catalogue):
    """A dated id goes to the provider as it was written, at its own price."""
    assert catalogue.find("gemini-1.5-flash-8b-001").id == "gemini-1.5-flash-8b-001"
    assert catalogue.find("gemini-1.5-flash-8b-001").prices[0].rate.input == Decimal("0.0375")
    assert catalogue.find("gpt-4o-2024-11-20").id == "gpt-4o-2024-11-20"
    assert catalogue.find("gpt-4o-2024-11-20").image_rule == "openai_tiles 85 170"


@pytest.mark.parametrize("name", ["gemini-1.5-flash-8", "gemini-1.5-flash-8b-x", "gpt4o-mini"])
def test_a_near_miss_is_a_mistake_that_names_the_nearest(catalogue, name):
    """Nothing is matched by prefix or likeness."""
    with pytest.raises(UnknownModel) as caught:
        catalogue.find(name)
    assert "nearest" in caught.value.why
    assert caught.value.exit_code == 2
    assert len(caught.value.lines()) == 3


@pytest.mark.parametrize("name", ["", "   ", "/", "openai/", "/gpt-4o", "nobody/gpt-4o"])
def test_an_empty_or_broken_name_is_a_mistake(catalogue, name):
    """No half of a name is guessed."""
    with pytest.raises(UnknownModel):
        catalogue.find(name)


def test_a_plain_id_means_the_makers_own_service(catalogue):
    """gpt-4o is OpenAI's, although others serve it too."""
    assert catalogue.find("gpt-4o").provider == "openai"
    assert catalogue.find("azure/gpt-4o").provider == "azure"


def test_a_model_without_a_service_of_its_maker_says_who_serves_it(catalogue):
    """A plain Llama id names the hosts."""
    with pytest.raises(UnknownModel) as caught:
        catalogue.find("llama-3.3-70b-versatile")
    assert "groq/llama-3.3-70b-versatile" in caught.value.why


def test_hosts_of_foreign_models_do_not_take_their_plain_ids(catalogue):
    """Claude on Vertex is not the Gemini endpoint's."""
    assert catalogue.find("claude-3-opus").provider == "anthropic"
    assert not [m for m in catalogue.models if m.provider == "google" and "claude" in m.id]


@pytest.mark.parametrize("name", ["ollama/llama3.2", "llamacpp/any", "lmstudio/a/b", "local/x"])
def test_a_local_model_that_no_row_knows_is_free(catalogue, name):
    """What runs here costs nothing; what it takes is unknown."""
    model = catalogue.find(name)
    assert model.key == name
    assert model.prices[0].free
    assert model.modalities is None


def test_a_hosted_model_that_no_row_knows_has_no_price(catalogue):
    """An explicit provider/id is accepted, at an unknown price."""
    model = catalogue.find("openai/something-new")
    assert (model.id, model.prices, model.context_tokens) == ("something-new", (), None)


def test_the_builtin_describer_is_free_and_alone(catalogue):
    """Every built-in model is listed."""
    model = catalogue.find("builtin/describe")
    assert model.prices[0].free and model.takes("image") and model.limits is None
    assert catalogue.provider("builtin").wire == "builtin"
    with pytest.raises(UnknownModel):
        catalogue.find("builtin/poet")


def test_an_unknown_provider_is_a_usage_error(catalogue):
    """With the nearest names."""
    with pytest.raises(UsageError) as caught:
        catalogue.provider("opneai")
    assert "openai" in caught.value.why


def test_the_retired_model_names_its_successor(catalogue):
    """Retired since 2025-09-24, and what to use instead is in the catalogue."""
    model = catalogue.find("gemini-1.5-flash-8b")
    assert model.retired.isoformat() == "2025-09-24"
    assert model.successors == ("gemini-2.5-flash-lite",)


def test_every_successor_and_small_model_has_a_row(catalogue):
    """Nothing points into the void."""
    listed = {model.key for model in catalogue.models}
    for model in catalogue.models:
        for successor in model.successors:
            assert catalogue.find(successor).key in listed
    for provider in catalogue.providers.values():
        if provider.small_model:
            assert f"{provider.id}/{provider.small_model}" in listed


def test_search_answers_to_every_condition(catalogue):
    """Words, provider, modality, context and price together; the silent are left out."""
    found = catalogue.search(
        "flash",
        provider="google",
        modality="image",
        min_context=100_000,
        max_price=Decimal("0.10"),
    )
    keys = {model.key for model in found}
    assert "google/gemini-2.5-flash-lite" in keys
    assert "google/gemini-2.5-flash" not in keys
    assert all(model.takes("image") and model.context_tokens >= 100_000 for model in found)
    assert catalogue.search("no such words anywhere") == []
    with pytest.raises(UsageError):
        catalogue.search(provider="opneai")


def test_first_party_models_are_the_makers(catalogue):
    """Hosts of other people's models are not among them."""
    providers = {model.provider for model in catalogue.first_party()}
    assert {"openai", "anthropic", "google"} <= providers
    assert not providers & {"openrouter", "groq", "azure", "ollama"}


def test_the_limit_is_called_what_each_provider_calls_it(catalogue):
    """`max_tokens`, but for those who have given the name up."""
    odd = [p.id for p in catalogue.providers.values() if p.max_tokens_field != "max_tokens"]
    assert sorted(odd) == ["azure", "cerebras", "groq", "moonshotai", "openai", "xai"]


HOSTED = (
    "openai anthropic google mistral groq deepseek xai openrouter together fireworks cerebras "
    "cohere huggingface zai moonshotai".split()
)
LOCAL = "ollama llamacpp lmstudio mlx vllm".split()


@pytest.mark.parametrize("id_", HOSTED)
def test_a_hosted_provider_has_an_address_a_key_and_a_list(catalogue, id_):
    """And the address can be moved."""
    provider = catalogue.provider(id_)
    assert provider.base_url.startswith("https://")
    assert provider.key_variables and provider.base_url_variables and provider.models_path
    assert not provider.local


@pytest.mark.parametrize("id_", LOCAL)
def test_a_local_server_is_where_its_makers_put_it(catalogue, id_):
    """It needs no key and costs nothing."""
    provider = catalogue.provider(id_)
    assert provider.base_url.startswith("http://127.0.0.1:")
    assert provider.local and provider.base_url_variables and provider.models_path


def test_azure_has_no_address_until_the_user_gives_one(catalogue):
    """Every account has its own; the key has a header of its own."""
    provider = catalogue.provider("azure")
    assert (provider.base_url, provider.key_header) == ("", "api-key")
    assert provider.base_url_variables == ("AZURE_OPENAI_BASE_URL",)
