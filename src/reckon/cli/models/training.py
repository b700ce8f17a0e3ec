"""`reckon models training`: what training a model took, as a napkin sum."""

from decimal import Decimal
from typing import TYPE_CHECKING

import click

from reckon.cli.options import Dollars, json_option, print_json
from reckon.errors import UsageError
from reckon.show.money import UNKNOWN
from reckon.show.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reckon.cli.models.rows import Row
    from reckon.price.training import Napkin
    from reckon.vocabulary.training import Gpu, Training

Named = tuple["Training", "Gpu", "Napkin"]


@click.command("training")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--parameters", type=float, metavar="N", help="By hand: that a token passes.")
@click.option("--tokens", type=float, metavar="N", help="By hand: tokens that are seen.")
@click.option("--gpu", default="H100", show_default=True, help="By hand: kind of GPU.")
@click.option(
    "--utilization",
    type=float,
    default=0.35,
    show_default=True,
    metavar="X",
    help="By hand: part of the GPU's peak that is reached.",
)
@click.option(
    "--gpu-price", type=Dollars(), help="Of an hour of a GPU; default: the source's, or $2."
)
@json_option
def command(  # noqa: PLR0917
    models: tuple[str, ...],
    parameters: float | None,
    tokens: float | None,
    gpu: str,
    utilization: float,
    gpu_price: Decimal | None,
    as_json: bool,
) -> None:
    """What training MODEL took: hours x price, 6 N D, electricity, CO2. Without MODEL, all.

    \b
    reckon models training deepseek-v3 llama-3.1-405b
    reckon models training --parameters 8e9 --tokens 15e12
    """
    from reckon.catalogue.training import find, trainings
    from reckon.price.training import of_run

    if gpu_price == 0:
        raise UsageError("--gpu-price 0 is no price.", do="Give dollars an hour, such as 2.")
    known = trainings()
    if parameters is not None or tokens is not None:
        if models or parameters is None or tokens is None:
            raise UsageError(
                "A napkin by hand needs --parameters and --tokens, and no model.",
                do="For instance: reckon models training --parameters 8e9 --tokens 15e12",
            )
        _by_hand(parameters, tokens, gpu, utilization, gpu_price, as_json=as_json)
        return
    runs = [find(name) for name in dict.fromkeys(models)] if models else list(known.run)
    found: list[Named] = [
        (run, known.gpu[run.gpu], of_run(run, known.gpu[run.gpu], gpu_price)) for run in runs
    ]
    if as_json:
        print_json([_row(run, napkin) for run, _, napkin in found])
    elif models:
        for place, each in enumerate(found):
            if place:
                click.echo()
            for name, value in _card(*each):
                click.echo(f"{name + ':':14} {value}")
        _compare(found)
    else:
        _list(found)


def _by_hand(
    parameters: float,
    tokens: float,
    name: str,
    utilization: float,
    gpu_price: Decimal | None,
    *,
    as_json: bool,
) -> None:
    from reckon.catalogue.training import trainings
    from reckon.price.training import to_train

    kinds = trainings().gpu
    gpu = kinds.get(name.upper())
    if gpu is None:
        raise UsageError(
            f"There is no GPU {name!r} in the table.", do=f"Choose one of {', '.join(kinds)}."
        )
    napkin = to_train(
        parameters,
        tokens,
        name.upper(),
        gpu,
        utilization=utilization,
        usd_per_gpu_hour=gpu_price,
    )
    if as_json:
        print_json([_figures(napkin)])
        return
    for field, value in (
        ("FLOP", f"6 x {parameters / 1e9:g}B x {tokens / 1e12:g}T = {napkin.flop:.3g}"),
        (
            "GPU hours",
            f"{napkin.flop:.3g} / ({gpu.peak_tflops:g} TFLOP/s x {utilization:g}) / 3600 s = "
            f"{napkin.gpu_hours:,.0f} on {napkin.gpu}",
        ),
        ("cost", _cost(napkin)),
        ("electricity", _electricity(napkin)),
    ):
        click.echo(f"{field + ':':14} {value}")


