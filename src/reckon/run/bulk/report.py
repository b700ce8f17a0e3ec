"""What a run shows while it works and when it ends."""

import html
from typing import TYPE_CHECKING

import msgspec

from reckon.vocabulary.money import to_usd, usd_text
from reckon.vocabulary.price import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a run. Rows, rows per second, seconds, pico-dollars."""

    done: int
    failed: int
    in_doubt: int
    total: int | None
    """None: the source cannot be counted beforehand."""
    rate_per_s: float
    eta_s: float | None
    spent_pico: int
    forecast_pico: int | None
    cap_pico: int | None


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that failed for the same reason."""

    count: int
    example: str
    """One row's id and its error."""


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. Counts are rows of the whole run, earlier attempts included."""

    run_id: str
    model: str
    status: str
    done: int
    failed: int
    in_doubt: int
    skipped: int
    """Files of the source that are not rows."""
    reused: int
    """Rows answered from the ledger without a call."""
    spent_pico: int
    in_doubt_pico: int
    """What rows in doubt may have cost, beside `spent_pico`."""
    estimate: Estimate | None
    errors: dict[str, Cause]
    duration_s: float
    halted: tuple[str, ...] = ()
    """Why the run stopped early, in the lines of the error; empty where it did not."""

    @property
    def interrupted(self) -> bool:
        """Whether the user stopped it."""
        return self.status == "interrupted" and not self.halted

    @property
    def budget_reached(self) -> bool:
        """Whether the cap stopped it."""
        return self.status == "budget"

    def to_row(self) -> "Mapping[str, object]":
        """The report as one JSON object."""
        return {
            "run": self.run_id,
            "model": self.model,
            "status": self.status,
            "done": self.done,
            "failed": self.failed,
            "in_doubt": self.in_doubt,
            "skipped": self.skipped,
            "reused": self.reused,
            "spent_usd": usd_text(to_usd(self.spent_pico)),
            "in_doubt_usd": usd_text(to_usd(self.in_doubt_pico)),
            "duration_s": round(self.duration_s, 3),
            "errors": {cause: e.count for cause, e in self.errors.items()},
        }

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in self.to_row().items()
        )
        return f"<table>{cells}</table>"
