"""`reckon logs`: every answer, error and interruption."""

import datetime as dt
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from reckon import settings
from reckon.cli.options import json_option, midnight, since_option, with_default
from reckon.errors import LedgerDamaged, LedgerError
from reckon.show.money import dollars, duration, exact_usd, iso, local, seconds, size, tokens
from reckon.show.table import as_json_line, one_line, printable

if TYPE_CHECKING:
    from reckon.ledger.ledger import Ledger
    from reckon.ledger.rows import LogRow
    from reckon.vocabulary.response import Raw

LINE = 160


@click.group("logs", cls=with_default("list"))
def command() -> None:
    """Every answer, error and interruption, with tokens and cost."""


def _filters(function: Any) -> Any:
    for option in (
        click.option("-m", "--model", metavar="MODEL", help="Only of this model."),
        click.option("--run", metavar="RUN", help="Only of this run."),
        click.option(
            "--status", type=click.Choice(["sent", "done", "failed", "cancelled", "in_doubt"])
        ),
        click.option("--tag", metavar="T", help="Only with this tag."),
        since_option,
    ):
        function = option(function)
    return function


@command.command("list")
@click.option("-n", "--count", type=click.IntRange(min=0), default=3, show_default=True)
@_filters
@json_option
def list_(  # noqa: PLR0917
    count: int,
    model: str | None,
    run: str | None,
    status: str | None,
    tag: str | None,
    since: dt.datetime | None,
    as_json: bool,
) -> None:
    """The latest rows; -n 0 gives all."""
    with _open() as ledger:
        rows = ledger.logs(
            limit=count or None,
            model=model,
            run=_run_id(ledger, run),
            status=status,
            tag=tag,
            since=midnight(since),
        )
        _show_rows(rows, as_json=as_json)


@command.command("search")
@click.argument("text", nargs=-1, required=True)
@click.option("-n", "--count", type=click.IntRange(min=0), default=20, show_default=True)
@_filters
@json_option
def search(  # noqa: PLR0917
    text: tuple[str, ...],
    count: int,
    model: str | None,
    run: str | None,
    status: str | None,
    tag: str | None,
    since: dt.datetime | None,
    as_json: bool,
) -> None:
    """Rows whose prompt, answer or file name holds all the words; "two words" is a phrase."""
    with _open_for_search() as ledger:
        rows = ledger.search(
            " ".join(text),
            limit=count or None,
            model=model,
            run=_run_id(ledger, run),
            status=status,
            tag=tag,
            since=midnight(since),
        )
        _show_rows(rows, as_json=as_json)
        if not rows and not as_json:
            click.echo("Nothing found.", err=True)


@command.command("show")
@click.argument("row", required=False)
@json_option
def show(row: str | None, as_json: bool) -> None:
    """One row, whole; without ROW, the latest."""
    with _open() as ledger:
        found = ledger.show(row)
        raw = ledger.raw(found.id)
    fields = row_fields(found)
    if as_json:
        click.echo(f"[\n{as_json_line(fields | _raw_fields(raw))}\n]")
        return
    for name, value in fields.items():
        if name in ("prompt", "system", "answer", "reasoning") or value in (None, "", [], {}, 0):
            continue
        click.echo(f"{name + ':':22} {one_line(str(value), 400)}")
    if note := _cost_note(found):
        click.echo(f"{'cost:':22} {note}")
    if raw is not None:
        click.echo(f"{'raw:':22} {_raw_note(raw)}")
    for name, text in (
        ("system", found.system),
        ("prompt", found.prompt),
        ("reasoning", found.reasoning),
        ("answer", found.answer),
    ):
        if text:
            click.echo(f"\n{name}:\n{printable(text)}")


@command.command("rm")
@click.argument("rows", nargs=-1, required=True, metavar="ROW...")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(rows: tuple[str, ...], yes: bool) -> None:
    """Remove prompts and answers. The row of tokens and money stays: the books must balance."""
    from reckon.ledger.ledger import Ledger

    with Ledger.open(settings.ledger_path()) as ledger:
        ids = [ledger.show(row).id for row in rows]
        if not yes:
            click.confirm(f"Remove the content of {len(ids)} rows for ever?", abort=True, err=True)
        removed = ledger.remove(ids)
    click.echo(f"Removed the content of {removed} rows; tokens and cost stay.")


@command.command("export")
@_filters
@click.option("--raw/--no-raw", "with_raw", default=True, help="Answers as they came; default.")
def export(  # noqa: PLR0917
    model: str | None,
    run: str | None,
    status: str | None,
    tag: str | None,
    since: dt.datetime | None,
    with_raw: bool,
) -> None:
    """All rows as JSON Lines, oldest first, each with its answer as it came."""
    with _open() as ledger:
        for row in ledger.logs(
            model=model,
            run=_run_id(ledger, run),
            status=status,
            tag=tag,
            since=midnight(since),
            oldest_first=True,
        ):
            raw = _raw_or_note(ledger, row.id) if with_raw else {}
            click.echo(as_json_line(row_fields(row) | raw))


@command.command("verify")
def verify() -> None:
    """Prove that the ledger is whole: digests, references, books."""
    with _open() as ledger:
        problems = ledger.verify()
    if problems:
        for problem in problems:
            click.echo(problem)
        raise LedgerDamaged(
            f"The ledger has {len(problems)} problems.",
            do=f"Keep a copy of {settings.ledger_path()} before anything else.",
        )
    click.echo("The ledger is whole.")


@command.command("path")
def path() -> None:
    """Where the ledger is."""
    click.echo(settings.ledger_path())


