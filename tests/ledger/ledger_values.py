"""Values for the ledger's tests."""

from typing import Any

from reckon.ledger.rows import Attempt, Closing, MediaRef
from reckon.vocabulary.response import Response
from reckon.vocabulary.usage import Usage


def attempt(**changes: Any) -> Attempt:
    """An attempt with a picture."""
    values: dict[str, Any] = {
        "run_id": None,
        "key": "k1",
        "item_id": "a.jpg",
        "item_index": 0,
        "model_asked": "openai/gpt-4o-mini",
        "prompt_text": "describe this photo",
        "system": None,
        "options": {},
        "media": (MediaRef(digest="ab" * 32, media_type="image/jpeg", name="a.jpg", bytes=10),),
        "reserved_pico": 500,
        "price": None,
        "tag": None,
    }
    return Attempt(**(values | changes))


def closing(row: str, **changes: Any) -> Closing:
    """A good end."""
    values: dict[str, Any] = {
        "id": row,
        "status": "done",
        "response": Response(
            text="A blue boat on a lake.",
            model="gpt-4o-mini-2024-07-18",
            stop_reason="stop",
            usage=Usage(input_tokens=260, output_tokens=100),
            duration_s=1.5,
        ),
        "cost_pico": 99,
        "cost_kind": "documented",
        "error": None,
    }
    return Closing(**(values | changes))
