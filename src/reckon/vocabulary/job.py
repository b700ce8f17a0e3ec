"""What a run works on: items, jobs, outcomes, budgets."""

from typing import Any, Literal

import msgspec

from reckon.vocabulary.model import Modality
from reckon.vocabulary.response import Response

Status = Literal["pending", "sent", "done", "failed", "cancelled", "in_doubt"]
"""The state of one attempt. `in_doubt`: it may have been billed and no answer is known."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a source, before its template is filled in."""

    index: int
    """From 0, in the order of the source."""
    id: str
    """Path relative to the folder, or the row number."""
    fields: dict[str, Any]
    """Columns for the template."""
    files: tuple[str, ...] = ()
    """Media that belong to the row; not opened yet."""
    modality: Modality = "text"
    is_file: bool = False
    """The row is the file itself, and not a line of a table that names files."""


EMPTY_FILE = "empty file"


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the source that is not a row."""

    id: str
    reason: str
    """A short cause, the same words for the same cause, so that they can be counted."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What one run does to every item."""

    sources: tuple[str, ...]
    prompt: str
    model: str
    system: str | None = None
    max_output_tokens: int = 1024
    options: dict[str, Any] = {}
    limit: int | None = None
    attach: tuple[str, ...] = ()
    """Columns that name media files."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A hard cap of one run: spent + reserved never passes it by admission."""

    cap_pico: int
    spent_pico: int = 0
    reserved_pico: int = 0

    def admits(self, bound_pico: int) -> bool:
        """Whether a call that may cost so much can still be sent."""
        return self.spent_pico + self.reserved_pico + bound_pico <= self.cap_pico


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one item."""

    item: Item
    status: Status
    response: Response | None = None
    cost_pico: int | None = None
    error: str | None = None
    reused: bool = False
    """The answer was already in the ledger: nothing was sent."""
