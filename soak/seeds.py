"""What a fuzzer starts from: answers of each format, and the words that they are made of.

Exchanges that were recorded from real providers are the best seeds: the project's own, and those
beside it. Where neither is there, the few lines at the end of this file will do.
"""

import json
import re
import struct
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RECORDED = (ROOT / "tests" / "golden", ROOT.parent / "shared" / "data" / "wire")
PHOTOS = ROOT / "examples" / "photos"
LONGEST = 1 << 13
"""Bytes of a seed, and of what is made of it."""

FORMATS = {
    "openai_chat": r"/chat/completions$",
    "openai_responses": r"/responses$",
    "anthropic": r"/v1/messages$",
    "gemini": r":(generateContent|streamGenerateContent)$",
    "ollama": r"/api/chat$",
}
_WORD = re.compile(rb'"([A-Za-z_][A-Za-z0-9_.-]{1,39})"')
_MARKS = (b"data: ", b"event: ", b"\n\n", b"\r\n", b"\r", b"[DONE]", b"\xef\xbb\xbf", b"\\ud800")
_VALUES = (b"null", b"true", b"-1", b"1e400", b"NaN", b"9007199254740993", b"[{}]", b'""', b"{}")


def recorded(wire: str, *, stream: bool) -> Iterator[bytes]:
    """Bodies of recorded answers of a format, good ones and bad."""
    for answer in _answers(wire):
        body = answer["body"]
        kind = dict(answer["headers"]).get("content-type", "")
        told = "stream" in kind or "ndjson" in kind or body.startswith(("data:", "event:", "["))
        if told is stream and answer["status"] < 400:
            yield body.encode()


def requests(wire: str) -> Iterator[bytes]:
    """Bodies of requests of a format."""
    for found in _exchanges(wire):
        body = found.get("request", {}).get("body")
        if isinstance(body, dict):
            yield json.dumps(body).encode()
    turns = [{"role": "user", "content": [{"type": "text", "text": "x"}]}]
    yield json.dumps({"model": "m", "max_tokens": 9, "messages": turns, "input": turns}).encode()


def recorded_errors(wire: str) -> Iterator[bytes]:
    """Bodies of recorded refusals."""
    return (each["body"].encode() for each in _answers(wire) if each["status"] >= 400)


def _answers(wire: str) -> Iterator[Any]:
    for found in _exchanges(wire):
        if isinstance(found.get("response", {}).get("body"), str):
            yield found["response"]


def _exchanges(wire: str) -> Iterator[Any]:
    for folder in RECORDED:
        for path in sorted(folder.glob("**/*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                found = json.loads(line)
                # Ours lie in a file for each format, others name the address that answered.
                speaks = path.stem == wire or re.search(FORMATS[wire], found.get("endpoint", ""))
                if speaks:
                    yield found


def gguf_files() -> Iterator[bytes]:
    """Small models in both byte orders: values of each kind, a long array, two tensors."""
    for order in "<>":

        def text(word: str, order: str = order) -> bytes:
            return struct.pack(order + "Q", len(word)) + word.encode()

        def number(name: str, value: int, order: str = order) -> bytes:
            return text(name) + struct.pack(order + "II", 4, value)

        words = [f"w{place}" for place in range(1_100)]
        values = [
            text("general.architecture") + struct.pack(order + "I", 8) + text("gemma3"),
            number("gemma3.block_count", 2),
            number("gemma3.embedding_length", 64),
            number("gemma3.attention.head_count", 4),
            number("gemma3.attention.sliding_window", 512),
            number("gemma3.expert_count", 4),
            number("gemma3.expert_used_count", 1),
            text("gemma3.attention.head_count_kv") + struct.pack(order + "IIQ2i", 9, 5, 2, 2, 0),
            text("tokens")
            + struct.pack(order + "IIQ", 9, 8, len(words))
            + b"".join(map(text, words)),
        ]
        tensors = [
            text("token_embd.weight") + struct.pack(order + "IQQIQ", 2, 64, 8, 2, 0),
            text("blk.0.ffn_up_exps.weight") + struct.pack(order + "IQQQIQ", 3, 32, 2, 4, 0, 288),
        ]
        counts = struct.pack(order + "IQQ", 3, len(tensors), len(values))
        head = b"GGUF" + counts + b"".join(values) + b"".join(tensors)
        head += bytes(-len(head) % 32 + 288 + 1_024)
        yield head
        # The same without the words, which are most of it.
        counts = struct.pack(order + "IQQ", 2, len(tensors), len(values) - 1)
        head = b"GGUF" + counts + b"".join(values[:-1]) + b"".join(tensors)
        yield head + bytes(-len(head) % 32 + 288 + 1_024)


def safetensors_heads() -> Iterator[bytes]:
    """Headers of safetensors files, without the length before them."""
    tensor = {"dtype": "F16", "shape": [4, 8], "data_offsets": [0, 64]}
    yield json.dumps({"__metadata__": {"format": "mlx"}, "model.layers.0.w": tensor}).encode()
    yield b"{}"


def pictures() -> Iterator[bytes]:
    """The first bytes of a picture of each kind."""
    for path in sorted(PHOTOS.glob("**/*.*")):
        yield path.read_bytes()[:LONGEST]
    yield b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 4, 3)
    yield b"GIF89a" + struct.pack("<HH", 4, 3)
    yield b"BM" + bytes(16) + struct.pack("<ii", 4, -3)
    yield b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\3\0\0\2\0\0"
    yield b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + b"\3\0\0\0"
    yield b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 4, 3)
    entries = struct.pack("<HHHII", 2, 256, 4, 1, 4) + struct.pack("<HHII", 257, 4, 1, 3)
    yield b"II*\0\x08\0\0\0" + entries
    yield b"\0\0\0\x18ftypheic" + bytes(8) + b"\0\0\0\x14ispe\0\0\0\0" + struct.pack(">II", 4, 3)


