"""Answers that come as one JSON object, and the reading of JSON objects, alike in every format."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from reckon.errors import AnswerInvalid
from reckon.providers.untrusted import Json, as_table
from reckon.providers.wire import Decoder
from reckon.vocabulary.response import Event

MARK = b"\xef\xbb\xbf"
"""A byte-order mark, with which some servers begin."""

BODY_LIMIT = 256 << 20
"""Bytes of a whole answer at most; a picture in one is a few megabytes."""

_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_CUT = "Input data was truncated"
_STREAM = re.compile(rb"(?:data|event|id|retry)?:")
_STREAM_SIZE = 6
"""Bytes that tell whether server-sent events begin."""

Invalid = Callable[[str], AnswerInvalid]
"""A format's error for an answer that is not of it; takes the reason."""


class WholeDecoder:
    """Gathers a body and reads it at its end.

    Args:
        read: Gives all events of the answer; raises where it is none.
        invalid: See `Invalid`.
        streamed: Makes a decoder for a server that streams where a whole answer was asked for, or
            says of a stream that it is JSON.
    """

    def __init__(
        self,
        read: Callable[[bytes], Sequence[Event]],
        invalid: Invalid,
        streamed: Callable[[], Decoder] | None = None,
    ) -> None:
        self._read = read
        self._invalid = invalid
        self._streamed = streamed
        self._stream: Decoder | None = None
        self._body = bytearray()

    def feed(self, data: bytes) -> Sequence[Event]:
        """Nothing is complete before the end."""
        if self._stream:
            return self._stream.feed(data)
        begins = len(self._body) < _STREAM_SIZE
        self._body += data
        if begins:
            self._body = self._body.lstrip()
            if self._streamed and _STREAM.match(self._body):
                self._stream = self._streamed()
                return self._stream.feed(bytes(self._body))
        if len(self._body) > BODY_LIMIT:
            raise self._invalid("it is larger than 256 MiB")
        return ()

    def close(self) -> Sequence[Event]:
        """All events of the answer."""
        if self._stream:
            return self._stream.close()
        return self._read(bytes(self._body).removeprefix(MARK))


def json_value(data: bytes, invalid: Invalid) -> Any:
    """The JSON value in `data`.

    Raises:
        AnswerInvalid: There is none; HTML is named, for it is what a wrong address answers.
    """
    try:
        return msgspec.json.decode(data)
    except _BROKEN as error:
        raise invalid(_fault(data, error)) from error


def json_object(data: bytes, invalid: Invalid) -> Json:
    """The JSON object in `data`.

    Raises:
        AnswerInvalid: There is none.
    """
    found = as_table(json_value(data, invalid))
    if found is None:
        raise invalid("it is JSON, but not an object")
    return found


def is_cut(data: bytes) -> bool:
    """Whether `data` is the beginning of JSON: a last event that was cut off."""
    try:
        msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        return str(error) == _CUT
    except (UnicodeDecodeError, RecursionError):
        return False
    return False


def _fault(data: bytes, error: Exception) -> str:
    """What is wrong with what should be JSON."""
    start = data[:1024].lstrip()[:1]
    if not start:
        return "it is empty"
    if start == b"<":
        return "it is HTML, not JSON"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return f"it is not JSON ({error})"
