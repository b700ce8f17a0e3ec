"""Encoding of a prompt of ten messages: at most 30 us, beside the official SDKs' own encoding.

Both end with the bytes of the JSON. The prompt is a conversation: a system turn, questions and
answers of some 200 letters, one call of a tool and its result. With a picture of 20 kB it is
measured again, apart: most of that is base64.
"""

import json
import time
from collections.abc import Callable

import msgspec

from bench import official
from reckon.providers import registry
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import (
    Attachment,
    Media,
    Message,
    Part,
    Prompt,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

ROUNDS = 20
CALLS = 50
WORDS = (
    "The train from Lyon comes at ten past nine, and the one after it at a quarter to ten. " * 3
)[:200]
ADDRESSES = {
    "openai_chat": "https://api.openai.com/v1",
    "openai_responses": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com/v1beta",
    "ollama": "http://localhost:11434",
}


def prompt(*, picture: bool = False) -> Prompt:
    """Ten messages."""
    asked: list[Part] = [Text(WORDS)]
    if picture:
        content = bytes(range(250)) * 80
        attachment = Attachment(
            media_type="image/png", modality="image", content=content, digest="0" * 64
        )
        asked.insert(0, Media(attachment))
    call = ToolCall(id="call_1", name="trains", arguments='{"from":"Lyon"}')
    result = ToolResult(call_id="call_1", name="trains", parts=(Text(WORDS),))
    messages = [
        Message(role="system", parts=(Text(WORDS),)),
        Message(role="user", parts=tuple(asked)),
        Message(role="assistant", parts=(Text(WORDS),)),
        Message(role="user", parts=(Text(WORDS),)),
        Message(role="assistant", parts=(Text(WORDS), call)),
        Message(role="user", parts=(result,)),
        Message(role="assistant", parts=(Text(WORDS),)),
        Message(role="user", parts=(Text(WORDS),)),
        Message(role="assistant", parts=(Text(WORDS),)),
        Message(role="user", parts=(Text(WORDS),)),
    ]
    return Prompt(messages=tuple(messages), max_output_tokens=1000, tools=(Tool(name="trains"),))


def ours(wire: str, asked: Prompt) -> Callable[[], bytes]:
    """Our encoding, as a call is made: address, headers, body."""
    model = Model(id="m-1", provider="p", organization="o")
    provider = Provider(id="p", name="P", wire=wire)
    encoder = registry.wire_format(wire)
    address = ADDRESSES[wire]

    def encode() -> bytes:
        return encoder.encode(asked, model, provider, base_url=address, key="k", stream=True).body

    return encode


def bare(body: bytes) -> Callable[[], bytes]:
    """The writing of the JSON alone."""
    said = json.loads(body)
    return lambda: msgspec.json.encode(said)


def interleaved_us(calls: list[Callable[[], bytes]]) -> list[float]:
    """Microseconds of CPU of each, in its best round; in turns, for others share the machine."""
    best = [float("inf")] * len(calls)
    for _ in range(ROUNDS):
        for number, call in enumerate(calls):
            began = time.process_time()
            for _ in range(CALLS):
                call()
            best[number] = min(best[number], (time.process_time() - began) / CALLS)
    return [seconds * 1e6 for seconds in best]


def main() -> None:
    """Print the times and their ratios."""
    for wire in ADDRESSES:
        mine, sdk, limit, with_picture = interleaved_us(
            [
                ours(wire, prompt()),
                official.writing(wire, body := ours(wire, prompt())()),
                bare(body),
                ours(wire, prompt(picture=True)),
            ]
        )
        print(
            f"{wire:17} {mine:5.1f} us   1/{sdk / mine:.0f} of the official SDK's {sdk:.0f} us"
            f"   bare JSON {limit:.1f} us   with a picture of 20 kB {with_picture:.1f} us",
            flush=True,
        )


if __name__ == "__main__":
    main()