def _card(run: "Training", gpu: "Gpu", napkin: "Napkin") -> list[tuple[str, str]]:
    """The arithmetic, a line for each figure."""
    lines = [("model", f"{run.model} ({run.organization})")]
    if run.parameters:
        active = f", {run.active_parameters / 1e9:g}B a token" if run.active_parameters else ""
        tokens = f"; {run.tokens / 1e12:g}T tokens" if run.tokens else ""
        lines.append(("size", f"{run.parameters / 1e9:g}B parameters{active}{tokens}"))
    lines += [
        ("GPU hours", f"{run.gpu_hours:,.0f} on {run.gpu}"),
        ("cost", _cost(napkin) + (f" ({run.usd_source})" if run.usd_source else "")),
    ]
    passed = run.active_parameters or run.parameters
    if napkin.flop and napkin.utilization is not None and passed and run.tokens:
        hours = run.pretraining_gpu_hours or run.gpu_hours
        lines += [
            ("FLOP", f"6 x {passed / 1e9:g}B x {run.tokens / 1e12:g}T = {napkin.flop:.3g}"),
            (
                "per GPU",
                f"{napkin.flop:.3g} / {hours:,.0f} h / 3600 s = {napkin.tflops:.0f} TFLOP/s, "
                f"{napkin.utilization:.0%} of the {gpu.peak_tflops:.0f} of an {run.gpu}",
            ),
        ]
    else:
        lines.append(("FLOP", f"{UNKNOWN}: the tokens are not told"))
    lines.append(("electricity", _electricity(napkin)))
    if napkin.tco2 is None or napkin.kg_per_kwh is None:
        lines.append(("CO2", UNKNOWN))
    else:
        lines += [
            (
                "CO2",
                f"{napkin.tco2:,g} t, published: {napkin.kg_per_kwh:.3g} kg for each kWh",
            ),
            ("flights", _flights(napkin)),
        ]
    if run.note:
        lines.append(("note", run.note))
    lines.append(("source", run.source))
    return lines


def _cost(napkin: "Napkin") -> str:
    assumed = "; the price is assumed" if napkin.usd_is_assumed else ""
    return (
        f"{napkin.gpu_hours:,.0f} h x ${napkin.usd_per_gpu_hour:,.2f} = ${napkin.usd:,.0f}{assumed}"
    )


def _electricity(napkin: "Napkin") -> str:
    assumed = "; the power is assumed" if napkin.watts_are_assumed else ""
    return f"{napkin.gpu_hours:,.0f} h x {napkin.watts:g} W = {napkin.mwh:,.0f} MWh{assumed}"


def _flights(napkin: "Napkin") -> str:
    from reckon.price.training import FLIGHT_SOURCE, FLIGHT_TCO2

    return (
        f"{napkin.tco2:,g} t / {FLIGHT_TCO2:.0f} t of a full Boeing 747-400, London to New York, "
        f"one way = {napkin.flights:,.1f} ({FLIGHT_SOURCE})"
    )


def _compare(found: "Sequence[Named]") -> None:
    """How many times the hours of the smallest the others took."""
    if len(found) < 2:
        return
    least = min(found, key=lambda each: each[0].gpu_hours)[0]
    click.echo()
    for run, _, _ in found:
        if run is not least:
            times = run.gpu_hours / least.gpu_hours
            click.echo(
                f"{run.model} took {run.gpu_hours:,.0f} / {least.gpu_hours:,.0f} = {times:.2f} "
                f"times the GPU hours of {least.model}."
            )


def _list(found: "Sequence[Named]") -> None:
    rows = [
        [
            run.model,
            run.gpu,
            f"{run.gpu_hours:,.0f}",
            f"${napkin.usd:,.0f}",
            UNKNOWN if run.tokens is None else f"{run.tokens / 1e12:g}T",
            UNKNOWN if napkin.flop is None else f"{napkin.flop:.3g}",
            UNKNOWN if napkin.utilization is None else f"{napkin.utilization:.0%}",
            f"{napkin.mwh:,.0f}",
            UNKNOWN if napkin.tco2 is None else f"{napkin.tco2:,g}",
        ]
        for run, _, napkin in found
    ]
    header = ["model", "GPU", "GPU hours", "cost", "tokens", "FLOP", "of peak", "MWh", "t CO2"]
    click.echo(table(rows, header, right=range(2, 9)))
    click.echo("Cost at $2 an hour of a GPU, or at --gpu-price. Name models for the arithmetic.")


def _row(run: "Training", napkin: "Napkin") -> "Row":
    return {
        "model": run.model,
        "organization": run.organization,
        "parameters": run.parameters,
        "active_parameters": run.active_parameters,
        "tokens": None if run.tokens is None else round(run.tokens),
        **_figures(napkin),
        "tco2": napkin.tco2,
        "kg_co2_per_kwh": napkin.kg_per_kwh,
        "flights": napkin.flights,
        "note": run.note or None,
        "source": run.source,
    }


def _figures(napkin: "Napkin") -> "Row":
    return {
        "gpu": napkin.gpu,
        "gpu_hours": round(napkin.gpu_hours),
        "gpu_hour_usd": f"{napkin.usd_per_gpu_hour:f}",
        "cost_usd": f"{napkin.usd:.0f}",
        "cost_is_assumed": napkin.usd_is_assumed,
        "flop": napkin.flop,
        "tflops_per_gpu": napkin.tflops,
        "utilization": napkin.utilization,
        "energy_mwh": napkin.mwh,
    }
