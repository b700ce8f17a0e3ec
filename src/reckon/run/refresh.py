"""Fetches the list of models of one provider, and lays it into the user folder's history."""

import datetime as dt
from collections.abc import Iterator

from reckon.catalogue import doubts
from reckon.catalogue import fetched as lists
from reckon.catalogue.load import Catalogue, load
from reckon.errors import (
    AnswerInvalid,
    AuthError,
    MaybeBilled,
    NetError,
    ProviderError,
    RateLimited,
    ReckonError,
    UsageError,
)
from reckon.net import Client, StreamedAnswer, run
from reckon.providers import model_list, registry
from reckon.run.bridge import described_by
from reckon.run.choose import access, base_url_of, keyed_providers, running_servers
from reckon.run.refreshed import PriceChange, Refreshed, doubted, observe, refuse
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider

TOTAL_TIMEOUT_S = 60.0
LARGEST_PAGE = 64 << 20
"""Bytes of one page at most; OpenRouter's whole list has a hundredth of that."""
MOST_PAGES = 200
HIDDEN = "[key]"


async def refresh_async(provider: str, *, key: str | None = None, force: bool = False) -> Refreshed:
    """Fetch the models that a provider lists, and keep them in the user folder.

    Args:
        provider: The provider's id.
        key: A stored key's name, or a key.
        force: Take prices that became more than ten times dearer or cheaper since the list was
            last read.

    Returns:
        What changed. The catalogue knows it from its next load on.

    Raises:
        UsageError: No such provider, no address, or a provider without a list.
        MissingKey: The provider needs a key and none is set.
        NetError: It could not be reached.
        ProviderError: It answered with an error, or with what is no list, or an empty one.
        CatalogueError: The history is damaged or cannot be written, or a price cannot be right.
        LedgerError: The ledger, which keeps what was stated, cannot be written.
    """
    catalogue = load()
    row = catalogue.provider(provider)
    _check_has_list(row)
    reach = access(row, key)
    # A damaged history is found before anything is fetched.
    lists.read(lists.path_of(row.id))
    try:
        models, source = await _fetch(row, reach.base_url, reach.key)
    except ReckonError as error:
        _hide(error, reach.key)
        raise
    return keep_list(row, models, source=source, catalogue=catalogue, force=force)


@described_by(refresh_async)
def refresh(provider: str, *, key: str | None = None, force: bool = False) -> Refreshed:
    return run(refresh_async(provider, key=key, force=force), single=True)


def keep_list(
    provider: Provider, models: list[Model], *, source: str, catalogue: Catalogue, force: bool
) -> Refreshed:
    """Lay a reading of a provider's own list into its history.

    Args:
        provider: Whose list it is.
        models: What it lists, each with at most one price.
        source: The address or file that was read.
        catalogue: As it was before.
        force: Take prices that are not believed.

    Raises:
        CatalogueError: The history is damaged or cannot be written, or a price cannot be right.
        LedgerError: The ledger cannot be written.
    """
    before = lists.read(lists.path_of(provider.id))
    found = [] if force or before is None else list(_jumps(before, models))
    if found:
        raise refuse(f"The list of {provider.name}", found)
    now = dt.datetime.now(dt.UTC)
    after = lists.join(before, models, provider=provider.id, source=source, now=now)
    observe(provider.id, models, now)
    lists.write(after)
    return _compared(provider, catalogue, before, after)


def _jumps(before: lists.FetchedList, models: list[Model]) -> Iterator[str]:
    known = {kept.model.key: doubts.open_price(kept.model.prices) for kept in before.models}
    for model in models:
        stated = doubts.open_price(model.prices)
        for phrase in doubted(known.get(model.key), stated):
            yield f"{model.key}: {phrase}"


def refreshable() -> list[Provider]:
    """Providers whose list could be fetched now: a key is there, or a local server runs."""
    catalogue = load()
    found = [*keyed_providers(catalogue), *running_servers(catalogue)]
    return [each for each in found if each.models_path and base_url_of(each)]


async def _fetch(provider: Provider, base_url: str, key: str | None) -> tuple[list[Model], str]:
    """All models of the list, and the address without a page's query."""
    models: dict[str, Model] = {}
    call = model_list.first_call(provider, base_url, key)
    source = call.url.partition("?")[0]
    asked: set[str] = set()
    async with Client(idle_timeout_s=TOTAL_TIMEOUT_S, total_timeout_s=TOTAL_TIMEOUT_S) as client:
        while call.url not in asked and len(asked) < MOST_PAGES:
            asked.add(call.url)
            page = model_list.read_page(await _body(client, call, provider), provider)
            for model in page.models:
                models.setdefault(model.id, model)
            if not page.next:
                break
            call = model_list.next_call(provider, base_url, key, page.next)
    if not models:
        raise AnswerInvalid(
            f"{provider.name} lists no models.",
            why=f"The list at {source} is empty, or has none that chats. Nothing was changed.",
            do="Load a model there first."
            if provider.local
            else "Check what the key may use, and the base URL.",
        )
    return list(models.values()), source


