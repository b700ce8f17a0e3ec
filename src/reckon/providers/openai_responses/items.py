"""The items of an answer in the Responses format, to events.

A stream says everything up to four times: in pieces, at the end of a part, at the end of its item
and in the whole answer at the end; and some servers leave one or the other out. So each item
remembers what it told, and later words of the stream only tell the rest.
"""

import base64
import binascii
import hashlib
import math

from reckon.providers.openai_responses.request import CALL_FIELDS, GAP, PICTURE_CALL, WIRE
from reckon.providers.untrusted import Json, as_list, as_table, count, table, text
from reckon.vocabulary.prompt import Attachment, Media, Opaque
from reckon.vocabulary.response import (
    Citation,
    Cited,
    Event,
    LogprobsSeen,
    PartSeen,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    Signed,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
)

_WAITING = frozenset(
    {
        "custom_tool_call",
        "computer_call",
        "local_shell_call",
        "apply_patch_call",
        "mcp_approval_request",
    }
)
"""Items, beside calls of functions, after which the provider waits for the user's answer."""

_BILLED = {
    "code_interpreter_call": "a container in which code ran",
    "file_search_call": "searches of stored files",
    "image_generation_call": "pictures that another model made",
}
"""Items that have a price beside the tokens of the answer, by OpenAI's price list."""

_PIECES = {
    "response.output_text.delta": "output_text",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "content",
    "response.reasoning_summary_text.delta": "summary",
    "response.function_call_arguments.delta": "arguments",
}

_Place = tuple[str, int]
"""A piece of an item: what it is (see `_PIECES`), and which of its kind."""


class _Item:
    """What is known of one item."""

    def __init__(self) -> None:
        self.id = ""
        self.index: int | None = None
        self.done = False
        self.told: dict[_Place, list[str]] = {}
        self.start: dict[int, int] = {}
        """Characters of the answer before each part of a message."""
        self.cited: dict[int, int] = {}
        self.logprobs: dict[int, int] = {}
        self.call: int | None = None
        """Which call of the answer this is, once it was told."""
        self.thought: _Place | None = None
        """The piece of reasoning that is being told."""
        self.open = False
        """Whether reasoning was told that is not sealed."""
        self.encrypted: bool | None = None
        """Whether the provider sealed the reasoning, which it says where the item begins; None:
        it has not said so yet."""

    def rest(self, place: _Place, whole: str) -> str:
        """What of the whole was not told yet. Where they differ, what was told stands."""
        told = "".join(self.told.get(place, ()))
        return whole[len(told) :] if whole.startswith(told) else ""

    def name_of(self, thought: _Place | None) -> str:
        """The name under which a piece of reasoning can go back.

        A summary alone cannot: its name means what the provider has not kept.
        """
        shown = thought is not None and thought[0] == "content"
        return self.id if shown or self.encrypted is not False else ""


