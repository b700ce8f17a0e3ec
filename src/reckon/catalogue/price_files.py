"""Reads price lists that others publish: the data files of genai-prices, models.dev and LiteLLM.

Each has its own spelling of providers, its own unit, and states a price with no date but today. A
row is taken by its exact id. What costs nothing by the file counts as unknown, for a zero in a
price list is far more often a hole than a gift.
"""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, NamedTuple, NoReturn, cast

import msgspec

from reckon.catalogue import genai, genai_file
from reckon.catalogue.genai_file import usd_of
from reckon.catalogue.load import is_known
from reckon.errors import CatalogueError
from reckon.vocabulary.model import Modality, Model
from reckon.vocabulary.price import Price, Rate, Tier

Kind = Literal["genai-prices", "models.dev", "LiteLLM", "OpenRouter"]
Json = dict[str, Any]

PER_TOKEN: frozenset[Kind] = frozenset({"LiteLLM", "OpenRouter"})
"""Those that state dollars per token; the others state dollars per million."""

_MILLION = Decimal(10**6)
_FOREIGN_IDS: dict[Kind, dict[str, str]] = {
    "models.dev": {
        "amazon-bedrock": "aws",
        "cloudflare-workers-ai": "cloudflare",
        "fireworks-ai": "fireworks",
        "llama": "meta",
        "novita-ai": "novita",
        "togetherai": "together",
    },
    "LiteLLM": {
        "bedrock": "aws",
        "bedrock_converse": "aws",
        "cohere_chat": "cohere",
        "fireworks_ai": "fireworks",
        "gemini": "google",
        "github_copilot": "github-copilot",
        "meta_llama": "meta",
        "moonshot": "moonshotai",
        "text-completion-openai": "openai",
        "together_ai": "together",
        "voyage": "voyageai",
    },
}
"""Where a list's id of a provider is not ours."""

_CHATS = ("chat", "responses", "completion")
_REGION = re.compile(
    r"(?:us|eu|ap|ca|sa|me|af|il)(?:-gov)?(?:-[a-z]+-\d)?|global|\d+-month-commitment"
)
_LITELLM_RATES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "audio_input": "input_cost_per_audio_token",
    "audio_output": "output_cost_per_audio_token",
}
_LITELLM_TIER = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")
_MODELS_DEV_RATES = {
    "input": "input",
    "output": "output",
    "cached_input": "cache_read",
    "cache_write": "cache_write",
    "audio_input": "input_audio",
    "audio_output": "output_audio",
}
_MODALITIES: tuple[Modality, ...] = ("text", "image", "audio", "video", "pdf")


class PriceFile(NamedTuple):
    """What a price list says."""

    kind: Kind
    models: tuple[Model, ...]
    """Each under our id of its provider; without prices where the list states none."""
    zeros: tuple[str, ...]
    """`provider/id` of those that cost nothing by the list: their price is taken as unknown."""


def decode(body: bytes, name: str) -> Any:
    """A JSON file, its numbers exact.

    Args:
        body: The file.
        name: Its name, for errors.

    Raises:
        CatalogueError: It is not JSON.
    """
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        page = body.lstrip()[:1] == b"<"
        raise CatalogueError(
            f"{name} is not JSON.",
            why="It is a web page." if page else f"{error}.",
            do="Give the file itself: the JSON that the address serves.",
        ) from error


def kind_of(decoded: Any) -> Kind | None:
    """Whose format a decoded file has; None where it is none of them."""
    top = _table(decoded)
    rows: object = top.get("data") if top else decoded
    if isinstance(rows, list):
        tables = map(_table, cast("list[object]", rows))
        first = next((row for row in tables if row), Json())
        if isinstance(first.get("models"), list):
            return "genai-prices"
        return "OpenRouter" if isinstance(first.get("pricing"), dict) else None
    values = [_table(value) for value in top.values()]
    if any("litellm_provider" in value for value in values):
        return "LiteLLM"
    is_models_dev = any(isinstance(value.get("models"), dict) for value in values)
    return "models.dev" if is_models_dev else None


