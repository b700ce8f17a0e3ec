"""What the compiled catalogue holds, and the files it is made of."""

from decimal import Decimal
from pathlib import Path

import msgspec

from reckon import settings
from reckon.vocabulary.model import Provider
from reckon.vocabulary.price import Price, Rate

DATA = Path(__file__).with_name("data")
PROVIDERS = DATA / "providers.toml"
MEDIA = DATA / "media.toml"
LLM_FILE = "extra-openai-models.yaml"

FREE = Price(
    rate=Rate(input=Decimal(0), output=Decimal(0)), free=True, source="runs on your machine"
)
"""The price of whatever runs on the user's own machine."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """The compiled catalogue. Models stay encoded until somebody asks for them."""

    providers: dict[str, Provider]
    first_party: tuple[str, ...]
    """Providers that a plain id can mean."""
    keys: dict[str, int]
    """`provider/id` and `provider/alias` to the place in `models`."""
    models: tuple[msgspec.Raw, ...]
    names: dict[str, str]
    """Names that the user gave in a file of `llm`, to the key of the model; they win."""
    refused: dict[str, str]
    """Names that the user gave to what cannot be asked here, to the reason."""


def own_files() -> list[Path]:
    """Our data files, one per organisation."""
    return sorted(path for path in DATA.glob("*.toml") if path not in (PROVIDERS, MEDIA))


def user_files() -> list[Path]:
    """The user's data files: `catalogue/*.toml` in the user folder."""
    return sorted((settings.home() / "catalogue").glob("*.toml"))


def user_providers() -> Path:
    """The user's own providers: `providers.toml` in the user folder."""
    return settings.home() / "providers.toml"


def llm_files() -> list[Path]:
    """Where a file of OpenAI-compatible models may be: `llm`'s own folder, then the user's."""
    return [settings.llm_home() / LLM_FILE, settings.home() / LLM_FILE]


def fetched_folder() -> Path:
    """Where the models that providers list are kept, one file per provider."""
    return settings.home() / "fetched"


def fetched_files() -> list[Path]:
    """The lists that were fetched."""
    return sorted(fetched_folder().glob("*.json"))


def price_lists_folder() -> Path:
    """Where lists of prices that others publish are kept, one file per publisher."""
    return settings.home() / "price-lists"


def price_list_files() -> list[Path]:
    """The lists of prices that were read."""
    return sorted(price_lists_folder().glob("*.json"))


def all_files() -> list[Path]:
    """Every data file that a change of would change the catalogue."""
    return [
        PROVIDERS,
        MEDIA,
        *own_files(),
        *fetched_files(),
        *price_list_files(),
        *llm_files(),
        *user_files(),
        user_providers(),
    ]