class Items:
    """All items of one answer."""

    def __init__(self) -> None:
        self.refused = False
        self.waits = False
        """Whether the model asks for something before it goes on."""
        self.searches = 0
        """Searches of the web, which are billed by the search; opened pages are not."""
        self.billed: set[str] = set()
        """What is billed besides, in words."""
        self._events: list[Event] = []
        self._all: list[_Item] = []
        self._by_index: dict[int, _Item] = {}
        self._by_id: dict[str, _Item] = {}
        self._last: _Item | None = None
        """The item whose part came last."""
        self._length = 0
        self._calls = 0

    def hear(self, kind: str, event: Json) -> list[Event]:
        """What one event of a stream adds."""
        if kind == "response.output_item.added":
            self._begin(self._new(event), table(event, "item"))
        elif kind == "response.output_item.done":
            self._tell(self._of(event), table(event, "item"))
        elif kind == "response.output_text.annotation.added":
            self._cite(self._of(event), _part(event), [event.get("annotation")])
        elif kind in _PIECES:
            self._piece(self._of(event), _PIECES[kind], event)
        return self._taken()

    def rest(self, output: object) -> list[Event]:
        """What the whole list of items adds to what was told."""
        for index, each in enumerate(as_list(output)):
            item = as_table(each)
            if item is not None:
                self._tell(self._in_whole(index, text(item, "id")), item)
        return self._taken()

    def _taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    # Which item an event speaks of.

    def _of(self, event: Json) -> _Item:
        """Known by its place, for some servers change the id; by its id where no place is given."""
        index = count(event, "output_index")
        name = text(table(event, "item"), "id") or text(event, "item_id")
        found = self._by_index.get(index) if index is not None else self._by_id.get(name)
        if found is None and index is None and not name and self._all:
            return self._all[-1]
        return found or self._add(index, name)

    def _new(self, event: Json) -> _Item:
        """The item that begins; some servers give each the same place."""
        found = self._of(event)
        return self._add(found.index, text(table(event, "item"), "id")) if found.done else found

    def _in_whole(self, index: int, name: str) -> _Item:
        by_order = self._all[index] if index < len(self._all) else None
        if by_order is not None and by_order.index is not None:
            by_order = None
        found = self._by_id.get(name) or self._by_index.get(index) or by_order
        return found or self._add(index, name)

    def _add(self, index: int | None, name: str) -> _Item:
        item = _Item()
        item.index, item.id = index, name
        self._all.append(item)
        if index is not None:
            self._by_index[index] = item
        if name:
            self._by_id[name] = item
        return item

    # What it says.

    def _begin(self, item: _Item, said: Json) -> None:
        item.encrypted = bool(text(said, "encrypted_content"))
        if text(said, "type") == "function_call" and text(said, "name"):
            self._call(item, said)

    def _piece(self, item: _Item, kind: str, event: Json) -> None:
        part = count(event, "summary_index") if kind == "summary" else _part(event)
        said = text(event, "delta")
        if item.done:
            return
        if kind == "arguments":
            self._argue(item, said)
        elif kind in ("summary", "content"):
            self._think(item, (kind, part or 0), said)
        else:
            self._say(item, (kind, part or 0), said)
            self._weigh(item, part or 0, as_list(event.get("logprobs")))

    def _tell(self, item: _Item, said: Json) -> None:
        """A whole item, once."""
        kind = text(said, "type")
        if item.done or not kind:
            return
        item.done = True
        if kind == "message":
            self._message(item, said)
        elif kind == "reasoning":
            self._reasoning(item, said)
        elif kind == "function_call":
            self._call(item, said)
            self._argue(item, item.rest(("arguments", 0), text(said, "arguments")))
            if any(said[name] is not None for name in said.keys() - CALL_FIELDS):
                self._events.append(PartSeen(Opaque(WIRE, said, restates=True)))
        else:
            self._turn_to(item)
            self._opaque(kind, said)

    def _turn_to(self, item: _Item) -> None:
        """Another item begins: reasoning that was told before is a block of its own."""
        last, self._last = self._last, item
        if last is not None and last is not item and last.open:
            last.open = False
            self._events.append(ReasoningSealed(sealed_by=WIRE, id=last.name_of(last.thought)))

    # Messages.

    def _message(self, item: _Item, said: Json) -> None:
        for index, each in enumerate(as_list(said.get("content"))):
            part = as_table(each) or {}
            kind = text(part, "type")
            if kind == "refusal":
                self._say(item, (kind, index), item.rest((kind, index), text(part, "refusal")))
            elif kind == "output_text":
                self._say(item, (kind, index), item.rest((kind, index), text(part, "text")))
                self._weigh(
                    item, index, as_list(part.get("logprobs"))[item.logprobs.get(index, 0) :]
                )
                self._cite(
                    item, index, as_list(part.get("annotations"))[item.cited.get(index, 0) :]
                )
        phase = text(said, "phase")
        if phase and item.told and self._last is item:
            self._events.append(Signed(phase, WIRE))

    def _say(self, item: _Item, place: _Place, said: str) -> None:
        if not said:
            return
        self._turn_to(item)
        kind, part = place
        item.start.setdefault(part, self._length)
        item.told.setdefault(place, []).append(said)
        self._length += len(said)
        if kind == "refusal":
            self.refused = True
            self._events.append(RefusalDelta(said))
        else:
            self._events.append(TextDelta(said))

    def _weigh(self, item: _Item, part: int, logprobs: list[object]) -> None:
        tokens = tuple(token for each in logprobs if (token := _logprob(each)) is not None)
        item.logprobs[part] = item.logprobs.get(part, 0) + len(logprobs)
        if tokens:
            self._events.append(LogprobsSeen(tokens))

    def _cite(self, item: _Item, part: int, annotations: list[object]) -> None:
        before = item.start.get(part, self._length)
        item.cited[part] = item.cited.get(part, 0) + len(annotations)
        for each in annotations:
            said = as_table(each)
            if said:
                self._events.append(Cited(_citation(said, before)))

    # Reasoning.

    def _think(self, item: _Item, place: _Place, said: str) -> None:
        if not said:
            return
        self._turn_to(item)
        if item.open and item.thought != place:
            self._events += [
                ReasoningDelta(GAP),
                ReasoningSealed(sealed_by=WIRE, id=item.name_of(item.thought)),
            ]
        item.thought, item.open = place, True
        item.told.setdefault(place, []).append(said)
        self._events.append(ReasoningDelta(said))

    def _reasoning(self, item: _Item, said: Json) -> None:
        """The seal comes with the end of the item; an earlier one may be half of it."""
        item.id = item.id or text(said, "id")
        encrypted = text(said, "encrypted_content")
        item.encrypted = bool(encrypted)
        for kind in ("summary", "content"):
            for index, each in enumerate(as_list(said.get(kind))):
                whole = text(as_table(each) or {}, "text")
                self._think(item, (kind, index), item.rest((kind, index), whole))
        if not encrypted and not item.open:
            return
        self._turn_to(item)
        item.open = False
        name = item.name_of(item.thought)
        self._events.append(ReasoningSealed(sealed_by=WIRE, id=name, encrypted=encrypted))

    # Calls.

    def _call(self, item: _Item, said: Json) -> None:
        if item.call is not None:
            return
        self._turn_to(item)
        self.waits = True
        item.call = self._calls
        self._calls += 1
        name = text(said, "call_id") or text(said, "id") or f"call_{item.call}"
        self._events.append(ToolCallDelta(index=item.call, id=name, name=text(said, "name")))

    def _argue(self, item: _Item, said: str) -> None:
        # Arguments before the name wait for the end of the item, which says both.
        if said and item.call is not None:
            self._turn_to(item)
            item.told.setdefault(("arguments", 0), []).append(said)
            self._events.append(ToolCallDelta(index=item.call, arguments=said))

    def _opaque(self, kind: str, said: Json) -> None:
        """What the provider's own tools did. A picture is told as one, beside its call."""
        self.waits = self.waits or kind in _WAITING
        if kind == "web_search_call" and text(table(said, "action"), "type") in ("", "search"):
            self.searches += 1
        if kind in _BILLED:
            self.billed.add(_BILLED[kind])
        picture = _picture(said) if kind == PICTURE_CALL else None
        if picture is not None:
            said = {name: value for name, value in said.items() if name != "result"}
        self._events.append(PartSeen(Opaque(WIRE, said)))
        if picture is not None:
            self._events.append(PartSeen(Media(picture)))


