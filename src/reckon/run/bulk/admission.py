"""Who may send, and when: the budget gate and the pacer. One event loop, no locks."""

import asyncio
import time

from reckon.vocabulary.job import Budget


class BudgetGate:
    """Reserves the upper bound of a call before it is sent, and settles it on the bill.

    The invariant, checked before each admission: spent + reserved + bound <= cap.

    Args:
        cap_pico: The hard cap in pico-dollars; None: no cap.
        spent_pico: What earlier attempts of the run have cost.
        reserved_pico: What earlier attempts in doubt may have cost; counts as spent.
    """

    def __init__(self, cap_pico: int | None, spent_pico: int = 0, reserved_pico: int = 0) -> None:
        self.cap_pico = cap_pico
        self.spent_pico = spent_pico
        self.reserved_pico = reserved_pico
        self._in_flight = 0
        self._settled = asyncio.Event()

    async def reserve(self, bound_pico: int) -> bool:
        """Reserve, waiting while calls in flight may still give back; False: the cap is reached."""
        while not self._admits(bound_pico):
            if not self._in_flight:
                return False
            self._settled.clear()
            await self._settled.wait()
        self.reserved_pico += bound_pico
        self._in_flight += 1
        return True

    def _admits(self, bound_pico: int) -> bool:
        if self.cap_pico is None:
            return True
        budget = Budget(
            cap_pico=self.cap_pico, spent_pico=self.spent_pico, reserved_pico=self.reserved_pico
        )
        return budget.admits(bound_pico)

    def settle(self, bound_pico: int, actual_pico: int | None) -> None:
        """Replace a reservation by the bill; None leaves it standing, for a call in doubt."""
        if actual_pico is not None:
            self.reserved_pico -= bound_pico
            self.spent_pico += actual_pico
        self._in_flight -= 1
        self._settled.set()

    @property
    def overshoot_pico(self) -> int:
        """How far bills above their own bound have gone past the cap; 0 in all other cases."""
        return 0 if self.cap_pico is None else max(0, self.spent_pico - self.cap_pico)


class Pacer:
    """Spaces requests and tokens evenly over the minute, and obeys Retry-After for all rows.

    Args:
        requests_per_minute: None: no limit.
        tokens_per_minute: None: no limit.
    """

    def __init__(self, requests_per_minute: float | None, tokens_per_minute: float | None) -> None:
        self._request_s = 60 / requests_per_minute if requests_per_minute else 0.0
        self._token_s = 60 / tokens_per_minute if tokens_per_minute else 0.0
        self._next = 0.0

    async def turn(self, tokens: float) -> None:
        """Wait for this request's turn."""
        now = time.monotonic()
        start = max(now, self._next)
        self._next = start + max(self._request_s, tokens * self._token_s)
        if start > now:
            await asyncio.sleep(start - now)

    def pause(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._next = max(self._next, time.monotonic() + seconds)
