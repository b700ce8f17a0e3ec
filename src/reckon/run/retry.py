"""Whether a call that failed is tried again, and after how long: one rule for ask and bulk.

The rule is that of OpenAI's SDK. What the server says of itself comes first: whether to retry, and
the wait it asks for. Else the wait doubles with each try, by a random share shorter, so that those
who failed together do not come back together.
"""

from collections.abc import Callable

import msgspec

from reckon.errors import NotSent, ProviderError, ReckonError
from reckon.run.answer import POSSIBLY_BILLED

SLACK = 0.1
"""Share that a wait is longer than asked for: at its very end Google refuses again."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how long somebody waits."""

    retries: int
    """Tries after the first."""
    longest_asked_s: float
    """A server that asks for a longer wait is not asked again within the call."""
    spread: float
    """Largest share of a wait of our own that chance takes off."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """A wait before another try, as it is shown."""

    error: ReckonError
    """Why."""
    seconds: float
    retry: int
    """Which retry comes next, from 1."""
    of: int
    """Retries at most."""


OnWait = Callable[[Wait], None]

ASKING = Patience(retries=2, longest_asked_s=120.0, spread=0.25)
"""Of somebody who sits before the answer; the numbers are those of OpenAI's SDK."""
BULK = Patience(retries=4, longest_asked_s=3600.0, spread=1.0)
"""Of a run, in which many calls fail in the same moment."""

FIRST_S, LONGEST_S = 0.5, 8.0
FIRST_OVERLOADED_S, LONGEST_OVERLOADED_S = 4.0, 60.0
"""Where the server says that it is overloaded: sooner would make it worse."""


def wait_s(
    error: ReckonError, retries: int, *, has_output: bool, patience: Patience, chance: float
) -> float | None:
    """Seconds to wait before the next try, or None where there is none.

    Args:
        error: How the last try ended.
        retries: Retries made so far.
        has_output: Whether a piece of the answer came; what was shown is never asked for again.
        patience: Whose.
        chance: A random number from 0 to 1.
    """
    if has_output or retries >= patience.retries or not may_pass(error):
        return None
    if asks_too_long(error, patience):
        return None
    asked = error.retry_after_s if isinstance(error, ProviderError) else None
    if asked:
        return asked * (1 + SLACK * chance)
    overloaded = isinstance(error, ProviderError) and error.overloaded
    return own_wait_s(retries, patience=patience, chance=chance, overloaded=overloaded)


def own_wait_s(
    retries: int, *, patience: Patience, chance: float, overloaded: bool = False
) -> float:
    """Seconds to wait where the server asks for none."""
    first = FIRST_OVERLOADED_S if overloaded else FIRST_S
    longest = LONGEST_OVERLOADED_S if overloaded else LONGEST_S
    return min(first * 2**retries, longest) * (1 - patience.spread * chance)


def asks_too_long(error: ReckonError, patience: Patience) -> bool:
    """Whether the server asks for a wait that nobody waits for."""
    asked = error.retry_after_s if isinstance(error, ProviderError) else None
    return asked is not None and asked > patience.longest_asked_s


def may_pass(error: ReckonError) -> bool:
    """Whether the same call may succeed later, and was surely not billed."""
    if isinstance(error, POSSIBLY_BILLED):
        return False
    return isinstance(error, NotSent | ProviderError) and error.retryable