def read(decoded: Any, kind: Kind, name: str, source: str) -> PriceFile:
    """The models of a decoded file.

    Args:
        decoded: As `decode` gives it.
        kind: `genai-prices`, `models.dev` or `LiteLLM`.
        name: The file's name, for errors.
        source: What each price is said to come from.

    Raises:
        CatalogueError: A row is malformed; names it.
    """
    if kind == "genai-prices":
        return PriceFile(kind, tuple(_genai(decoded, name, source)), tuple(_genai_zeros(decoded)))
    found: dict[str, Model] = {}
    zeros: list[str] = []
    rows = _litellm(decoded) if kind == "LiteLLM" else _models_dev(decoded)
    for provider, id_, row in rows:
        where = f"{name}, {provider}/{id_}"
        try:
            model = (_litellm_model if kind == "LiteLLM" else _models_dev_model)(row, source)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            _fail(where, error)
        model = msgspec.structs.replace(
            model,
            id=id_,
            provider=provider,
            organization=genai.organization_of(provider, id_),
            source=source,
        )
        if model.prices and not is_known(model.prices[0]):
            zeros.append(model.key)
            model = msgspec.structs.replace(model, prices=())
        found.setdefault(model.key, model)
    return PriceFile(kind, tuple(found.values()), tuple(zeros))


def _genai(decoded: Any, name: str, source: str) -> Iterator[Model]:
    found: dict[str, Model] = {}
    for place, row in enumerate(decoded):
        id_ = _table(row).get("id")
        try:
            for model, _ in genai.models_of(genai_file.providers_of([row]), source):
                # The first row of an id wins: the list's own id goes before an equal clause.
                found.setdefault(model.key, model)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            _fail(f"{name}, {id_ or f'provider {place + 1}'}", error)
    yield from found.values()


def _genai_zeros(decoded: Any) -> Iterator[str]:
    for provider in decoded:
        for model in provider["models"]:
            prices = _table(model["prices"])
            if prices.get("input_mtok") == 0 or prices.get("output_mtok") == 0:
                yield f"{genai.id_of(provider['id'])}/{model['id']}"


def _litellm(decoded: Json) -> Iterator[tuple[str, str, Json]]:
    """Provider, id and row of what chats."""
    for key, value in decoded.items():
        row = _table(value)
        if row.get("mode", "chat") not in _CHATS:
            continue
        theirs = str(row.get("litellm_provider", ""))
        parts = key.split("/")
        if parts[0] in (theirs, "bedrock", "azure") and len(parts) > 1:
            parts = parts[1:]
        # The same model in one region, or reserved there, at another price.
        if len(parts) > 1 and _REGION.fullmatch(parts[0]):
            continue
        if theirs and not theirs.startswith("vertex_ai"):
            yield _FOREIGN_IDS["LiteLLM"].get(theirs, theirs), "/".join(parts), row


def _litellm_model(row: Json, source: str) -> Model:
    rate = _rate(row, _LITELLM_RATES, _MILLION)
    tiers: list[Tier] = []
    for field in row:
        threshold = _LITELLM_TIER.fullmatch(field)
        if threshold and rate:
            end = f"_above_{threshold[1]}k_tokens"
            names = {name: their + end for name, their in _LITELLM_RATES.items()}
            above = _rate({**_renamed(row, end), **row}, names, _MILLION)
            if above:
                tiers.append(Tier(above_input_tokens=int(threshold[1]) * 1000, rate=above))
    tiers.sort(key=lambda tier: tier.above_input_tokens)
    price = rate and Price(
        rate=rate, tiers=tuple(tiers), batch_multiplier=_batch(row), source=source
    )
    return Model(
        id="",
        provider="",
        organization="",
        context_tokens=_count(row.get("max_input_tokens")),
        max_output_tokens=_count(row.get("max_output_tokens")),
        prices=(price,) if price else (),
    )


