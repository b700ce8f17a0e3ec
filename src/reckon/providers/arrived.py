"""The bytes of an answer as they came, kept for the ledger beside what we read in them."""

from reckon.providers.secrets import Secrets
from reckon.vocabulary.response import Raw, RawSeen

RAW_LIMIT = 16 << 20
"""Bytes of an answer that are kept at most; of a longer one the size alone is told."""


class Arrived:
    """Gathers the pieces of one answer.

    Args:
        secrets: What is never kept, though some servers quote it.
    """

    def __init__(self, secrets: Secrets) -> None:
        self.content_type = ""
        self._secrets = secrets
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
            body = self._secrets.hidden_in(b"".join(self._pieces))
        return (RawSeen(Raw(body=body, size=self._size, content_type=self.content_type)),)
