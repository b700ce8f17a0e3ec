"""What a run shows while it works and when it ends."""

import html
from typing import TYPE_CHECKING

import msgspec

from reckon.show.money import exact_usd, known
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
    left: int | None = None
    unknown_calls: int = 0
    """Calls that are done and whose cost is not known."""
    stopping: int | None = None
    """Calls that are still awaited, once the run was stopped; None: it goes on."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that failed, or are in doubt, for the same reason."""

    count: int
    example: str
    """One row's id and its error."""
    in_doubt: bool = False
    """Whether these rows may have been billed."""


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was expected to cost, as the ledger keeps it with the run."""

    low_pico: int | None
    """None: the price was unknown."""
    likely_pico: int | None
    high_pico: int | None
    input_tokens: int
    output_tokens: int

    @staticmethod
    def of(estimate: Estimate) -> "Foreseen":
        """The figures of an estimate that a bill can be held against."""
        return Foreseen(
            low_pico=estimate.low_pico,
            likely_pico=estimate.likely_pico,
            high_pico=estimate.high_pico,
            input_tokens=round(estimate.input_tokens.likely),
            output_tokens=round(estimate.output_tokens.likely),
        )


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. Counts are rows of the whole run, earlier attempts included."""

    run_id: str
    model: str
    status: str
    done: int
    failed: int
    in_doubt: int
    skipped: dict[str, int]
    """Files of the source that are not rows, counted by reason."""
    reused: int
    """Rows answered from the ledger without a call."""
    spent_pico: int
    unknown_calls: int
    """Calls whose cost is not known; they are not in `spent_pico`."""
    in_doubt_pico: int
    """What rows in doubt may have cost, beside `spent_pico`."""
    input_tokens: int
    """That the provider counted, over all calls."""
    output_tokens: int
    estimate: Foreseen | None
    """What was expected before it started."""
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
            "skipped": sum(self.skipped.values()),
            "reused": self.reused,
            "spent_usd": exact_usd(known(self.spent_pico, self.unknown_calls)),
            "estimated_usd": exact_usd(self.estimate.likely_pico) if self.estimate else None,
            "input_tokens": self.input_tokens,
            "estimated_input_tokens": self.estimate.input_tokens if self.estimate else None,
            "output_tokens": self.output_tokens,
            "estimated_output_tokens": self.estimate.output_tokens if self.estimate else None,
            "unknown_calls": self.unknown_calls,
            "in_doubt_usd": exact_usd(self.in_doubt_pico),
            "duration_s": round(self.duration_s, 3),
            "errors": {cause: e.count for cause, e in self.errors.items()},
        }

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in self.to_row().items()
        )
        return f"<table>{cells}</table>"
