"""Plots from plain values: steps, lines, dots and bars, written as SVG or PNG.

Every function gives a `Drawing`, which `write` puts into a file. Values that are unknown are left
out and counted in a note; so are values without a place on a logarithmic axis.
"""

import datetime as dt
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reckon.errors import UsageError
from reckon.show import cloud, over_time
from reckon.show.cloud import Dot
from reckon.show.drawing import Drawing, to_svg
from reckon.show.scale import Unit
from reckon.show.values import Series


def steps(
    series: Series,
    *,
    title: str,
    y_label: str,
    log: bool = True,
    unit: Unit = "usd",
    until: dt.date | None = None,
) -> Drawing:
    """Values that hold from a day until the next one, as prices do.

    Args:
        series: By name, values with the day they hold from; a value of None ends the line.
        title: Of the whole.
        y_label: What the values are, with their unit.
        log: Whether the axis of values is logarithmic.
        unit: How the values are written.
        until: The day to which the last values hold; None: the last day that is named.
    """
    return over_time.steps(series, title=title, y_label=y_label, log=log, unit=unit, until=until)


def lines(
    series: Series, *, title: str, y_label: str, log: bool = True, unit: Unit = "tokens"
) -> Drawing:
    """Values that were measured on days, joined by straight lines; see `steps`."""
    return over_time.lines(series, title=title, y_label=y_label, log=log, unit=unit)


def bars(series: Series, *, title: str, y_label: str, unit: Unit = "usd") -> Drawing:
    """Amounts of days, stacked by name; weeks or months are summed where days are too many.

    Args:
        series: Amounts; the largest names have colours of their own, the rest share one.
        title: Of the whole.
        y_label: What the amounts are, with their unit; `per day` or the like is added.
        unit: How the amounts are written.
    """
    return over_time.bars(series, title=title, y_label=y_label, unit=unit)


def scatter(
    dots: Sequence[Dot],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_unit: Unit = "usd",
    y_unit: Unit = "number",
    log_x: bool = True,
    log_y: bool = False,
    frontier: str = "",
) -> Drawing:
    """Dots by two measures, with as many names as find room.

    Args:
        dots: The most important first: they are named first. With `x_unit` of `date`, x is a day.
        title: Of the whole.
        x_label: What x is, with its unit.
        y_label: What y is, with its unit.
        x_unit: How x is written.
        y_unit: How y is written.
        log_x: Whether x is logarithmic; a date never is.
        log_y: Whether y is logarithmic.
        frontier: What to call the dots that no other beats with at most their x and at least
            their y ("the most quality for the price", "the record of its day"); they are joined
            by a line. Empty: none is.
    """
    return cloud.scatter(
        dots,
        title=title,
        x=cloud.Measure(label=x_label, unit=x_unit, log=log_x and x_unit != "date"),
        y=cloud.Measure(label=y_label, unit=y_unit, log=log_y),
        frontier=frontier,
    )


def check_name(path: str | Path) -> None:
    """To be asked before the work that leads to a plot.

    Raises:
        UsageError: The ending of the name is neither `.svg` nor `.png`.
    """
    ending = Path(path).suffix
    if ending.lower() not in (".svg", ".png"):
        raise UsageError(
            f"A plot cannot be written to {str(path)!r}.",
            why=f"{ending} is no format of a plot." if ending else "The name has no ending.",
            do="Give a name that ends in .svg or .png.",
        )


def write(plot: Drawing, path: str | Path) -> Path:
    """Put a drawing into a file, in one step; the ending chooses: `.svg` or `.png`.

    Raises:
        UsageError: Another ending, or the file cannot be written.
    """
    path = Path(path)
    check_name(path)
    if path.suffix.lower() == ".png":
        # Pillow is not small, and an SVG does without it.
        from reckon.show.raster import to_png

        content = to_png(plot)
    else:
        content = to_svg(plot).encode()
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise UsageError(
            f"The plot {path} cannot be written.",
            why=error.strerror or str(error),
            do="Name a file in a folder that exists and that you can write to.",
        ) from error
    return path