def row_fields(row: "LogRow") -> dict[str, Any]:
    """A row as JSON values: money as decimal strings, times in UTC, unknown as null."""
    return {
        "id": row.id,
        "started": iso(row.started),
        "finished": iso(row.finished),
        "status": row.status,
        "model": row.model_asked,
        "model_answered": row.model_answered,
        "run": row.run_id,
        "item": row.item_id,
        "tag": row.tag,
        "prompt": row.prompt,
        "system": row.system,
        "answer": row.answer,
        "reasoning": row.reasoning,
        "error": row.error,
        "options": row.options,
        "media": [
            {"name": m.name, "media_type": m.media_type, "bytes": m.bytes, "sha256": m.digest}
            for m in row.media
        ],
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cached_input_tokens": row.cached_input_tokens,
        "cache_write_tokens": row.cache_write_tokens,
        "cache_write_1h_tokens": row.cache_write_1h_tokens,
        "audio_input_tokens": row.audio_input_tokens,
        "image_input_tokens": row.image_input_tokens,
        "video_input_tokens": row.video_input_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "audio_output_tokens": row.audio_output_tokens,
        "image_output_tokens": row.image_output_tokens,
        "web_searches": row.web_searches,
        "service_tier": row.service_tier or None,
        "billed_besides": row.billed_besides or None,
        "reported_cost_usd": exact_usd(row.reported_cost_pico),
        "cost_usd": exact_usd(row.cost_pico),
        "cost_kind": row.cost_kind,
        "reserved_usd": exact_usd(row.reserved_pico),
        "price": json.loads(row.price) if row.price else None,
        "first_token_s": seconds(row.first_token_s),
        "duration_s": seconds(row.duration_s),
        "stop_reason": row.stop_reason,
        "request_id": row.request_id,
    }


def _cost_note(row: "LogRow") -> str:
    """What the price list says of a bill, or why the cost of a call that ended is unknown."""
    import msgspec

    from reckon.price.cost import listed_cost, why_unknown
    from reckon.vocabulary.price import Price

    price = msgspec.json.decode(row.price, type=Price) if row.price else None
    if row.cost_kind == "billed" and price is not None:
        listed = listed_cost(row.usage, price)
        said = dollars(listed.total_pico) if listed else "nothing of such a call"
        return f"billed {dollars(row.cost_pico)} (the price list says {said})"
    if row.cost_pico is None and row.status == "done":
        return why_unknown(row.usage, price)
    return ""


def _raw_note(raw: "Raw") -> str:
    kind = raw.content_type or "no type named"
    if raw.body is None:
        return f"left out: {size(raw.size)} ({kind}) are more than is kept"
    return f"{size(raw.size)} ({kind}); --json shows it"


def _raw_or_note(ledger: "Ledger", row: str) -> dict[str, Any]:
    """The answer as it came; one that is damaged does not end the export of the others."""
    try:
        return _raw_fields(ledger.raw(row))
    except LedgerDamaged as error:
        click.echo("\n".join(error.lines()), err=True)
        return _raw_fields(None)


def _raw_fields(raw: "Raw | None") -> dict[str, Any]:
    """The answer as it came, and its length, for JSON."""
    if raw is None:
        return {"raw": None, "raw_bytes": None}
    return {"raw": _raw_json(raw.body), "raw_bytes": raw.size}


def _raw_json(body: bytes | None) -> Any:
    """One JSON value as it is, the events of a stream as a list, anything else as text."""
    if body is None:
        return None
    whole = _parsed(body)
    if not isinstance(whole, str):
        return whole
    lines = [line for line in body.splitlines() if line.strip()]
    if lines and all(
        line.startswith((b"data:", b"event:", b"id:", b"retry:", b":")) for line in lines
    ):
        from reckon.providers.sse import EventReader

        reader = EventReader()
        return [_parsed(data) for part in (reader.feed(body), reader.close()) for data in part]
    values = [_parsed(line) for line in lines]
    return whole if any(isinstance(value, str) for value in values) else values


def _parsed(text: bytes) -> Any:
    """JSON, or the text itself where it is none: NaN and half a document are none."""
    import msgspec

    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return text.decode("utf-8", "replace")


def _show_rows(rows: "Iterable[LogRow]", *, as_json: bool) -> None:
    if as_json:
        _stream_json(rows)
        return
    for row in rows:
        where = f"  {one_line(row.item_id, 60)}" if row.item_id else ""
        cost = dollars(row.cost_pico)
        used = f"{tokens(row.input_tokens)} in, {tokens(row.output_tokens)} out"
        head = f"{row.id}  {local(row.started)}  {row.model_asked}  {row.status}{where}"
        click.echo(click.style(head, bold=True))
        click.echo(f"  {used}, {cost}, {duration(row.duration_s)}")
        if row.prompt:
            click.echo(f"  > {one_line(row.prompt, LINE)}")
        if row.answer:
            click.echo(f"  {one_line(row.answer, 2 * LINE)}")
        if row.error:
            click.echo(f"  {one_line(row.error, LINE)}")


def _stream_json(rows: "Iterable[LogRow]") -> None:
    """A JSON array, a row at a time: a ledger of a million rows is no list."""
    separator = "["
    for row in rows:
        click.echo(f"{separator}\n{as_json_line(row_fields(row))}", nl=False)
        separator = ","
    click.echo("[]" if separator == "[" else "\n]")


def _open() -> "Ledger":
    from reckon.ledger.ledger import Ledger

    return Ledger.look(settings.ledger_path())


def _open_for_search() -> "Ledger":
    """For writing, where that can be: a search fills the index with what came since the last."""
    from reckon.ledger.ledger import Ledger

    path = settings.ledger_path()
    if not path.exists():
        return Ledger.look(path)
    try:
        return Ledger.open(path)
    except LedgerError:
        return Ledger.look(path)


def _run_id(ledger: "Ledger", prefix: str | None) -> str | None:
    return None if prefix is None else ledger.find_run(prefix).id
