"""Plots: what stands where, what is left out and said, and that SVG and PNG agree."""

import datetime as dt
import io
import math
import re
import subprocess
import sys
from decimal import Decimal
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from reckon.errors import UsageError
from reckon.show import plot
from reckon.show.cloud import best_for_less
from reckon.show.drawing import INKS, Disc, Drawing, Stroke, Words, text_width, to_svg
from reckon.show.labels import spread
from reckon.show.raster import SCALE, to_png
from reckon.show.scale import Scale, around, date_ticks, written
from reckon.show.values import LARGEST, SMALLEST, Series

SVG = "{http://www.w3.org/2000/svg}"
PRICES: Series = {
    "gpt-4": [(dt.date(2023, 3, 14), Decimal(30))],
    "gpt-3.5-turbo": [(dt.date(2023, 3, 1), 2), (dt.date(2024, 1, 25), Decimal("0.5"))],
    "claude-2.1": [(dt.date(2023, 11, 21), 8), (dt.date(2024, 6, 1), None)],
}


def steps(series: Series, **options: object) -> Drawing:
    """Prices over time."""
    return plot.steps(series, title="Prices", y_label="USD", **options)  # type: ignore[arg-type]


def words(drawing: Drawing) -> list[str]:
    """All texts of a drawing."""
    return [mark.text for mark in drawing.marks if isinstance(mark, Words)]


def line_of(drawing: Drawing, name: str) -> list[tuple[float, float]]:
    """The corners of a line."""
    [found] = [m for m in drawing.marks if isinstance(m, Stroke) and m.says == name]
    return list(found.points)


def edges(mark: Words) -> tuple[float, float, float, float]:
    """The rectangle that a text fills, as the layout measures it."""
    width = text_width(mark.text, mark.size)
    left = mark.place[0] - {"start": 0.0, "middle": width / 2, "end": width}[mark.anchor]
    return left, mark.place[1] - mark.size * 0.75, left + width, mark.place[1]


def overlap(one: Words, other: Words) -> bool:
    """Whether two texts lie over each other."""
    a, b = edges(one), edges(other)
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def test_a_price_holds_until_the_day_of_the_next_one() -> None:
    """Steps are level, then upright; the last holds to the end."""
    drawing = steps(PRICES, until=dt.date(2024, 12, 31))
    corners = line_of(drawing, "gpt-3.5-turbo")
    assert len(corners) == 4
    assert corners[0][1] == corners[1][1] != corners[2][1] == corners[3][1]
    assert corners[1][0] == corners[2][0]
    assert corners[3][0] == max(x for x, _ in line_of(drawing, "gpt-4"))
    assert "gpt-3.5-turbo $0.50" in words(drawing)


def test_an_unknown_value_ends_a_line() -> None:
    """A model that is no longer sold has no price from that day on."""
    drawing = steps(PRICES, until=dt.date(2024, 12, 31))
    assert line_of(drawing, "claude-2.1")[-1][0] < line_of(drawing, "gpt-4")[-1][0]
    assert drawing.notes == ()


