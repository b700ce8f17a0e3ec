"""The training napkin: hours times price, and 6 N D.

A training run does about six operations for each parameter and token: two on the way forward, four
on the way back. Held against the GPU's peak this says how well the hours were used, and, the other
way round, how many hours a model will need.
"""

from decimal import Decimal

import msgspec

from reckon.errors import UsageError
from reckon.vocabulary.training import Gpu, Training

OPERATIONS = 6
USUAL_USD = Decimal(2)
"""Per hour of a GPU where no source says it: what DeepSeek's report assumes for an H800."""
USUAL_UTILIZATION = 0.35
"""Of the peak, where it is not told: DeepSeek V3 and Llama 3.1 405B both reach about as much."""
SECONDS_OF_AN_HOUR = 3600
TERA = 1e12

FLIGHT_TCO2 = 59.6 * 3.15
"""Tonnes of CO2 of a whole Boeing 747-400 over 5,556 km, about London to New York: 59.6 t of fuel,
3.15 t of CO2 of each."""
FLIGHT_SOURCE = "https://www.carbonindependent.org/22.html"


class Napkin(msgspec.Struct, frozen=True, kw_only=True):
    """What a training run comes to. None: too little is known."""

    gpu: str
    gpu_hours: float
    usd_per_gpu_hour: Decimal
    usd_is_assumed: bool
    usd: Decimal
    flop: float | None
    """6 x parameters that a token passes x tokens."""
    tflops: float | None
    """Per GPU and second, 10^12: of the hours in which the tokens were seen."""
    utilization: float | None
    """Of the GPU's peak."""
    watts: float
    watts_are_assumed: bool
    mwh: float
    tco2: float | None
    kg_per_kwh: float | None
    """CO2 of the electricity, that the two imply."""
    flights: float | None
    """Whole aircraft over the Atlantic, one way, of the same CO2."""


def of_run(run: Training, gpu: Gpu, usd_per_gpu_hour: Decimal | None = None) -> Napkin:
    """The napkin of a run that was made.

    Args:
        run: What its makers say.
        gpu: The kind of GPU it names.
        usd_per_gpu_hour: Another price than the source's, or than the usual where it has none.
    """
    usd = usd_per_gpu_hour or run.usd_per_gpu_hour or USUAL_USD
    flop = tflops = None
    passed = run.active_parameters or run.parameters
    if passed and run.tokens:
        flop = OPERATIONS * passed * run.tokens
        seconds = (run.pretraining_gpu_hours or run.gpu_hours) * SECONDS_OF_AN_HOUR
        tflops = flop / seconds / TERA
    watts = run.watts or gpu.watts
    mwh = run.gpu_hours * watts / 1e6
    return Napkin(
        gpu=run.gpu,
        gpu_hours=run.gpu_hours,
        usd_per_gpu_hour=usd,
        usd_is_assumed=usd_per_gpu_hour is None and run.usd_per_gpu_hour is None,
        usd=usd * Decimal(str(run.gpu_hours)),
        flop=flop,
        tflops=tflops,
        utilization=None if tflops is None else tflops / gpu.peak_tflops,
        watts=watts,
        watts_are_assumed=run.watts is None,
        mwh=mwh,
        tco2=run.tco2,
        kg_per_kwh=None if run.tco2 is None else run.tco2 / mwh,
        flights=None if run.tco2 is None else run.tco2 / FLIGHT_TCO2,
    )


def to_train(
    parameters: float,
    tokens: float,
    gpu_name: str,
    gpu: Gpu,
    *,
    utilization: float = USUAL_UTILIZATION,
    usd_per_gpu_hour: Decimal | None = None,
) -> Napkin:
    """The napkin of a run that somebody thinks of.

    Args:
        parameters: That one token passes through.
        tokens: That are seen.
        gpu_name: What the GPU is called.
        gpu: What it can do.
        utilization: Part of the GPU's peak, above 0 and up to 1.
        usd_per_gpu_hour: None: the usual.

    Raises:
        UsageError: A number is zero or less, or the utilization is above 1.
    """
    for name, value in (
        ("--parameters", parameters),
        ("--tokens", tokens),
        ("--utilization", utilization),
    ):
        if not 0 < value < float("inf"):
            raise UsageError(f"{name} {value:g} is no amount.", do="Give a number above zero.")
    if utilization > 1:
        raise UsageError(
            f"--utilization {utilization:g} is above the GPU's peak.",
            do="Give the part of the peak that is reached, such as 0.35.",
        )
    flop = OPERATIONS * parameters * tokens
    tflops = gpu.peak_tflops * utilization
    hours = flop / (tflops * TERA * SECONDS_OF_AN_HOUR)
    usd = usd_per_gpu_hour or USUAL_USD
    return Napkin(
        gpu=gpu_name,
        gpu_hours=hours,
        usd_per_gpu_hour=usd,
        usd_is_assumed=usd_per_gpu_hour is None,
        usd=usd * Decimal(round(hours)),
        flop=flop,
        tflops=tflops,
        utilization=utilization,
        watts=gpu.watts,
        watts_are_assumed=True,
        mwh=hours * gpu.watts / 1e6,
        tco2=None,
        kg_per_kwh=None,
        flights=None,
    )
