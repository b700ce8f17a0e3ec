"""Tokens of an answer that keeps to a JSON schema: from the shortest valid one to the longest.

The shortest leaves out what may be left out. The likely one has every property, three items in a
list and a sentence in a string; that is judgement, and no more than a place to begin.
"""

import json
from collections.abc import Sequence
from typing import Any, cast

from reckon.errors import UsageError
from reckon.price.encodings import counter
from reckon.vocabulary.price import Interval

Json = dict[str, Any]

LIKELY_ITEMS = 3
SENTENCE = "These are a few words of an answer, as long as one sentence is."
DEEPEST = 8
"""Levels after which a schema that holds itself is cut off."""
LARGEST_SAMPLE = 20_000
"""Characters and items; beyond, a bound says no more than the cap on the answer."""

_FORMATS = {
    "date": "2024-12-31",
    "time": "23:59:59Z",
    "date-time": "2024-12-31T23:59:59Z",
    "email": "someone@example.com",
    "uri": "https://example.com/page",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
}
_NUMBERS = (0, 1234, -1234567.891)
_LOW, _LIKELY, _HIGH = range(3)

# Other tokenizers than o200k cut JSON into fewer or more tokens.
_FEWER, _MORE = 0.9, 1.5


class _Unbounded(Exception):
    """An answer of any length keeps to the schema."""


def output_tokens(schema: Json, most: int) -> Interval:
    """Tokens of one answer.

    Args:
        schema: A JSON schema; what of it is not understood bounds nothing.
        most: The cap on one answer.

    Raises:
        UsageError: It is malformed.
    """
    try:
        return _bounds(schema, most)
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise UsageError(
            "The JSON schema is malformed.", why=f"{error}.", do="Check it with a validator."
        ) from error


def _bounds(schema: Json, most: int) -> Interval:
    count = counter("o200k")
    low = count(json.dumps(_sample(schema, schema, _LOW, 0), separators=(",", ":"))) * _FEWER
    likely = float(count(json.dumps(_sample(schema, schema, _LIKELY, 0))))
    try:
        longest = json.dumps(_sample(schema, schema, _HIGH, 0), indent=2)
        high = max(count(longest) * _MORE, likely)
    except _Unbounded:
        high = float(most)
    return Interval(*(min(tokens, float(most)) for tokens in (low, likely, high)))


def _sample(schema: object, root: Json, end: int, depth: int) -> Any:
    """A value that keeps to the schema: a short, a likely or a long one."""
    if not isinstance(schema, dict) or depth > DEEPEST:
        return _free(end)
    rules = _resolved(cast("Json", schema), root)
    if "const" in rules:
        return rules["const"]
    if rules.get("enum"):
        return _of_size(rules["enum"], end)
    choices = rules.get("anyOf") or rules.get("oneOf")
    if isinstance(rules.get("type"), list):
        choices = [{**rules, "type": each} for each in rules["type"]]
    if choices:
        return _of_size([_sample(each, root, end, depth + 1) for each in choices], end)
    return _of_type(rules, root, end, depth)


def _of_type(rules: Json, root: Json, end: int, depth: int) -> Any:
    kind = rules.get("type") or ("object" if "properties" in rules else None)
    if kind == "object":
        return _object(rules, root, end, depth)
    if kind == "array":
        return _array(rules, root, end, depth)
    if kind == "string":
        return _string(rules, end)
    scalars = {"integer": _NUMBERS[end], "number": _NUMBERS[end], "boolean": True, "null": None}
    return scalars[kind] if kind in scalars else _free(end)


def _free(end: int) -> str:
    if end == _HIGH:
        raise _Unbounded
    return SENTENCE if end == _LIKELY else ""


def _resolved(schema: Json, root: Json) -> Json:
    """A schema with what it refers to, and with all of which it is made up."""
    rules: Json = dict(schema)
    reference = rules.pop("$ref", None)
    if isinstance(reference, str) and reference.startswith("#"):
        found: Any = root
        for step in reference.removeprefix("#").strip("/").split("/"):
            found = found.get(step) if isinstance(found, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if isinstance(found, dict):
            rules = {**cast("Json", found), **rules}
    for part in rules.pop("allOf", ()):
        more = _resolved(part, root)
        properties: Json = {**rules.get("properties", {}), **more.get("properties", {})}
        required: list[Any] = [*rules.get("required", ()), *more.get("required", ())]
        rules = {**more, **rules, "properties": properties, "required": required}
    return rules


def _of_size(values: Sequence[Any], end: int) -> Any:
    """The shortest, the first that says something, or the longest."""
    if end == _LIKELY:
        return next((value for value in values if value is not None), None)
    chosen = min if end == _LOW else max
    return chosen(values, key=lambda value: len(json.dumps(value)))


def _object(rules: Json, root: Json, end: int, depth: int) -> Json:
    known: Json = rules.get("properties") or {}
    if end == _HIGH and (not known or rules.get("additionalProperties")):
        raise _Unbounded
    required: set[str] = set(rules.get("required") or ())
    return {
        name: _sample(each, root, end, depth + 1)
        for name, each in known.items()
        if end != _LOW or name in required
    }


def _array(rules: Json, root: Json, end: int, depth: int) -> list[Any]:
    least, most = _size(rules, "minItems") or 0, _size(rules, "maxItems")
    if end == _HIGH and most is None:
        raise _Unbounded
    likely = max(least, LIKELY_ITEMS if most is None else min(LIKELY_ITEMS, most))
    items = (least, likely, most or 0)[end]
    return [_sample(rules.get("items"), root, end, depth + 1)] * items if items else []


def _string(rules: Json, end: int) -> str:
    known = _FORMATS.get(str(rules.get("format")))
    if known is not None:
        return known
    least, most = _size(rules, "minLength") or 0, _size(rules, "maxLength")
    if end == _HIGH and most is None:
        raise _Unbounded
    likely = max(least, len(SENTENCE) if most is None else min(len(SENTENCE), most))
    length = (least, likely, most or 0)[end]
    return (SENTENCE * (length // len(SENTENCE) + 1))[:length]


def _size(rules: Json, name: str) -> int | None:
    """A bound of the schema; one beyond all answers is none."""
    found = rules.get(name)
    if not isinstance(found, int) or found < 0:
        return None
    if found <= LARGEST_SAMPLE:
        return found
    return LARGEST_SAMPLE if name.startswith("min") else None
