"""Every error a user of reckon can meet.

ReckonError                     the root: what happened, why, what to do
├── UsageError                  the call itself is off (exit code 2)
│   ├── UnknownModel            no model of that name; names the nearest
│   ├── ModelNotChosen          no model was named and none can be inferred
│   ├── MissingKey              the provider needs a key that is not set
│   ├── UnsupportedInput        the model does not take this kind of input
│   ├── RequestInvalid          a client of the gateway sent what is no request
│   ├── TemplateError           a {{column}} that no row has
│   ├── NeedsConsent            spending needs --yes or --budget without a terminal
│   └── MissingExtra            an optional package is not installed
├── SourceError                 a file, folder or table could not be read
│   └── BadMedia                one picture is broken, absurdly large or not a picture
├── PriceUnknown                the model has no known price (exit code 5)
├── BudgetReached               the cap would be passed (exit code 3)
├── NetError                    the wire failed
│   ├── NotSent                 no byte of the request left: nothing can have been billed
│   └── MaybeBilled             bytes left and no whole answer came: it may have been billed
├── ProviderError               the provider answered with an error
│   ├── AuthError               401, 403
│   ├── ModelNotServed          404
│   ├── RateLimited             429 with the wait the server asked for, quotas, an empty account
│   ├── RequestRefused          other 4xx: the request itself is at fault
│   │   └── ContextOverflow     the prompt is longer than the model's context
│   ├── ProviderDown            408, 409, 498, 5xx, 529
│   ├── AnswerInvalid           an answer that is not what the format promises
│   │   └── AnswerBrokenOff     the provider says in mid-answer that it failed
│   └── AnswerTruncated         the answer stopped before its end; the part is kept
├── LedgerError                 the ledger cannot be opened, read or written
│   ├── LedgerTooNew            written by a newer reckon
│   ├── LedgerTooOld            written by an older reckon, and may not be written to
│   └── LedgerDamaged           the file is not a healthy ledger
└── CatalogueError              a data file of the catalogue is malformed

Each error prints as at most three lines: what, why, do.
"""

from typing import Any


class ReckonError(Exception):
    """The root of all reckon errors.

    Args:
        what: What happened, one sentence.
        why: The cause, where it is known.
        do: What the user can do about it, a command where possible.
    """

    exit_code = 1

    def __init__(self, what: str, *, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.do = do

    def lines(self) -> list[str]:
        """The one to three lines a terminal shows."""
        return [
            " ".join(line.split())
            for line in (
                f"Error: {self.what}",
                f"Why: {self.why}" if self.why else "",
                f"Do: {self.do}" if self.do else "",
            )
            if line
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines())


class UsageError(ReckonError):
    """The call itself is off."""

    exit_code = 2


class UnknownModel(UsageError):
    """No model of that name is in the catalogue."""


class ModelNotChosen(UsageError):
    """No model was named and none can be inferred."""


class MissingKey(UsageError):
    """The provider needs a key that is not set."""


class UnsupportedInput(UsageError):
    """The model does not take this kind of input."""


class RequestInvalid(UsageError):
    """A client of the gateway sent what is no request of the format."""


class TemplateError(UsageError):
    """A template names a column that the rows do not have."""


class NeedsConsent(UsageError):
    """Money would be spent and nobody said yes."""


class MissingExtra(UsageError):
    """An optional package is needed for this."""


class SourceError(ReckonError):
    """A file, folder or table could not be read."""


class BadMedia(SourceError):
    """One media file is broken, too large, or not what its name says.

    Args:
        reason: The cause in two words, by which files are counted.
        by_header: Whether the first bytes tell, so that `price` knows it as well as `run`.
    """

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        do: str = "Take the file out, or give a whole copy of it.",
        reason: str = "broken picture",
        by_header: bool = False,
    ) -> None:
        super().__init__(what, why=why, do=do)
        self.reason = reason
        self.by_header = by_header


class PriceUnknown(ReckonError):
    """The model has no known price."""

    exit_code = 5


class BudgetReached(ReckonError):
    """The next call could pass the cap."""

    exit_code = 3


class NetError(ReckonError):
    """The wire failed."""


class NotSent(NetError):
    """No byte of the request left this machine: nothing can have been billed.

    Args:
        retryable: Whether the same request may leave later: nothing listened, a name was not found.
    """

    def __init__(self, what: str, *, why: str = "", do: str = "", retryable: bool = True) -> None:
        super().__init__(what, why=why, do=do)
        self.retryable = retryable


class MaybeBilled(NetError):
    """Bytes left and no whole answer came back: the call may have been billed."""


class ProviderError(ReckonError):
    """The provider answered with an error.

    Args:
        status: The HTTP status, or None where the error came inside a 200.
        retry_after_s: Seconds the server asked us to wait, if it did; may be hours.
        retryable: Whether the same request may succeed later.
        overloaded: Whether the server asks to be left alone longer than after other failures.

    Attributes:
        limits: What its headers say of limits, a `vocabulary.limits.RateLimits`; None where none
            were read.
    """

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        do: str = "",
        status: int | None = None,
        retry_after_s: float | None = None,
        retryable: bool = False,
        overloaded: bool = False,
    ) -> None:
        super().__init__(what, why=why, do=do)
        self.status = status
        self.retry_after_s = retry_after_s
        self.retryable = retryable
        self.overloaded = overloaded
        # This room is below the vocabulary, which has the type.
        self.limits: Any = None


class AuthError(ProviderError):
    """The key was refused."""


class ModelNotServed(ProviderError):
    """The provider does not serve that model at that address."""


class RateLimited(ProviderError):
    """Too many requests or tokens, or a quota is used up."""


class RequestRefused(ProviderError):
    """The request itself is at fault."""


class ContextOverflow(RequestRefused):
    """The prompt, with the room asked for the answer, is longer than the model's context.

    Attributes:
        tokens: What was sent or asked for; None where the provider does not say.
        limit_tokens: What the model can hold; None where the provider does not say.
    """

    tokens: int | None = None
    limit_tokens: int | None = None


class ProviderDown(ProviderError):
    """The provider cannot answer now."""


class AnswerInvalid(ProviderError):
    """The answer is not what the wire format promises."""


class AnswerBrokenOff(AnswerInvalid):
    """The provider says inside an answer, under HTTP 200, that it failed.

    Args:
        told: What it says, as it came.
    """

    def __init__(self, what: str, *, why: str, do: str, told: dict[str, Any]) -> None:
        super().__init__(what, why=why, do=do)
        self.told = told


class AnswerTruncated(ProviderError):
    """The answer stopped before its end."""


class LedgerError(ReckonError):
    """The ledger cannot be opened, read or written."""


class LedgerTooNew(LedgerError):
    """The ledger was written by a newer reckon."""


class LedgerTooOld(LedgerError):
    """The ledger was written by an older reckon, and is opened for reading only."""


class LedgerDamaged(LedgerError):
    """The file is not a healthy ledger."""


class CatalogueError(ReckonError):
    """A data file of the catalogue is malformed."""
