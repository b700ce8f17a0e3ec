"""Decoding of recorded streams: at least 60 MB/s per core, beside the official SDKs' own parsing.

In pieces of 16 KiB, as a fast socket gives them, and in pieces of one event, as a slow model does.
The limit is what the bare parsing of the same JSON reaches, with whole lines at hand. The recorded
exchanges lie in `../shared/data/wire`; without them there is nothing to measure.
"""

import gc
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec

from bench import official, peers
from reckon.errors import ReckonError
from reckon.providers import registry

DATA = peers.ROOT.parent / "shared" / "data" / "wire"
FORMATS = {
    "openai_chat": r"/chat/completions$",
    "openai_responses": r"/responses$",
    "anthropic": r"/v1/messages$",
    "gemini": r":streamGenerateContent$",
    "ollama": r"/api/chat$",
}
PIECE = 16 << 10
ROUNDS = 15
BYTES = 1_000_000
"""So many are decoded in one round at least."""
LONG = 200
"""Events of a long stream."""

Pieces = Sequence[bytes]
Read = Callable[[Pieces], None]


def recorded() -> dict[str, list[bytes]]:
    """Bodies of recorded streams, by format."""
    bodies: dict[str, list[bytes]] = defaultdict(list)
    for path in sorted(DATA.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            found = json.loads(line)
            answer = found["response"]
            kind = dict(answer["headers"]).get("content-type", "")
            if answer["status"] >= 400 or not re.search("event-stream|ndjson", kind):
                continue
            for wire, pattern in FORMATS.items():
                if re.search(pattern, found["endpoint"]):
                    bodies[wire].append(answer["body"].encode())
    return bodies


def events_of(wire: str, body: bytes) -> list[bytes]:
    """A stream, cut after each event."""
    if wire == "ollama":
        return body.splitlines(keepends=True)
    return re.findall(rb".+?(?:\r\n\r\n|\n\n|\Z)", body, re.DOTALL)


def long_stream(wire: str, bodies: list[bytes]) -> bytes:
    """The recorded stream of most events, what is in its middle said again and again."""
    first, *middle, last = max((events_of(wire, body) for body in bodies), key=len)
    return b"".join((first, *(middle * (LONG // len(middle))), last))


def pieces_of(body: bytes) -> list[bytes]:
    """A stream as a fast socket gives it."""
    return [body[start : start + PIECE] for start in range(0, len(body), PIECE)]


def ours(wire: str) -> Read:
    """Every event of a stream."""

    def read(pieces: Pieces) -> None:
        decoder = registry.wire_format(wire).decoder(stream=True)
        try:
            for piece in pieces:
                decoder.feed(piece)
            decoder.close()
        except ReckonError:
            pass  # recorded errors inside a stream end it

    return read


def bare(pieces: Pieces) -> None:
    """The JSON of a stream alone."""
    for line in b"".join(pieces).splitlines():
        found = line.removeprefix(b"data: ")
        if found.startswith(b"{"):
            msgspec.json.decode(found)


def speeds(runs: list[tuple[Read, list[Pieces]]]) -> list[float]:
    """MB/s of CPU of each run in its best round; in turns, for others share the machine."""
    best = [float("inf")] * len(runs)
    sizes = [sum(len(piece) for pieces in streams for piece in pieces) for _, streams in runs]
    for round_number in range(ROUNDS + 1):
        for number, (read, streams) in enumerate(runs):
            times = 1 + BYTES // sizes[number]
            began = time.process_time()
            for _ in range(times):
                for pieces in streams:
                    read(pieces)
            if round_number:  # the first warms up
                best[number] = min(best[number], (time.process_time() - began) / times)
    return [size / seconds / 1e6 for size, seconds in zip(sizes, best, strict=True)]


def report(title: str, wire: str, bodies: list[bytes]) -> None:
    """One line for these streams."""
    pieces = [pieces_of(body) for body in bodies]
    events = [events_of(wire, body) for body in bodies]
    mine, by_event, sdk, limit = speeds(
        [
            (ours(wire), pieces),
            (ours(wire), events),
            (official.reading(wire), pieces),
            (bare, pieces),
        ]
    )
    print(
        f"{title:17} {len(bodies):3} streams, {sum(map(len, events)):5} events  {mine:6.1f} MB/s,"
        f" an event a piece {by_event:5.1f}   {mine / sdk:5.1f} x the official SDK's {sdk:4.1f}"
        f"   {mine / limit:3.0%} of bare JSON's {limit:.0f}",
        flush=True,
    )


def main() -> None:
    """Print the speeds and their ratios."""
    found = recorded()
    if not found:
        print(f"Nothing is recorded in {DATA.name}: skipped.")
    for wire in found:
        official.reading(wire)
    # What the SDKs hold would be walked by the garbage collector while we are measured.
    gc.collect()
    gc.freeze()
    for wire, bodies in sorted(found.items()):
        report(wire, wire, bodies)
        if sum(len(events_of(wire, body)) for body in bodies) < LONG:
            # Few and short: that measures how a stream begins and ends, not how it goes on.
            report(f"{wire}, long", wire, [long_stream(wire, bodies)])


if __name__ == "__main__":
    main()
