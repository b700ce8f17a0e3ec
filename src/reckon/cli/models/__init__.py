"""`reckon models`: one file for each command below it, loaded when it is called."""

import click

from reckon.cli.options import lazy_group

COMMANDS = {
    "list": "Models whose name holds all the words of QUERY.",
    "show": "One model's card: price now and then, limits, what it takes.",
    "prices": "Price over time, with ratios.",
    "changes": "What is new, cheaper, dearer, retired since a day.",
    "history": "How context windows grew; the cheapest model above a score.",
    "training": "What training a model took: hours, dollars, operations, electricity.",
    "fit": "Does it run here? Memory, verdict with headroom, tokens a second.",
    "default": "Show or set the model that is used without -m.",
    "refresh": "Fetch newer data; prices are appended, never overwritten.",
}
"""Name and short help of each command; `reckon.cli.models.NAME` holds it as `command`."""


@click.group("models", cls=lazy_group(__name__, COMMANDS, default="list"))
def command() -> None:
    """What exists, what it costs, what it takes."""