def test_equal_ratios_are_equally_far_apart_on_a_logarithmic_axis() -> None:
    """From 1 to 10 is as far as from 10 to 100."""
    scale = Scale(low=1, high=100, start=400, stop=0, log=True)
    assert scale.at(1) - scale.at(10) == pytest.approx(scale.at(10) - scale.at(100))


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((0.03, 40), ["$0.03", "$0.10", "$0.30", "$1", "$3", "$10", "$30"]),
        ((0.9, 12), ["$1", "$2", "$5", "$10"]),
        ((2.4, 3.1), ["$2.40", "$2.50", "$2.60", "$2.70", "$2.80", "$2.90", "$3", "$3.10"]),
        ((1e-6, 1e6), ["$0.000001", "$0.0001", "$0.01", "$1", "$100", "$10,000", "$1,000,000"]),
    ],
)
def test_ticks_of_dollars_are_round_amounts(ends: tuple[float, float], expected: list[str]) -> None:
    """Ones, threes and fives of each power of ten, as many as there is room for."""
    scale = Scale(low=ends[0], high=ends[1], start=0, stop=1, log=True, unit="usd")
    assert [word for _, word in scale.ticks(8)] == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ((2024, 12, 30), (2025, 1, 2), ["30 Dec 2024", "31 Dec", "1 Jan 2025", "2 Jan"]),
        ((2023, 12, 1), (2024, 5, 1), ["Dec 2023", "Jan 2024", "Feb", "Mar", "Apr", "May"]),
        ((2022, 11, 30), (2026, 8, 1), ["2023", "2024", "2025", "2026"]),
    ],
)
def test_ticks_of_days_name_the_year_once(
    first: tuple[int, int, int], last: tuple[int, int, int], expected: list[str]
) -> None:
    """Days, months or years, whichever are few enough."""
    ends = dt.date(*first).toordinal(), dt.date(*last).toordinal()
    assert [word for _, word in date_ticks(*ends, 7)] == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.0375, "usd", "$0.0375"),
        (0.15, "usd", "$0.15"),
        (2.5, "usd", "$2.50"),
        (58.634, "usd", "$58.63"),
        (1287.4, "usd", "$1,287"),
        (0, "usd", "$0"),
        (-3, "usd", "-$3"),
        (4096, "tokens", "4,096"),
        (128_000, "tokens", "128k"),
        (2_097_152, "tokens", "2.1M"),
        (999_999, "tokens", "1M"),
        (1286.6, "number", "1,287"),
        (1e300, "number", "1e+300"),
    ],
)
def test_values_are_written_in_few_letters(value: float, unit: str, expected: str) -> None:
    """As people read them."""
    assert written(value, unit) == expected  # type: ignore[arg-type]


@given(
    st.lists(st.floats(0, 500), min_size=1, max_size=40).map(sorted),
    st.floats(1, 12),
)
def test_names_beside_lines_keep_their_distance_and_their_order(
    wanted: list[float], gap: float
) -> None:
    """They stay inside where there is room for all."""
    found = spread(wanted, gap=gap, low=0, high=500)
    assert len(found) == len(wanted)
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(found))
    assert found[0] >= -1e-6
    assert found[-1] <= 500 + 1e-6


def test_names_that_have_room_stand_level_with_their_lines() -> None:
    """Nothing is moved without need."""
    assert spread([10, 100, 300], gap=17, low=0, high=400) == [10, 100, 300]


def test_dots_that_none_beats_form_the_frontier() -> None:
    """At most the price and at least the quality; of equal dots the first."""
    assert best_for_less([(1, 5), (2, 4), (2, 7), (3, 7), (0.5, 1), (2, 7)]) == [4, 0, 2]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_every_dot_beside_the_frontier_is_beaten_by_one_on_it(dots: list[tuple[int, int]]) -> None:
    """By definition."""
    best = best_for_less(dots)
    for x, y in dots:
        assert any(dots[n][0] <= x and dots[n][1] >= y for n in best)


def test_names_of_dots_lie_over_no_other_name_and_no_dot() -> None:
    """Who finds no room stays unnamed, and is counted."""
    dots = [
        plot.Dot(name=f"model-{n}", x=1 + n % 10 * 0.3, y=1000 + n * 37 % 50) for n in range(60)
    ]
    drawing = plot.scatter(dots, title="t", x_label="x", y_label="y", frontier="the best")
    names = [m for m in drawing.marks if isinstance(m, Words) and m.text.startswith("model-")]
    assert 10 < len(names) < 60
    assert not any(overlap(a, b) for a, b in combinations(names, 2))
    for disc in (mark for mark in drawing.marks if isinstance(mark, Disc)):
        for name in names:
            left, top, right, bottom = edges(name)
            assert not (left < disc.centre[0] < right and top < disc.centre[1] < bottom)
    assert f"{60 - len(names)} dots found no room for a name." in drawing.notes
    assert any(note == "Line: the best." for note in drawing.notes)


