"""Reads `extra-openai-models.yaml`, in which users of `llm` name OpenAI-compatible models.

An entry becomes a model of a provider that is named by the host of its `api_base`. Where that
address is one of our providers', its quirks hold for the entry, and what is known of the model.

As in `llm`, an entry with an address is sent no key but the one that `api_key_name` names, fields
that nobody knows are passed over, and of two entries of one name the later wins. Unlike in `llm`, a
key that is not found is not replaced by `OPENAI_API_KEY`, and `api_type: azure` works.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast
from urllib.parse import urlsplit

import msgspec

from reckon.errors import CatalogueError
from reckon.vocabulary.model import Modality, Model, Provider

COMPLETION = (
    "{file} marks it `completion: true`: the old completions API, which takes no messages, is not"
    " spoken here."
)

MOST_VALUES = 100_000
"""Values in a file of models; a nest of aliases makes millions of a few lines."""

_NOT_READ = (ValueError, IndexError, KeyError, AttributeError, TypeError, RecursionError)
"""What PyYAML raises for values that are not what their tags say."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, in the words of `llm`."""

    model_id: str
    model_name: str
    api_base: str | None = None
    api_type: str | None = None
    api_version: str | None = None
    api_engine: str | None = None
    api_key_name: str | None = None
    headers: dict[str, str | int | float | bool] | None = None
    aliases: tuple[str, ...] | None = None
    completion: bool | None = None
    responses: bool | None = None
    can_stream: bool | None = None
    vision: bool | None = None
    audio: bool | None = None


class Found(msgspec.Struct, kw_only=True):
    """What the files hold."""

    providers: dict[str, Provider] = {}
    models: list[tuple[Model, str]] = []
    """Each with the key of the model that says more about it."""
    names: dict[str, str] = {}
    refused: dict[str, str] = {}


def read(paths: Iterable[Path], known: Sequence[Provider]) -> Found:
    """The models of these files; a later file wins.

    Args:
        paths: Files that may or may not be there.
        known: Our providers, whose quirks hold for entries with their address.

    Raises:
        CatalogueError: A file is not YAML, or an entry is malformed; names file and entry.
    """
    found = Found()
    for path in paths:
        for number, raw in enumerate(_entries(path), start=1):
            _add(found, _entry(raw, path, number), known, path, number)
    return found


