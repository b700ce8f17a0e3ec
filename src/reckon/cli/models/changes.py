"""`reckon models changes`: what is new, cheaper, dearer, retired since a day."""

import datetime as dt
from typing import TYPE_CHECKING

import click

from reckon.cli.models.rows import Row
from reckon.cli.options import Day, json_option, print_json
from reckon.show.money import rate
from reckon.show.table import table

if TYPE_CHECKING:
    from reckon.run.changes import Noted
    from reckon.vocabulary.price import Price

SHOWN = 60


@click.command("changes")
@click.option("--since", type=Day(), required=True, help="This day and later, UTC.")
@json_option
def command(since: dt.date, as_json: bool) -> None:
    """What is new, cheaper, dearer, retired or gone from its list since a day.

    Models that you use, by the ledger, come first and are marked with a star; then come those of
    their makers' own services.
    """
    from reckon.run import changes

    found = changes.since(since)
    if as_json:
        print_json([_row(each) for each in found])
        return
    if not found:
        click.echo(f"Nothing is known to have changed since {since}.")
        return
    cells = [
        [
            "*" if each.calls else "",
            str(each.change.day),
            each.change.kind,
            each.change.model,
            _told(each),
        ]
        for each in found[:SHOWN]
    ]
    click.echo(table(cells, ["", "day", "", "model", ""]))
    if len(found) > SHOWN:
        click.echo(f"... and {len(found) - SHOWN:,} more; --json has all.")
    used = len({each.change.model for each in found if each.calls})
    if used:
        click.echo(f"* {used:,} model{'' if used == 1 else 's'} that you use.")


def _told(each: "Noted") -> str:
    change = each.change
    if change.before and change.now:
        times = ", ".join(
            f"{side} {_moved(change.before, change.now, side)}"
            for side in ("input", "output")
            if getattr(change.before.rate, side) != getattr(change.now.rate, side)
        )
        return f"{times} ({change.source})"
    if change.kind == "retired" and change.successors:
        return f"use {' or '.join(change.successors)}"
    return "last seen on that day" if change.kind == "gone" else ""


def _moved(before: "Price", now: "Price", side: str) -> str:
    from fractions import Fraction

    from reckon.catalogue.price_history import said

    old, new = getattr(before.rate, side), getattr(now.rate, side)
    moved = f"{rate(old)} -> {rate(new)}"
    return f"{moved}, {said(Fraction(old) / Fraction(new))}" if old and new else moved


def _row(each: "Noted") -> Row:
    change = each.change
    return {
        "day": str(change.day),
        "model": change.model,
        "change": change.kind,
        "is_used": bool(each.calls),
        "calls": each.calls,
        **_rates("before_", change.before),
        **_rates("", change.now),
        "successors": list(change.successors),
        "source": change.source,
    }


def _rates(prefix: str, price: "Price | None") -> Row:
    return {
        f"{prefix}input_usd_per_mtok": f"{price.rate.input:f}" if price else None,
        f"{prefix}output_usd_per_mtok": f"{price.rate.output:f}" if price else None,
    }
