"""What a job will cost: rows of a source walked once, priced on each model."""

import datetime as dt
import html
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

import msgspec

from reckon.catalogue.load import Catalogue, load, price_on
from reckon.catalogue.standing import scores_on
from reckon.errors import ReckonError, UnsupportedInput, UsageError
from reckon.price import estimate as pricing
from reckon.price.estimate import RowSize, retirement_note
from reckon.price.media.parts import Document, Film, Medium, Sound
from reckon.run import attach, calibration
from reckon.run.clock import today
from reckon.run.headers import Header
from reckon.run.source import Entry, items
from reckon.run.template import render
from reckon.vocabulary.job import Item, Skipped
from reckon.vocabulary.model import Limits, Modality, Model
from reckon.vocabulary.money import to_usd, usd_text
from reckon.vocabulary.price import Calibration, Estimate, Interval
from reckon.vocabulary.score import Score

SHORT_ANSWER = 20
USUAL_ANSWER = 150
"""Tokens. Answers to one-line prompts over many rows; a pilot or `--output-tokens` says better."""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The price of a job on each model, the likely cheapest first; unknown prices last."""

    estimates: tuple[Estimate, ...]
    items: int
    skipped: dict[str, int]
    """Files that are no rows, counted by reason."""
    notes: tuple[str, ...]
    """Sentences about the job as a whole."""
    scores: dict[str, Score] = {}
    """By model, how good it is on the arena's newest board; a model that is not there is left out.
    Empty where the job is to be run: the choice is made."""

    def to_rows(self) -> list[dict[str, Any]]:
        """One JSON object for each model."""
        return [_row(each, self.scores.get(each.model)) for each in self.estimates]

    def scores_line(self) -> str:
        """Whose scores they are, in one line; empty where there are none."""
        score = next(iter(self.scores.values()), None)
        return f"Scores of {score.board}: {score.method}." if score else ""

    def skipped_line(self) -> str:
        """What was skipped and why, in one line; empty where nothing was."""
        return skipped_line(self.skipped)

    def _repr_html_(self) -> str:
        rows = self.to_rows()
        if not rows:
            return "<p>No model can do this job.</p>"
        shown = ("model", "items", "low_usd", "likely_usd", "high_usd", "hours", "notes")
        head = "".join(f"<th>{name}</th>" for name in shown)
        body = "".join(
            "<tr>"
            + "".join(f"<td>{html.escape(_shown(row[name]))}</td>" for name in shown)
            + "</tr>"
            for row in rows
        )
        lines = "".join(f"<p>{html.escape(n)}</p>" for n in (self.skipped_line(), *self.notes) if n)
        return f"<table><tr>{head}</tr>{body}</table>{lines}"


def skipped_line(skipped: Mapping[str, int]) -> str:
    """What was skipped and why, in one line; empty where nothing was."""
    if not skipped:
        return ""
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items()))
    return f"Skipped {sum(skipped.values())}: {reasons}."


def price(
    sources: Sequence[str],
    prompt: str,
    *,
    models: Sequence[str] = (),
    output_tokens: int | None = None,
    max_output: int = 1024,
    system: str | None = None,
    on: dt.date | None = None,
    batch: bool = False,
    limit: int | None = None,
    attach_columns: Sequence[str] = (),
    rpm: float | None = None,
    tpm: float | None = None,
    to_run: bool = False,
    cached_tokens: int = 0,
    schema: dict[str, Any] | None = None,
    measured: Mapping[str, Calibration] | None = None,
) -> Quote:
    """Price a job; reads headers of media, never whole files, and sends nothing.

    What the ledger tells of earlier calls narrows the estimates.

    Args:
        sources: See `reckon.run.source.items`.
        prompt: Template of the prompt.
        models: Names; empty: every model that is served on the day, can do it and has a price.
        output_tokens: Tokens of one answer, where they are known.
        max_output: Cap on one answer, in tokens; the high end of the estimate.
        system: Template of the system message.
        on: Day whose prices are used; None: today.
        batch: Prices of the batch API.
        limit: Rows at most.
        attach_columns: Columns that name media.
        rpm: Requests per minute at most, beside what is known of the model.
        tpm: Tokens per minute at most, likewise.
        to_run: Only rows that `run` can send today: text and pictures.
        cached_tokens: Input tokens of each request that the provider has in its cache.
        schema: JSON schema of the answers; it is sent along, and bounds their length.
        measured: Ratios by model key that are better than those of the ledger.

    Raises:
        SourceError: A source cannot be read.
        UnknownModel: A name is not in the catalogue.
        UnsupportedInput: A named model does not take what the rows hold.
    """
    day = on or today()
    output, note = _output(output_tokens, max_output, schema)
    skipped: Counter[str] = Counter()
    rows = items(sources, limit=limit, attach=attach_columns, any_kind=not to_run)
    first, modalities, entries = _look_ahead(rows)
    chosen = [_paced(model, rpm, tpm) for model in _models(models, modalities, day)]
    known, unread = calibration.fetch(
        chosen,
        prompt=prompt,
        system=system,
        max_output=max_output,
        with_output=output_tokens is None,
    )
    seen: set[Modality] = set()
    # Providers turn a schema into text before the prompt, and count it.
    besides = msgspec.json.encode(schema).decode() if schema else ""
    any_kind = not to_run
    sizes = _sizes(
        entries,
        prompt,
        system,
        skipped,
        seen,
        any_kind=any_kind,
        besides=besides,
        named=frozenset(sources),
    )
    found = pricing.estimate_many(
        [(model, price_on(model, day)) for model in chosen],
        sizes,
        output_tokens=output,
        batch=batch,
        cached_tokens=cached_tokens,
        calibrations=known | dict(measured or {}),
    )
    if models:
        _check_takes(chosen, seen)
    found = [
        _noted(model, each, day)
        for model, each in zip(chosen, found, strict=True)
        if models or all(model.takes(modality) for modality in seen)
    ]
    measured_here = [known.get(model.key) for model in chosen]
    if measured_here and all(each and each.output_tokens for each in measured_here):
        note = ""  # the length of the answers is known after all
    notes = [line for line in (note, unread) if line]
    if first is None:
        notes.append("The source has no rows.")
    return Quote(
        estimates=tuple(sorted(found, key=_by_price)),
        items=found[0].items if found else 0,
        skipped=dict(skipped),
        notes=tuple(notes),
        scores={} if to_run else scores_on(chosen, day),
    )


def price_by_hand(
    *,
    count: int,
    input_tokens: int,
    output_tokens: int,
    models: Sequence[str],
    on: dt.date | None = None,
    batch: bool = False,
    cached_tokens: int = 0,
) -> Quote:
    """The napkin sum, exact: `count` equal requests of known size.

    Raises:
        UsageError: A number is negative, or no model is named.
        UnknownModel: A name is not in the catalogue.
    """
    for name, value in (
        ("count", count),
        ("input-tokens", input_tokens),
        ("output-tokens", output_tokens),
        ("cached-tokens", cached_tokens),
    ):
        if value < 0:
            raise UsageError(f"--{name} {value} is negative.", do="Give 0 or more.")
    day = on or today()
    catalogue = load()
    chosen = (
        [catalogue.find(name) for name in models]
        if models
        else _all_that_can(catalogue, frozenset({"text"}), day)
    )
    found = [
        _noted(
            model,
            pricing.by_hand(
                model,
                count=count,
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                price=price_on(model, day),
                batch=batch,
                cached_tokens=cached_tokens,
            ),
            day,
        )
        for model in chosen
    ]
    return Quote(
        estimates=tuple(sorted(found, key=_by_price)),
        items=count,
        skipped={},
        notes=(),
        scores=scores_on(chosen, day),
    )


def _output(
    output_tokens: int | None, max_output: int, schema: dict[str, Any] | None
) -> tuple[Interval, str]:
    if output_tokens is not None:
        return Interval.exactly(output_tokens), ""
    if schema is not None:
        from reckon.price.schema import output_tokens as by_schema

        found = by_schema(schema, max_output)
        return found, (
            f"Answers that keep to the schema have {found.low:.0f} to {found.high:.0f} tokens, "
            f"likely about {found.likely:.0f}."
        )
    low, likely = min(SHORT_ANSWER, max_output), min(USUAL_ANSWER, max_output)
    return Interval(low, likely, max_output), (
        f"The length of the answers is not known: {low} to {max_output} tokens are assumed, "
        f"likely {likely}. Give --output-tokens for a narrower price."
    )


def _look_ahead(
    rows: Iterator[Entry],
) -> tuple[Item | None, frozenset[Modality], Iterator[Entry]]:
    """The first row, and what it takes to answer it; most sources hold one kind of rows."""
    before: list[Skipped] = []
    for entry in rows:
        if isinstance(entry, Item):
            needed: frozenset[Modality] = frozenset({"text", entry.modality})
            return entry, needed, _chained([*before, entry], rows)
        before.append(entry)
    return None, frozenset({"text"}), iter(before)


def _chained(first: list[Entry], rest: Iterator[Entry]) -> Iterator[Entry]:
    yield from first
    yield from rest


def _models(names: Sequence[str], needed: frozenset[Modality], day: dt.date) -> list[Model]:
    catalogue = load()
    if not names:
        return _all_that_can(catalogue, needed, day)
    chosen = [catalogue.find(name) for name in dict.fromkeys(names)]
    _check_takes(chosen, needed)
    return chosen


def _check_takes(chosen: Sequence[Model], needed: Iterable[Modality]) -> None:
    for model in chosen:
        for modality in sorted(needed):
            if model.takes(modality) is False:
                raise UnsupportedInput(
                    f"{model.key} takes no {modality} input.",
                    why=f"It takes {', '.join(model.modalities or ())}.",
                    do=f"Choose another: `reckon models --modality {modality}`.",
                )


def _paced(model: Model, rpm: float | None, tpm: float | None) -> Model:
    """The model with the user's own limits in force, where they are given."""
    if rpm is None and tpm is None:
        return model
    limits = model.limits or Limits()
    limits = msgspec.structs.replace(
        limits,
        requests_per_minute=rpm or limits.requests_per_minute,
        tokens_per_minute=tpm or limits.tokens_per_minute,
    )
    return msgspec.structs.replace(model, limits=limits)


