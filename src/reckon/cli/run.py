"""`reckon run`: do the job."""

import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import click

from reckon.cli.options import Dollars, json_option, key_option, print_json, tag_option
from reckon.errors import NeedsConsent, SourceError, UsageError

if TYPE_CHECKING:
    from reckon.run.bulk.report import RunReport
    from reckon.run.plan import Quote
    from reckon.vocabulary.job import Job
    from reckon.vocabulary.price import Estimate

ASK_ABOVE_PICO = 10**12
"""One dollar: a dearer job is asked about on a terminal."""
ASK_ABOVE_RATIO = 2.0
LONGEST_EXAMPLE = 240


@click.command("run")
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("-P", "--prompt", metavar="TEXT", help="Prompt; {{column}} is filled from each row.")
@click.option("-s", "--system", metavar="TEXT", help="System message.")
@click.option(
    "-m", "--model", "models", multiple=True, metavar="MODEL", help="provider/model, or a plain id."
)
@click.option("--budget", type=Dollars(), help="Hard cap in dollars.")
@click.option("--output-tokens", type=click.IntRange(min=0), metavar="N", help="For the price.")
@click.option("--max-output", type=click.IntRange(min=1), default=1024, show_default=True)
@click.option("-o", "--option", "options", nargs=2, multiple=True, metavar="KEY VALUE")
@click.option("--concurrency", type=click.IntRange(1, 4096), metavar="N", help="Calls in flight.")
@click.option("--rpm", type=click.FloatRange(min=0, min_open=True), help="Requests per minute.")
@click.option("--tpm", type=click.FloatRange(min=0, min_open=True), help="Tokens per minute.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first rows.")
@click.option("--attach", multiple=True, metavar="COLUMN", help="A column that names pictures.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--allow-unknown-price", is_flag=True, help="Run a model whose price is unknown.")
@click.option("--in-doubt", type=click.Choice(["retry", "skip"]), help="Calls maybe billed.")
@click.option("--progress", type=click.Choice(["bar", "json", "none"]), help="How to show it.")
@json_option
@tag_option
@key_option
def command(  # noqa: PLR0917
    sources: tuple[str, ...],
    prompt: str | None,
    system: str | None,
    models: tuple[str, ...],
    budget: Decimal | None,
    output_tokens: int | None,
    max_output: int,
    options: tuple[tuple[str, str], ...],
    concurrency: int | None,
    rpm: float | None,
    tpm: float | None,
    limit: int | None,
    attach: tuple[str, ...],
    yes: bool,
    allow_unknown_price: bool,
    in_doubt: Literal["retry", "skip"] | None,
    progress: Literal["bar", "json", "none"] | None,
    as_json: bool,
    tag: str | None,
    key: str | None,
) -> int:
    """Run a prompt over every row of the sources, within a hard budget.

    A source is a folder, a glob, a CSV, JSON Lines or text file, a picture, or - for lines.

    \b
    reckon run photos/ -P "describe this photo" -m gpt-4o-mini --budget 5
    """
    if not sources or prompt is None:
        raise UsageError(
            "There is no source and prompt to run.",
            do='Give both: reckon run photos/ -P "describe this photo" -m MODEL',
        )
    if len(models) > 1:
        compared = " ".join(f"-m {model}" for model in models)
        raise UsageError(
            f"A run has one model; {len(models)} were named.",
            do=f"Run one after the other; `reckon price ... {compared}` compares their prices.",
        )
    from reckon.cli.ask import parsed_options
    from reckon.cli.progress import display
    from reckon.run.bulk.start import run
    from reckon.run.choose import access, choose_model
    from reckon.vocabulary.job import Job

    choice = choose_model(models[0] if models else None)
    if choice.note:
        click.echo(choice.note, err=True)
    access(choice.provider, key)
    job = Job(
        sources=sources,
        prompt=prompt,
        model=choice.model.key,
        system=system,
        max_output_tokens=max_output,
        options=parsed_options(options),
        limit=limit,
        attach=attach,
    )
    quote = _quote(job, output_tokens=output_tokens, rpm=rpm, tpm=tpm)
    _get_consent(quote, budget=budget, yes=yes, allow_unknown=allow_unknown_price)
    shown = display(progress)
    try:
        report = run(
            job,
            budget_usd=budget,
            concurrency=concurrency,
            rpm=rpm,
            tpm=tpm,
            tag=tag,
            key=key,
            quote=quote,
            allow_unknown_price=allow_unknown_price,
            in_doubt=in_doubt or "skip",
            on_progress=shown,
        )
    finally:
        shown.close()
    return finish(report, as_json=as_json)


def _quote(
    job: "Job", *, output_tokens: int | None, rpm: float | None, tpm: float | None
) -> "Quote | None":
    """The price of the job; None where the source can be read only once.

    Raises:
        SourceError: There is not one row to run.
    """
    from reckon.run.plan import price
    from reckon.run.source import STDIN

    if STDIN in job.sources:
        return None
    quote = price(
        job.sources,
        job.prompt,
        models=(job.model,),
        max_output=job.max_output_tokens,
        system=job.system,
        limit=job.limit,
        attach_columns=job.attach,
        output_tokens=output_tokens,
        rpm=rpm,
        tpm=tpm,
        to_run=True,
    )
    if not quote.items:
        raise SourceError(
            "There is no row to run.",
            why=quote.skipped_line() or "The source is empty.",
            do="Check the path; `reckon price` shows what a source holds.",
        )
    return quote


