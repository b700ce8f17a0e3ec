"""What all plots share: a title, axes with their ticks, and notes below."""

import textwrap
from collections.abc import Iterable, Sequence

import msgspec

from reckon.show.drawing import Disc, Drawing, Mark, Point, Stroke, Words, fitted, text_width
from reckon.show.labels import Edges, spread
from reckon.show.scale import Scale, Unit

WIDTH = 960.0
AREA_HEIGHT = 420.0
MOST_AREA_HEIGHT = 900.0
MARGIN = 24.0
TITLE = 20.0
TEXT = 13.0
SMALL = 12.0
LABEL_GAP = 17.0
TICK_LINE = 22.0
TITLE_LINES = 2
NOTE_LETTERS = 140


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """What an axis shows."""

    ends: tuple[float, float]
    unit: Unit
    log: bool = False
    label: str = ""


class LineEnd(msgspec.Struct, frozen=True, kw_only=True):
    """Where a line ends, and what to call it."""

    place: Point
    ink: str
    text: str
    says: str = ""
    """The whole name, where `text` is cut."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The place for the data, and what stands around it."""

    x: Scale
    y: Scale
    area: Edges
    marks: tuple[Mark, ...]
    height: float

    def drawing(
        self, title: str, description: Iterable[str], marks: Iterable[Mark], notes: Sequence[str]
    ) -> Drawing:
        """The whole, with the notes set below the axes."""
        lines = [line for note in notes for line in textwrap.wrap(note, NOTE_LETTERS)]
        written = [
            Words(place=(MARGIN, self.height + 16 * n), text=line, ink="muted", size=SMALL)
            for n, line in enumerate(lines)
        ]
        return Drawing(
            width=WIDTH,
            height=self.height + 16 * len(lines) + (4 if lines else 0),
            title=title,
            description=" ".join([*description, *notes]),
            marks=(*self.marks, *marks, *written),
            notes=tuple(notes),
        )


def frame(
    title: str, x: Axis, y: Axis, *, right: float = 0.0, area_height: float = AREA_HEIGHT
) -> Frame:
    """A title and two axes, with room on the right for names.

    Args:
        title: May need two lines; more is cut.
        x: Runs along the bottom.
        y: Runs up the left side; its label stands on top, to be read without turning one's head.
        right: Pixels beside the axes that stay free.
        area_height: Of the place for the data.
    """
    lines = _title_lines(title)
    top = MARGIN + 26.0 * len(lines) + (TICK_LINE if y.label else 0) + 8
    bottom = top + area_height
    up = Scale(low=y.ends[0], high=y.ends[1], start=bottom, stop=top, log=y.log, unit=y.unit)
    y_ticks = up.ticks(8)
    left = MARGIN + max(text_width(word, SMALL) for _, word in y_ticks) + 10
    end = WIDTH - MARGIN - right
    along = Scale(low=x.ends[0], high=x.ends[1], start=left, stop=end, log=x.log, unit=x.unit)
    marks: list[Mark] = [
        Words(place=(MARGIN, MARGIN + 18 + 26 * n), text=line, size=TITLE, bold=True)
        for n, line in enumerate(lines)
    ]
    if y.label:
        said = fitted(y.label, TEXT, WIDTH - 2 * MARGIN)
        marks.append(Words(place=(MARGIN, top - 18), text=said, ink="muted", size=TEXT))
    for value, word in y_ticks:
        at = up.at(value)
        marks.append(Stroke(points=((left, at), (end, at)), ink="grid"))
        marks.append(
            Words(place=(left - 8, at + 4), text=word, ink="muted", size=SMALL, anchor="end")
        )
    marks += _x_ticks(along, bottom)
    height = bottom + TICK_LINE + 20
    if x.label:
        said = fitted(x.label, TEXT, end - left)
        marks.append(
            Words(
                place=((left + end) / 2, bottom + 2 * TICK_LINE - 2),
                text=said,
                ink="muted",
                size=TEXT,
                anchor="middle",
            )
        )
        height += TICK_LINE
    area = Edges(left, top, end, bottom)
    return Frame(x=along, y=up, area=area, marks=tuple(marks), height=height)


def empty(title: str, notes: Sequence[str]) -> Drawing:
    """A drawing that says that there is nothing to draw."""
    lines = _title_lines(title)
    said = "There is nothing to draw."
    below = MARGIN + 26.0 * len(lines) + 30
    marks: list[Mark] = [
        Words(place=(MARGIN, MARGIN + 18 + 26 * n), text=line, size=TITLE, bold=True)
        for n, line in enumerate(lines)
    ]
    marks += [
        Words(place=(MARGIN, below + 18 * n), text=line, ink="muted", size=TEXT)
        for n, line in enumerate([said, *notes])
    ]
    return Drawing(
        width=WIDTH,
        height=below + 18.0 * (len(notes) + 1) + 8,
        title=title,
        description=" ".join([said, *notes]),
        marks=tuple(marks),
        notes=tuple(notes),
    )


def end_names(ends: Sequence[LineEnd], area: Edges) -> list[Mark]:
    """Names in a column on the right, each level with its line's end or as near as can be."""
    ranked = sorted(ends, key=lambda end: end.place[1])
    gap = min(LABEL_GAP, (area.bottom - area.top) / max(len(ranked) - 1, 1))
    size = min(TEXT, gap * 0.82)
    heights = spread([end.place[1] for end in ranked], gap=gap, low=area.top, high=area.bottom)
    column = area.right + 18
    marks: list[Mark] = []
    for end, height in zip(ranked, heights, strict=True):
        x, y = end.place
        stopped = x < area.right - 1
        if stopped or abs(height - y) > 2:
            way = ((x, y), (area.right + 2, y), (column - 4, height))
            marks.append(Stroke(points=way, ink=end.ink, width=0.75, dash=stopped))
        marks.append(Disc(centre=end.place, radius=3.5, ink=end.ink))
        below = (column, height + size * 0.35)
        marks.append(Words(place=below, text=end.text, ink=end.ink, size=size, says=end.says))
    return marks


def _x_ticks(along: Scale, bottom: float) -> list[Mark]:
    marks: list[Mark] = [
        Stroke(points=((along.start, bottom), (along.stop, bottom)), ink="rest", width=1.0)
    ]
    most = max(2, int((along.stop - along.start) / 76))
    for value, word in along.ticks(most):
        at = along.at(value)
        marks.append(Stroke(points=((at, bottom), (at, bottom + 5)), ink="rest"))
        marks.append(
            Words(
                place=(at, bottom + TICK_LINE - 2),
                text=word,
                ink="muted",
                size=SMALL,
                anchor="middle",
            )
        )
    return marks


def _title_lines(title: str) -> list[str]:
    """The title on at most two lines, cut where it is longer."""
    room = WIDTH - 2 * MARGIN
    flat = fitted(title, TITLE, room * TITLE_LINES * 0.97, bold=True)
    if text_width(flat, TITLE, bold=True) <= room:
        return [flat] if flat else []
    words, first = flat.split(" "), ""
    while words and text_width(f"{first} {words[0]}".strip(), TITLE, bold=True) <= room:
        first = f"{first} {words.pop(0)}".strip()
    rest = fitted(" ".join(words), TITLE, room, bold=True)
    return [line for line in (first, rest) if line]
