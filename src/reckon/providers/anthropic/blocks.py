"""The content blocks of an answer in Anthropic's format, to events.

Text, reasoning and calls of the user's tools become events as their pieces come. All other blocks,
such as calls and results of tools that Anthropic runs, are put together and told whole, so that
they go back as they came. What our nouns cannot hold of a text (its citations, whose sealed indices
want to go back) or of a call (that code called it) is told as the whole block behind it, which
`request` puts in its place.
"""

import msgspec

from reckon.errors import AnswerInvalid
from reckon.providers.anthropic.request import WIRE, json_input
from reckon.providers.untrusted import Json, as_list, as_table, table, text
from reckon.vocabulary.prompt import Opaque
from reckon.vocabulary.response import (
    Citation,
    Cited,
    Event,
    PartSeen,
    ReasoningDelta,
    ReasoningSealed,
    TextDelta,
    ToolCallDelta,
)

_CALL_FIELDS = frozenset({"type", "id", "name", "input", "caller"})


class _Block:
    """A block that has begun."""

    def __init__(self, data: Json) -> None:
        self.data = dict(data)
        self.pieces: list[str] = []
        """Of text, of reasoning or of the input's JSON."""
        self.grown: dict[str, list[str]] = {}
        """Pieces of other words, by name."""
        self.citations: list[Json] = []
        self.signature = text(data, "signature")
        self.start = 0
        """Characters of the answer's text before this block."""
        self.call = 0
        """Which call of the answer this is."""
        self.ended = False

    @property
    def said(self) -> str:
        return "".join(self.pieces)


class Blocks:
    """Reads blocks; several may be open at a time, told apart by their index.

    Text and reasoning end with the next block: llama.cpp says so only at the end of the answer.
    """

    def __init__(self) -> None:
        self._open: dict[int | None, _Block] = {}
        self._newest: _Block | None = None
        self._calls = 0
        self._characters = 0

    def whole(self, block: Json) -> list[Event]:
        """The events of a block that came in one piece."""
        return self.start(None, block) + self.stop(None)

    def start(self, index: int | None, data: Json) -> list[Event]:
        """What a block has to say when it begins."""
        before = self._newest
        is_over = before is not None and before.data.get("type") in ("text", "thinking")
        events = self._end(before) if before is not None and is_over else []
        block = self._newest = self._open[index] = _Block(data)
        match data.get("type"):
            case "text":
                block.start = self._characters
                block.citations += _tables(data.get("citations"))
                events += self._text(block, text(data, "text"))
            case "thinking":
                events += _reasoning(block, text(data, "thinking"))
            case "tool_use":
                block.call = self._calls
                self._calls += 1
                call_id, name = text(data, "id"), text(data, "name")
                events.append(ToolCallDelta(index=block.call, id=call_id, name=name))
            case _:
                pass
        return events

    def delta(self, index: int | None, data: Json) -> list[Event]:
        """A piece of a block.

        Raises:
            AnswerInvalid: No such block has begun.
        """
        block = self._open.get(index)
        if block is None:
            raise AnswerInvalid(
                "The answer cannot be read.",
                why="It holds a piece of a block that has not begun. It may have been billed.",
                do="Check that the base URL is that of a server with Anthropic's messages.",
            )
        match block.data.get("type"):
            case "text":
                block.citations += _tables([data.get("citation")])
                return self._text(block, text(data, "text"))
            case "thinking":
                block.signature = text(data, "signature") or block.signature
                return _reasoning(block, text(data, "thinking"))
            case "tool_use":
                return _arguments(block, text(data, "partial_json"))
            case _:
                _grow(block, data)
                return []

    def stop(self, index: int | None) -> list[Event]:
        """What is known once a block has ended."""
        block = self._open.pop(index, None)
        return [] if block is None else self._end(block)

    def _end(self, block: _Block) -> list[Event]:
        if block.ended:
            return []
        block.ended = True
        match block.data.get("type"):
            case "text":
                return _cited(block)
            case "thinking":
                sealed = ReasoningSealed(sealed_by=WIRE, signature=block.signature)
                return [sealed] if block.pieces or block.signature else []
            case "redacted_thinking":
                encrypted = text(block.data, "data")
                return [ReasoningSealed(sealed_by=WIRE, encrypted=encrypted)] if encrypted else []
            case "tool_use":
                return _called(block)
            case _:
                return [_carried(block)]

    def _text(self, block: _Block, piece: str) -> list[Event]:
        if not piece:
            return []
        block.pieces.append(piece)
        self._characters += len(piece)
        return [TextDelta(piece)]


def _cited(block: _Block) -> list[Event]:
    """The sources of a text, which are those of all its words."""
    if not block.citations or not block.pieces:
        return []
    said = block.said
    events: list[Event] = [
        Cited(_citation(each, block.start, block.start + len(said))) for each in block.citations
    ]
    whole = block.data | {"text": said, "citations": block.citations}
    return [*events, _opaque(whole, restates=True)]


def _reasoning(block: _Block, piece: str) -> list[Event]:
    if not piece:
        return []
    block.pieces.append(piece)
    return [ReasoningDelta(piece)]


def _arguments(block: _Block, piece: str) -> list[Event]:
    if not piece:
        return []
    block.pieces.append(piece)
    return [ToolCallDelta(index=block.call, arguments=piece)]


def _called(block: _Block) -> list[Event]:
    """The end of a call: its input where it came whole, and what else the block knows."""
    events: list[Event] = []
    if not block.pieces:
        given = _json(table(block.data, "input"))
        events.append(ToolCallDelta(index=block.call, arguments=given))
    by_code = table(block.data, "caller").get("type") not in (None, "direct")
    if by_code or not _CALL_FIELDS.issuperset(block.data):
        whole = block.data | ({"input": json_input(block.said)} if block.pieces else {})
        events.append(_opaque(whole, restates=True))
    return events


def _json(value: Json) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError as error:
        raise AnswerInvalid(
            "The answer cannot be read.",
            why="The input of a tool is nested too deeply. It may have been billed.",
            do="Ask again.",
        ) from error


def _grow(block: _Block, delta: Json) -> None:
    """Add a piece to a block of a kind that is only carried.

    Its input comes as pieces of JSON; other words continue those of the same name, and the rest
    replaces.
    """
    for name, value in delta.items():
        if name == "partial_json":
            block.pieces.append(text(delta, name))
        elif name != "type" and isinstance(value, str):
            block.grown.setdefault(name, [text(block.data, name)]).append(value)
        elif name != "type" and value is not None:
            block.data[name] = value


def _carried(block: _Block) -> PartSeen:
    data = block.data | {name: "".join(pieces) for name, pieces in block.grown.items()}
    if any(block.pieces):
        data["input"] = json_input(block.said)
    return _opaque(data)


def _opaque(data: Json, *, restates: bool = False) -> PartSeen:
    return PartSeen(Opaque(wire=WIRE, data=data, restates=restates))


def _citation(source: Json, start: int, end: int) -> Citation:
    """A citation of a web page, a search result or a place in a document."""
    return Citation(
        url=text(source, "url") or text(source, "source"),
        title=text(source, "title") or text(source, "document_title"),
        quote=text(source, "cited_text"),
        start=start,
        end=end,
        raw=source,
    )


def _tables(values: object) -> list[Json]:
    return [each for each in map(as_table, as_list(values)) if each]
