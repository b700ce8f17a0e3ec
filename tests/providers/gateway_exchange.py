"""What the tests of the gateway's side share: recorded exchanges, and answers there and back."""

import json
from collections.abc import Iterator

from reckon.errors import ReckonError
from reckon.providers import registry
from reckon.providers.wire import Decoder
from reckon.run.collect import Collector
from reckon.vocabulary.call import AnswerHead
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Prompt
from reckon.vocabulary.response import Event, Response
from recorded_wire import Json, with_format

SERVED = ("openai_chat", "openai_responses", "anthropic")
HEAD = AnswerHead(id="x1", model="p/m", created=1_750_000_000)
MODEL = Model(id="m", provider="p", organization="o")


def provider(wire: str) -> Provider:
    """A provider that speaks the format and takes all that it can say."""
    return Provider(
        id="p",
        name="P",
        wire=wire,
        max_tokens_field="max_tokens",
        file_parts=True,
        video_parts=True,
        cache_marks=True,
        reasoning_field="reasoning_content",
    )


def sent(wire: str, prompt: Prompt, *, stream: bool = False) -> Json:
    """The body that asks the prompt."""
    call = registry.wire_format(wire).encode(
        prompt, MODEL, provider(wire), base_url="http://x", key=None, stream=stream
    )
    return json.loads(call.body)


def decoder_of(wire: str, exchange: Json) -> Decoder:
    """The decoder for a recorded answer."""
    body = exchange["response"]["body"].lstrip()
    whole = body.startswith("{") and not (wire == "ollama" and "\n" in body.strip())
    return registry.wire_format(wire).decoder(stream=not whole)


def events_of(decoder: Decoder, body: bytes) -> list[Event]:
    """All events of an answer."""
    return [*decoder.feed(body), *decoder.close()]


def answers() -> Iterator[tuple[str, str, list[Event]]]:
    """Format, id and events of every recorded answer that is whole."""
    for wire, exchange in with_format():
        if exchange["response"]["status"] >= 300 or "body" not in exchange["response"]:
            continue
        try:
            body = exchange["response"]["body"].encode()
            yield wire, exchange["id"], events_of(decoder_of(wire, exchange), body)
        except ReckonError:
            continue


def collected(events: list[Event]) -> Response:
    """The response of the events."""
    collector = Collector()
    for event in events:
        collector.add(event)
    return collector.response()


def streamed(wire: str, events: list[Event]) -> bytes:
    """The events as the gateway's stream of that format."""
    encoder = registry.gateway_format(wire).encoder(HEAD, usage=True)
    return b"".join([*map(encoder.feed, events), encoder.close()])


def there_and_back(wire: str, events: list[Event], *, stream: bool) -> Response:
    """What our own decoder reads in the answer that the gateway writes."""
    if stream:
        body = streamed(wire, events)
    else:
        body = registry.gateway_format(wire).encode(collected(events), HEAD)
    return collected(events_of(registry.wire_format(wire).decoder(stream=stream), body))
