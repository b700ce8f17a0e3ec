"""The entry point: a table of commands, each loaded when it is called.

Nothing is imported here but click, so that `--help` stays quick.
"""

import gc
import os
import sys
from importlib import import_module
from typing import Any

import click

from reckon.settings import VERSION

COMMANDS = {
    "ask": "Ask one prompt; this is the default command.",
    "models": "What exists, what it costs, what it takes.",
    "price": "What a job will cost, before it runs.",
    "run": "Run a prompt over a folder, a table or lines.",
    "runs": "Runs: list, show, resume, cancel, export.",
    "logs": "Every answer, error and interruption.",
    "spend": "What was spent, by model, day, run or tag.",
    "keys": "Keys of providers.",
    "doctor": "What reckon finds on this machine.",
}
"""Name and short help of each command; `reckon.cli.NAME` holds it as `command`."""

PLUGINS = "reckon.commands"

_ASK_HINT = "To ask a prompt that begins with a command's name: reckon ask {quoted}"
_HINT_LENGTH = 40


class Commands(click.Group):
    """Loads a command when it is called; what is no command is a prompt."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The built-in names; plug-ins are found when they are called."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name in COMMANDS:
            return import_module(f"reckon.cli.{cmd_name}").command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A first word that is a command is the command; anything else is a prompt."""
        if args and args[0] not in COMMANDS:
            plugin = _plugin(args[0])
            if plugin is not None:
                return args[0], plugin, args[1:]
            return "ask", self.get_command(ctx, "ask"), args
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options before the prompt are the prompt's: `reckon -m MODEL hello`."""
        if not args and not sys.stdin.isatty():
            args = ["ask"]
        elif args and args[0].startswith("-") and args[0] not in ("--help", "--version", "-h"):
            args = ["ask", *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table above: listing commands must not import them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(VERSION, prog_name="reckon")
@click.pass_context
def cli(context: click.Context) -> None:
    """Choose a model, price the job, run it, judge the result.

    \b
    reckon "Why is the sky blue?"
    reckon price photos/ -P "describe this photo"
    reckon run photos/ -P "describe this photo" -m gpt-4o-mini --budget 5
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Run the command line and leave with its exit code."""
    _end_like_ctrl_c()
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us has gone, as `| head` does. Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    # The interpreter would look through all objects once more on its way out.
    gc.freeze()
    sys.exit(code)


def _end_like_ctrl_c() -> None:
    """A closed terminal or a polite kill ends a command as Ctrl-C does: its record is kept."""
    import signal

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Whoever starts us under nohup wants the hang-up ignored.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def run(arguments: list[str]) -> int:
    """Run one command line; gives its exit code. Errors go to stderr in three lines at most."""
    try:
        result: Any = cli.main(arguments, prog_name="reckon", standalone_mode=False)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return 130
    except click.UsageError as error:
        _show_usage(error, arguments)
        return 2
    except click.ClickException as error:
        click.echo(f"Error: {error.format_message()}", err=True)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the wall around every command
        return _show(error)
    return result if isinstance(result, int) else 0


def _show(error: Exception) -> int:
    from reckon.errors import ReckonError
    from reckon.show.table import printable

    if not isinstance(error, ReckonError):
        raise error
    for line in error.lines():
        click.echo(printable(line), err=True)
    return error.exit_code


def _show_usage(error: click.UsageError, arguments: list[str]) -> None:
    click.echo(f"Error: {error.format_message()}", err=True)
    command = error.ctx.command_path if error.ctx else "reckon"
    click.echo(f"Do: {command} --help shows how it is called.", err=True)
    if arguments and arguments[0] in COMMANDS and arguments[0] != "ask":
        from shlex import quote

        prompt = " ".join(arguments)
        prompt = quote(prompt if len(prompt) <= _HINT_LENGTH else prompt[:_HINT_LENGTH] + "...")
        click.echo(_ASK_HINT.format(quoted=prompt), err=True)


def _plugin(name: str) -> click.Command | None:
    """A command that another package brings; only a plain word can name one."""
    if not name.isidentifier():
        return None
    from importlib.metadata import entry_points

    for entry in entry_points(group=PLUGINS, name=name):
        return entry.load()
    return None
