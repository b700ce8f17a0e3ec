"""The bytes of an answer as they came, kept for the ledger beside what we read in them."""

from reckon.vocabulary.response import Raw, RawSeen

RAW_LIMIT = 16 << 20
"""Bytes of an answer that are kept at most; of a longer one the size alone is told."""

HIDDEN = "[key]"
"""What stands where a provider quoted the user's key."""


class Arrived:
    """Gathers the pieces of one answer.

    Args:
        key: The user's key, which some servers quote; it is never kept.
    """

    def __init__(self, key: str | None) -> None:
        self.content_type = ""
        self._key = key
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> bytes:
        """Take a piece, and hand it on."""
        self._size += len(piece)
        if self._size <= RAW_LIMIT:
            self._pieces.append(piece)
        else:
            self._pieces.clear()
        return piece

    def events(self) -> tuple[RawSeen, ...]:
        """The one event of all that came; none where nothing did."""
        if not self._size:
            return ()
        body = None
        if self._size <= RAW_LIMIT:
            body = without_key(b"".join(self._pieces), self._key)
        return (RawSeen(Raw(body=body, size=self._size, content_type=self.content_type)),)


def without_key(body: bytes, key: str | None) -> bytes:
    """The body without the key; some servers write its slashes with a backslash before them."""
    for spelled in {key, key.replace("/", r"\/")} if key else ():
        body = body.replace(spelled.encode(), HIDDEN.encode())
    return body
