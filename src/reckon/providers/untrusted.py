"""Reading answers that may hold anything: every look returns a type that was asked for.

Called some twenty times for each piece of a stream, so nothing is called here that can be left out.
"""

# pyright: reportUnknownVariableType=false
# A `cast` would say what JSON holds, and takes as long as the look itself.

from decimal import Decimal
from typing import Any

HIGHEST_COUNT = 2**53
"""No answer has more tokens; a larger number is a fault and counts as unknown."""

Json = dict[str, Any]


def as_table(value: object) -> Json | None:
    """The value, if it is a JSON object."""
    return value if isinstance(value, dict) else None


def as_list(value: object) -> list[Any]:
    """The value, if it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def table(parent: Json, name: str) -> Json:
    """A nested object; empty where it is missing."""
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def text(parent: Json, name: str) -> str:
    """A string; empty where it is missing."""
    value = parent.get(name)
    return value if isinstance(value, str) else ""


def count(parent: Json, name: str) -> int | None:
    """A token count; None where it is missing or no sane count."""
    value = parent.get(name)
    if value is None or (type(value) is int and 0 <= value < HIGHEST_COUNT):
        return value
    if isinstance(value, float | Decimal) and 0 <= value < HIGHEST_COUNT and value == int(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < HIGHEST_COUNT:
        return None
    return value


def part(value: int | None, whole: int | None) -> int:
    """A count that is part of another; 0 where unknown, never more than the whole."""
    if value is None:
        return 0
    return value if whole is None else min(value, whole)
