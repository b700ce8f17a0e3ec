"""How much electricity requests take: an order of magnitude, with its assumptions.

No provider says it per request, so it is reckoned from operations: two for each parameter and
token, and those of attention. They run on H100s that reach only a part of their peak, more while
reading a prompt than while writing an answer; a GPU with its share of the server and of the
cooling draws its power. Every assumption is a range; the interval holds 80% of what they give
together. It is drawn at fixed, evenly spread points, so that the same question has the same answer.
"""

import math
import re
from functools import cache

import msgspec

from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Estimate, Interval, Price

POINTS = 512
PEAK = 989.4e12
"""Operations per second of an H100: dense, BF16."""
SERVER_WATTS = 1275.0
"""Of one GPU with its share of a server of eight, at full load; this and the next as in
https://epoch.ai/gradient-updates/how-much-energy-does-chatgpt-use."""
POWER_FACTOR = 0.7
"""Of that power, what is drawn on the average."""
READING = (0.2, 0.5)
"""Part of the peak while the prompt is read; each value in it as likely as another."""
WRITING = (0.02, 0.2)
"""Part of the peak while the answer is written; each ratio in it as likely as another."""
OVERHEAD = (1.05, 1.3)
"""Electricity of the data centre for that of its servers: cooling and conversion."""
LOW, LIKELY, HIGH = 0.1, 0.5, 0.9
ATTENTION = 0.037
"""Layers times width, for the parameters to the power of two thirds: 0.033 for Llama 3.1 8B, 0.039
for 70B, 0.038 for 405B."""

CLASSES: tuple[tuple[float, tuple[float, float]], ...] = (
    (0.5, (2e9, 10e9)),
    (2.0, (4e9, 30e9)),
    (8.0, (15e9, 80e9)),
    (20.0, (40e9, 250e9)),
    (math.inf, (100e9, 530e9)),
)
"""Up to a price of output, USD per million tokens: parameters that a token passes. A guess."""
UNKNOWN_SIZE = (4e9, 250e9)

NAMED = (
    re.compile(r"-a(\d+(?:\.\d+)?)b(?![a-z0-9])"),
    re.compile(r"(?<![\dx.])(\d+(?:\.\d+)?)b(?![a-z0-9])"),
)
"""Where a name tells billions of parameters: `qwen3-235b-a22b` uses 22, `llama-3.1-8b` 8. What an
`8x7b` uses is not in its name."""

HOUSEHOLD_KWH = 10_715 / 365
"""Electricity of a home in the United States on a day of 2020."""
CAR_KWH_PER_KM = 0.170
"""Of a Tesla Model Y AWD of 2023, as rated by the EPA."""
SOURCES = (
    "home: https://www.eia.gov/tools/faqs/faq.php?id=97&t=3, of 2021-10-07",
    "car: https://wikimili.com/en/Electric_car_EPA_fuel_economy",
)


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters that one token passes through; low == high where they are known."""

    low: float
    high: float
    reason: str
    """How they are known, or guessed."""


class Energy(msgspec.Struct, frozen=True, kw_only=True):
    """Electricity of a job."""

    kwh: Interval
    wh_each: Interval
    """Of one request, in Wh."""
    size: Size

    @property
    def home_days(self) -> float:
        """Days of a home's electricity that are likely as much."""
        return self.kwh.likely / HOUSEHOLD_KWH

    @property
    def car_km(self) -> float:
        """Kilometres of an electric car that likely take as much."""
        return self.kwh.likely / CAR_KWH_PER_KM


def assumptions() -> tuple[str, ...]:
    """What every interval here rests on, a sentence each."""
    return (
        "Energy is an order of magnitude: 80% of what these assumptions give together.",
        f"Operations: 2 for each parameter and token, and those of attention, on H100s "
        f"({PEAK / 1e12:.0f} TFLOP/s).",
        f"They reach {READING[0]:.0%} to {READING[1]:.0%} of it while reading and "
        f"{WRITING[0]:.0%} to {WRITING[1]:.0%} while writing.",
        f"A GPU with its share of the server draws {SERVER_WATTS * POWER_FACTOR:.0f} W, as Epoch "
        f"AI reckons, and the data centre {OVERHEAD[0]} to {OVERHEAD[1]} times as much.",
        "Training, networks, your own device and the making of machines are not in it.",
    )


