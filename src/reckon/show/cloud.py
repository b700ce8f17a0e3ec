"""Dots by two measures: quality against price, context windows over time."""

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from reckon.show.drawing import Disc, Drawing, Mark, Point, Stroke, Words, fitted
from reckon.show.frame import SMALL, Axis, empty, frame
from reckon.show.labels import beside
from reckon.show.scale import Unit, around, written
from reckon.show.values import Tally, Value, many, some

NAME_WIDTH = 220.0
RADIUS = 4.5
MOST_DESCRIBED = 12


class Dot(msgspec.Struct, frozen=True, kw_only=True):
    """One thing with two measures; None: unknown."""

    name: str
    x: float | int | Decimal | dt.date | None
    y: Value


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What an axis counts."""

    label: str
    unit: Unit
    log: bool


class _Spot(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    x: float
    y: float


def scatter(
    dots: Sequence[Dot], *, title: str, x: Measure, y: Measure, frontier: str = ""
) -> Drawing:
    """See `reckon.show.plot.scatter`."""
    tally = Tally()
    spots = _spots(dots, x, y, tally)
    notes = tally.notes()
    if not spots:
        return empty(title, notes)
    place = frame(title, _axis(x, [s.x for s in spots]), _axis(y, [s.y for s in spots]))
    centres = [(place.x.at(spot.x), place.y.at(spot.y)) for spot in spots]
    best = best_for_less([(spot.x, spot.y) for spot in spots]) if frontier else []
    order = list(dict.fromkeys([*best, *range(len(spots))]))
    vivid = set(best) if frontier else set(order)
    marks: list[Mark] = []
    stairs = _stairs([centres[n] for n in best])
    if len(best) > 1:
        marks.append(Stroke(points=stairs, ink="s0", width=1.5))
    # The important ones are painted last, over the others.
    for n in reversed(order):
        says = f"{spots[n].name}: {written(spots[n].x, x.unit)}, {written(spots[n].y, y.unit)}"
        ink = "s0" if n in vivid else "rest"
        marks.append(Disc(centre=centres[n], radius=RADIUS, ink=ink, says=says))
    texts = [fitted(spot.name, SMALL, NAME_WIDTH) for spot in spots]
    free = beside(
        [(x, y, text) for (x, y), text in zip(centres, texts, strict=True)],
        order,
        size=SMALL,
        radius=RADIUS,
        area=place.area,
        line=stairs,
    )
    marks += [
        Words(
            place=(at.x, at.y),
            text=texts[n],
            ink="ink" if n in vivid else "muted",
            size=SMALL,
            anchor=at.anchor,
            halo=True,
            says=spots[n].name if texts[n] != spots[n].name else "",
        )
        for n, at in free.items()
    ]
    if len(free) < len(spots):
        unnamed = len(spots) - len(free)
        notes.insert(0, f"{many(unnamed, 'dot')} found no room for a name.")
    said = [f"{many(len(spots), 'dot')}."]
    if best:
        said.append(f"{frontier}: {some([spots[n].name for n in best], MOST_DESCRIBED)}.")
        notes.insert(0, f"Line: {frontier}.")
    return place.drawing(title, said, marks, notes)


def best_for_less(dots: Sequence[Point]) -> list[int]:
    """Numbers of the dots that none beats with at most their x and at least their y, by x.

    Of equal dots the first counts.
    """
    best: list[int] = []
    highest = -math.inf
    for n in sorted(range(len(dots)), key=lambda n: (dots[n][0], -dots[n][1], n)):
        if dots[n][1] > highest:
            highest = dots[n][1]
            best.append(n)
    return best


def _spots(dots: Sequence[Dot], x: Measure, y: Measure, tally: Tally) -> list[_Spot]:
    found: list[_Spot] = []
    for dot in dots:
        given = dot.x.toordinal() if isinstance(dot.x, dt.date) else dot.x
        along = tally.number(given, log=x.log)
        up = None if along is None else tally.number(dot.y, log=y.log)
        if along is not None and up is not None:
            found.append(_Spot(name=dot.name, x=along, y=up))
    return found


def _axis(measure: Measure, values: list[float]) -> Axis:
    ends = around(values, log=measure.log)
    return Axis(ends=ends, unit=measure.unit, log=measure.log, label=measure.label)


def _stairs(places: Sequence[Point]) -> tuple[Point, ...]:
    """From dot to dot: what x buys stays the same until the next dot."""
    points = list(places[:1])
    for x, y in places[1:]:
        points += [(x, points[-1][1]), (x, y)]
    return tuple(points)
