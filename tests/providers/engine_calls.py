"""How the tests ask a llama.cpp server: through our own encoders, decoders and HTTP."""

import asyncio
import json
import urllib.request
from typing import Any

from reckon import net
from reckon.providers import call, registry
from reckon.run.collect import Collector
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Response

WIRES = ("openai_chat", "openai_responses", "anthropic")
"""The formats that the server speaks."""

MODEL = Model(id="local-model", provider="llamacpp", organization="o", max_output_tokens=200)
GREEDY = {"temperature": 0}


def server(wire: str) -> Provider:
    """The row of the server, in one of its formats."""
    return Provider(id="llamacpp", name="llama.cpp", wire=wire)


async def ask(
    client: net.Client,
    base_url: str,
    wire: str,
    prompt: Prompt,
    *,
    stream: bool = True,
    model: Model = MODEL,
) -> Response:
    """The answer of the server in that format."""
    events = call.respond(
        prompt,
        model,
        server(wire),
        base_url=base_url,
        key=None,
        client=client,
        stream=stream,
    )
    return await Collector().drain(events)


def asked(
    base_url: str, wire: str, prompt: Prompt, *, stream: bool = True, model: Model = MODEL
) -> Response:
    """The same, from outside a loop."""

    async def work() -> Response:
        async with net.Client() as client:
            return await ask(client, base_url, wire, prompt, stream=stream, model=model)

    return net.run(work())


def asked_together(base_url: str, questions: list[tuple[str, Prompt]]) -> list[Response]:
    """The answers to questions that are asked at the same time, each in its format."""

    async def work() -> list[Response]:
        async with net.Client() as client, asyncio.TaskGroup() as group:
            asks = [group.create_task(ask(client, base_url, *each)) for each in questions]
        return [each.result() for each in asks]

    return net.run(work())


def counted(base_url: str, wire: str, path: str, prompt: Prompt) -> int:
    """What the server's own counter says of the request that we would send."""
    request = registry.wire_format(wire).encode(
        prompt, MODEL, server(wire), base_url=base_url, key=None, stream=False
    )
    return fetched(base_url + path, request.body)["input_tokens"]


def fetched(url: str, body: bytes | None = None) -> Any:
    """The JSON at an address."""
    headers = {"content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        return json.loads(answer.read())


def busy_slots(base_url: str) -> int:
    """Requests that the server works on."""
    slots = fetched(base_url.removesuffix("/v1") + "/slots")
    return sum(slot["is_processing"] for slot in slots)
