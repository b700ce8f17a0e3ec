"""Answers that come as one JSON object, and the reading of JSON objects, alike in every format."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from reckon.errors import AnswerInvalid, AnswerTruncated
from reckon.providers.untrusted import Json, as_table
from reckon.providers.wire import Decoder
from reckon.vocabulary.response import Event

MARK = b"\xef\xbb\xbf"
"""A byte-order mark, with which some servers begin."""

BODY_LIMIT = 128 << 20
"""Bytes of a whole answer at most; a picture in one is a few megabytes."""

_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_CUT = "Input data was truncated"
_ESCAPED = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)
_STREAM = re.compile(rb"(?:data|event|id|retry)?:")
_STREAM_SIZE = 6 + len(MARK)
"""Bytes that tell whether server-sent events begin."""

Invalid = Callable[[str], AnswerInvalid]
"""A format's error for an answer that is not of it; takes the reason."""
Read = Callable[[bytes], Sequence[Event]]
"""Gives all events of a whole answer; raises where it is none."""


class WholeDecoder:
    """Gathers a body and reads it at its end.

    Args:
        read: See `Read`.
        invalid: See `Invalid`.
        streamed: Makes a decoder for a server that streams where a whole answer was asked for, or
            says of a stream that it is JSON.
    """

    def __init__(
        self,
        read: Read,
        invalid: Invalid,
        streamed: Callable[[], Decoder] | None = None,
    ) -> None:
        self._read = read
        self._invalid = invalid
        self._streamed = streamed
        self._stream: Decoder | None = None
        self._body = bytearray()
        self._is_past_mark = False

    def feed(self, data: bytes) -> Sequence[Event]:
        """Nothing is complete before the end."""
        if self._stream:
            return self._stream.feed(data)
        begins = len(self._body) < _STREAM_SIZE
        self._body += data
        if begins:
            self._body = self._body.lstrip()
            if not self._is_past_mark and len(self._body) >= len(MARK):
                self._is_past_mark = True
                self._body = self._body.removeprefix(MARK).lstrip()
            if self._streamed and _STREAM.match(self._body):
                self._stream = self._streamed()
                return self._stream.feed(bytes(self._body))
        if len(self._body) > BODY_LIMIT:
            raise self._invalid("it is larger than 128 MiB")
        return ()

    def close(self) -> Sequence[Event]:
        """All events of the answer."""
        if self._stream:
            return self._stream.close()
        body = bytes(self._body)
        self._body.clear()
        try:
            return self._read(body)
        except AnswerInvalid as error:
            if not _is_cut(body):
                raise
            raise AnswerTruncated(
                "The answer stopped before its end.",
                why="It is the beginning of a JSON text; it may have been billed.",
                do="Try again later; `reckon logs` has what is known of it.",
            ) from error


def json_value(data: bytes, invalid: Invalid) -> Any:
    """The JSON value in `data`.

    Raises:
        AnswerInvalid: There is none; HTML is named, for it is what a wrong address answers.
    """
    try:
        return _decoded(data)
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


_decode = msgspec.json.Decoder().decode


def _decoded(data: bytes) -> Any:
    try:
        return _decode(data)
    except msgspec.DecodeError:
        mended = _ESCAPED.sub(_whole_character, data)
        if mended == data:
            raise
        return _decode(mended)


def _whole_character(escape: re.Match[bytes]) -> bytes:
    """Half of a character, as servers send that cut text by its UTF-16, is shown as unreadable."""
    return rb"\ufffd" if escape[1] else escape[0]


def is_json(data: bytes) -> bool:
    """Whether `data` is whole JSON: a last event that was cut is not."""
    try:
        _decoded(data)
    except _BROKEN:
        return False
    return True


def _is_cut(body: bytes) -> bool:
    """Whether a body is the beginning of a JSON text."""
    try:
        _decoded(body)
    except msgspec.DecodeError as error:
        return str(error) == _CUT and bool(body.strip())
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
