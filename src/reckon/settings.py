"""Where things live: the user folder, keys by given names, defaults.

Nothing here is created until something is written.
"""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from reckon.errors import LedgerError, UsageError

VERSION = "0.1.0"

LLM_FOLDER = "io.datasette.llm"


def home() -> Path:
    """The user folder: `RECKON_HOME`, else the platform's user data folder."""
    given = os.environ.get("RECKON_HOME")
    if given:
        return Path(given).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "reckon"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "reckon"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "reckon"


def ledger_path() -> Path:
    """The ledger, one SQLite file."""
    return home() / "reckon.db"


def keys_path() -> Path:
    """The keys file, plain JSON, mode 0600."""
    return home() / "keys.json"


def cache_dir() -> Path:
    """The folder of things that can be made again at any time."""
    return home() / "cache"


def tokenizers_path() -> Path:
    """Where a user's own tokenizer files lie; it need not exist."""
    return home() / "tokenizers"


def ensure_folder(folder: Path) -> Path:
    """Make `folder` and its parents.

    Raises:
        LedgerError: The folder cannot be made or is not writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"The folder {folder} cannot be made.",
            why=error.strerror or str(error),
            do="Set RECKON_HOME to a folder you can write to.",
        ) from error
    return folder


def llm_home() -> Path:
    """The user folder of `llm`: `LLM_USER_PATH`, else where that program keeps its things."""
    given = os.environ.get("LLM_USER_PATH")
    if given:
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / LLM_FOLDER
    if os.name == "nt":
        return Path(os.environ.get("APPDATA") or Path.home()) / LLM_FOLDER
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / LLM_FOLDER


def read_keys() -> dict[str, str]:
    """Stored keys by name.

    Raises:
        UsageError: The keys file is not readable as JSON.
    """
    return _keys_in(keys_path(), "set keys again with `reckon keys set NAME`")


def read_llm_keys() -> dict[str, str]:
    """The keys that `llm` has stored, by name. The file is only ever read.

    Raises:
        UsageError: The keys file is not readable as JSON.
    """
    return _keys_in(llm_home() / "keys.json", "set keys again with `llm keys set NAME`")


def _keys_in(path: Path, remedy: str) -> dict[str, str]:
    import json

    try:
        keys = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        # The error's own text could quote the file, and the file holds secrets.
        raise UsageError(
            f"The keys file {path} cannot be read.",
            why=type(error).__name__,
            do=f"Repair it or remove it, then {remedy}.",
        ) from None
    if not isinstance(keys, dict):
        raise UsageError(
            f"The keys file {path} is not a JSON object.",
            do=f"Remove it, then {remedy}.",
        )
    return {str(name): str(value) for name, value in keys.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def write_keys(keys: dict[str, str]) -> None:
    """Replace the keys file in one step; it is never readable by others, not even briefly."""
    import json

    path = keys_path()
    ensure_folder(path.parent)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(keys, file, indent=2, sort_keys=True)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _not_writable(f"The keys file {path}", error) from error


def find_key(name: str, variables: Iterable[str], given: str | None = None) -> str | None:
    """A key in the order that users of `llm` know: given > stored > environment.

    Args:
        name: The name it is stored under, usually the provider's id.
        variables: Environment variables, first match wins.
        given: A stored key's name, or the key itself, as `--key` takes it.
    """
    stored = read_keys()
    if given:
        return stored.get(given, given)
    if name in stored:
        return stored[name]
    return next((value for variable in variables if (value := os.environ.get(variable))), None)


def _default_model_path() -> Path:
    return home() / "default_model.txt"


def default_model() -> str | None:
    """The model to use without `-m`: `RECKON_MODEL`, else the default that was set."""
    named = os.environ.get("RECKON_MODEL")
    if named:
        return named
    try:
        return _default_model_path().read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def set_default_model(model: str | None) -> None:
    """Store or, with None, forget the default model."""
    path = _default_model_path()
    try:
        if model is None:
            path.unlink(missing_ok=True)
            return
        ensure_folder(path.parent)
        path.write_text(model + "\n", encoding="utf-8")
    except OSError as error:
        raise _not_writable(f"The file of the default model {path}", error) from error


def _not_writable(what: str, error: OSError) -> UsageError:
    return UsageError(
        f"{what} cannot be written.",
        why=error.strerror or str(error),
        do="Set RECKON_HOME to a folder you can write to.",
    )