def size_of(model: Model, price: Price | None) -> Size | None:
    """How large a model is to one token: from its weights, or guessed from its price.

    None for what is free and of unknown size: it runs on the user's own machine, as a rule, and
    an H100 says nothing of that.
    """
    weights = model.weights
    known = weights and (weights.active_parameters or weights.parameters)
    if known:
        return Size(low=known, high=known, reason=f"{known / 1e9:.3g}B parameters, known")
    named = next((found for pattern in NAMED for found in pattern.findall(model.id.lower())), None)
    if named:
        size = float(named) * 1e9
        return Size(low=size, high=size, reason=f"{named}B parameters, as its name says")
    if price is None:
        low, high = UNKNOWN_SIZE
        return Size(low=low, high=high, reason=_guess(low, high, "no price is known"))
    if price.free:
        return None
    output = float(price.rate.output)
    low, high = next(sizes for most, sizes in CLASSES if output <= most)
    return Size(low=low, high=high, reason=_guess(low, high, f"output costs ${output:g}"))


def of_request(size: Size, input_tokens: float, output_tokens: float) -> Interval:
    """Watt-hours of one request; none of its input is cached."""
    drawn = sorted(
        (
            _reading(parameters, input_tokens) / reading
            + _writing(parameters, input_tokens, output_tokens) / writing
        )
        / PEAK
        * SERVER_WATTS
        * POWER_FACTOR
        * overhead
        / 3600
        for parameters, reading, writing, overhead in (
            (_between(size.low, size.high, at), reading, writing, overhead)
            for at, reading, writing, overhead in _points()
        )
    )
    return Interval(*(drawn[int(part * POINTS)] for part in (LOW, LIKELY, HIGH)))


def of_job(model: Model, found: Estimate) -> Energy | None:
    """Electricity of all requests of an estimate, whose tokens may be intervals themselves.

    None where nothing can be said: see `size_of`.
    """
    size = size_of(model, found.price)
    if size is None:
        return None
    items = max(found.items, 1)
    given, answered = found.input_tokens, found.output_tokens
    each = Interval(
        of_request(size, given.low / items, answered.low / items).low,
        of_request(size, given.likely / items, answered.likely / items).likely,
        of_request(size, given.high / items, answered.high / items).high,
    )
    return Energy(kwh=each.times(found.items / 1000), wh_each=each, size=size)


def _guess(low: float, high: float, why: str) -> str:
    return f"{low / 1e9:.0f}B to {high / 1e9:.0f}B parameters at work, a guess: {why}"


def _reading(parameters: float, tokens: float) -> float:
    """Operations until the first token: every token looks back at those before it."""
    return 2 * parameters * tokens + 2 * _width(parameters) * tokens**2


def _writing(parameters: float, given: float, tokens: float) -> float:
    looks_back = tokens * given + tokens**2 / 2
    return 2 * parameters * tokens + 4 * _width(parameters) * looks_back


def _width(parameters: float) -> float:
    """Layers times width, about."""
    return ATTENTION * parameters ** (2 / 3)


def _between(low: float, high: float, at: float) -> float:
    """Part of the way between two numbers, by ratio."""
    return low * (high / low) ** at


@cache
def _points() -> tuple[tuple[float, float, float, float], ...]:
    """Halton's evenly spread points of the assumptions: size, reading, writing, overhead."""
    found: list[tuple[float, float, float, float]] = []
    for number in range(1, POINTS + 1):
        size, reading, writing, overhead = (_mirrored(number, base) for base in (2, 3, 5, 7))
        found.append(
            (
                size,
                READING[0] + (READING[1] - READING[0]) * reading,
                _between(*WRITING, writing),
                OVERHEAD[0] + (OVERHEAD[1] - OVERHEAD[0]) * overhead,
            )
        )
    return tuple(found)


def _mirrored(number: int, base: int) -> float:
    """The digits of a number behind the point, in reverse: 6 is 110 in base 2, and gives 0.011."""
    result, place = 0.0, 1.0
    while number:
        number, digit = divmod(number, base)
        place /= base
        result += digit * place
    return result
