"""The lists of models that were read, kept with their history in the user folder.

A provider's own list, in `fetched/`, or a list of prices that others publish for many providers, in
`price-lists/`. A model that is no longer listed stays, with the time it was last seen. A price that
is no longer stated is ended on that day and never overwritten.
"""

import datetime as dt
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import msgspec

from reckon import settings
from reckon.catalogue import block
from reckon.errors import CatalogueError
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Price

GONE = "Not in {provider}'s list of {fetched}; last seen there on {seen}."


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One model of a list. Its prices are the dated periods that the list has stated."""

    model: Model
    first_seen: dt.datetime
    last_seen: dt.datetime


class FetchedList(msgspec.Struct, frozen=True, kw_only=True):
    """What was listed, now and before."""

    provider: str
    """Whose list it is; of a list of prices of many providers, its name."""
    source: str
    """The address or file it was last read from."""
    fetched: dt.datetime
    """When it was last read, UTC."""
    models: tuple[Kept, ...] = ()

    def lists(self, kept: Kept) -> bool:
        """Whether the model was there when the list was last read."""
        return kept.last_seen == self.fetched


def path_of(provider: str) -> Path:
    """The file of a provider's list."""
    return block.fetched_folder() / f"{quote(provider, safe='')}.json"


def price_list_path(kind: str) -> Path:
    """The file of a list of prices of many providers."""
    return block.price_lists_folder() / f"{quote(kind.lower(), safe='')}.json"


def read(path: Path) -> FetchedList | None:
    """The list in a file; None where there is none.

    Raises:
        CatalogueError: The file is damaged.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=FetchedList)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(
            f"The fetched list {path} cannot be read.",
            why=str(error),
            do="Move the file away, then read the list again: `reckon models refresh FILE`."
            if path.parent == block.price_lists_folder()
            else "Move the file away, then `reckon models refresh --provider "
            f"{path.stem}` fetches it anew.",
        ) from error


def write(fetched: FetchedList, path: Path | None = None) -> Path:
    """Keep a list, in one step; gives its file.

    Args:
        fetched: The list.
        path: Its file, where it is not a provider's own list.

    Raises:
        CatalogueError: The folder cannot be written.
    """
    path = path or path_of(fetched.provider)
    write_whole(path, msgspec.json.format(msgspec.json.encode(fetched), indent=1))
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file of the user folder in one step: whole, or not at all.

    Raises:
        CatalogueError: The folder cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    settings.ensure_folder(path.parent)
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise CatalogueError(
            f"The list {path} cannot be written.",
            why=error.strerror or str(error),
            do="Set RECKON_HOME to a folder you can write to.",
        ) from error


def join(
    before: FetchedList | None,
    listed: Iterable[Model],
    *,
    provider: str,
    source: str,
    now: dt.datetime,
) -> FetchedList:
    """The history with one more reading of the list.

    Args:
        before: The history so far.
        listed: The models that are listed now, each with the price of now as its last one.
        provider: The provider's id, or the name of a list of many.
        source: The address that was read.
        now: When, UTC.
    """
    kept = {each.model.key: each for each in (before.models if before else ())}
    for model in listed:
        old = kept.get(model.key)
        stated = model.prices[-1] if model.prices else None
        prices = _continued(old.model.prices if old else (), stated, now.date(), source)
        kept[model.key] = Kept(
            model=msgspec.structs.replace(model, prices=prices),
            first_seen=old.first_seen if old else now,
            last_seen=now,
        )
    ordered = tuple(kept[key] for key in sorted(kept))
    return FetchedList(provider=provider, source=source, fetched=now, models=ordered)


def _continued(
    history: tuple[Price, ...], stated: Price | None, day: dt.date, source: str
) -> tuple[Price, ...]:
    """Price periods up to and with what is stated today."""
    if history and history[-1].end is None:
        *ended, last = history
        if stated and agrees(last, stated):
            return (*ended, msgspec.structs.replace(last, seen=day))
        history = (*ended, msgspec.structs.replace(last, end=day))
    if stated is None:
        return history
    return (*history, msgspec.structs.replace(stated, start=day, seen=day, source=source))


def agrees(known: Price, stated: Price) -> bool:
    """Whether a known price says all that a list states; it may say more."""
    rates = all(
        value is None or value == getattr(known.rate, name)
        for name, value in msgspec.structs.asdict(stated.rate).items()
    )
    tiers = not stated.tiers or stated.tiers == known.tiers
    return rates and tiers and (known.free, known.per_request) == (stated.free, stated.per_request)


def laid_over(known: tuple[Price, ...], stated: tuple[Price, ...]) -> tuple[Price, ...]:
    """Known price periods, oldest first, with the dated ones of a list among them.

    From its first day on, what the list states takes the place of what was known.
    """
    periods: list[Price] = list(known)
    for price in stated:
        start = price.start or dt.date.min
        past: list[Price] = [each for each in periods if (each.start or dt.date.min) <= start]
        coming: list[Price] = [each for each in periods if (each.start or dt.date.min) > start]
        open_one = past.pop() if past and (past[-1].end is None or past[-1].end > start) else None
        end = _earliest(price.end, coming[0].start if coming else None)
        if open_one and agrees(open_one, price):
            end = _earliest(end, open_one.end)
            periods = [*past, msgspec.structs.replace(open_one, end=end), *coming]
            continue
        if open_one and (open_one.start or dt.date.min) < start:
            past.append(msgspec.structs.replace(open_one, end=start))
        periods = [*past, msgspec.structs.replace(price, end=end), *coming]
    return tuple(periods)


def _earliest(*days: dt.date | None) -> dt.date | None:
    return min((day for day in days if day), default=None)


def models_of(fetched: FetchedList, provider: str) -> list[Model]:
    """The models of a list as rows of the catalogue; those that are gone say so.

    Args:
        fetched: The list.
        provider: The provider's name, for the sentence.
    """
    rows: list[Model] = []
    for kept in fetched.models:
        source = f"list of models, {fetched.source}, {kept.last_seen.date()}"
        gone = GONE.format(
            provider=provider, fetched=fetched.fetched.date(), seen=kept.last_seen.date()
        )
        rows.append(
            msgspec.structs.replace(
                kept.model,
                provider=fetched.provider,
                source=source,
                limitations=() if fetched.lists(kept) else (gone,),
            )
        )
    return rows
