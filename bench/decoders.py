"""Decoding of recorded streams: at least 60 MB/s per core, beside the official SDKs' own parsing.

The recorded exchanges lie in `../shared/data/wire`; without them there is nothing to measure.
"""

import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from bench import peers
from reckon.errors import ReckonError
from reckon.providers import registry

DATA = peers.ROOT.parent / "shared" / "data" / "wire"
FORMATS = {
    "openai_chat": r"/chat/completions$",
    "openai_responses": r"/responses$",
    "anthropic": r"/v1/messages$",
    "gemini": r":streamGenerateContent$",
}
PIECE = 4096
SECONDS = 1.0


def recorded() -> dict[str, list[bytes]]:
    """Bodies of recorded event streams, by format."""
    bodies: dict[str, list[bytes]] = defaultdict(list)
    for path in sorted(DATA.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            found = json.loads(line)
            answer = found["response"]
            kind = dict(answer["headers"]).get("content-type", "")
            if answer["status"] >= 400 or "event-stream" not in kind:
                continue
            for wire, pattern in FORMATS.items():
                if re.search(pattern, found["endpoint"]):
                    bodies[wire].append(answer["body"].encode())
    return bodies


def ours(wire: str, body: bytes) -> None:
    """Every event of a stream, in pieces as a socket gives them."""
    decoder = registry.wire_format(wire).decoder(stream=True)
    try:
        for start in range(0, len(body), PIECE):
            for _ in decoder.feed(body[start : start + PIECE]):
                pass
        for _ in decoder.close():
            pass
    except ReckonError:
        pass  # recorded errors inside a stream end it


def theirs(wire: str) -> Callable[[bytes], None] | None:
    """The official SDK's reading of the same bytes: events, JSON, its own types."""
    if wire == "anthropic":
        from anthropic._models import construct_type
        from anthropic._streaming import SSEDecoder
        from anthropic.types import RawMessageStreamEvent as Event
    elif wire == "openai_chat":
        from openai._models import construct_type
        from openai._streaming import SSEDecoder
        from openai.types.chat import ChatCompletionChunk as Event
    elif wire == "openai_responses":
        from openai._models import construct_type
        from openai._streaming import SSEDecoder
        from openai.types.responses import ResponseStreamEvent as Event
    else:
        return None
    event_type: Any = Event

    def pieces(body: bytes) -> Iterator[bytes]:
        for start in range(0, len(body), PIECE):
            yield body[start : start + PIECE]

    def read(body: bytes) -> None:
        for event in SSEDecoder().iter_bytes(pieces(body)):
            if event.data and event.data.startswith("{"):
                construct_type(type_=event_type, value=event.json())

    return read


def speed(read: Callable[[bytes], None], bodies: list[bytes]) -> float:
    """Bytes per second of CPU, after one round to warm up."""
    for body in bodies:
        read(body)
    began = time.process_time()
    done = 0
    while time.process_time() - began < SECONDS:
        for body in bodies:
            read(body)
            done += len(body)
    return done / (time.process_time() - began)


def main() -> None:
    """Print the speeds and their ratios."""
    bodies = recorded()
    if not bodies:
        print(f"Nothing is recorded in {DATA.name}: skipped.")
    for wire, streams in sorted(bodies.items()):
        mine = speed(lambda body, wire=wire: ours(wire, body), streams)
        line = f"{wire:18} {len(streams):3} streams  {mine / 1e6:6.1f} MB/s"
        read = theirs(wire)
        if read is not None:
            line += f"   {mine / speed(read, streams):.1f} x the official SDK"
        print(line)


if __name__ == "__main__":
    main()
