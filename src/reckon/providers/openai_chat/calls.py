"""Calls of tools in answers of chat completions: whole, in pieces, numbered or not."""

import msgspec

from reckon.providers.made_up import made_up_id, name_of
from reckon.providers.openai_chat.request import WIRE
from reckon.providers.untrusted import Json, as_list, as_table, count, table, text
from reckon.vocabulary.response import Event, Signed, ToolCallDelta


class Calls:
    """Calls of tools, numbered by us: some servers number none, others number each as 0."""

    def __init__(self, choice: int, answer: str, first: Json) -> None:
        self.any = False
        """Whether the answer calls any."""
        self._choice = choice
        self._answer = answer
        # The object in which the choice began tells answers without a name apart.
        self._first = first
        self._all: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._by_id: dict[str, _Call] = {}

    def read(self, message: Json, *, streamed: bool) -> list[Event]:
        """Events of the calls in a message, or in a piece of one."""
        events: list[Event] = []
        for each in as_list(message.get("tool_calls")):
            call = as_table(each) or {}
            events += self._piece(call, table(call, "function"), streamed)
        # The field that came before tools; some send it empty beside them.
        if isinstance(message.get("function_call"), dict):
            events += self._piece({"index": 0}, table(message, "function_call"), streamed)
        return events

    def _piece(self, piece: Json, function: Json, streamed: bool) -> list[Event]:
        id_, name = text(piece, "id"), text(function, "name")
        arguments = _arguments(function.get("arguments"))
        if not (id_ or name or arguments or signature(piece)):
            return []
        self.any = True
        index = count(piece, "index")
        call = self._find(index, id_, name, arguments) if streamed else self._new()
        begins = not call.began
        told_id = call.take_id(id_)
        if begins and not told_id:
            told_id = self._made_up(call, piece)
        delta = ToolCallDelta(
            index=call.number,
            id=told_id,
            name=call.take_name(name),
            arguments=arguments,
            choice=self._choice,
        )
        call.last = arguments[-1:] or call.last
        seal = signature(piece)
        return [delta, Signed(seal, WIRE, self._choice)] if seal else [delta]

    def _find(self, index: int | None, id_: str, name: str, arguments: str) -> "_Call":
        if index is not None:
            call = self._by_index.get(index)
            if call is None or call.is_followed_by(id_, name, arguments):
                call = self._by_index[index] = self._new()
        elif id_:
            call = self._by_id.get(id_) or self._new()
        else:
            call = self._new() if name or not self._all else self._all[-1]
        if id_:
            self._by_id[id_] = call
        return call

    def _new(self) -> "_Call":
        call = _Call(len(self._all))
        self._all.append(call)
        return call

    def _made_up(self, call: "_Call", piece: Json) -> str:
        answer = self._answer or name_of({"answer": self._first, "call": piece})
        return made_up_id(answer, self._choice, call.number)


class _Call:
    def __init__(self, number: int) -> None:
        self.number = number
        self.last = ""
        self.began = False
        self._told_id = ""
        self._name = ""

    def take_id(self, id_: str) -> str:
        """The id to tell: that of the first piece, if it has one."""
        self._told_id = self._told_id or id_
        if self.began:
            return ""
        self.began = True
        return id_

    def take_name(self, name: str) -> str:
        """What is new of the name; some servers repeat it with each piece."""
        if name == self._name:
            return ""
        self._name += name
        return name

    def is_followed_by(self, id_: str, name: str, arguments: str) -> bool:
        """Whether a piece of the same number is another call."""
        if id_ and self._told_id:
            return id_ != self._told_id
        return bool(name) and self.last == "}" and arguments.lstrip().startswith("{")


def _arguments(value: object) -> str:
    """JSON text; some servers send the object itself."""
    if isinstance(value, str):
        return value
    try:
        return "" if value is None else msgspec.json.encode(value).decode()
    except RecursionError:
        return ""


def signature(parent: Json) -> str:
    """Google's seal over a call, or over the words of a message."""
    return text(table(table(parent, "extra_content"), "google"), "thought_signature")