def _part(event: Json) -> int:
    return count(event, "content_index") or 0


def _picture(call: Json) -> Attachment | None:
    try:
        content = base64.b64decode(text(call, "result"), validate=True)
    except (binascii.Error, ValueError):
        return None
    kind = text(call, "output_format") or "png"
    if not content or not kind.isalnum():
        return None
    return Attachment(
        media_type="image/svg+xml" if kind == "svg" else f"image/{kind}",
        modality="image",
        content=content,
        digest=hashlib.sha256(content).hexdigest(),
    )


def _citation(said: Json, before: int) -> Citation:
    """An annotation. A file is cited at one place (`index`), a page for a stretch of the text."""
    start, end = count(said, "start_index"), count(said, "end_index")
    if text(said, "type") == "file_citation":
        start = count(said, "index")
    return Citation(
        url=text(said, "url"),
        title=text(said, "title") or text(said, "filename"),
        start=None if start is None else start + before,
        end=None if end is None else end + before,
        raw=said,
    )


def _logprob(value: object) -> TokenLogprob | None:
    said = as_table(value) or {}
    logprob = _number(said.get("logprob"))
    if logprob is None:
        return None
    top = [as_table(each) or {} for each in as_list(said.get("top_logprobs"))]
    weighed = ((text(each, "token"), _number(each.get("logprob"))) for each in top)
    return TokenLogprob(
        token=text(said, "token"),
        logprob=logprob,
        top=tuple((token, number) for token, number in weighed if number is not None),
    )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
