"""`reckon models fit`: does a model run on a machine, and how fast."""

from typing import TYPE_CHECKING

import click

from reckon.cli.models.rows import Row
from reckon.cli.options import json_option, print_json
from reckon.show.table import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from reckon.catalogue.fit.subject import Subject
    from reckon.catalogue.fit.verdict import Fit
    from reckon.vocabulary.model import Model
    from reckon.vocabulary.price import Interval

GIB = 1 << 30
VERDICTS = {
    "fits": "it fits",
    "less context": "it does not fit with so much context",
    "offload": "it fits in part: the other layers stay in main memory, which is slower",
    "does not fit": "it does not fit",
    "unknown": "whether it fits is unknown",
}


@click.command("fit")
@click.argument("model", required=False, metavar="[MODEL|FILE]")
@click.option(
    "--machine", metavar="M", help="'64GB Mac', 'RTX 4090 + 64GB RAM'; default: this one."
)
@click.option("--context", type=click.IntRange(min=1, max=1 << 30), metavar="N", help="Tokens.")
@click.option("--quant", metavar="Q", help="Q4_K_M, Q8_0, MLX-4bit, ...; default: Q4_K_M.")
@click.option("--kv-type", default="f16", show_default=True, help="f16, q8_0 or q4_0.")
@click.option("--parallel", type=click.IntRange(1, 1024), default=1, help="Conversations at once.")
@json_option
def command(  # noqa: PLR0917
    model: str | None,
    machine: str | None,
    context: int | None,
    quant: str | None,
    kv_type: str,
    parallel: int,
    as_json: bool,
) -> None:
    """Does it run here? Memory, verdict with headroom, tokens a second.

    MODEL is a name of the catalogue or of the hub. FILE is a GGUF file, the folder of an MLX model,
    or the address of a GGUF file, of which the header alone is fetched. Without either, all models
    with open weights are judged. Every figure is an estimate.
    """
    from reckon.catalogue.fit import cache, subject, weights
    from reckon.catalogue.fit.detect import machine_of

    kind = cache.kv_type(kv_type)
    if model is not None:
        asked = [subject.find(model, quant)]
    else:
        quantisation = weights.quantisation(quant or subject.DEFAULT_QUANTISATION)
        asked = _all_open(quantisation)
    where = machine_of(machine)
    found = [
        (each, subject.judged(each, where, context, kv_type=kind, sequences=parallel))
        for each in asked
    ]
    if as_json:
        print_json([_row(each, fit) for each, fit in found])
    elif model is not None:
        _tell(*found[0])
    elif found:
        _list(found)
    else:
        click.echo("No model of the catalogue describes its weights; give a GGUF file.")


def runs_on(machine: str) -> "Callable[[Model], bool]":
    """Whether a model runs on a machine: what `models list --fits` asks."""
    from reckon.catalogue.fit import subject
    from reckon.catalogue.fit.detect import machine_of

    where = machine_of(machine, probe=False)
    return lambda model: subject.fits(model, where)


def _all_open(quantisation: str) -> "list[Subject]":
    from reckon.catalogue.fit import subject
    from reckon.catalogue.load import load
    from reckon.errors import UsageError

    found: list[Subject] = []
    for model in subject.open_models(load()):
        try:
            found.append(subject.of_model(model, quantisation))
        except UsageError:
            # Neither parameters nor layers are known: there is nothing to judge.
            continue
    return found