def _get_consent(
    quote: "Quote | None", *, budget: Decimal | None, yes: bool, allow_unknown: bool
) -> None:
    """Show the price; ask where it is high or wide, and refuse where nobody can be asked."""
    from reckon.cli.price import show_quote

    if quote is not None:
        show_quote(quote, err=True)
    estimate = quote.estimates[0] if quote and quote.estimates else None
    if yes or _is_free(estimate):
        return
    asks = sys.stdin.isatty() and sys.stderr.isatty()
    if not asks and budget is None and not (allow_unknown and estimate is None):
        raise NeedsConsent(
            "This job costs money and there is no terminal to ask on.",
            do="Give a cap with --budget 5, or say --yes.",
        )
    if asks and _is_dear_or_wide(estimate):
        click.confirm("Run it?", abort=True, err=True)


def _is_free(estimate: "Estimate | None") -> bool:
    return estimate is not None and estimate.high_pico == 0


def _is_dear_or_wide(estimate: "Estimate | None") -> bool:
    if estimate is None or estimate.high_pico is None or estimate.low_pico is None:
        return True
    wide = estimate.high_pico > ASK_ABOVE_RATIO * max(estimate.low_pico, 1)
    return estimate.high_pico > ASK_ABOVE_PICO or (wide and estimate.high_pico > 10**10)


def finish(report: "RunReport", *, as_json: bool) -> int:
    """Show how a run ended; gives the exit code."""
    if as_json:
        print_json([report.to_row()])
    _show_report(report, err=as_json)
    if report.interrupted:
        return 130
    if report.budget_reached:
        return 3
    if report.halted:
        return 1
    return 4 if report.failed or report.in_doubt else 0


def _against_estimate(report: "RunReport") -> str:
    """What was billed of what was expected; empty where the run is not the job that was priced."""
    from reckon.show.money import dollars, share

    foreseen = report.estimate
    if foreseen is None or report.status != "done" or report.failed or report.reused:
        return ""
    pairs = [
        ("input", report.input_tokens, foreseen.input_tokens),
        ("output", report.output_tokens, foreseen.output_tokens),
    ]
    told = [
        f"{name} {billed:,} of {expected:,} tokens ({share(billed, expected)})"
        for name, billed, expected in pairs
        if billed and expected
    ]
    if foreseen.likely_pico and not report.unknown_calls:
        interval = f"{dollars(foreseen.low_pico)} to {dollars(foreseen.high_pico)}"
        cost = share(report.spent_pico, foreseen.likely_pico)
        told.insert(0, f"{cost} of the likely cost, which was {interval}")
    return f"Bill against estimate: {', '.join(told)}." if told else ""


def _show_report(report: "RunReport", *, err: bool) -> None:
    from reckon.run.plan import skipped_line
    from reckon.show.money import dollars, duration, known
    from reckon.show.table import one_line, printable

    counts = [f"{report.done:,} done"]
    if report.reused:
        were = "was" if report.reused == 1 else "were"
        counts.append(f"of which {report.reused:,} {were} in the ledger already")
    if report.failed:
        counts.append(f"{report.failed:,} failed")
    if report.in_doubt:
        counts.append(f"{report.in_doubt:,} in doubt")
    click.echo(f"Run {report.run_id}: {', '.join(counts)}.", err=err)
    if report.skipped:
        click.echo(printable(skipped_line(report.skipped)), err=err)
    estimated = report.estimate.likely_pico if report.estimate else None
    against = f", estimated {dollars(estimated)}" if estimated is not None else ""
    click.echo(
        f"Spent {dollars(known(report.spent_pico, report.unknown_calls))}{against}, "
        f"in {duration(report.duration_s)}.",
        err=err,
    )
    if held := _against_estimate(report):
        click.echo(held, err=err)
    if report.unknown_calls:
        click.echo(f"{report.unknown_calls:,} calls have an unknown cost.", err=err)
    if report.in_doubt_pico:
        click.echo(
            f"Calls in doubt may have cost up to {dollars(report.in_doubt_pico)} more.", err=err
        )
    for cause in report.errors.values():
        example = one_line(cause.example, LONGEST_EXAMPLE)
        became = "in doubt" if cause.in_doubt else "failed"
        click.echo(f"{cause.count:,} {became}: {example}", err=err)
    for line in report.halted:
        click.echo(printable(line), err=True)
    if report.budget_reached:
        click.echo("The budget is reached: the next call could have passed it.", err=True)
    if report.status != "done":
        more = " --budget USD" if report.budget_reached else ""
        click.echo(f"Go on with: reckon runs resume {report.run_id}{more}", err=True)
