"""Tokens a second, from the speed of memory.

Each token that is generated reads every weight it needs and the cache so far, once; so bytes over
bandwidth is the least time. A real engine reaches a part of the bandwidth, and loses a moment in
every layer, which is what counts for small models on fast cards. Both are ranges, chosen so that
nine in ten of the measured speeds in the tests lie within.
"""

import msgspec

from reckon.vocabulary.price import Interval

EFFICIENCY = Interval(0.4, 0.75, 0.9)
"""Part of the stated bandwidth that is reached."""
LAYER_S = Interval(150e-6, 80e-6, 20e-6)
"""Seconds lost in every layer, from the slow end to the fast one."""
MAC_PREFILL = Interval(0.4, 0.6, 0.8)
"""Operations a second while a prompt is read, over the `tflops` of the table, on Apple's chips."""
NVIDIA_PREFILL = Interval(0.5, 1.5, 2.0)
"""The same on NVIDIA's, whose tensor cores are not in that figure."""


class Read(msgspec.Struct, frozen=True):
    """What one token reads from one memory."""

    size: float
    """Bytes."""
    layers: int
    bandwidth: Interval
    """10^9 bytes a second."""


def decode(reads: list[Read]) -> Interval:
    """Tokens a second of one conversation; each token passes all these memories."""
    ends: list[float] = []
    for name in ("low", "likely", "high"):
        efficiency, layer_s = getattr(EFFICIENCY, name), getattr(LAYER_S, name)
        seconds = sum(
            read.size / (getattr(read.bandwidth, name) * 1e9 * efficiency) + read.layers * layer_s
            for read in reads
        )
        ends.append(1 / seconds)
    return Interval(*ends)


def prefill(parameters: float, tflops: float, *, nvidia: bool) -> Interval:
    """Tokens of a prompt that are read in a second: two operations for each active parameter."""
    reached = NVIDIA_PREFILL if nvidia else MAC_PREFILL
    return reached.times(tflops * 1e12 / (2 * parameters))
