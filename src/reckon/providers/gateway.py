"""What the gateway's sides of the wire formats share: reading requests that may hold anything."""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, TypeVar, get_args

import msgspec

from reckon.errors import (
    AuthError,
    BudgetReached,
    ContextOverflow,
    MissingKey,
    ModelNotServed,
    ProviderDown,
    RateLimited,
    ReckonError,
    RequestInvalid,
    RequestRefused,
    UnknownModel,
    UsageError,
)
from reckon.providers.untrusted import Json, as_table, text
from reckon.vocabulary.model import Modality
from reckon.vocabulary.prompt import (
    Attachment,
    CacheFor,
    Effort,
    Media,
    MediaLink,
    Message,
    Opaque,
    Reasoning,
    Schema,
    Text,
    ToolCall,
    ToolResult,
)
from reckon.vocabulary.response import (
    Cited,
    Event,
    Finished,
    LogprobsSeen,
    PartSeen,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    Response,
    Signed,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    UsageSeen,
)

Positive = Annotated[int, msgspec.Meta(ge=1)]
"""A count of which there must be one."""

Known = TypeVar("Known", bound=msgspec.Struct)

_MODALITIES: dict[str, Modality] = {"image": "image", "audio": "audio", "video": "video"}

_WRAPPED = "reckon1."
"""Begins a seal of another format that stands in the place of this format's own."""


def request_of(body: bytes, kind: type[Known]) -> tuple[Known, Json]:
    """The fields of a request that we know, checked, and the others as they came.

    Raises:
        RequestInvalid: The body is no JSON object, or a field is not of its type.
    """
    try:
        decoded: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"The body is not JSON ({error}).") from error
    fields = as_table(decoded)
    if fields is None:
        raise invalid("The body is JSON, but not an object.")
    known = converted(fields, kind)
    names = {field.encode_name for field in msgspec.structs.fields(kind)}
    return known, {name: value for name, value in fields.items() if name not in names}


def converted(value: object, kind: type[Known], where: str = "") -> Known:
    """The value as a struct.

    Raises:
        RequestInvalid: It is none; names the place.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise invalid(f"{where}{': ' if where else ''}{error}.") from error


def invalid(why: str) -> RequestInvalid:
    """The error for a body that is no request."""
    return RequestInvalid(
        "The request cannot be read.", why=why, do="Correct the request and send it again."
    )


def decimal(value: float | None) -> Decimal | None:
    """A number as it was written, without the digits of its binary form."""
    return None if value is None else Decimal(repr(value))


def effort_of(word: object) -> Effort | None:
    """An effort of ours; None for another word."""
    return next((each for each in get_args(Effort) if each == word), None)


def media_of(
    data: str, media_type: str, *, name: str = "", cache: CacheFor | None = None
) -> Media | None:
    """Media that came as base64; None where their kind is none of ours.

    Raises:
        RequestInvalid: It is no base64.
    """
    modality = modality_of(media_type)
    if modality is None:
        return None
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(f"A {media_type} is no base64 ({error}).") from error
    digest = hashlib.sha256(content).hexdigest()
    attachment = Attachment(
        media_type=media_type, modality=modality, content=content, digest=digest, name=name
    )
    return Media(attachment, cache)


def media_at(
    url: str, modality: Modality, *, name: str = "", cache: CacheFor | None = None
) -> Media | MediaLink | None:
    """Media in a data URL, or at an address that the provider fetches itself.

    None where the kind of the data is none of ours.

    Raises:
        RequestInvalid: The address is none, or the data URL is broken.
    """
    if not url.startswith("data:"):
        if not url.startswith(("https://", "http://", "gs://")):
            raise invalid(f"{url[:40]!r} is no address of {modality} and no data URL.")
        return MediaLink(url, modality, cache=cache)
    head, comma, data = url.removeprefix("data:").partition(",")
    media_type, _, coding = head.partition(";")
    if not comma or coding.rpartition(";")[2] != "base64":
        raise invalid("A data URL is not of the form data:TYPE;base64,DATA.")
    return media_of(data, media_type, name=name, cache=cache)


def modality_of(media_type: str) -> Modality | None:
    """What kind of media a MIME type names."""
    if media_type == "application/pdf":
        return "pdf"
    return _MODALITIES.get(media_type.partition("/")[0])


def data_url(attachment: Attachment) -> str:
    """Media in a data URL."""
    data = base64.b64encode(attachment.content).decode()
    return f"data:{attachment.media_type};base64,{data}"


def joined(messages: list[Message]) -> tuple[Message, ...]:
    """The messages, with neighbours that hold results of tools made into one turn."""
    turns: list[Message] = []
    for message in messages:
        last = turns[-1] if turns else None
        if last is not None and last.role == message.role == "user" and _ends_in_result(last):
            parts = (*last.parts, *message.parts)
            turns[-1] = Message(role="user", parts=parts)
        else:
            turns.append(message)
    return tuple(turns)


def _ends_in_result(message: Message) -> bool:
    return bool(message.parts) and isinstance(message.parts[-1], ToolResult)


def wrapped_seal(part: Reasoning) -> str:
    """All that a piece of reasoning needs back, in one word that a client keeps as it is.

    So the thoughts of one provider's model survive in a client that speaks another's format.
    """
    kept = [part.sealed_by, part.signature, part.encrypted, part.id]
    packed = base64.urlsafe_b64encode(msgspec.json.encode(kept)).decode()
    return _WRAPPED + packed


def unwrapped_seal(said: str, words: str) -> Reasoning | None:
    """The reasoning behind a word of `wrapped_seal`; None where it is none."""
    if not said.startswith(_WRAPPED):
        return None
    try:
        packed = base64.urlsafe_b64decode(said.removeprefix(_WRAPPED))
        kept = msgspec.json.decode(packed, type=tuple[str, str, str, str])
    except (ValueError, msgspec.DecodeError):
        return None
    sealed_by, signature, encrypted, id_ = kept
    return Reasoning(words, signature, encrypted, id_, sealed_by)


class Told(msgspec.Struct, frozen=True):
    """How an error is told: the status, and the words that clients of each format look for."""

    status: int
    openai: str
    """OpenAI's code."""
    anthropic: str
    """Anthropic's type."""


