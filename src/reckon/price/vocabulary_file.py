"""The compact form in which token vocabularies are carried, so that nothing is downloaded.

A vocabulary is the list of its tokens in the order of their ranks. It is stored as the lengths of
all tokens, a byte each (255 and the rest for longer ones are written as several), then the bytes
of all tokens, compressed with xz. A rank that no token has is a token without bytes.
"""

import lzma
from collections.abc import Sequence

LONG = 255


def pack(tokens: Sequence[bytes]) -> bytes:
    """A vocabulary as a compressed file."""
    lengths = bytearray()
    for token in tokens:
        whole, rest = divmod(len(token), LONG)
        lengths += bytes([LONG] * whole + [rest])
    head = len(lengths).to_bytes(4, "big")
    return lzma.compress(
        head + bytes(lengths) + b"".join(tokens),
        format=lzma.FORMAT_XZ,
        preset=9 | lzma.PRESET_EXTREME,
    )


def unpack(packed: bytes) -> dict[bytes, int]:
    """Ranks by token, as tiktoken wants them."""
    data = lzma.decompress(packed)
    start = 4 + int.from_bytes(data[:4], "big")
    ranks: dict[bytes, int] = {}
    length = rank = 0
    for part in data[4:start]:
        length += part
        if part != LONG:
            if length:
                ranks[data[start : start + length]] = rank
            rank += 1
            start += length
            length = 0
    return ranks
