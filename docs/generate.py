"""Writes the generated pages of docs/: `make docs`. With --check it only compares.

docs/reference/commands.md   the --help text of every command
"""

import sys
from pathlib import Path

import click
from click.testing import CliRunner

from reckon.cli.main import cli

COMMANDS = Path(__file__).parent / "reference" / "commands.md"
HEADER = """# Commands

Made from `--help` by `make docs`; do not edit.
"""


def help_pages(command: click.Command, path: tuple[str, ...]) -> list[str]:
    """The help of a command and of all commands below it, as Markdown sections."""
    runner = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"})
    arguments = [*path[1:], "--help"]
    text = runner.invoke(cli, arguments, prog_name="reckon", terminal_width=80).output
    pages = [f"\n## {' '.join(path)}\n\n```text\n{text.rstrip()}\n```\n"]
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path[-1])
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                pages += help_pages(child, (*path, name))
    return pages


def main() -> int:
    """Write or compare; 1 where a page is not fresh."""
    text = HEADER + "".join(help_pages(cli, ("reckon",)))
    if "--check" in sys.argv:
        fresh = COMMANDS.exists() and COMMANDS.read_text(encoding="utf-8") == text
        if not fresh:
            print(f"{COMMANDS} is not fresh: run `make docs`.")
        return 0 if fresh else 1
    COMMANDS.parent.mkdir(exist_ok=True)
    COMMANDS.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
