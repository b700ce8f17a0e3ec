"""The official clients of OpenAI and Anthropic, over a real socket, against our gateway's formats.

They judge: what they put together of our answers is what was said, and their own checks accept it.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from gateway_exchange import HEAD, collected
from test_gateway_answers import FULL, USAGE

from reckon.errors import RateLimited, ReckonError
from reckon.providers.registry import gateway_format
from reckon.vocabulary.call import Request
from reckon.vocabulary.prompt import Text, ToolCall, ToolResult
from reckon.vocabulary.response import Event, Finished, RefusalDelta

FORMATS = {
    "/v1/chat/completions": "openai_chat",
    "/v1/responses": "openai_responses",
    "/v1/messages": "anthropic",
}


class Gateway:
    """A small gateway that gives one answer to everybody and keeps what it was asked."""

    def __init__(self) -> None:
        self.events: list[Event] = FULL
        self.error: ReckonError | None = None
        self.asked: list[Request] = []

    def answer(self, wire: str, body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        served = gateway_format(wire)
        try:
            request = served.decode(body)
        except ReckonError as error:
            status, said = served.error(error)
            return status, "application/json", said
        self.asked.append(request)
        if self.error is not None:
            status, said = served.error(self.error)
            return status, "application/json", said
        if not request.stream:
            return 200, "application/json", served.encode(collected(self.events), HEAD)
        encoder = served.encoder(HEAD, usage=request.stream_usage)
        pieces = [*map(encoder.feed, self.events), encoder.close()]
        return 200, "text/event-stream", b"".join(pieces)


@pytest.fixture
def gateway() -> Iterator[tuple[Gateway, str]]:
    """The gateway and its address."""
    here = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, kind, said = here.answer(FORMATS[self.path.partition("?")[0]], body)
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield here, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


TOOLS = [
    {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
    }
]


def openai_client(address: str) -> Any:
    """The official client of OpenAI."""
    openai = pytest.importorskip("openai")
    return openai.OpenAI(base_url=f"{address}/v1", api_key="k", max_retries=0)


def anthropic_client(address: str) -> Any:
    """The official client of Anthropic."""
    anthropic = pytest.importorskip("anthropic")
    return anthropic.Anthropic(base_url=address, api_key="k", max_retries=0)


def calls_of(found: Any) -> list[tuple[str, str, Any]]:
    """Calls as chat completions have them."""
    return [(call.id, call.function.name, json.loads(call.function.arguments)) for call in found]


CALLS = [("call_1", "weather", {"city": "Ulm"}), ("call_2", "weather", {"city": "Bonn"})]


def test_openais_client_reads_chat_completions(gateway: tuple[Gateway, str]) -> None:
    """Whole and streamed, and what it sends back in the next turn is what was said."""
    here, address = gateway
    with openai_client(address) as client:
        ask: Any = {"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": TOOLS}
        whole = client.chat.completions.create(**ask)
        type(whole).model_validate(whole.model_dump(), strict=True)
        with client.chat.completions.stream(
            **ask, stream_options={"include_usage": True}
        ) as stream:
            for _ in stream:
                pass
            streamed = stream.get_final_completion()
        for found in (whole, streamed):
            [choice] = found.choices
            assert choice.message.content == "I look both üp."
            assert calls_of(choice.message.tool_calls) == CALLS
            assert choice.finish_reason == "tool_calls"
            assert found.usage.prompt_tokens == USAGE.input_tokens
            assert found.usage.prompt_tokens_details.cached_tokens == 30
            assert found.usage.completion_tokens_details.reasoning_tokens == 7
        turn = whole.choices[0].message.model_dump(exclude_none=True)
        client.chat.completions.create(
            model="m",
            messages=[
                {"role": "user", "content": "x"},
                turn,
                {"role": "tool", "tool_call_id": "call_1", "content": "sun"},
                {"role": "tool", "tool_call_id": "call_2", "content": "rain"},
            ],
        )
    turns = here.asked[-1].prompt.messages
    parts = {type(part): part for part in turns[1].parts}
    assert parts[Text] == Text("I look both üp.")
    assert parts[ToolCall] == ToolCall("call_2", "weather", '{"city":"Bonn"}')
    thought = turns[1].parts[0]
    assert (thought.text, thought.signature, thought.sealed_by) == (  # type: ignore[union-attr]
        "They ask for two.",
        "sig",
        "anthropic",
    )
    assert turns[2].parts == (
        ToolResult("call_1", (Text("sun"),), name="weather"),
        ToolResult("call_2", (Text("rain"),), name="weather"),
    )


def test_openais_client_reads_responses(gateway: tuple[Gateway, str]) -> None:
    """Whole and streamed, event by event, and the items go back as input."""
    here, address = gateway
    with openai_client(address) as client:
        tools: Any = [TOOLS[0]["function"] | {"type": "function", "strict": False}]
        whole = client.responses.create(model="m", input="x", tools=tools)
        type(whole).model_validate(whole.model_dump(), strict=True)
        with client.responses.stream(model="m", input="x", tools=tools) as stream:
            kinds = [event.type for event in stream]
            streamed = stream.get_final_response()
        assert kinds[0] == "response.created"
        assert kinds[-1] == "response.completed"
        for found in (whole, streamed):
            assert found.output_text == "I look both üp."
            called = [item for item in found.output if item.type == "function_call"]
            assert [(c.call_id, c.name, json.loads(c.arguments)) for c in called] == CALLS
            assert found.usage.input_tokens == USAGE.input_tokens
            assert found.usage.output_tokens_details.reasoning_tokens == 7
        client.responses.create(
            model="m", input=[item.model_dump(exclude_none=True) for item in whole.output]
        )
    [turn] = here.asked[-1].prompt.messages
    assert turn.text == "I look both üp."
    assert next(part for part in turn.parts if isinstance(part, ToolCall)).id == "call_1"
    assert turn.parts[0].sealed_by == "anthropic"  # type: ignore[union-attr]


def test_anthropics_client_reads_messages(gateway: tuple[Gateway, str]) -> None:
    """Whole and streamed, and its content goes back with its seal."""
    here, address = gateway
    with anthropic_client(address) as client:
        ask: Any = {
            "model": "m",
            "max_tokens": 99,
            "messages": [{"role": "user", "content": "x"}],
        }
        whole = client.messages.create(**ask)
        type(whole).model_validate(whole.model_dump(), strict=True)
        with client.messages.stream(**ask) as stream:
            for _ in stream:
                pass
            streamed = stream.get_final_message()
        for found in (whole, streamed):
            blocks = {block.type: block for block in found.content}
            assert blocks["text"].text == "I look both üp."
            assert (blocks["thinking"].thinking, blocks["thinking"].signature) == (
                "They ask for two.",
                "sig",
            )
            called = [block for block in found.content if block.type == "tool_use"]
            assert [(each.id, each.name, each.input) for each in called] == CALLS
            assert found.stop_reason == "tool_use"
            assert (found.usage.input_tokens, found.usage.output_tokens) == (20, 20)
            assert found.usage.cache_read_input_tokens == 30
        turn = {"role": "assistant", "content": [b.model_dump() for b in streamed.content]}
        client.messages.create(model="m", max_tokens=9, messages=[turn])
    [turn] = here.asked[-1].prompt.messages
    assert turn.text == "I look both üp."
    assert turn.parts[0].signature == "sig"  # type: ignore[union-attr]


def test_the_official_clients_raise_their_own_errors(gateway: tuple[Gateway, str]) -> None:
    """For a limit, and for a request that is none."""
    openai, anthropic = pytest.importorskip("openai"), pytest.importorskip("anthropic")
    here, address = gateway
    here.error = RateLimited("X limits the rate.", do="Wait.", status=429)
    with openai_client(address) as client, anthropic_client(address) as other:
        with pytest.raises(openai.RateLimitError, match="X limits the rate"):
            client.chat.completions.create(model="m", messages=[])
        with pytest.raises(openai.RateLimitError, match="X limits the rate"):
            client.responses.create(model="m", input="x")
        with pytest.raises(anthropic.RateLimitError, match="X limits the rate"):
            other.messages.create(model="m", max_tokens=1, messages=[])
        with pytest.raises(openai.BadRequestError, match="The request cannot be read"):
            client.chat.completions.create(model="m", messages=[{"role": "king"}])
        with pytest.raises(anthropic.BadRequestError, match="The request cannot be read"):
            other.messages.create(model="m", max_tokens=1, messages=[{"role": "king"}])


def test_openais_client_sees_a_refusal(gateway: tuple[Gateway, str]) -> None:
    """In its own field."""
    here, address = gateway
    here.events = [RefusalDelta("I will not."), Finished("refusal")]
    with openai_client(address) as client:
        whole = client.chat.completions.create(model="m", messages=[])
        assert whole.choices[0].message.refusal == "I will not."
        assert whole.choices[0].message.content is None