def _renamed(row: Json, end: str) -> Json:
    """The rates below a threshold under the names of those above it, which win where they stand."""
    return {their + end: row[their] for their in _LITELLM_RATES.values() if their in row}


def _batch(row: Json) -> Decimal | None:
    """The factor of the batch price, where it is the same for input and output."""
    factors: set[Decimal] = set()
    for side in ("input", "output"):
        whole, batch = (
            usd_of(row.get(name) or 0, name)
            for name in (f"{side}_cost_per_token", f"{side}_cost_per_token_batches")
        )
        if not whole or not batch:
            return None
        factors.add(round(batch / whole, 4).normalize())
    return factors.pop() if len(factors) == 1 else None


def _models_dev(decoded: Json) -> Iterator[tuple[str, str, Json]]:
    for key, provider in decoded.items():
        ours = _FOREIGN_IDS["models.dev"].get(key, key)
        for id_, row in _table(_table(provider).get("models")).items():
            yield ours, id_, row


def _models_dev_model(row: Json, source: str) -> Model:
    cost: Json = row.get("cost") or {}
    rate = _rate(cost, _MODELS_DEV_RATES, Decimal(1))
    tiers: list[Tier] = []
    stated: list[Json] = [*cost.get("tiers", ())]
    if not stated and "context_over_200k" in cost:
        stated = [{"tier": {"size": 200_000}, **cost["context_over_200k"]}]
    for tier in stated:
        above = _rate({**cost, **tier}, _MODELS_DEV_RATES, Decimal(1))
        if above and tier["tier"].get("type", "context") == "context":
            tiers.append(Tier(above_input_tokens=int(tier["tier"]["size"]), rate=above))
    tiers.sort(key=lambda tier: tier.above_input_tokens)
    limit: Json = row.get("limit") or {}
    takes: Any = _table(row.get("modalities")).get("input")
    price = rate and Price(rate=rate, tiers=tuple(tiers), source=source)
    return Model(
        id="",
        provider="",
        organization="",
        name=str(row.get("name") or ""),
        released=_day(row.get("release_date")),
        context_tokens=_count(limit.get("context")),
        max_output_tokens=_count(limit.get("output")),
        modalities=tuple(each for each in _MODALITIES if each in takes) if takes else None,
        prices=(price,) if price else (),
    )


def _rate(row: Json, names: dict[str, str], factor: Decimal) -> Rate | None:
    """The rates in dollars per million tokens; None without input and output."""
    found = {
        ours: _plain(usd_of(row[theirs], theirs) * factor)
        for ours, theirs in names.items()
        if row.get(theirs) is not None
    }
    if "input" not in found or "output" not in found:
        return None
    # A zero beside a price says that there is no such rate, not that it is free.
    return Rate(
        **{name: rate for name, rate in found.items() if rate or name in ("input", "output")}
    )


def _plain(rate: Decimal) -> Decimal:
    """To a pico-dollar per token, without trailing zeros or an exponent: `0.15`, `30`."""
    return Decimal(f"{round(rate, genai.PLACES).normalize():f}") if rate >= _LEAST else rate


_LEAST = Decimal("1e-5")
"""Dollars per million: less is no price but another unit, and must not be rounded away."""


def _table(value: object) -> Json:
    """A table, or an empty one where it is something else."""
    return cast("Json", value) if isinstance(value, dict) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _day(value: object) -> dt.date | None:
    """A whole day; a month alone tells no day."""
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _exact(text: str) -> Decimal:
    return Decimal(text)


_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_exact)


def _fail(where: str, error: Exception) -> NoReturn:
    missing = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else f"{error}"
    raise CatalogueError(
        f"{where}: the row cannot be read.",
        why=f"{missing}.",
        do="Correct the file, or fetch it anew; nothing was changed.",
    ) from error
