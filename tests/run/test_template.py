"""Templates over rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reckon.errors import TemplateError
from reckon.run.template import places, render


def test_places_are_filled_in() -> None:
    """With or without spaces; numbers are written out, null is nothing."""
    fields = {"name": "Ada", "age": 36, "note": None}
    assert render("{{name}} is {{ age }}.{{note}}", fields) == "Ada is 36."


def test_text_without_places_is_itself() -> None:
    """Single braces are text."""
    assert render('{"a": {b}}', {}) == '{"a": {b}}'


def test_a_value_is_never_read_as_a_template() -> None:
    """A row cannot reach into another column."""
    assert render("{{a}}", {"a": "{{b}}", "b": "secret"}) == "{{b}}"


def test_a_column_that_is_not_there_names_those_that_are() -> None:
    """A typing error is found at the first row."""
    with pytest.raises(TemplateError, match="'nmae'") as error:
        render("{{nmae}}", {"name": 1, "age": 2})
    assert error.value.why == "They have name, age."
    assert error.value.do == "Write {{name}}."


def test_a_column_that_is_like_no_other_is_not_guessed() -> None:
    """The nearest is named only where it is near."""
    with pytest.raises(TemplateError) as error:
        render("{{postcode}}", {"name": 1, "age": 2})
    assert error.value.do == "Correct the name between {{ and }}."


def test_the_named_columns_can_be_listed() -> None:
    """In their order."""
    assert places("{{a}} and {{ b }} and {{a}}") == ("a", "b", "a")


@given(
    value=st.text(),
    name=st.text(
        st.characters(exclude_characters="{}", exclude_categories=["Zs", "Cc", "Zl", "Zp", "Cs"]),
        min_size=1,
    ),
)
def test_any_value_of_any_column_goes_in_as_it_is(value: str, name: str) -> None:
    """Whatever it holds."""
    assert render(f"<{{{{{name}}}}}>", {name: value}) == f"<{value}>"
