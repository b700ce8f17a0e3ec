"""`reckon models refresh`: fetch newer data, or take it from files."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reckon.cli.models.rows import Row
from reckon.cli.options import Day, json_option, key_option, print_json
from reckon.errors import UsageError

if TYPE_CHECKING:
    from reckon.run.refreshed import Refreshed
    from reckon.vocabulary.price import Price

SHOWN_CHANGES = 40


@click.command("refresh")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option("--provider", metavar="P", help="Whose list of models to fetch.")
@click.option(
    "--board",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read scores from a file instead: an arena's leaderboard as CSV or JSON.",
)
@click.option("--board-date", type=Day(), help="Its day, where neither rows nor name tell.")
@click.option(
    "--force", is_flag=True, help="Take prices that jump, or other figures for a known board."
)
@key_option
@json_option
def command(  # noqa: PLR0917
    files: tuple[Path, ...],
    provider: str | None,
    board: Path | None,
    board_date: dt.date | None,
    force: bool,
    key: str | None,
    as_json: bool,
) -> None:
    """Fetch newer prices, or the models that a provider lists, or take price lists from files.

    With nothing named, the list of the genai-prices project is fetched; a price in it that cannot
    be right stays as it was. FILE is the JSON of genai-prices, models.dev, LiteLLM or OpenRouter,
    or a TOML file of your own; one with a price that cannot be right is refused whole.

    A list is kept with its history in the user folder: an id that goes stays known, and a price
    that changes ends where the new one begins. Nothing is ever fetched without this command.

    With --board, read a leaderboard from a file; boards that are known stay.
    """
    if board is not None:
        _read_board(board, board_date, force, as_json)
        return
    if board_date:
        raise UsageError(
            "--board-date is about a board, and none was named.",
            do="Name its file: reckon models refresh --board FILE",
        )
    brought = _from_files(files, force=force) if files else []
    if provider is not None:
        brought.append(_from_provider(provider, key, force=force))
    if not files and provider is None:
        brought.append(_published(force=force))
    if as_json:
        print_json([_CHANGE | row for found in brought for row in _changes(found)])
        return
    for found in brought:
        _tell(found)
    if not files and provider is None:
        _tell_ready()


def _from_files(files: tuple[Path, ...], *, force: bool) -> "list[Refreshed]":
    from reckon.run.refresh_file import refresh_files

    return refresh_files(files, force=force)


def _from_provider(provider: str, key: str | None, *, force: bool) -> "Refreshed":
    from reckon.run.refresh import refresh

    return refresh(provider, key=key, force=force)


def _published(*, force: bool) -> "Refreshed":
    from reckon.run.refresh_published import refresh_published

    return refresh_published(force=force)


def _tell_ready() -> None:
    """Whose own lists could be fetched as well."""
    from reckon.run.refresh import refreshable

    ready = [each.id for each in refreshable()]
    if ready:
        click.echo(
            f"Ready, with a key or running here: {', '.join(ready)}. Their own lists: "
            f"reckon models refresh --provider {ready[0]}"
        )


def _changes(found: "Refreshed") -> list[Row]:
    return [
        *({"model": model, "change": "new"} for model in found.new),
        *({"model": model, "change": "gone"} for model in found.gone),
        *(
            {
                "model": each.model,
                "change": "price",
                **_rates("before_", each.before),
                **_rates("", each.now),
            }
            for each in found.prices
        ),
    ]


def _tell(found: "Refreshed") -> None:
    count = f"{found.listed:,} model{'' if found.listed == 1 else 's'}"
    click.echo(f"{found.name} lists {count} ({found.source}).")
    rows = _changes(found)
    for row in rows[:SHOWN_CHANGES]:
        click.echo(_change(row))
    if len(rows) > SHOWN_CHANGES:
        click.echo(f"... and {len(rows) - SHOWN_CHANGES:,} more changes; --json has all.")
    if not rows:
        click.echo("Nothing has changed.")
    for note in found.notes:
        click.echo(note)


def _read_board(path: Path, date: dt.date | None, force: bool, as_json: bool) -> None:
    from reckon.catalogue import board_formats, boards
    from reckon.run.clock import today

    found = board_formats.read_file(path, date=date, today=today())
    others = [boards.read(known) for known in boards.known().values()]
    kept = boards.keep(
        [board_formats.with_keys(each, others) for each in found.boards], force=force
    )
    if as_json:
        print_json(
            [
                {
                    "board": each.board.date.isoformat(),
                    "series": each.board.series,
                    "models": len(each.board.scores),
                    "change": each.change,
                    "method": each.board.method,
                    "source": each.board.source,
                }
                for each in kept
            ]
        )
        return
    for each in kept[:SHOWN_CHANGES]:
        count = len(each.board.scores)
        click.echo(f"{each.change + ':':9} {each.board.name}, {count:,} models")
    if len(kept) > SHOWN_CHANGES:
        click.echo(f"... and {len(kept) - SHOWN_CHANGES:,} more boards; --json has all.")
    if found.repeated:
        click.echo(f"Rows that stood there twice, taken once: {found.repeated:,}.")


_CHANGE: Row = dict.fromkeys(
    (
        "model",
        "change",
        "before_input_usd_per_mtok",
        "before_output_usd_per_mtok",
        "input_usd_per_mtok",
        "output_usd_per_mtok",
    )
)


def _rates(prefix: str, price: "Price | None") -> Row:
    return {
        f"{prefix}input_usd_per_mtok": f"{price.rate.input:f}" if price else None,
        f"{prefix}output_usd_per_mtok": f"{price.rate.output:f}" if price else None,
    }


def _change(row: Row) -> str:
    if row["change"] != "price":
        return f"{row['change'] + ':':6} {row['model']}"
    before, now = (
        "unknown"
        if row[f"{when}input_usd_per_mtok"] is None
        else f"${row[f'{when}input_usd_per_mtok']} in, ${row[f'{when}output_usd_per_mtok']} out"
        for when in ("before_", "")
    )
    return f"price: {row['model']}: {before} -> {now}"
