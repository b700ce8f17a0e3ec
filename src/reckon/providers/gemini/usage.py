"""Usage as Gemini tells it, piece by piece.

`promptTokenCount` includes cached tokens; results of tools that Google runs are counted beside it,
in `toolUsePromptTokenCount`. `candidatesTokenCount` leaves thoughts out, and both are billed as
output. Counts of zero are left out of the JSON.
"""

import msgspec

from reckon.providers.tiers import service_tier
from reckon.providers.untrusted import Json, as_list, as_table, count, part
from reckon.vocabulary.usage import Usage

_MODALITIES = ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT")
"""In the order of their numbers, which are sent where a client asks for `enum-encoding=int`."""


_TRAFFIC_TYPES = ("TRAFFIC_TYPE_UNSPECIFIED", "ON_DEMAND", "PROVISIONED_THROUGHPUT")
"""As above."""


def gemini_usage(told: Json, *, whole: bool, searches: int, maps: bool = False) -> Usage:
    """Usage of the counts told so far.

    Pages of documents count as pictures: Gemini 2.5 calls their tokens DOCUMENT, Gemini 3 IMAGE.

    Args:
        told: All counts of `usageMetadata`, the latest of each.
        whole: Whether the answer has ended; then the total tells an output of which nothing else
            is said, such as that of a blocked answer.
        searches: Different searches that Google ran.
        maps: Whether the answer rests on Google Maps, which is billed by the request.
    """
    prompt, from_tools = count(told, "promptTokenCount"), count(told, "toolUsePromptTokenCount")
    sent = None if prompt is None else prompt + (from_tools or 0)
    said, thought = count(told, "candidatesTokenCount"), count(told, "thoughtsTokenCount")
    received = None if said is None and thought is None else (said or 0) + (thought or 0)
    if whole and received is None and sent is not None:
        total = count(told, "totalTokenCount")
        received = None if total is None else max(0, total - sent)
    usage = Usage(
        input_tokens=sent,
        output_tokens=received,
        cached_input_tokens=part(count(told, "cachedContentTokenCount"), sent),
        reasoning_tokens=part(thought, received),
        web_searches=searches,
        service_tier=_tier(told),
        billed_besides="grounding with Google Maps" if maps else "",
    )
    inputs = _media(told, "promptTokensDetails", "toolUsePromptTokensDetails")
    outputs = _media(told, "candidatesTokensDetails")
    if not inputs and not outputs:
        return usage
    return msgspec.structs.replace(
        usage,
        audio_input_tokens=part(inputs.get("AUDIO"), sent),
        image_input_tokens=part(inputs.get("IMAGE", 0) + inputs.get("DOCUMENT", 0), sent),
        video_input_tokens=part(inputs.get("VIDEO"), sent),
        audio_output_tokens=part(outputs.get("AUDIO"), received),
        image_output_tokens=part(outputs.get("IMAGE"), received),
    )


def _tier(told: Json) -> str:
    """By the name that the Gemini API has for it, or Vertex AI, whose names may be numbers."""
    number = told.get("trafficType")
    if isinstance(number, int):
        known = 0 <= number < len(_TRAFFIC_TYPES)
        told = told | {"trafficType": _TRAFFIC_TYPES[number] if known else f"number {number}"}
    return service_tier(told, "serviceTier", "trafficType")


def _media(told: Json, *names: str) -> dict[str, int]:
    """Tokens of each modality but text, in these lists of details."""
    tokens: dict[str, int] = {}
    for name in names:
        if name not in told:
            continue
        for each in as_list(told[name]):
            row = as_table(each) or {}
            modality = row.get("modality")
            if modality == "TEXT":
                continue
            if isinstance(modality, int) and 0 <= modality < len(_MODALITIES):
                modality = _MODALITIES[modality]
            if isinstance(modality, str):
                tokens[modality] = tokens.get(modality, 0) + (count(row, "tokenCount") or 0)
    return tokens
