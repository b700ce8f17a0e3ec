"""Fetches the list of prices that the genai-prices project publishes, all providers in one.

A row that cannot be right is left as it was and named: one bad row of somebody else's table must
not keep a thousand good ones away. A file that a user gives is judged more strictly, for it may be
the wrong file: see `refresh_file`.
"""

import datetime as dt
from typing import NamedTuple

from reckon.catalogue import fetched, price_files
from reckon.catalogue.load import Catalogue, load
from reckon.errors import AnswerInvalid, MaybeBilled, NetError
from reckon.net import Client, run
from reckon.run.bridge import described_by
from reckon.run.refresh import LARGEST_PAGE, TOTAL_TIMEOUT_S
from reckon.run.refresh_file import as_of, compared, doubts_of, keep_published, known_rows
from reckon.run.refreshed import SHOWN_DOUBTS, Refreshed
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model

KIND: price_files.Kind = "genai-prices"
URL = (
    "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main"
    "/prices/new_data/v2/data.json"
)


class _Sifted(NamedTuple):
    """What of a list may be kept."""

    models: list[Model]
    note: str
    """What was left as it was."""


async def refresh_published_async(*, force: bool = False) -> Refreshed:
    """Fetch the published list into the catalogue, with what it stated before.

    Args:
        force: Take prices that are not believed as well.

    Returns:
        What it brought; a note names the prices that were not taken.

    Raises:
        NetError: The list could not be fetched.
        AnswerInvalid: What came is no such list.
        CatalogueError: It is malformed, or the user folder cannot be written.
        LedgerError: The ledger, which keeps what was stated, cannot be written.
    """
    catalogue = load()
    file = price_files.read(price_files.decode(await _fetched(), URL), KIND, URL, f"{KIND} ({URL})")
    models, notes = known_rows(file, catalogue)
    before = fetched.read(fetched.price_list_path(KIND))
    if not force:
        sifted = _sifted(models, file, before, catalogue)
        models, notes = sifted.models, (*notes, sifted.note) if sifted.note else notes
    keep_published(before, models, KIND, URL)
    return compared(KIND, URL, models, catalogue, load(), notes=notes)


@described_by(refresh_published_async)
def refresh_published(*, force: bool = False) -> Refreshed:
    return run(refresh_published_async(force=force), single=True)


def _sifted(
    models: list[Model],
    file: price_files.PriceFile,
    before: fetched.FetchedList | None,
    catalogue: Catalogue,
) -> _Sifted:
    """The rows that are believed; of the others, what the list stated when it was last read."""
    zeros = set(file.zeros)
    found = list(doubts_of(models, before, catalogue, kind=KIND, zeros=zeros))
    if not found:
        return _Sifted(models, "")
    doubted = {each.partition(": ")[0] for each in found}
    day = dt.datetime.now(dt.UTC).date()
    said = {kept.model.key: as_of(kept.model, day) for kept in (before.models if before else ())}
    sifted = [said.get(model.key) if model.key in doubted else model for model in models]
    more = len(found) - SHOWN_DOUBTS
    note = (
        f"{len(found):,} cannot be right and stay as they were: {'; '.join(found[:SHOWN_DOUBTS])}"
        + (f"; and {more:,} more" if more > 0 else "")
        + ". --force takes them."
    )
    return _Sifted([model for model in sifted if model], note)


async def _fetched() -> bytes:
    call = Call(url=URL, headers={"accept": "application/json"}, method="GET")
    body = bytearray()
    try:
        async with (
            Client(idle_timeout_s=TOTAL_TIMEOUT_S, total_timeout_s=TOTAL_TIMEOUT_S) as client,
            client.stream(call) as answer,
        ):
            if answer.status != 200:
                raise AnswerInvalid(
                    "The published list of prices cannot be fetched.",
                    why=f"{URL} answered with HTTP {answer.status}.",
                    do="Try again later, or give a file: reckon models refresh FILE",
                )
            async for piece in answer.chunks():
                body += piece
                if len(body) > LARGEST_PAGE:
                    raise AnswerInvalid(
                        "The published list of prices is too large.",
                        why=f"{URL} sends more than {LARGEST_PAGE >> 20} MiB.",
                        do="Give a file: reckon models refresh FILE",
                    )
    except MaybeBilled as error:
        # Nobody bills a list.
        raise NetError(
            error.what, why="The list of prices did not arrive whole.", do="Try again later."
        ) from error
    return bytes(body)
