"""What a prompt may cost, what a response did cost, and what decides an answer: ask and bulk."""

import hashlib
from typing import Any

import msgspec

from reckon.errors import (
    AnswerInvalid,
    AnswerTruncated,
    MaybeBilled,
    PriceUnknown,
    UnsupportedInput,
)
from reckon.price.cost import bound_pico, cost
from reckon.price.media import image_tokens
from reckon.price.text import byte_bound
from reckon.vocabulary.model import Model
from reckon.vocabulary.price import Cost, Price
from reckon.vocabulary.prompt import (
    Media,
    MediaLink,
    Message,
    Opaque,
    Part,
    Prompt,
    ProviderTool,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from reckon.vocabulary.response import Response

FRAMING_TOKENS = 64
"""Above what any chat template adds to one message; used in upper bounds only."""

TOOLS_TOKENS = 1_024
"""Above what any provider says to a model of its own when it may call tools: Anthropic's words
are up to 530 tokens, by its documentation."""

_CAPS = frozenset(
    "max_tokens max_completion_tokens max_output_tokens maxOutputTokens num_predict".split()
)
"""Options that are a cap on the output, and win over ours."""

_CHOICES = frozenset("n best_of candidateCount candidate_count".split())
"""Options that ask for several answers."""

_UNBOUNDED = frozenset(
    "tools web_search_options search_parameters plugins extra_body previous_response_id"
    " conversation prompt cachedContent model models provider route service_tier serviceTier"
    " prediction messages contents input system instructions systemInstruction generationConfig"
    " background inference_geo speed".split()
)
"""Options that bring in what is not seen here: searches, other turns, other models and tariffs."""

POSSIBLY_BILLED = (MaybeBilled, AnswerTruncated, AnswerInvalid)
"""Errors after which nobody knows whether the provider bills the call."""


def cost_of(response: Response, price: Price | None) -> Cost | None:
    """What the response cost; None where it is unknown. A bill of the provider's needs no price."""
    return cost(response.usage, price)


def partial_cost(prompt: Prompt, model: Model, part: Response, price: Price | None) -> Cost | None:
    """What a call cost whose answer stopped before its end; None where nobody can tell.

    What the provider did not count is counted here: the prompt, and the words that came. So the
    figure is `estimated`, and for an answer of which nothing came there is none.
    """
    if price is None:
        return None
    if price.free or part.usage.reported_cost_pico is not None:
        return cost_of(part, price)
    choices = [(part.parts, part.text, part.reasoning)]
    choices += [(each.parts, each.text, each.reasoning) for each in part.others]
    # Seals are not counted: they are longer than the thoughts behind them.
    words = "".join(
        said + thought + "".join(c.name + c.arguments for c in parts if isinstance(c, ToolCall))
        for parts, said, thought in choices
    )
    if not words and part.usage.input_tokens is None:
        return None
    # Counting loads a vocabulary, which whole answers never need.
    from reckon.price.text import count_text

    told = part.usage.input_tokens
    sent = likely_input_tokens(prompt, model) if told is None else told
    if sent is None:
        return None
    received = max(
        round(count_text(words, model.tokenizer).likely) if words else 0,
        part.usage.output_tokens or 0,
    )
    usage = msgspec.structs.replace(part.usage, input_tokens=sent, output_tokens=received)
    return cost(usage, price, kind="estimated")


def likely_input_tokens(prompt: Prompt, model: Model) -> int | None:
    """Our own likely count; None where something is sent that we cannot count."""
    from reckon.price.text import framing, likely_tokens

    tokens = framing(model.tokenizer, len(prompt.messages)).likely
    for message in prompt.messages:
        tokens += likely_tokens(_words(message), model)
        for sent in message.attachments:
            if sent.modality != "image" or not sent.width or not sent.height:
                return None
            tokens += image_tokens(model.image_rule, sent.width, sent.height).likely
    for extra in (*prompt.tools, prompt.schema):
        if extra is not None:
            tokens += likely_tokens(msgspec.json.encode(extra).decode(), model)
    return round(tokens)


def media_tokens(prompt: Prompt, model: Model) -> int | None:
    """Input tokens of the media by our rules; None without media, and where nobody can say.

    The ledger keeps it: pixels are not kept, so that it could not be reckoned again.
    """
    media = [each for message in prompt.messages for each in message.attachments]
    if not media or any(_has_links(message) for message in prompt.messages):
        return None
    tokens = 0.0
    for each in media:
        if each.modality != "image" or not each.width or not each.height:
            return None
        tokens += image_tokens(model.image_rule, each.width, each.height).likely
    return round(tokens)


def price_text(price: Price | None) -> str | None:
    """A price period as the ledger keeps it, with its source: once, however often it is used."""
    return None if price is None else msgspec.json.encode(price).decode()


def upper_bound_pico(prompt: Prompt, model: Model, price: Price | None) -> int | None:
    """The most that one call can cost, in pico-dollars; None where nobody can say.

    Text counts one token per byte at worst, images the high end of the model's rule, output the
    cap that is sent, reasoning included, for each answer that is asked for; without a cap, all
    that the model can say or its context can hold. No bound is known where the price is not, for
    media without a rule or a known size, and where the provider runs tools, for it bills what
    they bring as input.
    """
    if price is None:
        return None
    if price.free:
        return 0
    sent, received = _most_input(prompt, model), _most_output(prompt, model)
    if sent is None or received is None:
        return None
    return bound_pico(int(sent) + 1, received, price)


def check_bound(bound: int | None, model: Model) -> None:
    """Refuse what may cost any amount, where a budget is to be kept.

    Raises:
        PriceUnknown: The call has no upper bound.
    """
    if bound is None:
        raise PriceUnknown(
            f"Nobody can say what this call of {model.key} may cost at most, so that no budget can "
            "be kept.",
            why="It holds media without a known size, runs a tool of the provider, or has an option"
            " that changes the bill.",
            do="Leave that out, or run without --budget.",
        )


def _most_input(prompt: Prompt, model: Model) -> float | None:
    """Input tokens at most."""
    tokens = 0.0
    for message in prompt.messages:
        tokens += FRAMING_TOKENS + byte_bound(_words(message))
        if _has_links(message):
            return None
        for media in message.attachments:
            if media.modality != "image" or not media.width or not media.height:
                return None
            tokens += image_tokens(model.image_rule, media.width, media.height).high
    if any(isinstance(tool, ProviderTool) for tool in prompt.tools):
        return None
    tokens += TOOLS_TOKENS if prompt.tools else 0
    for extra in (*prompt.tools, prompt.schema):
        if extra is not None:
            tokens += FRAMING_TOKENS + byte_bound(msgspec.json.encode(extra).decode())
    return tokens


def _most_output(prompt: Prompt, model: Model) -> int | None:
    """Output tokens at most, over all answers that are asked for."""
    caps: list[Any] = [prompt.max_output_tokens or model.max_output_tokens or model.context_tokens]
    answers: list[Any] = [prompt.choices]
    for name, value in prompt.options.items():
        if name in _UNBOUNDED:
            return None
        if name in _CAPS:
            caps.append(value)
        elif name in _CHOICES:
            answers.append(value)
    if all(type(value) is int and value > 0 for value in (*caps, *answers)):
        return int(max(caps) * max(answers))
    return None


def _has_links(message: Message) -> bool:
    return any(
        isinstance(each, MediaLink)
        for part in message.parts
        for each in (part.parts if isinstance(part, ToolResult) else (part,))
    )


def _words(message: Message) -> str:
    """Everything of a message that is read as text."""
    return "".join(_part_words(part) for part in message.parts)


def _part_words(part: Part) -> str:
    match part:
        case Text(text):
            return text + part.signature
        case Reasoning(text):
            return text + part.signature + part.encrypted
        case ToolCall():
            return part.name + part.arguments + part.signature
        case ToolResult():
            return part.text
        case Opaque():
            return msgspec.json.encode(part.data).decode()
        case _:
            return ""


def check_takes(prompt: Prompt, model: Model) -> None:
    """Refuse what the model is known not to take, before anything is sent.

    Raises:
        UnsupportedInput: Names the model and what it does take.
    """
    for message in prompt.messages:
        for attachment in message.attachments:
            if model.takes(attachment.modality) is False:
                raise UnsupportedInput(
                    f"{model.key} takes no {attachment.modality} input.",
                    why=f"It takes {', '.join(model.modalities or ())}.",
                    do=f"Choose another: `reckon models --modality {attachment.modality}`.",
                )


def row_key(prompt: Prompt, model: Model) -> str:
    """Digest of everything that decides the answer: model, messages, parameters, media digests."""
    content = [
        model.key,
        [
            [message.role, [_identity(part) for part in message.parts]]
            for message in prompt.messages
        ],
        msgspec.structs.replace(prompt, messages=()),
    ]
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def _identity(part: Part) -> object:
    """What tells a part from another; media by their digest and the size they are sent in."""
    if isinstance(part, Media):
        sent = part.attachment
        return ["media", sent.digest, sent.width, sent.height]
    if isinstance(part, ToolResult):
        return [
            "tool_result",
            part.call_id,
            part.is_error,
            [_identity(each) for each in part.parts],
        ]
    return part
