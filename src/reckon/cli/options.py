"""Options and pieces that several commands share."""

import datetime as dt
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from reckon.vocabulary.money import MOST_USD, read_usd

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Dollars(click.ParamType[Decimal]):
    """An amount of dollars: `5`, `2.50`, `$3`."""

    name = "USD"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        """The amount, never as a float."""
        if isinstance(value, Decimal):
            return value
        try:
            amount = read_usd(str(value).removeprefix("$"))
        except ValueError as error:
            if "with a point" in str(error):
                self.fail(f"it {error}", param, ctx)
            amount = Decimal("Infinity")
        if amount > MOST_USD:
            self.fail(f"{value!r} is no amount of dollars; write 2.50", param, ctx)
        return amount


class Day(click.ParamType[dt.date]):
    """A day, YYYY-MM-DD."""

    name = "DATE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.date:
        """The day."""
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day; write 2024-12-31", param, ctx)


json_option: Decorator = click.option("--json", "as_json", is_flag=True, help="Output as JSON.")
since_option: Decorator = click.option("--since", type=Day(), help="Not before this day, UTC.")
key_option: Decorator = click.option("--key", metavar="KEY", help="A stored key's name, or a key.")
tag_option: Decorator = click.option("--tag", metavar="T", help="A word to find and sum rows by.")


def _plot_name(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """The name, once it is known to be one that a plot can have: before the work begins."""
    if path is not None:
        from reckon.show.plot import check_name

        check_name(path)
    return path


plot_option: Decorator = click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_plot_name,
    metavar="FILE",
    help="Draw it too: .svg or .png.",
)


def print_json(rows: object) -> None:
    """Print rows as JSON. `click.echo` would search megabytes of it for colours."""
    from reckon.show.table import as_json

    sys.stdout.flush()
    sys.stdout.buffer.write(as_json(rows) + b"\n")
    sys.stdout.buffer.flush()


def midnight(day: dt.date | None) -> dt.datetime | None:
    """The first moment of a day, UTC."""
    return None if day is None else dt.datetime.combine(day, dt.time(), dt.UTC)


def with_default(group_default: str) -> type[click.Group]:
    """A group whose first word may be left out: `reckon logs` is `reckon logs list`."""

    class WithDefault(click.Group):
        def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
            first = args[0] if args else None
            if first not in self.list_commands(ctx) and first not in ctx.help_option_names:
                args = [group_default, *args]
            return super().parse_args(ctx, args)

    return WithDefault


def lazy_group(package: str, names: Mapping[str, str], *, default: str) -> type[click.Group]:
    """A group that loads a command when it is called, and whose first word may be left out.

    Args:
        package: Holds a module for each command, with the command as `command`.
        names: Name and short help of each.
        default: The command that is meant where none is named.
    """

    class Lazy(with_default(default)):
        def list_commands(self, ctx: click.Context) -> list[str]:
            return list(names)

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            if cmd_name not in names:
                return None
            return import_module(f"{package}.{cmd_name}").command

        def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
            with formatter.section("Commands"):
                formatter.write_dl(list(names.items()))

    return Lazy
