"""Keeps the user's secrets out of what a provider says: some quote the key in their errors."""

import re

from reckon.errors import ReckonError
from reckon.vocabulary.model import Provider

HIDDEN = "[key]"
"""What stands where a secret was quoted."""

_SECRET = re.compile(r"auth|cookie|key|pass|secret|token", re.IGNORECASE)
"""Names of headers whose values are secrets, where a provider's row has headers of its own."""
_SHORTEST = 8
"""Letters of such a value; a shorter one is a setting, and stands in half of all answers."""


class Secrets:
    """What must not be seen of one call: the key, and secret headers of the provider's row."""

    def __init__(self, provider: Provider, key: str | None) -> None:
        values = [value for name, value in provider.headers.items() if _SECRET.search(name)]
        # Of a header such as `Bearer KEY`, both the whole and the key alone.
        words = {word for value in values for word in (value, value.rpartition(" ")[2])}
        found = {word for word in words if len(word) >= _SHORTEST} | ({key} if key else set[str]())
        self._words = sorted(found, key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._words)

    def hidden_in(self, body: bytes) -> bytes:
        """The body without them; some servers write slashes with a backslash before them."""
        for word in self._words:
            for spelled in {word, word.replace("/", r"\/")}:
                body = body.replace(spelled.encode(), HIDDEN.encode())
        return body

    def hide_in(self, error: BaseException) -> None:
        """Take them out of the words of an error of ours."""
        if not isinstance(error, ReckonError):
            return
        for word in self._words:
            error.what = error.what.replace(word, HIDDEN)
            error.why = error.why.replace(word, HIDDEN)
        error.args = (error.what,)
