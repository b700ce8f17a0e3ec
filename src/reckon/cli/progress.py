"""How a run shows its progress: a bar on a terminal, JSON lines, or nothing."""

import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

import click

from reckon.show.money import dollars, duration, exact_usd, known

if TYPE_CHECKING:
    from rich.progress import TaskID

    from reckon.run.bulk.report import Progress

Kind = Literal["bar", "json", "none"]
JSON_PERIOD_S = 1.0
PLAIN_PERIOD_S = 60.0


class Display(Protocol):
    """Takes each moment of a run; closed at its end."""

    def __call__(self, progress: "Progress") -> None:
        """Show a moment."""
        ...

    def close(self) -> None:
        """Show the last moment and leave the terminal in order."""
        ...


def display(kind: Kind | None) -> Display:
    """The display of that kind; None: a bar on a terminal, else a line a minute."""
    if kind == "none":
        return _Periodic(lambda _: None, PLAIN_PERIOD_S)
    if kind == "json":
        return _Periodic(_json_line, JSON_PERIOD_S)
    if kind == "bar" or sys.stderr.isatty():
        return _Bar()
    return _Periodic(lambda p: click.echo(status_line(p), err=True), PLAIN_PERIOD_S)


def status_line(progress: "Progress") -> str:
    """`12,410 done, 3 failed, 55,587 left  42.0/s  $0.31 of ~$1.68 (cap $5.00)  ETA 22m`."""
    rows = [f"{progress.done:,} done"]
    if progress.failed:
        rows.append(f"{progress.failed:,} failed")
    if progress.in_doubt:
        rows.append(f"{progress.in_doubt:,} in doubt")
    if progress.left is not None:
        rows.append(f"{progress.left:,} left")
    money = dollars(known(progress.spent_pico, progress.unknown_calls))
    if progress.forecast_pico is not None:
        money += f" of ~{dollars(progress.forecast_pico)}"
    if progress.cap_pico is not None:
        money += f" (cap {dollars(progress.cap_pico)})"
    parts = [", ".join(rows), f"{progress.rate_per_s:.1f}/s", money]
    if progress.stopping:
        calls = "1 call" if progress.stopping == 1 else f"{progress.stopping:,} calls"
        parts.append(f"stopping: waiting for {calls}, Ctrl-C again gives them up")
    elif progress.eta_s is not None:
        parts.append(f"ETA {duration(progress.eta_s)}")
    return "  ".join(parts)


def _json_line(progress: "Progress") -> None:
    row = {
        "done": progress.done,
        "failed": progress.failed,
        "in_doubt": progress.in_doubt,
        "total": progress.total,
        "left": progress.left,
        "rate_per_s": round(progress.rate_per_s, 2),
        "eta_s": None if progress.eta_s is None else round(progress.eta_s, 1),
        "spent_usd": exact_usd(known(progress.spent_pico, progress.unknown_calls)),
        "forecast_usd": exact_usd(progress.forecast_pico),
        "cap_usd": exact_usd(progress.cap_pico),
    }
    click.echo(json.dumps(row), err=True)


class _Periodic:
    """Shows at most one moment a period, and always the last."""

    def __init__(self, show: Callable[["Progress"], None], period_s: float) -> None:
        self._show = show
        self._period_s = period_s
        self._shown_at = time.monotonic()
        self._last: Progress | None = None

    def __call__(self, progress: "Progress") -> None:
        self._last = progress
        if time.monotonic() - self._shown_at >= self._period_s:
            self._shown_at = time.monotonic()
            self._show(progress)

    def close(self) -> None:
        if self._last is not None:
            self._show(self._last)


class _Bar:
    """A bar and the status line, on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
        )
        self._task: TaskID = self._bar.add_task("starting", total=None)
        self._bar.start()

    def __call__(self, progress: "Progress") -> None:
        worked = progress.done + progress.failed + progress.in_doubt
        self._bar.update(
            self._task,
            total=progress.total,
            completed=worked,
            description=status_line(progress),
        )

    def close(self) -> None:
        self._bar.stop()
