"""Answers that come as one JSON object, and the reading of JSON objects, alike in every format."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from reckon.errors import AnswerInvalid
from reckon.providers.untrusted import Json, as_table
from reckon.vocabulary.response import Event

BODY_LIMIT = 256 << 20
"""Bytes of a whole answer at most; a picture in one is a few megabytes."""

_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Invalid = Callable[[str], AnswerInvalid]
"""A format's error for an answer that is not of it; takes the reason."""


class WholeDecoder:
    """Gathers a body and reads it at its end.

    Args:
        read: Gives all events of the answer; raises where it is none.
        invalid: See `Invalid`.
    """

    def __init__(self, read: Callable[[bytes], Sequence[Event]], invalid: Invalid) -> None:
        self._read = read
        self._invalid = invalid
        self._body = bytearray()

    def feed(self, data: bytes) -> Sequence[Event]:
        """Nothing is complete before the end."""
        self._body += data
        if len(self._body) > BODY_LIMIT:
            raise self._invalid("it is larger than 256 MiB")
        return ()

    def close(self) -> Sequence[Event]:
        """All events of the answer."""
        return self._read(bytes(self._body))


def json_object(data: bytes, invalid: Invalid) -> Json:
    """The JSON object in `data`.

    Raises:
        AnswerInvalid: There is none; HTML is named, for it is what a wrong address answers.
    """
    try:
        decoded: Any = msgspec.json.decode(data)
    except _BROKEN as error:
        hint = "it is HTML, not JSON" if data[:1] == b"<" else f"it is not JSON ({error})"
        raise invalid(hint) from error
    found = as_table(decoded)
    if found is None:
        raise invalid("it is JSON, but not an object")
    return found


def is_json(data: bytes) -> bool:
    """Whether `data` is whole JSON: a last event that was cut is not."""
    try:
        msgspec.json.decode(data)
    except _BROKEN:
        return False
    return True
