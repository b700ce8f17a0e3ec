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
        TemplateError: The row has no such column; names the nearest and those that it has.
    """
    if "{{" not in template:
        return template
    # A copy of the split template, in which every second piece is a column.
    pieces: list[str] = _split(template)[:]
    for position in range(1, len(pieces), 2):
        try:
            value = fields[pieces[position]]
        except KeyError as error:
            raise _no_such_column(pieces[position], fields) from error
        pieces[position] = value if type(value) is str else "" if value is None else str(value)
    return "".join(pieces)


def places(template: str) -> tuple[str, ...]:
    """The columns that a template names."""
    return tuple(_split(template)[1::2])


@lru_cache(maxsize=64)
def _split(template: str) -> list[str]:
    return _PLACE.split(template)


def _no_such_column(name: str, fields: Mapping[str, object]) -> TemplateError:
    from difflib import get_close_matches

    known = {str(field).casefold(): str(field) for field in fields}
    near = get_close_matches(name.casefold(), known, n=1)
    return TemplateError(
        f"The prompt names a column {name!r} that the rows do not have.",
        why=f"They have {', '.join(map(str, fields)) or 'no columns'}.",
        do=f"Write {{{{{known[near[0]]}}}}}." if near else "Correct the name between {{ and }}.",
    )
