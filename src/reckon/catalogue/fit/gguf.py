"""The header of a GGUF file: what it says of a model, and the size of each of its tensors.

The file is mapped and its weights are never touched. Versions 2 and 3 are read, in both byte
orders. Files come from strangers: every count and length is checked against the size of the file
before anything is built from it, and long arrays (a vocabulary has 128,000 strings) are stepped
over.
"""

import mmap
import re
import struct
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from reckon.errors import SourceError

MAGIC = b"GGUF"
LONGEST_KEY = 65_535
LONGEST_TEXT = 16 << 20
"""Bytes of a single text; chat templates have some ten thousand."""
LONGEST_LIST = 1_024
"""Elements that become a list. A model has fewer layers, and a vocabulary has more words."""
MOST_VALUES = 100_000
MOST_TENSORS = 1_000_000
MOST_TEXTS = 8_000_000
"""Texts in all arrays together; the largest vocabularies have half a million with their merges."""
MOST_SIDES = 4
DEEPEST = 4
"""Arrays within arrays."""

_FORMATS = dict(enumerate("BbHhIif?")) | dict(enumerate("Qqd", start=10))
"""By number of a value's type, what `struct` calls it."""
_TEXT, _ARRAY = 8, 9

BLOCKS: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
}
"""By number of a tensor's type: its name, the weights of a block, and the bytes of a block."""

_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")


class Skipped(msgspec.Struct, frozen=True):
    """A long array that was stepped over."""

    count: int


Value = int | float | bool | str | list["Value"] | Skipped


