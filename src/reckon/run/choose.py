"""Which model answers, with which key, at which address."""

import os
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from reckon import settings
from reckon.catalogue.load import load
from reckon.errors import MissingKey, ModelNotChosen
from reckon.vocabulary.model import Model, Provider

if TYPE_CHECKING:
    from reckon.catalogue.load import Catalogue

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
PROBE_TIMEOUT_S = 0.1


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A model, who serves it, and a note for stderr where it was not named by the user."""

    model: Model
    provider: Provider
    note: str = ""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach a provider."""

    base_url: str
    key: str | None

    def __repr__(self) -> str:
        return f"Access({self.base_url}, key {'set' if self.key else 'not set'})"


def choose_model(name: str | None = None) -> Choice:
    """The named model, else `RECKON_MODEL`, the default, or the only keyed provider's small one.

    Raises:
        UnknownModel: No such model; the error names the nearest.
        ModelNotChosen: Nothing says which model; the error lists the ways out.
    """
    catalogue = load()
    chosen = name or settings.default_model()
    if chosen:
        model = catalogue.find(chosen)
        return Choice(model=model, provider=catalogue.provider(model.provider))
    keyed = keyed_providers(catalogue)
    if len(keyed) == 1 and keyed[0].small_model:
        provider = keyed[0]
        model = catalogue.find(f"{provider.id}/{provider.small_model}")
        return Choice(
            model=model,
            provider=provider,
            note=f"Using {model.key}: {provider.name} is the only provider with a key.",
        )
    raise ModelNotChosen(
        "No model was named.",
        why=_why_none(keyed, running_servers(catalogue)),
        do="Name one with `-m MODEL`, set one with `reckon models default MODEL`, store a key with "
        "`reckon keys set openai`, or use `-m builtin/describe`, which needs no key.",
    )


def _why_none(keyed: list[Provider], running: list[Provider]) -> str:
    if keyed:
        reason = f"Keys of several providers are set ({', '.join(p.id for p in keyed)})."
    else:
        reason = "No default is set and no provider's key was found."
    if running:
        names = ", ".join(f"{p.name} (`-m {p.id}/MODEL`)" for p in running)
        reason += f" Found running here: {names}."
    return reason


def keyed_providers(catalogue: "Catalogue") -> list[Provider]:
    """Hosted providers whose key is stored or in the environment."""
    stored = settings.read_keys()
    return [
        provider
        for provider in catalogue.providers.values()
        if not provider.local
        and not provider.from_llm
        and (
            (provider.key_name or provider.id) in stored
            or any(os.environ.get(variable) for variable in provider.key_variables)
        )
    ]


def running_servers(catalogue: "Catalogue") -> list[Provider]:
    """Local providers whose port accepts connections now. Nothing is sent to them."""
    return [
        provider
        for provider in catalogue.providers.values()
        if provider.local and provider.base_url and _listens(base_url_of(provider))
    ]


def _listens(base_url: str) -> bool:
    address = urlsplit(base_url)
    if not address.hostname:
        return False
    try:
        port = address.port or (443 if address.scheme == "https" else 80)
        with socket.create_connection((address.hostname, port), timeout=PROBE_TIMEOUT_S):
            return True
    except (OSError, ValueError):
        return False


def base_url_of(provider: Provider) -> str:
    """The provider's address; a `*_BASE_URL` variable moves it, and not its prices."""
    moved = (os.environ.get(variable) for variable in provider.base_url_variables)
    return next((url for url in moved if url), provider.base_url).rstrip("/")


def access(provider: Provider, key: str | None = None) -> Access:
    """Address and key of a provider.

    Args:
        provider: Who is asked.
        key: A stored key's name, or a key itself, as `--key` takes it.

    Raises:
        MissingKey: The provider needs a key and none is set; names variable and command.
    """
    base_url = base_url_of(provider)
    name = provider.key_name or provider.id
    found = settings.find_key(name, provider.key_variables, key)
    if not found and provider.from_llm and provider.key_name:
        found = settings.read_llm_keys().get(name)
    needs_key = bool(provider.key_variables or provider.key_name) and not provider.local
    if not found and needs_key and urlsplit(base_url).hostname not in LOOPBACK_NAMES:
        raise _missing_key(provider, name)
    return Access(base_url=base_url, key=found)


def _missing_key(provider: Provider, name: str) -> MissingKey:
    what = f"{provider.name} needs a key and none is set."
    if not provider.key_variables:
        return MissingKey(
            what,
            why=f"No key is stored as {name}.",
            do=f"Store it: `reckon keys set {name}`.",
        )
    return MissingKey(
        what,
        why=f"Neither {' nor '.join(provider.key_variables)} is set nor is a key stored as {name}.",
        do=f"Set {provider.key_variables[0]}, or store it: `reckon keys set {name}`.",
    )
