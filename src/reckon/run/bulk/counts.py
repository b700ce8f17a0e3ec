"""What became of the rows of one process, and why those that failed did."""

import re
from collections import Counter

import msgspec

from reckon.errors import BadMedia, ReckonError
from reckon.run.answer import POSSIBLY_BILLED
from reckon.run.bulk.report import Cause
from reckon.vocabulary.job import Item

MOST_CAUSES = 20


class Counts:
    """Rows of this process's part of the run."""

    def __init__(self) -> None:
        self.done = 0
        self.failed = 0
        self.in_doubt = 0
        self.unknown = 0
        self.skipped: Counter[str] = Counter()
        self.reused = 0
        self.already = 0
        self.errors: dict[str, Cause] = {}

    def add_error(self, item: Item, error: ReckonError) -> None:
        """Count a row that failed or is in doubt under its cause, with the first as an example."""
        cause = cause_of(error)
        if cause not in self.errors and len(self.errors) >= MOST_CAUSES:
            cause = "other causes"
        seen = self.errors.get(cause)
        if seen:
            self.errors[cause] = msgspec.structs.replace(seen, count=seen.count + 1)
            return
        parts = (part for part in (error.what, error.why, error.do) if part)
        said = " ".join(
            part if part.endswith((".", "!", "?", "`")) else f"{part}." for part in parts
        )
        example = said if item.id in error.what else f"{item.id}: {said}"
        in_doubt = isinstance(error, POSSIBLY_BILLED)
        self.errors[cause] = Cause(count=1, example=example, in_doubt=in_doubt)


def cause_of(error: ReckonError) -> str:
    """What rows that failed alike are counted under; the numbers of one row are not in it."""
    reason = error.reason if isinstance(error, BadMedia) else error.why or error.what
    return f"{type(error).__name__}: {re.sub('[0-9]+', '#', reason)}"
