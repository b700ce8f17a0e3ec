"""The ratio of sums, and how sure it is."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.price.ratio import LEAST_ROWS, RatioSums, student


def sums(*pairs: tuple[float, float]) -> RatioSums:
    """Sums over pairs."""
    found = RatioSums()
    for x, y in pairs:
        found.add(x, y)
    return found


def test_an_exact_ratio_has_no_width() -> None:
    """Every row strays by the same factor."""
    found = sums(*[(n, 1.25 * n) for n in range(1, 20)]).interval()
    assert found is not None
    assert found.likely == 1.25
    assert found.high - found.low < 1e-6


def test_the_interval_is_the_textbook_one() -> None:
    """Cochran's formula on five rows, by hand: R = 28/15, residuals, t(4) = 2.776."""
    pairs = [(1, 2), (2, 4), (3, 5), (4, 8), (5, 9)]
    ratio = 28 / 15
    spread = sum((y - ratio * x) ** 2 for x, y in pairs) / 4
    half = 2.776 * (spread / 5) ** 0.5 / 3
    found = sums(*pairs).interval()
    assert found is not None
    assert found.likely == pytest.approx(ratio)
    assert found.high - found.likely == pytest.approx(half, rel=0.005)


def test_too_few_rows_say_nothing() -> None:
    """Their spread is chance."""
    assert sums(*[(1, 1)] * (LEAST_ROWS - 1)).interval() is None
    assert sums(*[(0, 1)] * 9).interval() is None


@pytest.mark.parametrize(
    ("freedom", "point"), [(4, 2.776), (5, 2.571), (9, 2.262), (29, 2.045), (199, 1.972)]
)
def test_students_points_are_those_of_the_tables(freedom: int, point: float) -> None:
    """Within 0.3%."""
    assert student(freedom) == pytest.approx(point, rel=0.003)


def test_the_interval_holds_the_truth_19_times_in_20() -> None:
    """Samples of thirty from a population of known ratio."""
    chance = random.Random(7)
    people = [
        (x, x * chance.gauss(1.2, 0.2)) for x in (chance.uniform(20, 200) for _ in range(5000))
    ]
    truth = sum(y for _, y in people) / sum(x for x, _ in people)
    held = 0
    for _ in range(400):
        found = sums(*chance.sample(people, 30)).interval()
        assert found is not None
        held += found.low <= truth <= found.high
    assert 0.91 <= held / 400 <= 0.985


@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(0, 1e6)), min_size=5, max_size=40))
def test_the_ratio_is_inside_its_interval(pairs: list[tuple[float, float]]) -> None:
    """Whatever the numbers."""
    found = sums(*pairs).interval()
    assert found is not None
    assert 0 <= found.low <= found.likely <= found.high