async def _body(client: Client, call: Call, provider: Provider) -> bytes:
    try:
        async with client.stream(call) as answer:
            if not 200 <= answer.status < 300:
                raise _refusal(answer, await answer.read(), call, provider)
            return await _whole(answer, provider)
    except MaybeBilled as error:
        # Nobody bills a list.
        raise NetError(
            error.what, why="The list of models did not arrive whole.", do="Try again later."
        ) from error


async def _whole(answer: StreamedAnswer, provider: Provider) -> bytes:
    body = bytearray()
    async for piece in answer.chunks():
        body += piece
        if len(body) > LARGEST_PAGE:
            raise AnswerInvalid(
                f"The list of models of {provider.name} is too large.",
                why=f"It has more than {LARGEST_PAGE >> 20} MiB.",
                do="Check the base URL.",
            )
    return bytes(body)


def _refusal(answer: StreamedAnswer, body: bytes, call: Call, provider: Provider) -> ReckonError:
    if answer.status in (404, 405, 501):
        return UsageError(
            f"{provider.name} has no list of models at {call.url.partition('?')[0]}.",
            why=f"It answered with HTTP {answer.status}.",
            do=f"Check the base URL{_variables(provider)}, or name models as {provider.id}/ID.",
        )
    wire = registry.wire_format(provider.wire)
    asked = Model(id="its list of models", provider=provider.id, organization="")
    error: ProviderError = wire.error(answer.status, answer.headers, body, asked, provider)
    if isinstance(error, RateLimited):
        error.do = "Wait, then refresh again."
    elif not isinstance(error, AuthError) and answer.status < 500 and answer.status >= 400:
        error.do = f"Check the base URL{_variables(provider)}."
    return error


def _check_has_list(provider: Provider) -> None:
    if registry.is_engine(provider.wire) or not provider.models_path:
        raise UsageError(
            f"{provider.name} offers no list of models.",
            why="It runs inside reckon; its models are all known."
            if registry.is_engine(provider.wire)
            else "What it serves is known to the account's owner alone.",
            do=f"See `reckon models list --provider {provider.id}`; any model there can be named "
            f"as {provider.id}/ID.",
        )
    if not base_url_of(provider):
        raise UsageError(
            f"{provider.name} has no address.",
            why="Its row in the catalogue has no `base_url`.",
            do=f"Set {provider.base_url_variables[0]}."
            if provider.base_url_variables
            else "Give it a `base_url` in providers.toml.",
        )


def _variables(provider: Provider) -> str:
    return f" ({provider.base_url_variables[0]})" if provider.base_url_variables else ""


def _hide(error: ReckonError, key: str | None) -> None:
    """Some providers quote the key in their messages."""
    if key:
        error.what = error.what.replace(key, HIDDEN)
        error.why = error.why.replace(key, HIDDEN)
        error.args = (error.what,)


def _compared(
    provider: Provider,
    catalogue: Catalogue,
    before: lists.FetchedList | None,
    after: lists.FetchedList,
) -> Refreshed:
    listed = [kept for kept in after.models if after.lists(kept)]
    now_there = {kept.model.id for kept in listed}
    were_there = {kept.model.id: kept for kept in (before.models if before else ())}
    return Refreshed(
        name=provider.name,
        source=after.source,
        listed=len(listed),
        new=tuple(
            key for kept in listed if not catalogue.lists(key := f"{provider.id}/{kept.model.id}")
        ),
        gone=tuple(
            f"{provider.id}/{id_}"
            for id_, kept in were_there.items()
            if before and before.lists(kept) and id_ not in now_there
        ),
        prices=tuple(_price_changes(provider, catalogue, listed)),
    )


def _price_changes(
    provider: Provider, catalogue: Catalogue, listed: list[lists.Kept]
) -> list[PriceChange]:
    """Prices that differ from what the catalogue held to be today's."""
    changes: list[PriceChange] = []
    for kept in listed:
        key = f"{provider.id}/{kept.model.id}"
        if not catalogue.lists(key):
            continue
        known = catalogue.find(key).prices
        was = doubts.open_price(known)
        now = doubts.open_price(lists.laid_over(known, kept.model.prices))
        if was != now and not (was and now and lists.agrees(was, now)):
            changes.append(PriceChange(model=key, before=was, now=now))
    return changes
