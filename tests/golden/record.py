"""Records golden exchanges from a real llama.cpp server, in each format that it speaks.

    python tests/golden/record.py

What was recorded before is replaced; what was written from documentation stays. The models are
generated (`tests/engine`), so every word of an answer is known beforehand, and the expectations
below are written from that knowledge, not from what our decoders make of the bytes.
"""

import json
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

HERE = Path(__file__).parent
ENGINE = HERE.parent / "engine"
sys.path[:0] = [str(HERE), str(ENGINE), str(HERE.parents[1] / "src")]

import gguf_models  # noqa: E402 - found on the path above
import goldens  # noqa: E402

from reckon.providers import registry  # noqa: E402
from reckon.vocabulary.model import Model, Provider  # noqa: E402

ENGINE_NAME = "scripted.gguf"
MODEL = Model(id="m", provider="p", organization="o")
KEPT_HEADERS = {"content-type"}
UNTOLD = {"openai_responses": {"cut"}}
"""Cases that the server cannot tell in a format: it calls an answer that was cut complete."""

Case = tuple[str, dict[str, Any], dict[str, Any]]
"""A name, a prompt, and what must come out."""


def asks(text: str, **more: Any) -> dict[str, Any]:
    """A prompt of one user's turn, answered the same each time."""
    turn = {"role": "user", "parts": [{"type": "text", "text": text}]}
    return {"messages": [turn], "max_output_tokens": 100, "options": {"temperature": 0}, **more}


def uses(sent: int, said: int, cached: int) -> dict[str, int]:
    """Tokens; cached ones are counted within those that were sent."""
    told = {"input_tokens": sent, "output_tokens": said}
    return told | ({"cached_input_tokens": cached} if cached else {})


HELLO = "Hello from the scripted model."
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
CALL = {"name": "get_weather", "arguments": {"city": "Paris"}}

# A prompt begins with `<|im_start|>user\n`, 6 tokens, which is all that two of them share; of one
# that was asked before, all but the last token is read from the cache.
CASES: list[Case] = [
    ("text", asks("hi"), {"text": HELLO, "stop_reason": "stop", "usage": uses(22, 6, 0)}),
    ("text-again", asks("hi"), {"text": HELLO, "stop_reason": "stop", "usage": uses(22, 6, 21)}),
    (
        "json",
        asks("json please"),
        {"text": '{"a": 1, "b": "red"}', "stop_reason": "stop", "usage": uses(31, 4, 6)},
    ),
    (
        "reasoning",
        asks("think"),
        {
            "reasoning": "Two plus two\n",
            "text": "The answer is 4.",
            "stop_reason": "stop",
            "usage": uses(25, 6, 6),
        },
    ),
    (
        "cut",
        asks("loop", max_output_tokens=6),
        {"text": "la " * 6, "stop_reason": "length", "usage": uses(24, 6, 6)},
    ),
    (
        "call",
        asks("weather?", tools=[WEATHER]),
        {"tool_calls": [CALL], "stop_reason": "tool_calls", "usage": uses(302, 5, 0)},
    ),
    (
        "overflow",
        asks("x" * 3000),
        {
            "error": {
                "kind": "RequestRefused",
                "retryable": False,
                "says": "request (3020 tokens) exceeds the available context size (2048 tokens)",
            }
        },
    ),
]
ONLY_CHAT: list[Case] = [
    (
        "several-choices",
        asks("hi", choices=2),
        {
            "text": HELLO,
            "stop_reason": "stop",
            "others": [{"text": HELLO, "stop_reason": "stop"}],
            "usage": uses(22, 6, 21),
        },
    ),
]


def record(wire: str) -> list[dict[str, Any]]:
    """All cases in one format, each whole and streamed, from a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        gguf_models.scripted(Path(folder) / ENGINE_NAME)
        rows: list[dict[str, Any]] = []
        for stream in (False, True):
            command = [sys.executable, str(ENGINE / "serve_llama.py"), ENGINE_NAME]
            with subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            ) as server:
                assert server.stdout is not None
                base_url = server.stdout.readline().strip() + "/v1"
                cases = CASES + (ONLY_CHAT if wire == "openai_chat" else [])
                rows += [
                    exchange(wire, base_url, case, stream=stream)
                    for case in cases
                    if case[0] not in UNTOLD.get(wire, ())
                ]
                server.kill()
        return rows


def exchange(wire: str, base_url: str, case: Case, *, stream: bool) -> dict[str, Any]:
    """One case, asked by our encoder; the answer is kept as it came."""
    name, prompt, expect = case
    request = goldens.Request(prompt=prompt, path="", body={})
    provider = Provider(id="p", name="P", wire=wire)
    call = registry.wire_format(wire).encode(
        request.asked(), MODEL, provider, base_url=base_url, key=None, stream=stream
    )
    status, headers, body = sent(call.url, call.headers, call.body)
    name_of_thought = re.search(rb'"id":"(rs_\w+)"', body)
    if name_of_thought:
        thought = {"text": expect["reasoning"], "id": name_of_thought[1].decode()}
        expect = expect | {"sealed": [thought]}
    return {
        "id": f"{wire.replace('_', '-')}-llamacpp-{name}{'-stream' if stream else ''}",
        "label": f"recorded: llama.cpp {version('xllamacpp')} (the release of xllamacpp)",
        "stream": stream,
        "request": {
            "prompt": prompt,
            "path": call.url.removeprefix(base_url),
            "body": json.loads(call.body),
        },
        "response": {"status": status, "headers": headers, "body": body.decode()},
        "expect": expect,
    }


def sent(url: str, headers: dict[str, str], body: bytes) -> tuple[int, list[list[str]], bytes]:
    """Status, headers and body of the answer to a POST."""
    try:
        with urlopen(Request(url, body, headers)) as answer:
            return answer.status, kept(answer.headers), answer.read()
    except HTTPError as refused:
        return refused.code, kept(refused.headers), refused.read()


def kept(headers: Any) -> list[list[str]]:
    """Headers that mean something to a reader."""
    named = [[name.lower(), value] for name, value in headers.items()]
    return [pair for pair in named if pair[0] in KEPT_HEADERS]


def main() -> None:
    """Replace all recorded lines."""
    for wire in ("openai_chat", "openai_responses", "anthropic"):
        file = HERE / f"{wire}.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines()
        written = [line for line in lines if '"label": "recorded: ' not in line]
        recorded = [json.dumps(row, ensure_ascii=False) for row in record(wire)]
        file.write_text("\n".join([*recorded, *written]) + "\n", encoding="utf-8")
        print(f"{file.name}: {len(recorded)} recorded, {len(written)} from documentation")


if __name__ == "__main__":
    main()
