"""What is fuzzed, and what must hold: only our errors, any cut gives the same, no long wait."""

import random
import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

import msgspec

from reckon.catalogue.fit import gguf, safetensors, shape, weights
from reckon.errors import BadMedia, ProviderError, SourceError, UsageError
from reckon.providers import registry
from reckon.providers.json_stream import ObjectReader
from reckon.providers.limit_headers import LONGEST_S
from reckon.providers.made_up import is_made_up
from reckon.providers.sse import EventReader
from reckon.run.collect import Collector
from reckon.run.headers import FAR_BYTES, HEAD_BYTES, media_header, picture_header
from reckon.vocabulary.call import AnswerHead
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.response import Event, ToolCallDelta
from soak import seeds

BASE_S = 0.5
PER_BYTE_S = 20e-6
"""CPU time that an input may take, several times what the slowest takes when it is traced."""

MODEL = Model(id="m", provider="p", organization="o")
MOST_PIECES = 128
"""An input is cut into at most; small ones are cut at every byte."""

SERVED = ("openai_chat", "openai_responses", "anthropic")
HEAD = AnswerHead(id="x", model="m", created=0)

STATUSES = (300, 400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 503, 529, 999)

Check = Callable[[bytes], None]


class Target(msgspec.Struct, frozen=True):
    """One reader of bytes."""

    name: str
    check: Check
    """Raises where a property does not hold."""
    bodies: Callable[[], list[bytes]]
    """Seeds."""


class TookLong(Exception):
    """An input took more time than its size allows."""


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """The same bytes in pieces, in three ways; the same ways each time."""
    chance = random.Random(zlib.crc32(data))
    for pieces in (2, 7):
        ends = sorted(chance.randrange(len(data) + 1) for _ in range(pieces))
        yield [data[start:end] for start, end in pairwise([0, *ends, len(data)])]
    size = 1 + len(data) // MOST_PIECES
    yield [data[start : start + size] for start in range(0, len(data), size)]


def in_time(check: Check) -> Check:
    """The same check, which also fails where it takes too long."""

    def checked(data: bytes) -> None:
        began = time.thread_time()
        check(data)
        took, most = time.thread_time() - began, BASE_S + PER_BYTE_S * len(data)
        if took > most:
            raise TookLong(f"{len(data)} bytes took {took:.2f} s, more than {most:.2f} s")

    return checked


def load_all() -> None:
    """Load every format, both sides of it."""
    for wire in seeds.FORMATS:
        registry.wire_format(wire)
    for wire in SERVED:
        registry.gateway_format(wire)


# Decoders


def heard(wire: str, pieces: Iterable[bytes], *, stream: bool) -> tuple[list[Event], str]:
    """All events of an answer, and the error that ended it."""
    decoder = registry.wire_format(wire).decoder(stream=stream)
    events: list[Event] = []
    try:
        for piece in pieces:
            events += decoder.feed(piece)
        events += decoder.close()
    except ProviderError as error:
        _is_told_well(error)
        return events, str(error)
    return events, ""


def _is_told_well(error: ProviderError) -> None:
    assert error.what, "an error says what happened"
    assert error.why, "an error says why"
    assert error.do, "an error says what to do"
    assert len(str(error)) < 2000, "an error is short"


def _named(events: list[Event]) -> list[Event]:
    """The events with one id for all calls that came without: those may be drawn by lot."""
    return [
        msgspec.structs.replace(each, id="made up")
        if isinstance(each, ToolCallDelta) and each.id and is_made_up(each.id)
        else each
        for each in events
    ]


def _keeps(events: list[Event]) -> None:
    """What was heard can be gathered and written down."""
    collector = Collector()
    for event in events:
        collector.add(event)
    response = collector.response()
    response.text.encode()
    response.reasoning.encode()
    msgspec.json.encode(response.usage)
    for name, value in msgspec.structs.asdict(response.usage).items():
        assert not isinstance(value, int) or 0 <= value < 2**63, f"{name} is no sane count"
    for wire in SERVED:
        served = registry.gateway_format(wire)
        msgspec.json.decode(served.encode(response, HEAD))
        encoder = served.encoder(HEAD, usage=True)
        for event in events:
            encoder.feed(event)
        encoder.close()


