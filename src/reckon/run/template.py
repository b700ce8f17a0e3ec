"""Prompt templates over rows: `{{column}}` is replaced by the row's value."""

import re
from collections.abc import Mapping
from functools import lru_cache

from reckon.errors import TemplateError

_PLACE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


def render(template: str, fields: Mapping[str, object]) -> str:
    """The template with every place filled in.

    Values are put in as they are, and never read as templates themselves.

    Raises:
        TemplateError: The row has no such column; names those that it has.
    """
    if "{{" not in template:
        return template
    pieces: list[str] = []
    for position, piece in enumerate(_split(template)):
        is_place = position % 2 == 1
        pieces.append(_value(piece, fields) if is_place else piece)
    return "".join(pieces)


def places(template: str) -> tuple[str, ...]:
    """The columns that a template names."""
    return tuple(_split(template)[1::2])


@lru_cache(maxsize=64)
def _split(template: str) -> list[str]:
    return _PLACE.split(template)


def _value(name: str, fields: Mapping[str, object]) -> str:
    if name not in fields:
        raise TemplateError(
            f"The prompt names a column {name!r} that the rows do not have.",
            why=f"They have {', '.join(map(str, fields)) or 'no columns'}.",
            do="Correct the name between {{ and }}.",
        )
    value = fields[name]
    return "" if value is None else str(value)
