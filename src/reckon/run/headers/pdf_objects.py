"""The objects that a PDF is made of, read from bytes: numbers, names, texts, lists and tables."""

import re
from typing import Any, NamedTuple

DEEPEST = 64
"""Lists and tables within each other."""

_SPACE = re.compile(rb"(?:[\0\t\n\f\r ]|%[^\r\n]*)*")
_REFERENCE = re.compile(
    rb"(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+R(?![^\0\t\n\f\r \[\]<>()/%])"
)
_NUMBER = re.compile(rb"[+-]?(?:\d{1,20}\.?\d{0,20}|\.\d{1,20})")
_NAME = re.compile(rb"/([^\0\t\n\f\r \[\]<>()/%]*)")
_WORD = re.compile(rb"true|false|null")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_WORDS = {b"true": True, b"false": False, b"null": None}


class Name(str):
    """A name: `/Pages` is `Pages`."""

    __slots__ = ()


class Reference(NamedTuple):
    """Another object of the file, by its number."""

    number: int


class Stream(NamedTuple):
    """A table, and the bytes that it describes."""

    table: dict[str, Any]
    data: bytes


def read_object(  # noqa: PLR0911 - one return for each kind of object
    data: bytes, place: int, depth: int = 0
) -> tuple[Any, int]:
    """The object that begins there, and where it ends.

    Raises:
        ValueError: There is none, or it is not whole.
    """
    if depth > DEEPEST:
        raise ValueError("lists within lists without end")
    place = _skip(data, place)
    first = data[place : place + 1]
    if data.startswith(b"<<", place):
        return _table(data, place + 2, depth)
    if first == b"[":
        return _list(data, place + 1, depth)
    if first == b"(":
        return "", _text_end(data, place)
    if first == b"<":
        return "", data.index(b">", place) + 1
    if found := _NAME.match(data, place):
        plain = _ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), found[1])
        return Name(plain.decode("latin-1")), found.end()
    if found := _REFERENCE.match(data, place):
        return Reference(int(found[1])), found.end()
    if found := _NUMBER.match(data, place):
        text = found[0]
        return (float(text) if b"." in text else int(text)), found.end()
    if found := _WORD.match(data, place):
        return _WORDS[found[0]], found.end()
    raise ValueError("no object")


def _table(data: bytes, place: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while True:
        place = _skip(data, place)
        if data.startswith(b">>", place):
            return found, place + 2
        name, place = read_object(data, place, depth + 1)
        if not isinstance(name, Name):
            raise ValueError("a key that is no name")
        found[name], place = read_object(data, place, depth + 1)


def _list(data: bytes, place: int, depth: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    while True:
        place = _skip(data, place)
        if data.startswith(b"]", place):
            return found, place + 1
        value, place = read_object(data, place, depth + 1)
        found.append(value)


def _text_end(data: bytes, place: int) -> int:
    """Where a text ends: parentheses inside are in pairs, or have a backslash before them."""
    open_ = 0
    while place < len(data):
        byte = data[place]
        if byte == 0x5C:
            place += 1
        elif byte == 0x28:
            open_ += 1
        elif byte == 0x29:
            open_ -= 1
            if not open_:
                return place + 1
        place += 1
    raise ValueError("a text without an end")


def _skip(data: bytes, place: int) -> int:
    found = _SPACE.match(data, place)
    return found.end() if found else place