def told(error: ReckonError) -> Told:
    """How a client of the gateway is told of an error."""
    kind, own = next((words, own) for kinds, words, own in _TOLD if isinstance(error, kinds))
    status = getattr(error, "status", None)
    return msgspec.structs.replace(kind, status=status) if own and status else kind


_TOLD: tuple[tuple[tuple[type[ReckonError], ...], Told, bool], ...] = (
    ((MissingKey,), Told(401, "invalid_api_key", "authentication_error"), False),
    ((AuthError,), Told(401, "invalid_api_key", "authentication_error"), False),
    ((ModelNotServed, UnknownModel), Told(404, "model_not_found", "not_found_error"), False),
    ((BudgetReached,), Told(402, "insufficient_quota", "billing_error"), False),
    ((RateLimited,), Told(429, "rate_limit_exceeded", "rate_limit_error"), False),
    ((ContextOverflow,), Told(400, "context_length_exceeded", "invalid_request_error"), False),
    ((RequestRefused,), Told(400, "invalid_request_error", "invalid_request_error"), True),
    ((UsageError,), Told(400, "invalid_request_error", "invalid_request_error"), False),
    ((ProviderDown,), Told(503, "server_is_overloaded", "overloaded_error"), True),
    ((ReckonError,), Told(502, "server_error", "api_error"), False),
)
"""The first that fits; and whether the provider's own status is handed on."""


def message_of(error: ReckonError) -> str:
    """What happened, why and what to do, on one line."""
    return " ".join(each for each in (error.what, error.why, error.do) if each)


def events_of(response: Response) -> Iterator[Event]:
    """A whole answer once more as events: the first choice, its parts in their order."""
    calls = 0
    last_words = max(
        (n for n, part in enumerate(response.parts) if isinstance(part, Text) and part.text),
        default=-1,
    )
    for number, part in enumerate(response.parts):
        match part:
            case Text(words) if words and response.refused and response.stop_reason == "refusal":
                yield RefusalDelta(words)
            case Text(words) if words:
                yield TextDelta(words)
            case Reasoning():
                if part.text:
                    yield ReasoningDelta(part.text)
                yield ReasoningSealed(
                    sealed_by=part.sealed_by,
                    signature=part.signature,
                    encrypted=part.encrypted,
                    id=part.id,
                )
            case ToolCall():
                yield ToolCallDelta(
                    index=calls, id=part.id, name=part.name, arguments=part.arguments
                )
                calls += 1
            case Media() | MediaLink() | Opaque():
                yield PartSeen(part)
            case _:
                pass
        if isinstance(part, Text | ToolCall) and part.signature:
            yield Signed(part.signature, part.sealed_by)
        if number == last_words:
            yield from (Cited(each) for each in response.citations)
    if response.logprobs:
        yield LogprobsSeen(response.logprobs)
    yield UsageSeen(response.usage)
    yield Finished(response.stop_reason, explanation=response.stop_explanation)


def token_json(each: TokenLogprob) -> Json:
    """A token with its probability, as both of OpenAI's formats say it."""
    top = [_weighed(token, logprob) for token, logprob in each.top]
    return _weighed(each.token, each.logprob) | {"top_logprobs": top}


def _weighed(token: str, logprob: float) -> Json:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "replace"))}


def schema_of(said: Json) -> Schema:
    """A schema with its name, as both of OpenAI's formats say it.

    Raises:
        RequestInvalid: There is no schema in it.
    """
    schema = as_table(said.get("schema"))
    if schema is None:
        raise invalid("The form of the answer is `json_schema`, and holds no schema.")
    strict = said.get("strict")
    return Schema(
        schema=schema,
        name=text(said, "name") or "answer",
        description=text(said, "description"),
        strict=strict if isinstance(strict, bool) else None,
    )


def cache_mark(part: Json) -> CacheFor | None:
    """The mark for the cache on a part: Anthropic's and OpenRouter's, or OpenAI's own."""
    if "prompt_cache_breakpoint" in part:
        return "5m"
    mark = as_table(part.get("cache_control"))
    if mark is None:
        return None
    return "1h" if mark.get("ttl") == "1h" else "5m"
