"""Values over time: steps, lines, and stacked bars."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import msgspec

from reckon.show.drawing import (
    SERIES_INKS,
    Box,
    Drawing,
    Mark,
    Point,
    Stroke,
    Words,
    fitted,
    text_width,
)
from reckon.show.frame import (
    AREA_HEIGHT,
    LABEL_GAP,
    MOST_AREA_HEIGHT,
    TEXT,
    Axis,
    Frame,
    LineEnd,
    empty,
    end_names,
    frame,
)
from reckon.show.scale import Unit, around, written
from reckon.show.values import Series, Tally, Value, many, some

NAME_WIDTH = 210.0
SMALLEST_GAP = 12.0
"""Pixels between the names of two lines; a plot that has more lines leaves some unnamed."""
MOST_DESCRIBED = 12
MOST_NAMED = 5
"""In a note."""
MOST_DAYS = 62
MOST_DAYS_OF_WEEKS = 400
FEW_DAYS = 15
LEAST_BARS = 10
WIDEST_BAR = 48.0

Floor = Callable[[dt.date], dt.date]
_Run = list[Point]


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    runs: tuple[_Run, ...]
    """Unbroken stretches of days and values."""

    @property
    def first(self) -> Point:
        return self.runs[0][0]

    @property
    def last(self) -> Point:
        return self.runs[-1][-1]


def steps(
    series: Series, *, title: str, y_label: str, log: bool, unit: Unit, until: dt.date | None
) -> Drawing:
    """See `reckon.show.plot.steps`."""
    tally = Tally()
    days = [day for values in series.values() for day, _ in values]
    last = until or max(days, default=dt.date.max)
    drawn = [_stepped(name, values, last, tally, log=log) for name, values in series.items()]
    return _drawn(drawn, title, Axis(ends=(0, 0), unit=unit, log=log, label=y_label), tally)


def lines(series: Series, *, title: str, y_label: str, log: bool, unit: Unit) -> Drawing:
    """See `reckon.show.plot.lines`."""
    tally = Tally()
    drawn = [_joined(name, values, tally, log=log) for name, values in series.items()]
    return _drawn(drawn, title, Axis(ends=(0, 0), unit=unit, log=log, label=y_label), tally)


def bars(series: Series, *, title: str, y_label: str, unit: Unit) -> Drawing:
    """See `reckon.show.plot.bars`."""
    tally = Tally()
    amounts: dict[str, dict[dt.date, float]] = {}
    for name, values in series.items():
        for day, given in values:
            value = tally.number(given, least=0)
            if value:
                days = amounts.setdefault(name, {})
                days[day] = days.get(day, 0.0) + value
    if not amounts:
        return empty(title, tally.notes())
    every = [day for days in amounts.values() for day in days]
    period, length, floor = _period(min(every), max(every))
    stacks = _stacks(amounts, floor)
    sums: dict[dt.date, float] = {}
    for stack in stacks:
        for day, value in stack.amounts.items():
            sums[day] = sums.get(day, 0.0) + value
    texts = [_named(stack.name, sum(stack.amounts.values()), unit) for stack in stacks]
    place = frame(
        title,
        Axis(ends=_around_bars(min(sums).toordinal(), max(sums).toordinal(), length), unit="date"),
        Axis(
            ends=around([0.0, *sums.values()], log=False, zero=True),
            unit=unit,
            label=f"{y_label} per {period}",
        ),
        right=26 + max(text_width(text, TEXT) for text in texts),
    )
    said = [f"Together {written(sum(sums.values()), unit)}.", *(f"{text}." for text in texts)]
    marks = _boxes(stacks, place, length, unit)
    for n, (stack, text) in enumerate(zip(reversed(stacks), reversed(texts), strict=True)):
        # The names stand in the order of the stack, which grows upwards.
        y = place.area.top + 8 + n * LABEL_GAP
        marks.append(Box(left=place.area.right + 10, top=y - 5, width=10, height=10, ink=stack.ink))
        marks.append(Words(place=(place.area.right + 26, y + 4.5), text=text, says=stack.name))
    return place.drawing(title, said, marks, tally.notes())


def _drawn(made: Sequence[_Line], title: str, axis: Axis, tally: Tally) -> Drawing:
    drawn = [line for line in made if line.runs]
    notes = tally.notes()
    if len(drawn) < len(made):
        without = [line.name for line in made if not line.runs]
        notes.append(f"Without a value to draw: {some(without, MOST_NAMED)}.")
    if not drawn:
        return empty(title, notes)
    most = int(MOST_AREA_HEIGHT / SMALLEST_GAP)
    named, rest = drawn[:most], drawn[most:]
    if rest:
        notes.append(f"{many(len(rest), 'line')} drawn in grey without a name.")
    texts = [_named(line.name, line.last[1], axis.unit) for line in named]
    points = [point for line in drawn for run in line.runs for point in run]
    first, last = min(day for day, _ in points), max(day for day, _ in points)
    if first == last:
        first, last = first - FEW_DAYS, last + FEW_DAYS
    ends = around([value for _, value in points], log=axis.log, zero=True)
    place = frame(
        title,
        Axis(ends=(first, last), unit="date"),
        msgspec.structs.replace(axis, ends=ends),
        right=22 + max(text_width(text, TEXT) for text in texts),
        # A plot grows with the names beside it.
        area_height=min(max(AREA_HEIGHT, len(named) * LABEL_GAP), MOST_AREA_HEIGHT),
    )
    marks: list[Mark] = [mark for line in rest for mark in _strokes(line, place, "rest")]
    line_ends: list[LineEnd] = []
    for n, (line, text) in enumerate(zip(named, texts, strict=True)):
        ink = f"s{n % SERIES_INKS}"
        marks += _strokes(line, place, ink, dash=n // SERIES_INKS % 2 == 1)
        end = (place.x.at(line.last[0]), place.y.at(line.last[1]))
        line_ends.append(LineEnd(place=end, ink=ink, text=text, says=line.name))
    said = [
        f"{many(len(drawn), 'line')} from {written(first, 'date')} to {written(last, 'date')}.",
        *(_story(line, axis.unit) for line in drawn[:MOST_DESCRIBED]),
    ]
    return place.drawing(title, said, [*marks, *end_names(line_ends, place.area)], notes)


def _stepped(
    name: str, values: Sequence[tuple[dt.date, Value]], last: dt.date, tally: Tally, *, log: bool
) -> _Line:
    """The corners of the steps; a value holds until the next day that has one, or an end."""
    runs: list[_Run] = []
    run: _Run = []
    ordered = sorted(values, key=lambda at: at[0])
    for n, (day, given) in enumerate(ordered):
        if day > last:
            break
        value = None if given is None else tally.number(given, log=log)
        if value is None:
            run = []
            continue
        if not run:
            runs.append(run)
        until = min(ordered[n + 1][0], last) if n + 1 < len(ordered) else last
        run += [(day.toordinal(), value), (until.toordinal(), value)]
    return _Line(name=name, runs=tuple(runs))


def _joined(
    name: str, values: Sequence[tuple[dt.date, Value]], tally: Tally, *, log: bool
) -> _Line:
    run: _Run = []
    for day, given in sorted(values, key=lambda at: at[0]):
        value = tally.number(given, log=log)
        if value is not None:
            run.append((day.toordinal(), value))
    return _Line(name=name, runs=(run,) if run else ())


def _strokes(line: _Line, place: Frame, ink: str, *, dash: bool = False) -> list[Mark]:
    return [
        Stroke(
            points=tuple((place.x.at(day), place.y.at(value)) for day, value in run),
            ink=ink,
            width=1.0 if ink == "rest" else 2.0,
            dash=dash,
            says=line.name,
        )
        for run in line.runs
    ]


def _named(name: str, value: float, unit: Unit) -> str:
    """A name that may be cut, and a value that is not."""
    return f"{fitted(name, TEXT, NAME_WIDTH)} {written(value, unit)}"


def _story(line: _Line, unit: Unit) -> str:
    start, end = written(line.first[1], unit), written(line.last[1], unit)
    return f"{line.name}: {start}." if start == end else f"{line.name}: {start} to {end}."


class _Stack(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    ink: str
    amounts: dict[dt.date, float]


def _stacks(amounts: Mapping[str, Mapping[dt.date, float]], floor: Floor) -> list[_Stack]:
    """The largest names each by itself, and all others as one; amounts by the first day."""
    ranked = sorted(amounts, key=lambda name: (-sum(amounts[name].values()), name))
    alone = ranked if len(ranked) <= SERIES_INKS + 1 else ranked[:SERIES_INKS]
    groups = [(name, [name]) for name in alone[:SERIES_INKS]]
    others = ranked[len(groups) :]
    if others:
        groups.append((others[0] if len(others) == 1 else f"{len(others)} others", others))
    stacks: list[_Stack] = []
    for n, (name, members) in enumerate(groups):
        sums: dict[dt.date, float] = {}
        for member in members:
            for day, value in amounts[member].items():
                sums[floor(day)] = sums.get(floor(day), 0.0) + value
        ink = f"s{n}" if n < SERIES_INKS else "rest"
        stacks.append(_Stack(name=name, ink=ink, amounts=sums))
    return stacks


def _around_bars(first: int, last: int, length: int) -> tuple[float, float]:
    """Room for the first and the last bar, and for a few more where they are few."""
    more = max(0, LEAST_BARS - (last - first) // length) * length / 2
    return first - length - more, last + length * 1.5 + more


def _boxes(stacks: Sequence[_Stack], place: Frame, length: int, unit: Unit) -> list[Mark]:
    marks: list[Mark] = []
    heights: dict[dt.date, float] = {}
    wide = min(max((place.x.at(length) - place.x.at(0)) * 0.8, 1.0), WIDEST_BAR)
    for stack in stacks:
        for day, value in sorted(stack.amounts.items()):
            under = heights.get(day, 0.0)
            heights[day] = under + value
            top, bottom = place.y.at(under + value), place.y.at(under)
            marks.append(
                Box(
                    # A day stands over its own mark, a week or month begins at it.
                    left=place.x.at(day.toordinal() + length // 2) - wide / 2,
                    top=top,
                    width=wide,
                    height=bottom - top,
                    ink=stack.ink,
                    says=f"{stack.name}, {written(day.toordinal(), 'date')}: "
                    f"{written(value, unit)}",
                )
            )
    return marks


def _period(first: dt.date, last: dt.date) -> tuple[str, int, Floor]:
    """What is summed in one bar, about how many days that is, and the first day of each."""
    days = (last - first).days
    if days <= MOST_DAYS:
        return "day", 1, lambda day: day
    if days <= MOST_DAYS_OF_WEEKS:
        return "week", 7, lambda day: day - dt.timedelta(days=day.weekday())
    return "month", 30, lambda day: day.replace(day=1)