class Tensor(msgspec.Struct, frozen=True):
    """One tensor."""

    name: str
    shape: tuple[int, ...]
    """The fastest running side first."""
    type: str
    """`Q4_K`; `type 99` where the number is not known."""
    size: int
    """Bytes in the file."""

    @property
    def weights(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before the weights."""

    version: int
    big_endian: bool
    values: dict[str, Value]
    tensors: tuple[Tensor, ...]

    def number(self, name: str) -> int | None:
        """A whole number under the model's own architecture, such as `block_count`."""
        found = self.values.get(f"{self.architecture}.{name}")
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    @property
    def architecture(self) -> str:
        """`llama`, `qwen2`, ...; empty where the file does not say."""
        found = self.values.get("general.architecture")
        return found if isinstance(found, str) else ""


class NeedsMore(Exception):
    """The bytes at hand end within the header, and the file goes on.

    Args:
        size: Bytes from the beginning that are needed at least.
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes of the file are needed")
        self.size = size


def read(path: Path) -> Header:
    """The header of a file; of a file in parts (`-00001-of-00003.gguf`), of all its parts.

    Raises:
        SourceError: It is no GGUF file, is broken or cut off, or a part is missing.
    """
    parts = [path.with_name(name) for name in parts_of(path.name)]
    return joined([_read_one(part) for part in parts])


def parts_of(name: str) -> list[str]:
    """The names of all parts of a file, in order; the name itself where it is whole."""
    found = _PART.search(name)
    if found is None:
        return [name]
    count = int(found[2])
    if not 0 < int(found[1]) <= count <= 1_000:
        return [name]
    stem = name[: found.start()]
    return [f"{stem}-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1)]


def joined(parts: list[Header]) -> Header:
    """One header of the headers of all parts: the values of the first, the tensors of all."""
    if len(parts) == 1:
        return parts[0]
    tensors = tuple(tensor for part in parts for tensor in part.tensors)
    return msgspec.structs.replace(parts[0], tensors=tensors)


def _read_one(path: Path) -> Header:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size < len(MAGIC):
                _fail(str(path), f"It has {size} bytes.")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                return parse(mapped, size, str(path))
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read.",
            why=error.strerror or str(error),
            do="Check the name; a file in parts needs all its parts in one folder.",
        ) from error


def parse(data: bytes | bytearray | mmap.mmap, size: int, name: str) -> Header:
    """The header at the beginning of a file.

    Args:
        data: The beginning of the file, or all of it.
        size: Bytes of the whole file.
        name: What the file is called in errors.

    Raises:
        SourceError: It is no GGUF file, or its header is broken.
        NeedsMore: The header goes on behind `data`.
    """
    return _Reader(data, size, name).header()


class _Reader:
    """Walks through a header."""

    def __init__(self, data: bytes | bytearray | mmap.mmap, size: int, name: str) -> None:
        self.data, self.size, self.name = data, size, name
        self.at = 0
        self.order = "<"
        self.texts = 0

    def header(self) -> Header:
        if self.raw(4) != MAGIC:
            _fail(self.name, "It does not begin with the letters GGUF.")
        version = self.number("I")
        if not version & 0xFFFF:
            # The version is small, so its bytes stand the other way round.
            self.order = ">"
            version = struct.unpack(">I", struct.pack("<I", version))[0]
        if version not in (2, 3):
            _fail(
                self.name,
                f"Its version is {version}, and versions 2 and 3 are read.",
                do="Convert the model again with a current llama.cpp.",
            )
        tensors = self.count("Q", each=24, most=MOST_TENSORS, what="tensors")
        values = self.values(self.count("Q", each=13, most=MOST_VALUES, what="values"))
        alignment = values.get("general.alignment", 32)
        if isinstance(alignment, bool) or not isinstance(alignment, int):
            _fail(self.name, "Its alignment is no number.")
        if not 0 < alignment <= 1 << 20 or alignment & (alignment - 1):
            _fail(self.name, f"Its alignment is {alignment}, not a power of two.")
        return Header(
            version=version,
            big_endian=self.order == ">",
            values=values,
            tensors=self.tensors(tensors, alignment),
        )

    def values(self, count: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for _ in range(count):
            key = self.text(LONGEST_KEY)
            if key in found:
                _fail(self.name, f"The value {key!r} is there twice.")
            found[key] = self.value(self.number("I"), 0)
        return found

    def value(self, kind: int, depth: int) -> Value:
        if kind == _TEXT:
            return self.text(LONGEST_TEXT)
        if kind == _ARRAY:
            return self.array(depth + 1)
        if kind not in _FORMATS:
            _fail(self.name, f"A value has the type {kind}, which GGUF does not have.")
        return self.number(_FORMATS[kind])

    def array(self, depth: int) -> Value:
        if depth > DEEPEST:
            _fail(self.name, "Its arrays are nested too deep.")
        kind = self.number("I")
        if kind in _FORMATS:
            return self.numbers(kind)
        each = 8 if kind == _TEXT else 12
        count = self.count("Q", each=each, most=MOST_TEXTS, what="elements of an array")
        self.texts += count
        if self.texts > MOST_TEXTS:
            _fail(self.name, f"Its arrays hold more than {MOST_TEXTS:,} texts.")
        if count <= LONGEST_LIST:
            return [self.value(kind, depth) for _ in range(count)]
        if kind != _TEXT:
            _fail(self.name, "It has a long array of arrays.")
        self.step_over_texts(count)
        return Skipped(count)

    def numbers(self, kind: int) -> Value:
        width = struct.calcsize("<" + _FORMATS[kind])
        count = self.count("Q", each=width, most=self.size, what="elements of an array")
        if count > LONGEST_LIST:
            self.need(count * width)
            self.at += count * width
            return Skipped(count)
        start = self.at
        self.need(count * width)
        self.at += count * width
        return list(struct.unpack_from(f"{self.order}{count}{_FORMATS[kind]}", self.data, start))

    def step_over_texts(self, count: int) -> None:
        """As `text`, without building any: a vocabulary is half of the work of a header."""
        length_at = struct.Struct(f"{self.order}Q").unpack_from
        at, data, last = self.at, self.data, min(len(self.data), self.size) - 8
        for _ in range(count):
            if at > last:
                self.at = at
                self.need(8)
            at += 8 + length_at(data, at)[0]
        self.at = at
        self.need(0)

    def tensors(self, count: int, alignment: int) -> tuple[Tensor, ...]:
        rows: list[tuple[str, tuple[int, ...], int, int]] = []
        for _ in range(count):
            name = self.text(LONGEST_KEY)
            sides = self.number("I")
            if sides > MOST_SIDES:
                _fail(self.name, f"The tensor {_short(name)} has {sides} dimensions.")
            shape = tuple(self.number("Q") for _ in range(sides))
            kind, offset = self.number("I"), self.number("Q")
            if prod(shape) >= 1 << 60:
                _fail(self.name, f"The tensor {_short(name)} is larger than any memory.")
            rows.append((name, shape, kind, offset))
        if len({row[0] for row in rows}) < count:
            _fail(self.name, "Two tensors have the same name.")
        begin = -(-self.at // alignment) * alignment
        sizes = self.sizes(rows, begin)
        return tuple(
            Tensor(name, shape, BLOCKS[kind][0] if kind in BLOCKS else f"type {kind}", sizes[place])
            for place, (name, shape, kind, _) in enumerate(rows)
        )

    def sizes(
        self, rows: list[tuple[str, tuple[int, ...], int, int]], begin: int
    ) -> dict[int, int]:
        """Bytes of each tensor; those of an unknown type fill the room up to the next."""
        places = sorted(range(len(rows)), key=lambda place: rows[place][3])
        room = max(0, self.size - begin)
        ends = {place: rows[following][3] for place, following in pairwise(places)}
        ends |= {place: max(room, rows[place][3]) for place in places[-1:]}
        found: dict[int, int] = {}
        for place in places:
            name, shape, kind, offset = rows[place]
            if kind in BLOCKS:
                _, weights, size = BLOCKS[kind]
                if (shape[0] if shape else 1) % weights:
                    _fail(
                        self.name,
                        f"A row of the tensor {_short(name)} is no whole number of blocks.",
                    )
                found[place] = prod(shape) // weights * size
            else:
                found[place] = ends[place] - offset
            if offset + found[place] > room:
                _fail(
                    self.name,
                    f"The tensor {_short(name)} ends at byte {begin + offset + found[place]:,}, "
                    f"and the file has {self.size:,}.",
                    do="The file is cut off: download it again.",
                )
            if offset + found[place] > ends[place]:
                _fail(self.name, f"The tensor {_short(name)} overlaps the next.")
        return found

    # Bytes

    def need(self, size: int) -> None:
        """See that so many bytes are there."""
        if self.at + size > self.size:
            _fail(self.name, "A length in its header points behind its end.")
        if self.at + size > len(self.data):
            raise NeedsMore(self.at + size)

    def raw(self, size: int) -> bytes:
        self.need(size)
        self.at += size
        return bytes(self.data[self.at - size : self.at])

    def number(self, form: str) -> Any:
        return struct.unpack(self.order + form, self.raw(struct.calcsize("<" + form)))[0]

    def count(self, form: str, *, each: int, most: int, what: str) -> int:
        """A count of things that have so many bytes each, at least."""
        found = self.number(form)
        if found > most or found * each > self.size - self.at:
            _fail(self.name, f"It claims to hold {found:,} {what}.")
        return found

    def text(self, longest: int) -> str:
        size = self.number("Q")
        if size > longest:
            _fail(self.name, f"It claims to hold a text of {size:,} bytes.")
        return self.raw(size).decode("utf-8", "replace")


def _short(name: str) -> str:
    return repr(name if len(name) <= 60 else name[:59] + "…")


def _fail(name: str, why: str, *, do: str = "Give a whole GGUF file.") -> NoReturn:
    raise SourceError(f"{name} cannot be read as a GGUF file.", why=why, do=do)