def stream_of(wire: str) -> Target:
    """The stream decoder of a format."""

    def check(data: bytes) -> None:
        events, error = heard(wire, [data], stream=True)
        _keeps(events)
        for pieces in cuts(data):
            again, fault = heard(wire, pieces, stream=True)
            assert fault == error, f"cut otherwise it ends in {fault!r}, whole in {error!r}"
            assert _named(again) == _named(events), "cut otherwise it says something else"

    def bodies() -> list[bytes]:
        found = seeds.built_in(wire, stream=True)
        return [*found, *seeds.recorded(wire, stream=True), *seeds.built_in(wire, stream=False)]

    return Target(f"{wire}.stream", in_time(check), bodies)


def whole_of(wire: str) -> Target:
    """The decoder of answers that come as one JSON object."""

    def check(data: bytes) -> None:
        events, error = heard(wire, [data], stream=False)
        _keeps(events)
        again, fault = heard(wire, next(cuts(data)), stream=False)
        assert (_named(again), fault) == (_named(events), error)

    def bodies() -> list[bytes]:
        return [*seeds.built_in(wire, stream=False), *seeds.recorded(wire, stream=False)]

    return Target(f"{wire}.whole", in_time(check), bodies)


def refusals_of(wire: str) -> Target:
    """What a format makes of an error's status, waiting time and body."""

    def check(data: bytes) -> None:
        status = STATUSES[data[0] % len(STATUSES)] if data else 500
        wait, _, body = data[1:].partition(b"\n")
        name = ("retry-after", "retry-after-ms", "x-should-retry")[len(wait) % 3]
        headers = {name: wait.decode("latin-1")}
        error = registry.wire_format(wire).error(
            status, headers, body, MODEL, Provider(id="p", name="P", wire=wire)
        )
        assert isinstance(error, ProviderError)
        _is_told_well(error)
        str(error).encode()
        wait_s = error.retry_after_s
        assert wait_s is None or 0 <= wait_s <= LONGEST_S

    def bodies() -> list[bytes]:
        waits = (b"", b"12", b"1.5s", b"Wed, 21 Oct 2026 07:28:00 GMT", b"nan", b"1e999")
        found = [*seeds.recorded_errors(wire), seeds.built_in(wire, stream=False)[-1], b"<html>"]
        each = [bytes([place]) + waits[place % 6] + b"\n" + b for place, b in enumerate(found * 3)]
        return each[:300]

    return Target(f"{wire}.refusal", in_time(check), bodies)


def request_of(wire: str) -> Target:
    """What the gateway reads in a request, and what the formats make of it."""

    def check(data: bytes) -> None:
        try:
            prompt = registry.gateway_format(wire).decode(data).prompt
            for other in (wire, "gemini"):
                registry.wire_format(other).encode(
                    prompt,
                    MODEL,
                    Provider(id="p", name="P", wire=other),
                    base_url="http://x",
                    key=None,
                    stream=False,
                )
        except UsageError as error:
            assert error.what, "an error says what happened"
            assert error.do, "an error says what to do"

    return Target(f"{wire}.request", in_time(check), lambda: list(seeds.requests(wire)))


# Readers below the decoders


def _read_in(reader: Any, pieces: Iterable[bytes]) -> tuple[list[bytes], str]:
    found: list[bytes] = []
    try:
        for piece in pieces:
            found += reader.feed(piece)
        if isinstance(reader, EventReader):
            found += reader.close()
        else:
            found.append(b"inside" if reader.is_inside else b"outside")
    except ProviderError as error:
        return found, str(error)
    return found, ""


def events_by_the_book(data: bytes) -> list[bytes]:
    """The data of server-sent events, in the shortest way to say it."""
    lines = re.split(rb"\r\n|\n|\r", data.removeprefix(b"\xef\xbb\xbf"))
    found: list[bytes] = []
    gathered: list[bytes] = []
    for line in [*lines, b""]:
        if line.startswith(b"data:"):
            gathered.append(line[5:].removeprefix(b" "))
        elif not line and gathered:
            found.append(b"\n".join(gathered))
            gathered = []
    return found


def check_sse(data: bytes) -> None:
    """Events are those of the book, however they are cut."""
    expected = events_by_the_book(data), ""
    for pieces in ([data], *cuts(data)):
        assert _read_in(EventReader(), pieces) == expected


def check_objects(data: bytes) -> None:
    """Objects are the same, however they are cut, and nothing of them is lost."""
    found, error = _read_in(ObjectReader(), [data])
    place = 0
    for each in found if error else found[:-1]:
        assert each[:1] == b"{"
        start = data.index(each, place)
        assert not data[place:start].strip(b" \t\n\r\v\f,[]"), "something was left out"
        place = start + len(each)
    for pieces in cuts(data):
        again = _read_in(ObjectReader(), pieces)
        if not error:
            assert again == (found, error)
        assert again[1] == error


