"""Events that came before a fault are handed out first, however the bytes were cut."""

from collections.abc import Iterable

from reckon.errors import ProviderError
from reckon.vocabulary.response import Event


class Held:
    """Keeps a fault back until what came before it was given."""

    def __init__(self) -> None:
        self._fault: ProviderError | None = None

    def gather(self, steps: Iterable[Iterable[Event]]) -> list[Event]:
        """The events of all steps up to a fault, which is then raised by the next call.

        Raises:
            ProviderError: The fault, where nothing came before it.
        """
        self.release()
        events: list[Event] = []
        try:
            for step in steps:
                events += step
        except ProviderError as fault:
            if not events:
                raise
            self._fault = fault
        return events

    def release(self) -> None:
        """Raise the fault that is kept, if there is one."""
        if self._fault is not None:
            raise self._fault