def test_nothing_to_draw_is_said() -> None:
    """An empty plot is a plot."""
    for drawing in (
        steps({}),
        steps({"a": []}),
        plot.scatter([], title="t", x_label="x", y_label="y"),
        plot.bars({}, title="t", y_label="USD"),
        plot.lines({"a": [(dt.date(2024, 1, 1), None)]}, title="t", y_label="tokens"),
    ):
        assert "There is nothing to draw." in words(drawing)
        assert to_png(drawing).startswith(b"\x89PNG")


def test_one_value_and_equal_values_have_an_axis_around_them() -> None:
    """An axis of no length would divide by zero."""
    day = dt.date(2024, 5, 13)
    for series in ({"a": [(day, 5)]}, {"a": [(day, 5)], "b": [(day, 5)]}):
        for log in (True, False):
            drawing = steps(series, log=log)
            [*discs] = [mark for mark in drawing.marks if isinstance(mark, Disc)]
            assert len(discs) == len(series)
            assert all(math.isfinite(value) for disc in discs for value in disc.centre)
            assert "$5" in words(drawing)


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5),
    st.booleans(),
)
def test_the_ends_of_an_axis_hold_every_value(values: list[float], log: bool) -> None:
    """However large or small."""
    values = [value for value in values if abs(value) < LARGEST]
    if log:
        values = [abs(value) for value in values if abs(value) > SMALLEST]
    assume(values)
    low, high = around(values, log=log)
    assert low < high
    assert low <= min(values) * (1 + 1e-9 if log else 1)
    assert high >= max(values) * (1 - 1e-9 if log else 1)
    ticks = Scale(low=low, high=high, start=0, stop=1, log=log).ticks(8)
    assert len(ticks) <= 10


def test_values_without_a_place_are_left_out_and_counted_by_reason() -> None:
    """Zero on a logarithmic axis, unknown, and no number at all."""
    day = dt.date(2024, 1, 1)
    drawing = plot.lines(
        {"a": [(day, 4096), (day, 0), (day, None), (day, math.nan), (day, 10**400)], "b": []},
        title="t",
        y_label="tokens",
    )
    assert drawing.notes == (
        "Left out: 1 value is zero or less, which a logarithmic axis cannot show.",
        "Left out: 1 value is not known.",
        "Left out: 2 values are no number that an axis can show.",
        "Without a value to draw: b.",
    )
    assert all(note in words(drawing) for note in drawing.notes)


def test_two_hundred_lines_are_drawn_and_as_many_named_as_can_be_read() -> None:
    """The others are grey, and counted."""
    start = dt.date(2023, 1, 1)
    series = {f"line-{n}": [(start, 1 + n), (start + dt.timedelta(n), 9)] for n in range(200)}
    drawing = steps(series, until=dt.date(2024, 1, 1))
    strokes = [m for m in drawing.marks if isinstance(m, Stroke) and m.says.startswith("line-")]
    names = [m for m in drawing.marks if isinstance(m, Words) and m.text.startswith("line-")]
    assert len(strokes) == 200
    assert f"{200 - len(names)} lines drawn in grey without a name." in drawing.notes
    assert not any(overlap(a, b) for a, b in combinations(names, 2))
    assert all(name.place[1] <= drawing.height for name in names)


def test_long_names_are_cut_and_kept_whole_for_who_points_at_them() -> None:
    """The value beside the name is never cut; a title has two lines."""
    name = "provider/" + "model-" * 60
    drawing = plot.steps(
        {name: [(dt.date(2024, 1, 1), 3)]}, title="A long title of a plot " * 40, y_label="USD"
    )
    assert name not in words(drawing)
    [shown] = [text for text in words(drawing) if text.startswith("provider/")]
    assert shown.endswith("… $3")
    assert f"<title>{name}</title>" in to_svg(drawing)
    titles = [mark for mark in drawing.marks if isinstance(mark, Words) and mark.bold]
    assert len(titles) == 2
    assert titles[1].text.endswith("…")
    for mark in drawing.marks:
        if isinstance(mark, Words):
            assert edges(mark)[0] >= 0
            assert edges(mark)[2] <= drawing.width


