"""JSON of listings: as it always was, only sooner."""

import json

import pytest

from reckon.show.table import as_json


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"model": "x/y", "score": 1206.3665648137417, "names": [], "none": None, "é": "日本"}],
        [{"nested": {"a": [1, 2, {"b": True}]}, "empty": {}}],
    ],
)
def test_rows_are_written_as_the_standard_library_writes_them(rows):
    """Two spaces, in the order of the fields, letters as they are."""
    assert as_json(rows).decode() == json.dumps(rows, indent=2, ensure_ascii=False)


def test_what_is_no_utf_8_is_escaped():
    """Half a character, as a name on a disk may hold; a number beyond 64 bits is a number."""
    rows = [{"half a character": "\ud83d", "beyond 64 bits": 2**70}]
    assert json.loads(as_json(rows)) == rows
