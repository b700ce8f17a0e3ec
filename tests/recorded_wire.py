"""Recorded exchanges with real providers, which lie beside the project and are no part of it."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]

DATA = Path(__file__).parents[2] / "shared" / "data" / "wire"
ENDPOINTS = {
    "openai_chat": r"/chat/completions$",
    "openai_responses": r"/responses$",
    "anthropic": r"/v1/messages$",
    "gemini": r":(generateContent|streamGenerateContent)$",
    "ollama": r"/api/chat$",
}
OWN_FORMATS = ("cohere", "writer")
"""Services with a format of their own under such an address."""

needs_recordings = pytest.mark.skipif(
    not DATA.is_dir(), reason="no recorded exchanges in ../shared/data/wire"
)


@cache
def exchanges(*services: str) -> tuple[Json, ...]:
    """The exchanges with these services, or with all; none where the data is absent."""
    files = [DATA / f"{name}.jsonl" for name in services] or sorted(DATA.glob("*.jsonl"))
    return tuple(
        json.loads(line)
        for file in files
        if file.exists()
        for line in file.read_text(encoding="utf-8").splitlines()
    )


def with_format() -> Iterator[tuple[str, Json]]:
    """Every exchange in a format that we speak, with that format."""
    for exchange in exchanges():
        for wire, pattern in ENDPOINTS.items():
            if re.search(pattern, exchange["endpoint"]) and exchange["provider"] not in OWN_FORMATS:
                yield wire, exchange
