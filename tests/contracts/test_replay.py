"""Every recorded and golden answer of a format we speak, served over a real socket.

Each is sent whole and cut at random. What comes out of a recorded one is what the decoder makes of
the same bytes in one piece; what those mean is held against independent readings in
`tests/providers/test_*_recorded.py`. What a golden one means is written beside it.
"""

import asyncio
import random
from typing import Any

import pytest
from goldens import Golden, all_exchanges, differences, outcome
from raw_server import Visit, raw_server

from reckon import net
from reckon.errors import ProviderError, ReckonError
from reckon.providers import call
from reckon.run.collect import Collector
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Response
from recorded_wire import needs_recordings, with_format

DROPPED = {"transfer-encoding", "content-length", "connection", "alt-svc", "content-encoding"}


RECORDED = [
    pytest.param(wire, found, id=f"{wire}-{found['id']}")
    for wire, found in with_format()
    if "body" in found["response"]
]


def provider(wire: str) -> Provider:
    """A provider that speaks the format."""
    return Provider(id="p", name="P", wire=wire)


async def over_a_socket(
    wire: str, status: int, headers: dict[str, str], pieces: list[bytes], *, stream: bool
) -> tuple[Response, ReckonError | None]:
    """The answer from a server that sends it in these pieces, and the error that ended it."""
    head = f"HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in headers.items() if name not in DROPPED
    )

    async def serve(visit: Visit) -> None:
        await visit.send(head.encode() + b"\r\n")
        for piece in pieces:
            await visit.event(piece)
        await visit.send(b"0\r\n\r\n")

    collector = Collector()
    async with raw_server(serve) as server, net.Client() as client:
        try:
            async for event in call.respond(
                Prompt.of("x", max_output_tokens=10),
                Model(id="m", provider="p", organization="o"),
                provider(wire),
                base_url=f"http://127.0.0.1:{server.port}/v1",
                key="sk-secret",
                client=client,
                stream=stream,
            ):
                collector.add(event)
        except ReckonError as error:
            return collector.response(), error
    return collector.response(), None


def plain(response: Response) -> Any:
    """All of a response but its times."""
    return (
        response.parts,
        response.text,
        response.reasoning,
        response.model,
        response.request_id,
        response.stop_reason,
        response.usage,
        response.citations,
        response.logprobs,
        response.others,
    )


def cut(body: bytes, seed: str) -> list[bytes]:
    """Pieces at random bytes, also inside a character."""
    places = range(1, len(body))
    ends = sorted(random.Random(seed).sample(places, min(12, len(places))))
    return [body[a:b] for a, b in zip([0, *ends], [*ends, len(body)], strict=True) if a < b]


def is_stream(found: Any) -> bool:
    """Whether the answer came as a stream."""
    kind = dict(found["response"]["headers"]).get("content-type", "")
    body = found["response"]["body"].lstrip()
    array = "streamGenerateContent" in found["endpoint"]
    return (
        "event-stream" in kind or "ndjson" in kind or array or body.startswith(("data:", "event:"))
    )


@needs_recordings
@pytest.mark.parametrize(("wire", "found"), RECORDED)
def test_an_answer_over_a_real_socket_is_the_answer(wire: str, found: Any) -> None:
    """Whole and in pieces: text, calls, reasoning, usage, end and errors are the same."""
    body = found["response"]["body"].encode()
    stream = is_stream(found)
    failed = found["response"]["status"] >= 400

    status, headers = found["response"]["status"], dict(found["response"]["headers"])

    async def work() -> None:
        for pieces in ([body] if body else [], cut(body, found["id"])):
            response, error = await over_a_socket(wire, status, headers, pieces, stream=stream)
            # Every byte that was decoded is there for the ledger, whatever became of it.
            came = response.raw.body if response.raw else b""
            assert came is not None
            assert body.startswith(came) if error else came == body
            if failed:
                assert isinstance(error, ProviderError)
                assert error.status == status
                assert error.what
                assert error.do
                continue
            expected, expected_error = outcome(wire, [body], stream=stream)
            assert type(error) is type(expected_error)
            # What stood before an error in the same piece may or may not have been handed out.
            if error is None:
                assert plain(response) == plain(expected)

    net.run(asyncio.wait_for(work(), 60))


@pytest.mark.parametrize(
    ("wire", "golden"),
    [pytest.param(wire, golden, id=golden.id) for wire, golden in all_exchanges()],
)
def test_a_golden_answer_over_a_real_socket_means_what_was_written_down(
    wire: str, golden: Golden
) -> None:
    """Whole and in pieces; also whether and when to try again after an error within an answer."""
    body = golden.response.data

    async def work() -> None:
        for pieces in ([body] if body else [], cut(body, golden.id)):
            response, error = await over_a_socket(
                wire,
                golden.response.status,
                golden.response.fresh_headers(),
                pieces,
                stream=golden.stream,
            )
            assert error is None or isinstance(error, ProviderError)
            assert differences(golden, response, error, live=True) == {}

    net.run(asyncio.wait_for(work(), 60))


def test_pings_alone_do_not_keep_an_answer_alive() -> None:
    """The clock of silence is re-armed by words, not by comments."""

    async def serve(visit: Visit) -> None:
        await visit.begin_events()
        while True:
            await visit.event(b": keep-alive\n\n")
            await asyncio.sleep(0.02)

    async def work() -> None:
        async with raw_server(serve) as server, net.Client() as client:
            with pytest.raises(ReckonError, match="said nothing"):
                async for _ in call.respond(
                    Prompt.of("x"),
                    Model(id="m", provider="p", organization="o"),
                    provider("openai_chat"),
                    base_url=f"http://127.0.0.1:{server.port}/v1",
                    key=None,
                    client=client,
                    silence_s=0.2,
                ):
                    pass

    net.run(asyncio.wait_for(work(), 30))