def _all_that_can(catalogue: Catalogue, needed: frozenset[Modality], day: dt.date) -> list[Model]:
    """Models of first-party providers that are known to take the input, are served and priced."""
    return [
        model
        for model in catalogue.first_party()
        if all(model.takes(modality) for modality in needed)
        and not model.retired_on(day)
        and price_on(model, day) is not None
    ]


def _sizes(
    entries: Iterator[Entry],
    prompt: str,
    system: str | None,
    skipped: Counter[str],
    seen: set[Modality],
    *,
    any_kind: bool,
    besides: str = "",
    named: Set[str] = frozenset(),
) -> Iterator[RowSize]:
    """The size of each request; what cannot be sent is counted, with its reason.

    `seen` gathers what the rows hold; `besides` is sent with each of them; `named` are files that
    were given by name, not found in a folder.
    """
    for entry in entries:
        if isinstance(entry, Skipped):
            skipped[entry.reason] += 1
            continue
        text = render(prompt, entry.fields) + besides
        if system:
            text += render(system, entry.fields)
        images: tuple[tuple[int, int], ...] = ()
        media: tuple[Medium, ...] = ()
        upload = 0
        if entry.files:
            try:
                probes = [attach.probe(path, any_kind=any_kind) for path in entry.files]
            except ReckonError as error:
                if named >= set(entry.files):
                    raise  # who names one file wants to know what is wrong with it
                reason = attach.skip_reason(entry, error)
                skipped[reason or "row whose picture cannot be read"] += 1
                continue
            pictures = [p for p in probes if p.header.modality == "image"]
            images = tuple([attach.sent_size(p.header.width, p.header.height) for p in pictures])
            for probe, size in zip(pictures, images, strict=True):
                upload += attach.sent_bytes(probe, size)
            if len(pictures) < len(probes):
                others = [probe for probe in probes if probe.header.modality != "image"]
                media = tuple([_medium(probe.header) for probe in others])
                upload += sum(probe.bytes for probe in others)
            seen.update([probe.header.modality for probe in probes])
        else:
            seen.add(entry.modality)
        yield RowSize(
            text=text,
            messages=2 if system else 1,
            images=images,
            media=media,
            # Media travel as base64, four bytes for three; text as it is.
            upload_bytes=len(text.encode()) + -(-upload // 3) * 4,
        )


def _medium(header: Header) -> Medium:
    if header.modality == "audio":
        return Sound(header.seconds)
    if header.modality == "video":
        return Film(header.seconds, header.width, header.height, header.has_audio)
    return Document(header.pages)


def _noted(model: Model, found: Estimate, day: dt.date) -> Estimate:
    retired = retirement_note(model, day)
    return msgspec.structs.replace(found, notes=(retired, *found.notes)) if retired else found


def _by_price(found: Estimate) -> tuple[bool, int, str]:
    return (found.likely_pico is None, found.likely_pico or 0, found.model)


def _row(found: Estimate, score: Score | None) -> dict[str, Any]:
    return {
        "model": found.model,
        "items": found.items,
        "input_tokens_low": round(found.input_tokens.low),
        "input_tokens": round(found.input_tokens.likely),
        "input_tokens_high": round(found.input_tokens.high),
        "output_tokens_low": round(found.output_tokens.low),
        "output_tokens": round(found.output_tokens.likely),
        "output_tokens_high": round(found.output_tokens.high),
        "low_usd": _usd(found.low_pico),
        "likely_usd": _usd(found.likely_pico),
        "high_usd": _usd(found.high_pico),
        "input_usd": _usd(found.likely_input_pico),
        "output_usd": _usd(found.likely_output_pico),
        "kind": found.kind,
        "hours": round(found.hours, 3) if found.hours is not None else None,
        "upload_bytes": found.upload_bytes,
        "price_from": found.price.start.isoformat() if found.price and found.price.start else None,
        "price_source": found.price.source if found.price else None,
        "score": score.score if score else None,
        "score_low": score.low if score else None,
        "score_high": score.high if score else None,
        "board": score.board.isoformat() if score else None,
        "notes": list(found.notes),
    }


def _usd(pico: int | None) -> str | None:
    return None if pico is None else usd_text(to_usd(pico))


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return "unknown" if value is None else str(value)
