"""Writes GGUF headers byte by byte, right ones and wrong ones."""

import struct
from typing import Any

U8, I8, U16, I16, U32, I32, F32, BOOL, TEXT, ARRAY, U64, I64, F64 = range(13)
_FORMATS = {
    U8: "B",
    I8: "b",
    U16: "H",
    I16: "h",
    U32: "I",
    I32: "i",
    F32: "f",
    BOOL: "?",
    U64: "Q",
    I64: "q",
    F64: "d",
}

Typed = tuple[int, Any]
"""A type and a value; of an array, the value is the type of its elements and the elements."""


def text(value: str | bytes, order: str = "<") -> bytes:
    """A text with its length."""
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(order + "Q", len(raw)) + raw


def value(kind: int, found: Any, order: str = "<") -> bytes:
    """A value without its type."""
    if kind == TEXT:
        return text(found, order)
    if kind == ARRAY:
        inner, elements = found
        head = struct.pack(order + "IQ", inner, len(elements))
        return head + b"".join(value(inner, each, order) for each in elements)
    return struct.pack(order + _FORMATS[kind], found)


def tensor(name: str, shape: tuple[int, ...], kind: int, offset: int, order: str = "<") -> bytes:
    """What a header says of a tensor."""
    sides = struct.pack(f"{order}I{len(shape)}Q", len(shape), *shape)
    return text(name, order) + sides + struct.pack(order + "IQ", kind, offset)


def header(
    values: dict[str, Typed],
    tensors: list[bytes] | None = None,
    *,
    version: int = 3,
    order: str = "<",
    counts: tuple[int, int] | None = None,
) -> bytes:
    """A header; `counts` are those of tensors and values that it claims."""
    claimed = counts or (len(tensors or []), len(values))
    parts = [b"GGUF", struct.pack(order + "IQQ", version, *claimed)]
    for key, (kind, found) in values.items():
        parts += [text(key, order), struct.pack(order + "I", kind), value(kind, found, order)]
    return b"".join([*parts, *(tensors or [])])


def file(values: dict[str, Typed], tensors: list[tuple[str, tuple[int, ...], int, int]]) -> bytes:
    """A whole file: tensors by name, shape, type and bytes, one after the other."""
    rows: list[bytes] = []
    offset = 0
    for name, shape, kind, size in tensors:
        rows.append(tensor(name, shape, kind, offset))
        offset += -(-size // 32) * 32
    head = header(values, rows)
    return head + bytes(-len(head) % 32 + offset)


def llama(
    *,
    layers: int = 2,
    hidden: int = 64,
    heads: int = 4,
    kv_heads: int = 2,
    architecture: str = "llama",
    **more: Typed,
) -> dict[str, Typed]:
    """The values of a small language model; others by name with underscores for dots."""
    found: dict[str, Typed] = {
        "general.architecture": (TEXT, architecture),
        f"{architecture}.block_count": (U32, layers),
        f"{architecture}.embedding_length": (U32, hidden),
        f"{architecture}.attention.head_count": (U32, heads),
        f"{architecture}.attention.head_count_kv": (U32, kv_heads),
        f"{architecture}.vocab_size": (U32, 1000),
        f"{architecture}.context_length": (U32, 4096),
    }
    for name, typed in more.items():
        found[f"{architecture}.{name.replace('__', '.')}"] = typed
    return found
