"""Where names go in a drawing, so that none lies over another."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from reckon.show.drawing import Anchor, text_width

MOST_NAMED = 80
"""Dots that are tried to be named; more names than that are no help to anybody."""


class Edges(msgspec.Struct, frozen=True):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Edges") -> bool:
        """Whether the two share any place."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: "Edges") -> bool:
        """Whether the other lies inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Where the name of a dot stands."""

    x: float
    y: float
    anchor: Anchor


def spread(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Places as near as can be to the wanted ones, at least `gap` apart and between the ends.

    Args:
        wanted: Places in ascending order.
        gap: Least distance of two neighbours.
        low: No place is below it.
        high: No place is above it, where there is room for all.
    """
    # Without their gaps the places need only not descend: neighbours that do are pooled.
    pools: list[tuple[float, int]] = []
    for index, place in enumerate(wanted):
        total, count = place - index * gap, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            before, many = pools.pop()
            total, count = total + before, count + many
        pools.append((total, count))
    last = high - (len(wanted) - 1) * gap
    found: list[float] = []
    for total, count in pools:
        base = max(min(total / count, last), low)
        found += [base + (len(found) + n) * gap for n in range(count)]
    return found


def beside(
    dots: Sequence[tuple[float, float, str]],
    order: Iterable[int],
    *,
    size: float,
    radius: float,
    area: Edges,
    line: Sequence[tuple[float, float]] = (),
) -> dict[int, Placed]:
    """Places for the names of dots, each next to its own and clear of all the others.

    Args:
        dots: Place and name of each.
        order: Numbers of the dots, the most important first; who finds no room stays unnamed.
        size: Of the font.
        radius: Of a dot.
        area: Names stay inside.
        line: Corners of a line of level and upright pieces, which names do not cross.
    """
    taken = [Edges(x - radius, y - radius, x + radius, y + radius) for x, y, _ in dots]
    taken += [
        Edges(min(a, c) - 1, min(b, d) - 1, max(a, c) + 1, max(b, d) + 1)
        for (a, b), (c, d) in pairwise(line)
    ]
    found: dict[int, Placed] = {}
    for number in list(order)[:MOST_NAMED]:
        x, y, name = dots[number]
        width = text_width(name, size)
        for place in _around(x, y, size, radius + 4):
            start = {"start": 0.0, "middle": width / 2, "end": width}[place.anchor]
            edges = Edges(
                place.x - start - 2, place.y - size, place.x - start + width + 2, place.y + 3
            )
            if area.holds(edges) and not any(edges.meets(other) for other in taken):
                taken.append(edges)
                found[number] = place
                break
    return found


def _around(x: float, y: float, size: float, off: float) -> list[Placed]:
    """Places around a dot, the best first."""
    middle, above, below = y + size * 0.36, y - off, y + off + size * 0.75
    return [
        Placed(x=x + off, y=middle, anchor="start"),
        Placed(x=x - off, y=middle, anchor="end"),
        Placed(x=x, y=above, anchor="middle"),
        Placed(x=x, y=below, anchor="middle"),
        Placed(x=x + off * 0.7, y=above + 2, anchor="start"),
        Placed(x=x + off * 0.7, y=below - 2, anchor="start"),
        Placed(x=x - off * 0.7, y=above + 2, anchor="end"),
        Placed(x=x - off * 0.7, y=below - 2, anchor="end"),
    ]
