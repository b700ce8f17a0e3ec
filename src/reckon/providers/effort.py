"""Tokens of reasoning that an effort stands for, at models that take a number and no word.

The numbers are those that Google's OpenAI-compatible endpoint puts in for the words, by
ai.google.dev/gemini-api/docs/openai; more than its highest is not to be had by a word.
"""

from reckon.errors import UnsupportedInput
from reckon.vocabulary.model import Model
from reckon.vocabulary.prompt import Effort

BUDGETS: dict[Effort, int] = {
    "none": 0,
    "minimal": 1024,
    "low": 1024,
    "medium": 8192,
    "high": 24_576,
    "xhigh": 24_576,
    "max": 24_576,
}


def refuse_where_none(effort: Effort | None, model: Model) -> None:
    """Refuse an effort at a model that does not reason; none is what it does anyway.

    Raises:
        UnsupportedInput: Another effort is asked for.
    """
    if model.effort_style == "none" and effort not in (None, "none"):
        raise UnsupportedInput(
            f"The effort {effort!r} cannot be sent to {model.id}.",
            why="The model does not reason before it answers.",
            do="Leave the effort out, or choose a model that reasons.",
        )
