"""`reckon models prices`: price over time, with ratios."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reckon.cli.models.rows import Row
from reckon.cli.options import Day, json_option, plot_option, print_json
from reckon.errors import UsageError
from reckon.show.money import rate
from reckon.show.table import one_line, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from reckon.catalogue.price_history import Period, Step
    from reckon.vocabulary.model import Model

SHOWN_SOURCE = 60
"""Letters; JSON has all of it."""


@click.command("prices")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--from", "since", type=Day(), help="From this day.")
@click.option("--to", "until", type=Day(), help="Until this day, with it.")
@plot_option
@json_option
def command(
    models: tuple[str, ...],
    since: dt.date | None,
    until: dt.date | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Price over time, and how many times cheaper than what was there before.

    Each model's last price is held against the first one of every model that had one no later.
    """
    from reckon.catalogue import price_history
    from reckon.catalogue.load import load

    check_order(since, until)
    catalogue = load()
    named = list({found.key: found for found in map(catalogue.find, models)}.values())
    history = [price_history.periods(model, since, until) for model in named]
    steps = price_history.steps(history)
    if plot is not None:
        _draw(named, history, until, plot)
    if as_json:
        print_json(_rows(named, history, steps))
        return
    click.echo(_periods(named, history))
    if steps:
        click.echo()
        click.echo(_steps(steps))


def check_order(since: dt.date | None, until: dt.date | None) -> None:
    """Refuse days that run backwards.

    Raises:
        UsageError: The first is after the last.
    """
    if since and until and since > until:
        raise UsageError(
            f"--from {since} is after --to {until}.", do="Give the earlier day to --from."
        )


def _periods(models: "Sequence[Model]", history: "Sequence[Sequence[Period]]") -> str:
    cells: list[list[str]] = []
    for model, periods in zip(models, history, strict=True):
        cells += [
            [
                model.key,
                str(each.start or "unknown"),
                str(each.end or "now"),
                f"{each.price.rate.input:f}",
                f"{each.price.rate.output:f}",
                one_line(each.price.source, SHOWN_SOURCE),
            ]
            for each in periods
        ] or [[model.key, "", "", "unknown", "unknown", "no price is known in this time"]]
    header = ["model", "from", "to", "$/M in", "$/M out", "source"]
    return table(cells, header, right=(3, 4))


def _steps(steps: "Sequence[Step]") -> str:
    from reckon.catalogue.price_history import said

    cells = [
        [
            f"{step.now.model.key} {rate(step.now.price.rate.input)}",
            said(step.times_cheaper("input")),
            said(step.times_cheaper("output")),
            f"than {step.than.model.key} {rate(step.than.price.rate.input)}"
            + (f" of {step.than.start}" if step.than.start else ""),
        ]
        for step in steps
    ]
    return table(cells, ["last price", "input", "output", "first price"])


def _rows(
    models: "Sequence[Model]",
    history: "Sequence[Sequence[Period]]",
    steps: "Sequence[Step]",
) -> list[Row]:
    rows: list[Row] = []
    for model, periods in zip(models, history, strict=True):
        rows += [
            {
                "model": model.key,
                "from": str(each.start) if each.start else None,
                "to": str(each.end) if each.end else None,
                "input_usd_per_mtok": f"{each.price.rate.input:f}",
                "output_usd_per_mtok": f"{each.price.rate.output:f}",
                "source": each.price.source,
                "seen": str(each.price.seen) if each.price.seen else None,
                "compared": [_compared(step) for step in steps if step.now is each],
            }
            for each in periods
        ] or [dict.fromkeys(_FIELDS) | {"model": model.key, "compared": []}]
    return rows


_FIELDS = (
    "model",
    "from",
    "to",
    "input_usd_per_mtok",
    "output_usd_per_mtok",
    "source",
    "seen",
    "compared",
)


def _compared(step: "Step") -> Row:
    """One ratio, as a whole fraction and as a number; above 1 is cheaper."""
    ratios = {side: step.times_cheaper(side) for side in ("input", "output")}
    row: Row = {
        "than": step.than.model.key,
        "than_from": str(step.than.start) if step.than.start else None,
        "than_input_usd_per_mtok": f"{step.than.price.rate.input:f}",
        "than_output_usd_per_mtok": f"{step.than.price.rate.output:f}",
    }
    for side, ratio in ratios.items():
        row[f"{side}_times_cheaper"] = None if ratio is None else float(ratio)
        row[f"{side}_times_cheaper_exact"] = None if ratio is None else str(ratio)
    return row


def _draw(
    models: "Sequence[Model]",
    history: "Sequence[Sequence[Period]]",
    until: dt.date | None,
    path: Path,
) -> None:
    from reckon.run.clock import today
    from reckon.show.plot import steps, write

    last = until or today()
    series: dict[str, list[tuple[dt.date, Decimal | None]]] = {}
    for model, periods in zip(models, history, strict=True):
        # Of two values of a day the later counts: a price that ends where the next begins goes on.
        points: dict[dt.date, Decimal | None] = {}
        for each in periods:
            if each.start is not None:
                points[each.start] = each.price.rate.input or None
            if each.end is not None and each.end < last:
                points[each.end + dt.timedelta(days=1)] = None
        series[model.key] = list(points.items())
    drawing = steps(
        series,
        title="Price of input over time",
        y_label="USD per million input tokens",
        until=last,
    )
    click.echo(f"Wrote {write(drawing, path)}.", err=True)