def _tell(asked: "Subject", fit: "Fit") -> None:
    verdict = VERDICTS[fit.verdict]
    if fit.headroom_bytes is not None:
        room = _gib(abs(fit.headroom_bytes))
        verdict += f", {room} {'to spare' if fit.headroom_bytes >= 0 else 'short'}"
    click.echo(f"{_name(asked)} ({asked.sizes.type}) on {fit.machine}: {verdict}.")
    layers = f", {fit.gpu_layers} of {fit.layers} layers in the card" if fit.gpu_layers else ""
    beside = None if fit.compute_bytes is None else fit.compute_bytes + fit.runtime_bytes
    lines = [
        ("weights", f"{_gib(fit.weights_bytes)}{layers}"),
        ("cache", f"{_gib(fit.kv_bytes)} for {fit.context:,} tokens in {fit.kv_type}"),
        ("buffers", f"{_gib(beside)}, the engine's own with them"),
        ("in all", f"{_gib(fit.need_bytes)} of {_gib(fit.limit_bytes)}"),
        ("context", _context(fit)),
        ("speed", _speeds(fit)),
        ("prompt", _rate(fit.prompt_tokens_per_s)),
        *(("note", note) for note in fit.notes),
        ("figures", f"estimated; {_source(asked)}"),
    ]
    for name, value in lines:
        click.echo(f"{name + ':':9} {value}")


def _name(asked: "Subject") -> str:
    return asked.repository or asked.name


def _source(asked: "Subject") -> str:
    if asked.sizes.exact:
        return f"the weights are those of {asked.source}"
    return f"the weights by the rule of {asked.sizes.type}"


def _context(fit: "Fit") -> str:
    if fit.largest_context is None:
        return "unknown" if fit.verdict == "unknown" else "no useful size fits at full speed"
    return f"up to {fit.largest_context:,} tokens fit"


def _speeds(fit: "Fit") -> str:
    text = _rate(fit.tokens_per_s)
    if fit.full_tokens_per_s is not None:
        text += f"; {_number(fit.full_tokens_per_s.likely)} at the end of the context"
    return text


def _list(found: "list[tuple[Subject, Fit]]") -> None:
    click.echo(f"On {found[0][1].machine}, all figures estimated:")
    cells = [
        [
            _name(asked),
            asked.sizes.type,
            fit.verdict,
            _gib(fit.need_bytes),
            "unknown" if fit.headroom_bytes is None else _gib(fit.headroom_bytes),
            f"{fit.largest_context:,}" if fit.largest_context else "",
            _rate(fit.tokens_per_s),
        ]
        for asked, fit in sorted(found, key=lambda pair: pair[0].sizes.total)
    ]
    header = ["model", "weights", "verdict", "needs", "headroom", "largest context", "speed"]
    click.echo(table(cells, header, right=(3, 4, 5)))


def _row(asked: "Subject", fit: "Fit") -> Row:
    return {
        "model": asked.name,
        "repository": asked.repository,
        "source": asked.source,
        "machine": fit.machine,
        "verdict": fit.verdict,
        "quantization": asked.sizes.type,
        "kv_type": fit.kv_type,
        "context_tokens": fit.context,
        "largest_context_tokens": fit.largest_context,
        "weights_bytes": fit.weights_bytes,
        "weights_kind": "documented" if asked.sizes.exact else "estimated",
        "kv_bytes": fit.kv_bytes,
        "compute_bytes": fit.compute_bytes,
        "runtime_bytes": fit.runtime_bytes,
        "need_bytes": fit.need_bytes,
        "limit_bytes": fit.limit_bytes,
        "headroom_bytes": fit.headroom_bytes,
        "layers": fit.layers,
        "gpu_layers": fit.gpu_layers,
        **_ends("tokens_per_s", fit.tokens_per_s),
        **_ends("full_tokens_per_s", fit.full_tokens_per_s),
        **_ends("prompt_tokens_per_s", fit.prompt_tokens_per_s),
        "kind": "estimated",
        "notes": list(fit.notes),
    }


def _ends(name: str, interval: "Interval | None") -> Row:
    return {
        f"{name}_{end}": None if interval is None else round(getattr(interval, end), 3)
        for end in ("low", "likely", "high")
    }


def _gib(size: int | None) -> str:
    return "unknown" if size is None else f"{size / GIB:.1f} GiB"


def _rate(interval: "Interval | None") -> str:
    if interval is None:
        return "unknown"
    low, likely, high = map(_number, (interval.low, interval.likely, interval.high))
    return f"{likely} tokens/s ({low} to {high})"


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"
