"""Service tiers in the words of all providers: how fast an answer was wanted, hence its price."""

from reckon.providers.untrusted import Json, text

_LONGEST = 40
"""Letters of a tier's name that are kept."""

_STANDARD = frozenset(
    "auto default standard on_demand unspecified service_tier_unspecified"
    " traffic_type_unspecified".split()
)
"""Names of the tier that the price list is for. `auto` is the request's word, which an answer
repeats until it is known which tier served it."""

_NAMES = {
    "on_demand_flex": "flex",
    "on_demand_priority": "priority",
    "provisioned_throughput": "provisioned",
}
"""Vertex AI's names."""


def service_tier(told: Json, *fields: str) -> str:
    """The tier that served an answer, by the first of these fields that says one.

    Gives an empty word for the standard one, and where nothing is said.
    """
    for name in fields:
        word = text(told, name).lower()
        if word:
            return "" if word in _STANDARD else _NAMES.get(word, word)[:_LONGEST]
    return ""
