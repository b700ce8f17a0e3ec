"""How well we count, by the user's own ledger: what was billed over what we would have predicted.

Prompts are counted again by today's rules, so that a better rule shows at once and nothing slows
down the calls. Calls of the same prompt tell more than others, and only they tell of answers.
"""

from collections.abc import Iterable, Sequence
from math import sqrt

import msgspec

from reckon import settings
from reckon.catalogue.load import Catalogue
from reckon.errors import LedgerError, UnknownModel
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import Measured
from reckon.price.ratio import RatioSums, student
from reckon.price.text import framing, likely_tokens
from reckon.run.bulk.report import Foreseen
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Calibration, Interval

MOST_CALLS = 200
MOST_BYTES = 400_000
"""Of prompts that are counted again for one model: some 30 ms."""
LEAST_CALLS = 10
"""With fewer calls our own ratio and its interval stand."""
LEAST_TOKENS = 200
"""Of a call of another prompt: a shorter one tells of the framing and not of the text."""
LATEST_RUNS = 200

SOURCE = "your own calls"
SAME_PROMPT = "your own calls with this prompt"


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What we would have predicted of the latest calls of a model, and what was billed."""

    model: str
    calls: int
    predicted: int
    """Input tokens by our rules of today."""
    billed: int
    """Input tokens that the provider counted."""
    ratio: Interval | None
    """Billed over predicted; None: too few calls."""


def fetch(
    models: Sequence[Model],
    *,
    prompt: str,
    system: str | None,
    max_output: int,
    with_output: bool,
) -> tuple[dict[str, Calibration], str]:
    """What the ledger tells of the models, by key, and a sentence where it cannot be read.

    Args:
        models: Those that are priced.
        prompt: The template; runs with the same one tell of the length of answers.
        system: Template of the system message.
        max_output: Cap on one answer, in tokens.
        with_output: Whether the length of the answers is asked for.
    """
    path = settings.ledger_path()
    if not path.exists():
        return {}, ""
    try:
        with Ledger.look(path) as ledger:
            known = set(ledger.measured_models())
            wanted = [model for model in models if model.key in known]
            if not wanted:
                return {}, ""
            runs = _runs_of(ledger, prompt, system, max_output)
            found = [
                _calibration(ledger, model, runs.get(model.key, ()), max_output, with_output)
                for model in wanted
            ]
    except LedgerError as error:
        return {}, f"No estimate is measured by your own calls: {error.what}"
    return {each.model: each for each in found if each}, ""


def counted(ledger: Ledger, catalogue: Catalogue) -> list[Counted]:
    """Prediction against bill for each model of the latest calls."""
    rows: list[Counted] = []
    for key in sorted(ledger.measured_models()):
        try:
            model = catalogue.find(key)
        except UnknownModel:
            continue
        sums = _sums(model, ledger.measured_calls(key, limit=MOST_CALLS))
        if sums.count:
            rows.append(
                Counted(
                    model=key,
                    calls=sums.count,
                    predicted=round(sums.x),
                    billed=round(sums.y),
                    ratio=sums.interval(),
                )
            )
    return rows


class FinishedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that did the job it was priced for, with its bill."""

    id: str
    model: str
    estimate: Foreseen
    spent_pico: int
    output_tokens: int


def finished_runs(ledger: Ledger) -> list[FinishedRun]:
    """The latest runs that are done and were priced before, newest first."""
    found: list[FinishedRun] = []
    for run in ledger.runs(limit=LATEST_RUNS):
        kept = run.job.get("estimate")
        if run.status != "done" or not kept:
            continue
        totals = ledger.run_totals(run.id)
        if totals.done and not (totals.failed or totals.in_doubt or totals.unknown_calls):
            found.append(
                FinishedRun(
                    id=run.id,
                    model=run.job["job"]["model"],
                    estimate=msgspec.convert(kept, Foreseen),
                    spent_pico=totals.spent_pico,
                    output_tokens=totals.output_tokens,
                )
            )
    return found


def _runs_of(
    ledger: Ledger, prompt: str, system: str | None, max_output: int
) -> dict[str, list[str]]:
    """The latest runs with the same prompt and cap, by model."""
    found: dict[str, list[str]] = {}
    for run in ledger.runs(limit=LATEST_RUNS):
        job = run.job.get("job", {})
        same = (job.get("prompt"), job.get("system"), job.get("max_output_tokens"))
        if same == (prompt, system, max_output):
            found.setdefault(job.get("model", ""), []).append(run.id)
    return found


def _calibration(
    ledger: Ledger, model: Model, runs: Sequence[str], max_output: int, with_output: bool
) -> Calibration | None:
    calls = ledger.measured_calls(model.key, limit=MOST_CALLS)
    alike = [call for call in calls if call.run_id in runs]
    is_alike = len(alike) >= LEAST_CALLS
    sums = _sums(model, alike) if is_alike else _sums(model, calls, least=LEAST_TOKENS)
    ratio = sums.interval()
    if ratio is None or sums.count < LEAST_CALLS:
        return None
    return Calibration(
        model=model.key,
        rows=sums.count,
        input_ratio=ratio,
        output_tokens=_output(ledger, runs, max_output) if with_output and runs else None,
        source=SAME_PROMPT if is_alike else SOURCE,
    )


def _output(ledger: Ledger, runs: Sequence[str], max_output: int) -> Interval | None:
    """Output tokens of one row: their mean, as far as it is known."""
    calls, tokens, squares = ledger.output_sums(runs)
    if calls < LEAST_CALLS:
        return None
    mean = tokens / calls
    spread = sqrt(max(squares - calls * mean * mean, 0.0) / (calls - 1))
    half = student(calls - 1) * spread / sqrt(calls)
    return Interval(max(0.0, mean - half), mean, min(float(max_output), mean + half))


def _sums(model: Model, calls: Iterable[Measured], *, least: int = 0) -> RatioSums:
    sums, left = RatioSums(), MOST_BYTES
    for call in calls:
        if call.system and "{{" in call.system:
            continue  # kept as its template; what was sent is not known
        left -= len(call.prompt) + len(call.system or "")
        if left < 0 and sums.count >= LEAST_CALLS:
            break
        predicted = _predicted(model, call)
        if predicted >= least:
            sums.add(predicted, call.input_tokens)
    return sums


def _predicted(model: Model, call: Measured) -> float:
    tokens = likely_tokens(call.prompt + (call.system or ""), model)
    return tokens + framing(model.tokenizer, 2 if call.system else 1).likely + call.media_tokens