def check_header(data: bytes) -> None:
    """A picture's header has a size, or is refused; what is read on is bounded."""
    reads = 0

    def read_at(start: int, size: int) -> bytes:
        nonlocal reads
        reads += 1
        assert start >= 0
        assert 0 < size <= FAR_BYTES
        return data[start : start + size]

    for further in (None, read_at):
        try:
            header = picture_header(data[:HEAD_BYTES], further)
        except BadMedia as error:
            assert error.what
            assert error.do
        else:
            assert header is None or (header.width > 0 and header.height > 0)
    assert reads <= 1 + len(data) // 2


def check_gguf(data: bytes) -> None:
    """A header is whole, refused, or says how much more it needs; sizes and shape come of it."""
    try:
        found = gguf.parse(data, len(data), "x.gguf")
    except SourceError as error:
        found = str(error)
        _names_a_remedy(error)
    else:
        sizes = weights.of_gguf(found)
        assert 0 <= sizes.read <= sizes.total <= len(data)
        form = shape.of_gguf(found)
        assert form is None or 0 < form.layers <= shape.MOST_LAYERS
    have = 0
    # What has come so far of a file on a server tells the same in the end.
    for piece in next(cuts(data)):
        have += len(piece)
        try:
            assert gguf.parse(data[:have], len(data), "x.gguf") == found
        except gguf.NeedsMore as more:
            assert have < more.size <= len(data)
        except SourceError as error:
            assert str(error) == found


def check_safetensors(data: bytes) -> None:
    """Tensors lie within the file, or the header is refused."""
    room = len(data) // 2
    try:
        found = safetensors.parse(data, room, "x.safetensors")
    except SourceError as error:
        _names_a_remedy(error)
    else:
        assert all(0 <= tensor.size <= room for tensor in found)
        assert weights.of_tensors(found, 1.0, "F16").total >= 0


def _names_a_remedy(error: SourceError) -> None:
    assert error.what, "an error says what happened"
    assert error.why, "an error says why"
    assert error.do, "an error says what to do"
    assert len(str(error)) < 2000, "an error is short"


def _streams() -> list[bytes]:
    return [each for wire in seeds.FORMATS for each in seeds.built_in(wire, stream=True)] + [
        b"\xef\xbb\xbfdata:a\rdata: b\r\r: ping\r\n\r\nid: 1\ndata\ndata: \n\n"
    ]


def _objects() -> list[bytes]:
    bodies = seeds.built_in("gemini", stream=True)[-2:]
    return [*bodies, b'[{"a": "\\"}{"},\n{"b": [{}]}]', b'{"a": 1}{"b": 2}']


def check_media(data: bytes) -> None:
    """A header of any medium makes sense, or is refused; what is read on is bounded."""
    read = 0

    def further(start: int, most: int) -> bytes:
        nonlocal read
        read += most
        assert start >= 0, "it reads within the file"
        assert most <= max(len(data), 4 << 20), "it never reads without end"
        return data[start : start + most]

    try:
        header = media_header(data[:HEAD_BYTES], len(data), further)
    except BadMedia as error:
        assert error.what, "an error says what happened"
        return
    assert read <= 200 << 20
    if header is None:
        return
    if header.modality in ("audio", "video"):
        assert 0 < header.seconds < float("inf")
    if header.modality == "pdf":
        assert header.pages
        assert all(width > 0 and height > 0 for width, height in header.pages)
    if header.modality in ("image", "video"):
        assert header.width > 0
        assert header.height > 0


def media_of(kind: str) -> Target:
    """The readers of sound, of films or of documents."""
    return Target(kind, in_time(check_media), lambda: list(seeds.media(kind)))


_WIRES = tuple(seeds.FORMATS)
TARGETS = {
    target.name: target
    for target in (
        *(stream_of(wire) for wire in _WIRES),
        *(whole_of(wire) for wire in _WIRES),
        *(request_of(wire) for wire in SERVED),
        *(refusals_of(wire) for wire in ("openai_chat", "gemini")),
        Target("sse", in_time(check_sse), _streams),
        Target("json_stream", in_time(check_objects), _objects),
        Target("headers", in_time(check_header), lambda: list(seeds.pictures())),
        Target("gguf", in_time(check_gguf), lambda: list(seeds.gguf_files())),
        Target("safetensors", in_time(check_safetensors), lambda: list(seeds.safetensors_heads())),
        *(media_of(kind) for kind in ("audio", "video", "pdf")),
    )
}
