"""A JSON schema as a user gives it: as text, or as a file."""

from pathlib import Path
from typing import Any, cast

import msgspec

from reckon.errors import UsageError


def read(given: str) -> dict[str, Any]:
    """The schema.

    Args:
        given: JSON, or the path of a file that holds it.

    Raises:
        UsageError: It is neither, or no schema of an object.
    """
    is_text = given.lstrip().startswith("{")
    try:
        text = given.encode() if is_text else Path(given).read_bytes()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"There is no schema {given!r}.",
            why=getattr(error, "strerror", "") or str(error),
            do="Give JSON, or a file that holds it: --schema animal.json",
        ) from error
    try:
        schema: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        where = "The schema" if is_text else given
        raise UsageError(f"{where} is no valid JSON.", why=f"{error}.", do="Correct it.") from error
    if not isinstance(schema, dict):
        raise UsageError(
            f"{given} is no JSON schema.",
            why="A schema is a JSON object.",
            do='Write one such as {"type": "object", "properties": {"name": {"type": "string"}}}.',
        )
    return cast("dict[str, Any]", schema)
