"""reckon: choose a model, price the job, run it, judge the result.

The public names are resolved on first use, so that `import reckon` costs next to nothing.

`reckon.price` and `reckon.run` are functions and rooms of the house at once: Python binds a
package to its parent the moment it is imported, which would hide a function of the same name, so
those two packages are made callable.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from reckon.errors import ReckonError as ReckonError
    from reckon.run.ask import ask as ask
    from reckon.run.ask import ask_async as ask_async
    from reckon.run.library import models as models
    from reckon.run.library import models_async as models_async
    from reckon.run.library import price as price
    from reckon.run.library import price_async as price_async
    from reckon.run.library import resume as resume
    from reckon.run.library import resume_async as resume_async
    from reckon.run.library import run as run
    from reckon.run.library import run_async as run_async
    from reckon.settings import VERSION as __version__

_HOMES = {
    "ReckonError": "reckon.errors",
    "ask": "reckon.run.ask",
    "ask_async": "reckon.run.ask",
    "models": "reckon.run.library",
    "models_async": "reckon.run.library",
    "price": "reckon.run.library",
    "price_async": "reckon.run.library",
    "resume": "reckon.run.library",
    "resume_async": "reckon.run.library",
    "run": "reckon.run.library",
    "run_async": "reckon.run.library",
}
_CALLABLE_ROOMS = ("price", "run")

__all__ = [
    "ReckonError",
    "__version__",
    "ask",
    "ask_async",
    "models",
    "models_async",
    "price",
    "price_async",
    "resume",
    "resume_async",
    "run",
    "run_async",
]


def _resolve(name: str) -> object:
    return getattr(import_module(_HOMES[name]), name)


class _CallableRoom(ModuleType):
    """A package that is also the public function of its name."""

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self.__wrapped__(*args, **kwargs)

    @property
    def __wrapped__(self) -> "Callable[..., object]":
        """The function: `inspect.signature` and notebooks show its arguments."""
        return cast("Callable[..., object]", _resolve(self.__name__.rpartition(".")[2]))

    @property
    def __doc__(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The function's own words."""
        return self.__wrapped__.__doc__


class _FrontDoor(ModuleType):
    def __setattr__(self, name: str, value: object) -> None:
        if name in _CALLABLE_ROOMS and isinstance(value, ModuleType):
            value.__class__ = _CallableRoom
        super().__setattr__(name, value)


def __getattr__(name: str) -> object:
    if name in _CALLABLE_ROOMS:
        return import_module(f"reckon.{name}")
    if name in _HOMES:
        return _resolve(name)
    if name == "__version__":
        return import_module("reckon.settings").VERSION
    msg = f"module 'reckon' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return __all__


sys.modules[__name__].__class__ = _FrontDoor