def _entries(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(
            f"{path} cannot be read.",
            why=str(error),
            do="Make it readable, or move it away.",
        ) from error
    # Imported here: few users have such a file, and it costs a fifth of a prompt.
    import yaml

    try:
        content: Any = yaml.safe_load(text)
    except (yaml.YAMLError, *_NOT_READ) as error:
        raise CatalogueError(
            f"{path}{_line(error)}: the file is not YAML.",
            why=getattr(error, "problem", None) or str(error),
            do="Correct that line, or move the file away.",
        ) from error
    if "&" in text and _size(content) > MOST_VALUES:
        _fail(path, "top of the file", "its anchors and aliases unfold to far too much")
    if content is None:
        return []
    if not isinstance(content, list):
        _fail(path, "top of the file", "it is no list of entries that begin with `- model_id:`")
    return cast("list[Any]", content)


def _size(content: object) -> int:
    """Values in the content, aliases unfolded, as far as it matters."""
    found, waiting = 0, [content]
    while waiting and found <= MOST_VALUES:
        value = waiting.pop()
        found += 1
        if isinstance(value, dict):
            waiting += cast("dict[Any, Any]", value).values()
        elif isinstance(value, list):
            waiting += cast("list[Any]", value)
    return found


def _line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark else ""


def _entry(raw: Any, path: Path, number: int) -> Entry:
    name: Any = cast("dict[str, Any]", raw).get("model_id") if isinstance(raw, dict) else None
    where = f"entry {number} ({name})" if isinstance(name, str) else f"entry {number}"
    try:
        # Days become text again: Azure's versions look like them.
        entry = msgspec.convert(msgspec.to_builtins(raw), Entry)
    except (msgspec.ValidationError, RecursionError) as error:
        _fail(path, where, str(error))
    for field in ("model_id", "model_name"):
        if not getattr(entry, field).strip():
            _fail(path, where, f"`{field}` is empty")
    if entry.api_base is not None and not _host(entry.api_base):
        _fail(path, where, f"`api_base` is {entry.api_base!r}, not an http:// or https:// address")
    return entry


def _add(found: Found, entry: Entry, known: Sequence[Provider], path: Path, number: int) -> None:
    names = [name.strip() for name in (entry.model_id, *(entry.aliases or ()))]
    for name in names:
        found.names.pop(name, None)
        found.refused.pop(name, None)
    if entry.completion:
        found.refused |= dict.fromkeys(names, COMPLETION.format(file=path))
        return
    usual = next((each for each in known if _is_at(each, entry)), None)
    provider = _provider(found, entry, usual)
    model = Model(
        id=entry.model_name.strip(),
        provider=provider.id,
        organization="",
        name=names[0],
        modalities=_modalities(entry),
        source=f"{path}, entry {number}",
    )
    found.models.append((model, f"{usual.id}/{model.id}" if usual else ""))
    found.names |= dict.fromkeys(names, model.key)


def _modalities(entry: Entry) -> tuple[Modality, ...] | None:
    """What the entry says that the model takes; None where it says nothing."""
    if not entry.vision and not entry.audio:
        return None
    seen: tuple[Modality, ...] = ("image", "pdf") if entry.vision else ()
    heard: tuple[Modality, ...] = ("audio",) if entry.audio else ()
    return ("text", *seen, *heard)


def _provider(found: Found, entry: Entry, usual: Provider | None) -> Provider:
    """The provider that serves the entry; entries of one set-up share it."""
    headers = {name: str(value) for name, value in (entry.headers or {}).items()}
    plain = Provider(id="", name="", wire="openai_chat")
    made = msgspec.structs.replace(
        usual or plain,
        id="",
        name="",
        wire="openai_responses" if entry.responses else plain.wire,
        key_variables=(),
        key_name=entry.api_key_name or "",
        small_model=None,
        headers={**(usual.headers if usual else {}), **headers},
        from_llm=True,
        streams=entry.can_stream is not False,
        file_parts=bool(entry.vision) or bool(usual and usual.file_parts),
    )
    if entry.api_base is not None:
        made = msgspec.structs.replace(made, base_url=entry.api_base, base_url_variables=())
    elif not entry.api_key_name and usual:
        made = msgspec.structs.replace(
            made, key_name=usual.key_name or usual.id, key_variables=usual.key_variables
        )
    if (entry.api_type or "").lower().startswith("azure"):
        made = _azure(made, entry)
    host = _host(made.base_url)
    count = 1
    while True:
        id_ = host if count == 1 else f"{host}-{count}"
        named = msgspec.structs.replace(made, id=id_, name=id_)
        if found.providers.setdefault(id_, named) == named:
            return named
        count += 1


def _azure(made: Provider, entry: Entry) -> Provider:
    """Azure's older addresses: one per deployment, with the version of the API in the query."""
    base = made.base_url.rstrip("/").removesuffix("/openai")
    version = f"?api-version={entry.api_version}" if entry.api_version else ""
    return msgspec.structs.replace(
        made,
        base_url=f"{base}/openai/deployments/{entry.api_engine or entry.model_name}{version}",
        key_header="" if entry.api_type == "azure_ad" else "api-key",
        max_tokens_field="max_completion_tokens",
        models_path="",
    )


def _is_at(provider: Provider, entry: Entry) -> bool:
    """Whether an entry has the address of a provider; without one it is OpenAI's."""
    if entry.api_base is None:
        return provider.id == "openai"
    return bool(provider.base_url) and _place(provider) == _normal(entry.api_base)


def _place(provider: Provider) -> str:
    # The native side of an Ollama server is beside its OpenAI-compatible one.
    beside = "/v1" if provider.wire == "ollama" else ""
    return _normal(provider.base_url) + beside


def _normal(address: str) -> str:
    return address.rstrip("/").replace("://localhost", "://127.0.0.1", 1)


def _host(address: str) -> str:
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    return f"{parts.hostname}{port}" if parts.scheme in ("http", "https") and parts.hostname else ""


def _fail(path: Path, where: str, why: str) -> NoReturn:
    raise CatalogueError(
        f"{path}, {where}: the entry is malformed.",
        why=why,
        do="Correct the entry, quote text that looks like a number, or take it out.",
    )
