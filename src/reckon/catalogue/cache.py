"""The compiled catalogue on disk: made once, checked by a stamp, made again when in doubt."""

import hashlib
import os
from importlib.util import find_spec
from pathlib import Path

from reckon import settings

LAYOUT = 3
"""Raise when the shape of the block changes."""

_MAKERS = (
    "compile.py",
    "doubts.py",
    "fetched.py",
    "genai.py",
    "llm_models.py",
    "organizations.py",
    "overlay.py",
)

STAMP_BYTES = 32
DIGEST_BYTES = 16


def cache_path() -> Path:
    """The file of the compiled catalogue."""
    return settings.cache_dir() / "catalogue.msgpack"


def stamp_of(files: list[Path]) -> bytes:
    """What the block is made of: our code, the price package's file, the data files."""
    digest = hashlib.blake2b(f"{LAYOUT} {settings.VERSION}".encode(), digest_size=STAMP_BYTES)
    for name in _MAKERS:
        made_by = Path(__file__).with_name(name).stat()
        digest.update(f"{made_by.st_size} {made_by.st_mtime_ns}".encode())
    spec = find_spec("genai_prices")
    if spec and spec.origin:
        # Its metadata would take longer to read than the whole catalogue.
        data = Path(spec.origin).with_name("data.py").stat()
        digest.update(f"{data.st_size} {data.st_mtime_ns}".encode())
    for path in files:
        digest.update(str(path).encode())
        try:
            digest.update(path.read_bytes())
        except FileNotFoundError:
            continue
        except OSError as error:
            digest.update(str(error.errno).encode())
    return digest.digest()


def read(stamp: bytes) -> bytes | None:
    """The block of that stamp; None where there is none, or it is damaged."""
    try:
        content = cache_path().read_bytes()
    except OSError:
        return None
    head, body = content[: STAMP_BYTES + DIGEST_BYTES], content[STAMP_BYTES + DIGEST_BYTES :]
    if head != stamp + _digest(body):
        return None
    return body


def write(stamp: bytes, block: bytes) -> None:
    """Keep a block, in one step. A folder that cannot be written is no reason to fail."""
    path = cache_path()
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Headers of a user's provider may be secret.
        temporary.touch(mode=0o600)
        temporary.write_bytes(stamp + _digest(block) + block)
        temporary.replace(path)
    except OSError:
        _forget(temporary)


def _forget(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest()