def test_names_and_titles_are_text_and_never_markup() -> None:
    """Nor can they turn the text around or hide what is not XML."""
    evil = '</text><script>alert(1)</script>&"\u202e\x00\ufffe'
    drawing = plot.steps({evil: [(dt.date(2024, 1, 1), 3)]}, title=evil, y_label=evil)
    svg = to_svg(drawing)
    assert "<script" not in svg
    root = ElementTree.fromstring(svg)
    assert root.findtext(f"{SVG}title") == '</text><script>alert(1)</script>&"\\u202e\\x00\ufffd'
    assert {child.tag.removeprefix(SVG) for child in root.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "path", "circle", "text")
    }


def test_an_svg_says_in_words_what_it_shows() -> None:
    """For readers who cannot see it."""
    root = ElementTree.fromstring(to_svg(steps(PRICES, until=dt.date(2024, 12, 31))))
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert description.text == (
        "3 lines from 1 Mar 2023 to 31 Dec 2024. gpt-4: $30. gpt-3.5-turbo: $2 to $0.50. "
        "claude-2.1: $8."
    )


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG defines it."""

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ink", [ink for ink in INKS if ink not in ("paper", "grid", "rest")])
@pytest.mark.parametrize("paper", [0, 1])
def test_every_ink_can_be_read_on_light_and_on_dark_paper(ink: str, paper: int) -> None:
    """4.5 to 1 is what WCAG asks of text."""
    assert contrast(INKS[ink][paper], INKS["paper"][paper]) >= 4.5


def test_styles_of_an_svg_reach_nothing_outside_it() -> None:
    """Two plots and a page can stand in one document."""
    svg = to_svg(steps(PRICES))
    name = ElementTree.fromstring(svg).get("id")
    style = svg[svg.index("<style>") + 7 : svg.index("</style>")]
    inner = style.replace("@media (prefers-color-scheme:dark){", "").replace("}}", "}")
    rules = re.findall(r"([^{}]+)\{", inner)
    assert len(rules) > 20
    assert all(rule.startswith(f"#{name} ") for rule in rules)


def test_an_svg_has_its_light_colours_without_any_style() -> None:
    """For readers of SVG that know none; styles only make it dark."""
    root = ElementTree.fromstring(to_svg(steps(PRICES)))
    for kind in ("text", "circle", "rect"):
        marks = root.findall(f"{SVG}{kind}")
        assert marks
        assert all((mark.get("fill") or "").startswith("#") for mark in marks)
    assert all((path.get("stroke") or "").startswith("#") for path in root.findall(f"{SVG}path"))


def test_the_same_values_give_the_same_bytes() -> None:
    """A plot in a repository changes only where its data do."""
    assert to_svg(steps(PRICES)) == to_svg(steps(PRICES))
    assert to_png(steps(PRICES)) == to_png(steps(PRICES))


def test_a_png_has_each_mark_where_the_svg_has_it() -> None:
    """One layout feeds both: the colour of a line is found along the line."""
    drawing = steps({"a": [(dt.date(2024, 1, 1), 3)]}, until=dt.date(2024, 12, 31))
    with Image.open(io.BytesIO(to_png(drawing))) as picture:
        assert picture.size == (round(drawing.width * SCALE), round(drawing.height * SCALE))
        assert picture.info["Title"] == "Prices"
        pixels = picture.convert("RGB")
    (left, y), (right, _) = line_of(drawing, "a")
    ink = tuple(bytes.fromhex(INKS["s0"][0][1:]))
    for place in range(1, 9):
        x = left + (right - left) * place / 9
        assert pixels.getpixel((round(x * SCALE), round(y * SCALE))) == ink
        assert pixels.getpixel((round(x * SCALE), round((y - 6) * SCALE))) != ink


@pytest.mark.parametrize("text", ["modèle Müller", "模型", "модель", "a\u0301b"])
def test_names_in_other_scripts_are_drawn(text: str) -> None:
    """With a font of this machine, or as near as can be."""
    with_name = to_png(steps({text: [(dt.date(2024, 1, 1), 3)]}))
    assert with_name != to_png(steps({"": [(dt.date(2024, 1, 1), 3)]}))


def test_the_layout_measures_text_as_wide_as_it_is_drawn() -> None:
    """But for kerning and hints, in the font of the PNG."""
    from PIL import ImageFont

    font = ImageFont.load_default(26)
    for text in ("gemini-1.5-flash-8b $0.0375", "USD per million input tokens", "WMil|.,gjQ"):
        assert text_width(text, 26) == pytest.approx(font.getlength(text), rel=0.04)


def test_bars_are_summed_by_day_week_or_month() -> None:
    """Whichever are few enough; every amount is in one of them."""
    start = dt.date(2025, 1, 1)
    for days, period in ((20, "day"), (200, "week"), (900, "month")):
        series = {
            name: [(start + dt.timedelta(n), Decimal("0.01")) for n in range(days)] for name in "ab"
        }
        drawing = plot.bars(series, title="Spend", y_label="USD")
        assert f"USD per {period}" in words(drawing)
        assert f"Together {written(days * 0.02, 'usd')}." in drawing.description


def test_small_names_share_one_bar() -> None:
    """Colours end; nothing is left out."""
    day = dt.date(2025, 1, 1)
    drawing = plot.bars({f"m{n}": [(day, 1 + n)] for n in range(12)}, title="t", y_label="USD")
    assert "4 others $10" in words(drawing)
    assert "m11 $12" in words(drawing)
    assert "Together $78." in drawing.description


def test_a_negative_amount_is_left_out_and_said() -> None:
    """A bar cannot be less than nothing."""
    drawing = plot.bars({"a": [(dt.date(2025, 1, 1), -2)]}, title="t", y_label="USD")
    assert drawing.notes == ("Left out: 1 value is less than 0.",)


def test_the_ending_of_the_name_chooses_the_format(tmp_path: Path) -> None:
    """In any case of letters; nothing is left beside the file."""
    for name, start in (("a.svg", b"<svg"), ("b.PNG", b"\x89PNG")):
        path = plot.write(steps(PRICES), tmp_path / name)
        assert path.read_bytes().startswith(start)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.svg", "b.PNG"]


@pytest.mark.parametrize(
    ("name", "why"),
    [("a.pdf", ".pdf is no format of a plot."), ("prices", "The name has no ending.")],
)
def test_another_ending_is_refused(tmp_path: Path, name: str, why: str) -> None:
    """With what can be had."""
    with pytest.raises(UsageError) as raised:
        plot.write(steps(PRICES), tmp_path / name)
    assert raised.value.what == f"A plot cannot be written to {str(tmp_path / name)!r}."
    assert raised.value.why == why
    assert raised.value.do == "Give a name that ends in .svg or .png."
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    """And a plot that was there stays as it was."""
    path = tmp_path / "missing" / "a.svg"
    with pytest.raises(UsageError) as raised:
        plot.write(steps(PRICES), path)
    assert raised.value.lines() == [
        f"Error: The plot {path} cannot be written.",
        "Why: No such file or directory",
        "Do: Name a file in a folder that exists and that you can write to.",
    ]


def test_an_svg_is_made_without_pillow() -> None:
    """It takes a tenth of the time."""
    code = (
        "import sys, datetime as dt; from reckon.show import plot; from reckon.show.drawing "
        "import to_svg; to_svg(plot.steps({'a': [(dt.date(2024, 1, 1), 3)]}, title='t', "
        "y_label='y')); assert not [m for m in sys.modules if m.startswith(('PIL', 'numpy'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
