"""Ids for tool calls of formats that have none, and for servers that leave them out.

An id has nine letters and digits, the narrowest rule of any provider (Mistral's), so that a
conversation can go on elsewhere. It is derived from the answer and the call's number, so that the
same bytes give the same id, and it is known again by its shape, so that it is not sent to a
provider that never gave it.
"""

import hashlib
import re

import msgspec

from reckon.providers.untrusted import Json

_SHAPE = re.compile(r"rk[0-9a-z]{7}")
_SHORT = re.compile(r"[a-zA-Z0-9]{9}")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def made_up_id(answer: str, choice: int, call: int) -> str:
    """The id of a call: of the answer of that name, of that choice, with that number."""
    digest = hashlib.sha256(f"{answer}\n{choice}\n{call}".encode("utf-8", "surrogatepass")).digest()
    number = int.from_bytes(digest[:8])
    letters: list[str] = []
    for _ in range(7):
        number, digit = divmod(number, 36)
        letters.append(_DIGITS[digit])
    return "rk" + "".join(letters)


def name_of(piece: Json) -> str:
    """A name for an answer that has none, or for a piece of one: a digest of what it says.

    However the bytes came, and whenever they are read again, the name is the same.
    """
    try:
        said = msgspec.json.encode(piece, order="sorted")
    except RecursionError:
        said = b""
    return hashlib.sha256(said).hexdigest()


def short_id(call_id: str) -> str:
    """The id itself where it has nine letters and digits, else one made up from it.

    A call and its result have one id, and so get one; the same id always gives the same.
    """
    return call_id if _SHORT.fullmatch(call_id) else made_up_id(call_id, 0, 0)


def is_made_up(call_id: str) -> bool:
    """Whether we gave a call that id; an empty one was given by nobody."""
    return not call_id or _SHAPE.fullmatch(call_id) is not None
