"""What the official SDKs do with the same bytes, without their HTTP: private parts of theirs.

Each reads a stream into its own types of answers, and writes a request from plain tables to the
bytes that it would send.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

Reading = Callable[[Iterable[bytes]], None]
Writing = Callable[[], bytes]
Json = dict[str, Any]


def reading(wire: str) -> Reading:
    """How the SDK of a format reads the pieces of a stream."""
    match wire:
        case "anthropic":
            from anthropic._models import construct_type
            from anthropic._streaming import SSEDecoder
            from anthropic.types import RawMessageStreamEvent as Event
        case "openai_chat":
            from openai._models import construct_type
            from openai._streaming import SSEDecoder
            from openai.types.chat import ChatCompletionChunk as Event
        case "openai_responses":
            from openai._models import construct_type
            from openai._streaming import SSEDecoder
            from openai.types.responses import ResponseStreamEvent as Event
        case "gemini":
            return _gemini_reading()
        case _:
            return _ollama_reading()
    event_type: Any = Event

    def read(pieces: Iterable[bytes]) -> None:
        for event in SSEDecoder().iter_bytes(iter(pieces)):
            if event.data and event.data.startswith("{"):
                construct_type(type_=event_type, value=event.json())

    return read


def _gemini_reading() -> Reading:
    import httpx
    from google.genai import types
    from google.genai._api_client import HttpResponse
    from google.genai.models import _GenerateContentResponse_from_mldev as from_wire

    def read(pieces: Iterable[bytes]) -> None:
        answer = HttpResponse({}, httpx.Response(200, content=iter(pieces)))
        for event in answer.segments():
            types.GenerateContentResponse._from_response(response=from_wire(event), kwargs={})

    return read


def _ollama_reading() -> Reading:
    import httpx
    from ollama import ChatResponse

    def read(pieces: Iterable[bytes]) -> None:
        for line in httpx.Response(200, content=iter(pieces)).iter_lines():
            ChatResponse(**json.loads(line))

    return read


def writing(wire: str, body: bytes) -> Writing:
    """How the SDK of a format writes the request with this body."""
    said: Json = json.loads(body)
    match wire:
        case "anthropic":
            return _anthropic_writing(said)
        case "openai_chat":
            from openai.types.chat.completion_create_params import (
                CompletionCreateParamsStreaming as Params,
            )

            return _openai_writing("/chat/completions", said, Params)
        case "openai_responses":
            from openai.types.responses.response_create_params import (
                ResponseCreateParamsStreaming as Params,
            )

            return _openai_writing("/responses", said, Params)
        case "gemini":
            return _gemini_writing(said)
        case _:
            return _ollama_writing(said)


def _openai_writing(path: str, said: Json, params: Any) -> Writing:
    from openai import OpenAI
    from openai._models import FinalRequestOptions
    from openai._utils import maybe_transform

    client = OpenAI(api_key="k")

    def write() -> bytes:
        table = maybe_transform(said, params)
        options = FinalRequestOptions(method="post", url=path, json_data=table)
        return client._build_request(options, retries_taken=0).content

    return write


def _anthropic_writing(said: Json) -> Writing:
    from anthropic import Anthropic
    from anthropic._models import FinalRequestOptions

    client = Anthropic(api_key="k")

    def write() -> bytes:
        options = FinalRequestOptions(method="post", url="/v1/messages", json_data=said)
        options = client._copy_and_prepare(options)
        return client._build_request(options, retries_taken=0).content

    return write


def _gemini_writing(said: Json) -> Writing:
    from google.genai import Client, _common, models, types

    client = Client(api_key="k")._api_client
    config = {
        "max_output_tokens": said["generationConfig"]["maxOutputTokens"],
        "system_instruction": said["systemInstruction"],
        "tools": said["tools"],
    }

    def write() -> bytes:
        asked = types._GenerateContentParameters(
            model="m", contents=said["contents"], config=types.GenerateContentConfig(**config)
        )
        table = models._GenerateContentParameters_to_mldev(client, asked, None, asked)
        table.pop("config", None)
        table = _common.encode_unserializable_types(_common.convert_to_dict(table))
        request = client._build_request("post", "m:streamGenerateContent?alt=sse", table, None)
        return json.dumps(request.data).encode()

    return write


def _ollama_writing(said: Json) -> Writing:
    import httpx
    from ollama._client import ChatRequest, _copy_messages, _copy_tools

    client = httpx.Client()

    def write() -> bytes:
        asked = ChatRequest(
            model=said["model"],
            messages=list(_copy_messages(said["messages"])),
            tools=list(_copy_tools(said["tools"])),
            options=said["options"],
            stream=True,
        )
        table = asked.model_dump(exclude_none=True)
        return client.build_request("POST", "http://localhost/api/chat", json=table).content

    return write
