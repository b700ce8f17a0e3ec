"""`reckon ask`: one prompt, one answer. The default command."""

import sys
from typing import TYPE_CHECKING, Any

import click

from reckon.cli.options import json_option, key_option, print_json, tag_option
from reckon.errors import UsageError

if TYPE_CHECKING:
    from reckon.run.ask import Answer
    from reckon.run.retry import Wait
    from reckon.vocabulary.response import Event


@click.command("ask")
@click.argument("text", nargs=-1)
@click.option("-m", "--model", metavar="MODEL", help="provider/model, or a plain id.")
@click.option(
    "-a",
    "--attachment",
    "attachments",
    multiple=True,
    metavar="FILE",
    help="A picture; - is stdin.",
)
@click.option("-s", "--system", metavar="TEXT", help="System message.")
@click.option(
    "-o", "--option", "options", nargs=2, multiple=True, metavar="KEY VALUE", help="Parameter."
)
@click.option("-u", "--usage", is_flag=True, help="Show tokens, cost and time on stderr.")
@click.option("-n", "--no-log", is_flag=True, help="Keep the content out of the ledger.")
@click.option("--no-stream", is_flag=True, help="Wait for the whole answer.")
@json_option
@tag_option
@key_option
def command(  # noqa: PLR0917
    text: tuple[str, ...],
    model: str | None,
    attachments: tuple[str, ...],
    system: str | None,
    options: tuple[tuple[str, str], ...],
    usage: bool,
    no_log: bool,
    no_stream: bool,
    as_json: bool,
    tag: str | None,
    key: str | None,
) -> int:
    """Ask one prompt. Standard input, if there is any, is joined before it."""
    prompt = _joined(text, reads_stdin="-" not in attachments)
    if not prompt and not attachments:
        raise UsageError("There is nothing to ask.", do='Give a prompt: reckon "Hello"')
    from reckon.run.ask import ask

    shown = _Shown(quiet=as_json)
    try:
        answer = ask(
            prompt,
            model=model,
            attachments=attachments,
            system=system,
            options=parsed_options(options),
            stream=not no_stream,
            log=not no_log,
            tag=tag,
            key=key,
            on_event=shown.event,
            on_wait=_say_wait,
        )
    finally:
        shown.end()
    if answer.note:
        click.echo(answer.note, err=True)
    if as_json:
        _print_json(answer)
    if answer.stop_reason == "length":
        click.echo("The answer was cut at the limit of its length.", err=True)
    if answer.cost is None:
        click.echo(
            f"{answer.why_no_cost} This call of {answer.model} has no cost on record.", err=True
        )
    if usage:
        _print_usage(answer)
    for line in answer.unrecorded:
        click.echo(line, err=True)
    return 1 if answer.unrecorded else 0


def _joined(words: tuple[str, ...], *, reads_stdin: bool) -> str:
    typed = " ".join(words)
    if not reads_stdin or sys.stdin is None or sys.stdin.isatty():  # pyright: ignore[reportUnnecessaryComparison]
        return typed
    try:
        piped = sys.stdin.buffer.read().decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise UsageError(
            "Standard input is not UTF-8 text.",
            why=f"Byte {error.start} fits no character.",
            do="Convert it with iconv; give a picture with -a -",
        ) from error
    return " ".join(part for part in (piped, typed) if part)


def parsed_options(options: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Values that are JSON are sent as such: `-o temperature 0.2` is a number."""
    import json

    parsed: dict[str, Any] = {}
    for name, value in options:
        try:
            parsed[name] = json.loads(value)
        except ValueError:
            parsed[name] = value
    return parsed


class _Shown:
    """Prints an answer as it arrives: text to stdout, reasoning to stderr."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._on_terminal = sys.stdout.isatty()
        self._open_line = False

    def event(self, event: "Event") -> None:
        """One event of the answer."""
        from reckon.show.table import printable
        from reckon.vocabulary.response import ReasoningDelta, TextDelta

        if isinstance(event, TextDelta) and not self._quiet:
            # A terminal obeys control characters; a file or a pipe keeps what was said.
            # Not click.echo, which takes escape sequences out of what is piped.
            sys.stdout.write(printable(event.text) if self._on_terminal else event.text)
            sys.stdout.flush()
            self._open_line = not event.text.endswith("\n")
        elif isinstance(event, ReasoningDelta):
            click.secho(printable(event.text), nl=False, err=True, dim=True)

    def end(self) -> None:
        """End the last line."""
        if self._open_line:
            click.echo()


def _say_wait(wait: "Wait") -> None:
    """Why nothing comes yet."""
    from reckon.show.money import duration
    from reckon.show.table import printable

    click.echo(
        f"{printable(wait.error.what)} Trying again in {duration(wait.seconds)}"
        f" ({wait.retry} of {wait.of}).",
        err=True,
    )


def _print_usage(answer: "Answer") -> None:
    from reckon.show.money import dollars, duration, tokens

    used = answer.usage
    parts = [f"{tokens(used.input_tokens)} in", f"{tokens(used.output_tokens)} out"]
    if used.cached_input_tokens:
        parts.append(f"{tokens(used.cached_input_tokens)} cached")
    if used.reasoning_tokens:
        parts.append(f"{tokens(used.reasoning_tokens)} reasoning")
    cost = answer.cost
    kind = f" {cost.kind}" if cost else ""
    price = dollars(cost.total_pico if cost else None)
    click.echo(
        f"Tokens: {', '.join(parts)}. Cost: {price}{kind}. Time: {duration(answer.duration_s)}.",
        err=True,
    )


def _print_json(answer: "Answer") -> None:
    from reckon.show.money import exact_usd, seconds

    used, cost = answer.usage, answer.cost
    print_json(
        {
            "id": answer.id,
            "model": answer.model,
            "model_answered": answer.model_answered,
            "text": answer.text,
            "stop_reason": answer.stop_reason,
            "input_tokens": used.input_tokens,
            "output_tokens": used.output_tokens,
            "cached_input_tokens": used.cached_input_tokens,
            "reasoning_tokens": used.reasoning_tokens,
            "cost_usd": exact_usd(cost.total_pico if cost else None),
            "cost_kind": cost.kind if cost else None,
            "first_token_s": seconds(answer.first_token_s),
            "duration_s": seconds(answer.duration_s),
        }
    )
