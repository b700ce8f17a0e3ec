"""The length of an answer, from its JSON schema."""

import json
from typing import Any

import pytest

from reckon.errors import UsageError
from reckon.price.encodings import counter
from reckon.price.schema import output_tokens
from reckon.vocabulary.price import Interval

MOST = 1024


def of(**properties: Any) -> dict[str, Any]:
    """A schema of an object that has these and no others, all of them required."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def test_a_bounded_schema_bounds_the_answer_on_both_sides() -> None:
    """Every valid answer, compact or indented, lies between the ends."""
    schema = of(kind={"enum": ["cat", "dog", "hippopotamus"]}, sure={"type": "boolean"})
    found = output_tokens(schema, MOST)
    for kind in ("cat", "dog", "hippopotamus"):
        for indent in (None, 2):
            answer = json.dumps({"kind": kind, "sure": False}, indent=indent)
            assert found.low <= counter("o200k")(answer) <= found.high
    assert found.high < 60


def test_a_string_without_a_longest_length_may_be_of_any_length() -> None:
    """The high end is the cap on one answer."""
    assert output_tokens(of(text={"type": "string"}), MOST).high == MOST
    assert output_tokens(of(text={"type": "string", "maxLength": 20}), MOST).high < 60


def test_what_may_be_left_out_is_in_the_likely_answer_alone() -> None:
    """The shortest has only what is required."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "null"}}}
    found = output_tokens(schema, MOST)
    assert found.low < 2 < found.likely


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/node", "$defs": {"node": of(next={"$ref": "#/$defs/node"})}},
        {"anyOf": [{"type": "null"}, of(a={"type": ["string", "null"]})]},
        {"allOf": [of(a={"const": 1}), of(b={"format": "date", "type": "string"})]},
        of(list={"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 5}),
        {},
        {"type": "something new"},
    ],
    ids=["holds itself", "a choice", "a sum", "a list", "empty", "unknown"],
)
def test_any_schema_gives_an_interval_below_the_cap(schema: dict[str, Any]) -> None:
    """What is not understood bounds nothing, and nothing goes round for ever."""
    found = output_tokens(schema, MOST)
    assert 0 <= found.low <= found.likely <= found.high <= MOST


def test_the_cap_is_the_longest_answer_there_is() -> None:
    """Of which length the schema would allow it."""
    schema = of(text={"type": "string", "minLength": 5000})
    assert output_tokens(schema, 100) == Interval(100, 100, 100)


def test_a_malformed_schema_is_said() -> None:
    """With what is wrong in it."""
    with pytest.raises(UsageError, match="malformed") as error:
        output_tokens({"type": "object", "properties": 5}, MOST)
    assert error.value.why
    assert error.value.do
