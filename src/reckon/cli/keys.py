"""`reckon keys`: keys of providers, in a file that only you can read."""

import sys

import click

from reckon import settings
from reckon.cli.options import json_option, print_json, with_default
from reckon.errors import UsageError


@click.group("keys", cls=with_default("list"))
def command() -> None:
    """Keys of providers. The order is: --key, then these, then the environment."""


@command.command("set")
@click.argument("name")
@click.option("--value", help="The key; better to leave it out and be asked.")
def set_(name: str, value: str | None) -> None:
    """Store a key under the provider's id: reckon keys set openai."""
    if value is None:
        if sys.stdin.isatty():
            value = click.prompt(f"Key for {name}", hide_input=True, err=True)
        else:
            value = sys.stdin.readline()
    key = (value or "").strip()
    if not key or not key.isprintable():
        raise UsageError(
            "The key is empty or holds a line break.", do=f"Try again: reckon keys set {name}"
        )
    settings.write_keys({**settings.read_keys(), name: key})
    click.echo(f"Stored the key {name} in {settings.keys_path()}.")


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Names of the stored keys, never the keys."""
    names = sorted(settings.read_keys())
    if as_json:
        print_json([{"name": name} for name in names])
        return
    for name in names:
        click.echo(name)
    if not names:
        click.echo("No key is stored. Store one: reckon keys set openai", err=True)


@command.command("get")
@click.argument("name")
def get(name: str) -> None:
    """Print one key, for use in another program."""
    keys = settings.read_keys()
    if name not in keys:
        raise UsageError(f"No key is stored as {name!r}.", do=f"Store it: reckon keys set {name}")
    click.echo(keys[name])


@command.command("rm")
@click.argument("name")
def remove(name: str) -> None:
    """Forget a key."""
    keys = settings.read_keys()
    if keys.pop(name, None) is None:
        raise UsageError(f"No key is stored as {name!r}.", do="See reckon keys list.")
    settings.write_keys(keys)
    click.echo(f"Forgot the key {name}.")


@command.command("path")
def path() -> None:
    """Where the keys are."""
    click.echo(settings.keys_path())
