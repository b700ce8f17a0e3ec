"""Answers as they came: one row beside the attempt, packed where that makes it shorter.

They stand in a table of their own, so that whoever adds up the books never reads past them.
"""

import hashlib
import sqlite3
import zlib

from reckon.ledger.text import storable
from reckon.vocabulary.response import Raw

_LEVEL = 6

_WRITE = """
INSERT OR REPLACE INTO raw (attempt, content_type, bytes, digest, body) VALUES (?, ?, ?, ?, ?)
"""

_READ = """
SELECT r.content_type, r.bytes, r.digest, r.body
FROM raw r JOIN attempts a ON a.seq = r.attempt WHERE a.id = ?
"""


def write(connection: sqlite3.Connection, seq: int, raw: Raw) -> None:
    """Keep the answer of an attempt. One that is too long leaves its size alone."""
    digest = packed = None
    if raw.body is not None:
        digest = hashlib.sha256(raw.body).digest()
        # Where both are as long, the answer itself: length alone tells the two apart.
        packed = min(raw.body, zlib.compress(raw.body, _LEVEL), key=len)
        size = len(raw.body)
    else:
        size = raw.size
    connection.execute(_WRITE, (seq, storable(raw.content_type), size, digest, packed))


def read(connection: sqlite3.Connection, row: str) -> Raw | None:
    """The answer of the attempt with that id; None where none was kept."""
    found = connection.execute(_READ, (row,)).fetchone()
    if not found:
        return None
    content_type, size, _, packed = found
    body = None if packed is None else unpacked(packed, size)
    return Raw(body=body, size=size, content_type=content_type)


def unpacked(packed: bytes, size: int) -> bytes:
    """The bytes of a stored answer: what is as long as the answer was never packed.

    Raises:
        ValueError: They are neither.
    """
    if len(packed) == size:
        return packed
    try:
        # One byte more than there can be: a file that was changed cannot fill the memory.
        body = zlib.decompressobj().decompress(packed, size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(body) != size:
        raise ValueError("it is not as long as its row says")
    return body


def is_as_written(size: int, digest: bytes | None, packed: bytes | None) -> bool:
    """Whether a stored answer re-derives its digest."""
    if packed is None or digest is None:
        return packed is digest
    try:
        return hashlib.sha256(unpacked(packed, size)).digest() == digest
    except (TypeError, ValueError):
        return False
