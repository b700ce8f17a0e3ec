"""The catalogue as the other rooms see it: find a model, search, the price on a day."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property

import msgspec

from reckon.catalogue import block, cache
from reckon.catalogue.block import FREE, Block
from reckon.errors import UnknownModel, UsageError
from reckon.vocabulary.model import Modality, Model, Provider
from reckon.vocabulary.price import Price

NEAREST = 3

CLOSED_PROVIDERS = frozenset({"builtin"})
"""Providers whose models are all listed: an unknown id is a mistake."""


class Catalogue:
    """Every model and provider that is known. Rows are decoded when they are asked for."""

    def __init__(self, encoded: bytes) -> None:
        self._block = msgspec.msgpack.decode(encoded, type=Block)
        self.providers: dict[str, Provider] = self._block.providers

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """All models, by provider and id."""
        raws = self._block.models
        # As one array: 3,700 calls take longer than what they decode.
        whole = _ARRAY + len(raws).to_bytes(4) + b"".join(raws)
        return msgspec.msgpack.decode(whole, type=tuple[Model, ...])

    def find(self, name: str) -> Model:
        """The model of that exact name.

        Args:
            name: A name from the user's file of `llm`, which wins; `provider/id`,
                `provider/alias`, or a plain id or alias, which always means the first-party
                provider. An id that no row knows is accepted at a named provider: free at a local
                one, at an unknown price elsewhere.

        Raises:
            UnknownModel: No such model; names the nearest. Or one that cannot be asked here.
        """
        asked = name.strip()
        if asked in self._block.refused:
            raise UnknownModel(
                f"The model {asked!r} cannot be asked.",
                why=self._block.refused[asked],
                do="Name a chat model, or correct the entry.",
            )
        asked = self._block.names.get(asked, asked)
        place = self._block.keys.get(asked)
        if place is None:
            place = next(self._first_party_places(asked), None)
        if place is not None:
            return _decode(self._block.models[place])
        provider_id, slash, model_id = asked.partition("/")
        provider = self.providers.get(provider_id)
        if slash and provider and model_id and provider.id not in CLOSED_PROVIDERS:
            return _bare(model_id, provider)
        raise UnknownModel(
            f"There is no model {asked!r}." if asked else "The model's name is empty.",
            why=self._why_unknown(asked),
            do="`reckon models list` shows all models; a model that is not listed is named "
            "PROVIDER/ID, for instance `ollama/llama3.2`.",
        )

    def provider(self, id: str) -> Provider:  # noqa: A002 - the catalogue's own word
        """The provider of that id.

        Raises:
            UsageError: No such provider; names the nearest.
        """
        found = self.providers.get(id)
        if found is None:
            near = _nearest(id, list(self.providers))
            raise UsageError(
                f"There is no provider {id!r}.",
                why=f"The nearest are {', '.join(near)}." if near else "",
                do=f"Add it to {block.user_providers()}: id, base_url, key_variables.",
            )
        return found

    def lists(self, key: str) -> bool:
        """Whether a row describes the model of that `provider/id` or alias."""
        return key in self._block.keys

    @property
    def first_parties(self) -> tuple[str, ...]:
        """Providers that serve what their own organisation makes."""
        return self._block.first_party

    def first_party(self) -> tuple[Model, ...]:
        """The models of providers that serve what their own organisation makes."""
        own = set(self._block.first_party)
        return tuple(model for model in self.models if model.provider in own)

    def search(
        self,
        query: str = "",
        *,
        provider: str | None = None,
        modality: Modality | None = None,
        min_context: int | None = None,
        open_weights: bool = False,
        free_tier: bool = False,
        max_price: Decimal | None = None,
    ) -> list[Model]:
        """Models that answer to every condition; a model that does not say is left out.

        Args:
            query: Words that are all in the model's name, id or organisation.
            provider: The provider's id.
            modality: An input the model takes.
            min_context: Tokens of context at least.
            open_weights: Only models whose weights can be had.
            free_tier: Only models that can be asked for nothing, within limits.
            max_price: USD per million input tokens at most, today.
        """
        if provider is not None:
            self.provider(provider)
        words = query.lower().split()
        today = dt.datetime.now(dt.UTC).date()
        return [
            model
            for model in self.models
            if (provider is None or model.provider == provider)
            and (not words or _has_words(model, words))
            and (modality is None or model.takes(modality))
            and (min_context is None or (model.context_tokens or 0) >= min_context)
            and (not open_weights or model.is_open)
            and (not free_tier or model.free_tier)
            and (max_price is None or _costs_at_most(model, max_price, today))
        ]

    def _first_party_places(self, plain: str) -> Iterator[int]:
        keys = self._block.keys
        for provider in self._block.first_party:
            place = keys.get(f"{provider}/{plain}")
            if place is not None:
                yield place

    def _why_unknown(self, asked: str) -> str:
        elsewhere = [key for key in self._block.keys if key.endswith("/" + asked)] if asked else []
        if elsewhere:
            return f"A plain id means its maker's own service. Served by: {_some(elsewhere)}."
        own = {
            key.partition("/")[2]: key
            for key in self._block.keys
            if key.partition("/")[0] in self._block.first_party
        }
        candidates = [*self._block.names, *(self._block.keys if "/" in asked else own)]
        near = _nearest(asked, candidates)
        return f"The nearest are {', '.join(near)}." if near else ""


def _nearest(asked: str, candidates: list[str]) -> list[str]:
    # Imported here: only a mistake needs it.
    import difflib

    return difflib.get_close_matches(asked, candidates, n=NEAREST, cutoff=0.5)


def _some(names: list[str]) -> str:
    more = len(names) - NEAREST
    return ", ".join(names[:NEAREST]) + (f" and {more} more" if more > 0 else "")


def _has_words(model: Model, words: list[str]) -> bool:
    text = f"{model.key} {model.name} {model.organization} {' '.join(model.aliases)}".lower()
    return all(word in text for word in words)


def _costs_at_most(model: Model, most: Decimal, day: dt.date) -> bool:
    price = price_on(model, day)
    return price is not None and price.rate.input <= most


def _bare(model_id: str, provider: Provider) -> Model:
    return Model(
        id=model_id,
        provider=provider.id,
        organization="",
        prices=(FREE,) if provider.local else (),
        source="named by the user",
    )


def _decode(raw: msgspec.Raw) -> Model:
    return msgspec.msgpack.decode(raw, type=Model)


def price_on(model: Model, day: dt.date) -> Price | None:
    """The price that holds on a day; None where it is not known.

    A zero that is not marked free is a hole in somebody's table and means unknown.
    """
    for price in reversed(model.prices):
        if (price.start is None or price.start <= day) and (price.end is None or day < price.end):
            return price if is_known(price) else None
    return None


def is_known(price: Price) -> bool:
    """Whether it is a price and no hole: a zero counts only where it is marked free."""
    if price.free:
        return True
    if price.rate.input <= 0 or price.rate.output <= 0:
        return False
    return all(tier.rate.input > 0 and tier.rate.output > 0 for tier in price.tiers)


_ARRAY = b"\xdd"
"""What an array of MessagePack begins with, before its length in four bytes."""

_loaded: dict[bytes, Catalogue] = {}


def load() -> Catalogue:
    """The catalogue, from its cache where that is fresh; one copy per process.

    Raises:
        CatalogueError: A data file is malformed; names file, row and field.
    """
    stamp = cache.stamp_of(block.all_files())
    found = _loaded.get(stamp)
    if found is None:
        _loaded.clear()
        found = _loaded[stamp] = Catalogue(_block_of(stamp))
    return found


def _block_of(stamp: bytes) -> bytes:
    kept = cache.read(stamp)
    if kept is not None:
        return kept
    from reckon.catalogue.compile import compile_block

    made = compile_block()
    cache.write(stamp, made)
    return made
