"""What the compiled catalogue holds, and the files it is made of."""

from pathlib import Path

import msgspec

from reckon import settings
from reckon.vocabulary.model import Provider

DATA = Path(__file__).with_name("data")
PROVIDERS = DATA / "providers.toml"


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """The compiled catalogue. Models stay encoded until somebody asks for them."""

    providers: dict[str, Provider]
    first_party: tuple[str, ...]
    """Providers that a plain id can mean."""
    keys: dict[str, int]
    """`provider/id` and `provider/alias` to the place in `models`."""
    models: tuple[msgspec.Raw, ...]


def own_files() -> list[Path]:
    """Our data files, one per organisation."""
    return sorted(path for path in DATA.glob("*.toml") if path != PROVIDERS)


def user_files() -> list[Path]:
    """The user's data files: `catalogue/*.toml` in the user folder."""
    return sorted((settings.home() / "catalogue").glob("*.toml"))


def user_providers() -> Path:
    """The user's own providers: `providers.toml` in the user folder."""
    return settings.home() / "providers.toml"


def all_files() -> list[Path]:
    """Every data file that a change of would change the catalogue."""
    return [PROVIDERS, *own_files(), *user_files(), user_providers()]
