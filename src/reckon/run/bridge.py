"""The way from a function of an event loop to one without, for the library's front door."""

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])


def described_by(other: Callable[..., object]) -> Callable[[F], F]:
    """Give a function the docstring of its twin: arguments, units and errors are the same."""

    def describe(function: F) -> F:
        function.__doc__ = other.__doc__
        return function

    return describe
