"""Writes the generated pages of docs/: `make docs`. With --check it only compares.

docs/reference/commands.md   the --help text of every command
docs/reference/usage.md      what each field of usage counts
"""

import ast
import inspect
import sys
from itertools import pairwise
from pathlib import Path

import click
from click.testing import CliRunner

from reckon.cli.main import cli
from reckon.vocabulary import usage

REFERENCE = Path(__file__).parent / "reference"
COMMANDS_HEADER = """# Commands

Made from `--help` by `make docs`; do not edit.
"""
USAGE_HEADER = """# Usage

What each field of a call's usage counts, over all providers; `logs show` prints those that are not
zero. [How providers count](how-providers-count.md) says where each comes from.
Made from `reckon.vocabulary.usage` by `make docs`; do not edit.

| field | meaning |
|---|---|
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


def usage_rows() -> list[str]:
    """A row of the table for each field, from the sentence that stands under it."""
    [fields] = [
        node.body
        for node in ast.parse(inspect.getsource(usage)).body
        if isinstance(node, ast.ClassDef) and node.name == "Usage"
    ]
    rows: list[str] = []
    for field, said in pairwise(fields):
        if isinstance(field, ast.AnnAssign):
            # A field without a sentence is a fault of its own, and ends here.
            meaning = " ".join(ast.literal_eval(said.value).split())  # type: ignore[attr-defined]
            rows.append(f"| `{ast.unparse(field.target)}` | {meaning} |\n")
    return rows


def main() -> int:
    """Write or compare; 1 where a page is not fresh."""
    pages = {
        "commands.md": COMMANDS_HEADER + "".join(help_pages(cli, ("reckon",))),
        "usage.md": USAGE_HEADER + "".join(usage_rows()),
    }
    stale = 0
    for name, text in pages.items():
        page = REFERENCE / name
        if "--check" not in sys.argv:
            REFERENCE.mkdir(exist_ok=True)
            page.write_text(text, encoding="utf-8")
        elif not page.exists() or page.read_text(encoding="utf-8") != text:
            print(f"{page} is not fresh: run `make docs`.")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