def media(kind: str) -> Iterator[bytes]:
    """Small files of a kind, `audio`, `video` or `pdf`: those of the tests."""
    spec = spec_from_file_location("media_files", ROOT / "tests" / "run" / "media_files.py")
    if spec is None or spec.loader is None:
        return
    files = module_from_spec(spec)
    spec.loader.exec_module(files)
    names = {
        "audio": ("wav", "flac", "opus", "vorbis", "mp3"),
        "video": ("mp4", "webm", "avi"),
        "pdf": ("pdf",),
    }
    for name in names[kind]:
        yield getattr(files, name)()[:LONGEST]
    if kind == "video":
        yield files.webm(None)
        yield files.mp4(0, fragments=files.fragment(0, 25, 40))[:LONGEST]
    if kind == "pdf":
        yield files.pdf(packed=True)
        yield files.pdf(encrypted=True)


def dictionary(bodies: list[bytes]) -> str:
    """The words of these bodies in libFuzzer's spelling, and the marks of all formats."""
    words = {word for body in bodies for word in _WORD.findall(body)}
    quoted = (b'"' + word + b'"' for word in sorted(words)[:2000])
    entries = [*_MARKS, *_VALUES, *quoted]
    return "".join(f'"{_spelt(each)}"\n' for each in entries)


def _spelt(word: bytes) -> str:
    return "".join(rf"\x{byte:02x}" for byte in word)


_CHAT = {
    "id": "c1",
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "hé",
                "reasoning_content": "so",
                "tool_calls": [
                    {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"a": 1}'}}
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 9, "cost": 0.01},
}
_MESSAGE = {
    "type": "message",
    "id": "m1",
    "model": "m",
    "content": [
        {"type": "thinking", "thinking": "so", "signature": "s"},
        {"type": "text", "text": "hé"},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"a": 1}},
    ],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": 1},
}
_RESPONSE = {
    "id": "r1",
    "model": "m",
    "status": "completed",
    "output": [
        {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "so"}]},
        {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "hé"}]},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
    ],
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
_CONTENT = {
    "candidates": [
        {
            "content": {
                "parts": [
                    {"text": "so", "thought": True, "thoughtSignature": "s"},
                    {"text": "hé"},
                    {"functionCall": {"name": "f", "args": {"a": 1}}},
                    {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}},
                ]
            },
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2},
}
_LINE = {
    "model": "m",
    "created_at": "2026-01-01T00:00:00Z",
    "message": {
        "content": "hé",
        "thinking": "so",
        "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}],
    },
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 3,
    "eval_count": 2,
}
_WHOLE = {
    "openai_chat": _CHAT,
    "openai_responses": _RESPONSE,
    "anthropic": _MESSAGE,
    "gemini": _CONTENT,
    "ollama": _LINE,
}
_PIECES: dict[str, list[Any]] = {
    "openai_chat": [
        {**_CHAT, "choices": [{**_CHAT["choices"][0], "delta": _CHAT["choices"][0]["message"]}]}
    ],
    "openai_responses": [
        {"type": "response.created", "response": {"id": "r1", "model": "m"}},
        {"type": "response.output_text.delta", "item_id": "m", "output_index": 1, "delta": "hé"},
        {"type": "response.completed", "response": _RESPONSE},
    ],
    "anthropic": [
        {"type": "message_start", "message": {"id": "m1", "model": "m", "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hé"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
        {"type": "message_stop"},
    ],
    "gemini": [_CONTENT],
}
_ERROR = {"error": {"code": "x", "type": "t", "message": "no", "details": [{"reason": "R"}]}}


def built_in(wire: str, *, stream: bool) -> list[bytes]:
    """An answer of each shape that the format has, and an error inside one."""
    if not stream:
        return [json.dumps(each).encode() for each in (_WHOLE[wire], _ERROR)]
    if wire == "ollama":
        piece = json.dumps({**_LINE, "done": False})
        return [f"{piece}\n{json.dumps(last)}\n".encode() for last in (_LINE, _ERROR)]
    events = [f"data: {json.dumps(each)}\n\n" for each in _PIECES[wire]]
    bodies = [
        "".join(events) + "data: [DONE]\n\n",
        events[0] + f"event: error\r\ndata: {json.dumps(_ERROR)}\r\n\r\n",
        json.dumps(_WHOLE[wire]),
    ]
    if wire == "gemini":
        bodies.append(json.dumps([_CONTENT, _CONTENT]))
    return [each.encode() for each in bodies]
