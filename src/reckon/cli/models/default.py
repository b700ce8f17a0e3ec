"""`reckon models default`: the model that is used without -m."""

import click

from reckon import settings
from reckon.errors import UsageError


@click.command("default")
@click.argument("model", required=False)
@click.option("--unset", is_flag=True, help="Forget the default.")
def command(model: str | None, unset: bool) -> None:
    """Show or set the model that is used without -m."""
    if unset:
        settings.set_default_model(None)
        click.echo("No default model is set.")
        return
    if model is None:
        current = settings.default_model()
        if current is None:
            raise UsageError(
                "No default model is set.", do="Set one: reckon models default gpt-4o-mini"
            )
        click.echo(current)
        return
    from reckon.catalogue.load import load

    found = load().find(model)
    settings.set_default_model(found.key)
    click.echo(f"The default model is {found.key}.")
