"""What the tests of all wire formats do alike: feed bytes to a decoder, and look at what came."""

from collections.abc import Iterable
from itertools import pairwise

import pytest

from reckon.errors import AnswerTruncated
from reckon.providers.wire import WireFormat
from reckon.run.collect import Collector
from reckon.vocabulary.response import Event, Response, TextDelta, UsageSeen
from reckon.vocabulary.usage import Usage


def fed_in_pieces(
    wire: WireFormat, data: bytes, *, stream: bool, cuts: Iterable[int] = ()
) -> list[Event]:
    """All events of an answer whose bytes come in pieces that end at the cuts.

    A cut may be any number; it is counted round the answer.
    """
    decoder = wire.decoder(stream=stream)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    events: list[Event] = []
    for start, end in pairwise(edges):
        events += decoder.feed(data[start:end])
    return [*events, *decoder.close()]


def collected(events: Iterable[Event]) -> Response:
    """The response that the events make."""
    collector = Collector()
    for event in events:
        collector.add(event)
    return collector.response()


def kept_of_a_cut_stream(wire: WireFormat, data: bytes) -> Response:
    """What came of a stream before it turned out that it had no end."""
    decoder = wire.decoder(stream=True)
    events = [*decoder.feed(data)]
    with pytest.raises(AnswerTruncated):
        decoder.close()
    return collected(events)


def said_in(events: Iterable[Event]) -> str:
    """The text of an answer."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def last_usage(events: Iterable[Event]) -> Usage:
    """The usage that stands at the end of an answer."""
    return [event.usage for event in events if isinstance(event, UsageSeen)][-1]
