"""Who stands above whom: models of the catalogue joined with their scores on a board.

Above is asked in three ways, and the answers differ:

* `score`: the point score is higher. No uncertainty at all.
* `rank`: the board's own rank is better. By its rule the whole interval of at least one more model
  lies above the one that is passed.
* `probability`: the true score is higher with a probability of more than 0.95, when both 95%
  intervals are taken as those of independent normal distributions.
"""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from reckon.catalogue import boards
from reckon.catalogue.boards import Board, spelled
from reckon.catalogue.load import Catalogue
from reckon.errors import UnknownModel, UsageError
from reckon.vocabulary.model import Modality, Model
from reckon.vocabulary.score import Score, figure

By = Literal["score", "rank", "probability"]

SURE = 0.95
"""Probability above which a model counts as better, where that is the question."""

Z95 = 1.959963984540054
"""Half the width of a 95% interval, in standard errors."""


class Standing(NamedTuple):
    """A model with its place. One that only a board knows has no provider and no price."""

    model: Model
    score: Score | None
    probability: float | None = None
    """That its true score is above the one of the model it is held against; None: no interval."""


class Beaten(NamedTuple):
    """What was asked, and all that the board answers, before any other condition."""

    board: Board
    reference: Score
    by: By
    above: tuple[Score, ...]

    @property
    def organizations(self) -> tuple[str, ...]:
        """Whose models stand above, each once, in alphabetical order."""
        return tuple(sorted({each.organization for each in self.above} - {""}, key=str.casefold))

    def sentence(self) -> str:
        """The answer in words, with question, board and method."""
        count = len(self.above)
        whose = len(self.organizations)
        written = len({each.organization_written for each in self.above} - {""})
        spellings = f" ({written} as written there)" if written > whose else ""
        stand = "1 model stands" if count == 1 else f"{count} models stand"
        return (
            f"{stand} above {_with_place(self.reference)} on the board of {self.board.date} "
            f"{_QUESTION[self.by]}: {whose} organization{'' if whose == 1 else 's'}{spellings}.\n"
            f"Method: {self.board.method}.\nSource: {self.board.source}."
        )


_QUESTION: dict[By, str] = {
    "score": "by score, uncertainty left aside",
    "rank": "by the rank that the board gives",
    "probability": f"with a probability above {SURE} that the true score is higher",
}


def _with_place(score: Score) -> str:
    return f"{score.model} ({place(score)})"


def place(score: Score) -> str:
    """A score with its interval and rank, as far as the board gives them."""
    parts = [figure(score.score)]
    if score.low is not None and score.high is not None:
        parts.append(f"{figure(score.low)} to {figure(score.high)}")
    if score.rank is not None:
        parts.append(f"rank {score.rank}")
    return ", ".join(parts)


def names_of(model: Model) -> tuple[str, ...]:
    """What a board may call a model, the likeliest first.

    Its name for people is none of them: one name is often that of all versions.
    """
    within = model.id.rpartition("/")[2]
    return (*model.arena_names, model.id, *model.aliases, within)


def score_of(model: Model, board: Board) -> Score | None:
    """The model's score on a board; None where the board has none of its names."""
    places = board.places
    for name in names_of(model):
        score = places.get(spelled(name))
        if score is not None:
            return score
    return None


def scores_of(model: Model) -> list[Score]:
    """The model's scores on all boards of arenas, newest first, under each of its names."""
    names = names_of(model)
    found: list[Score] = []
    for board in boards.newest_first():
        each = (board.find(spelling) for spelling in names)
        found += dict.fromkeys(score for score in each if score)
    return found


def scores_on(models: Iterable[Model], day: dt.date) -> dict[str, Score]:
    """By `provider/id`, the scores on the arena's newest board of that day or before it."""
    try:
        board = boards.pick(day.isoformat())
    except UsageError:
        return {}  # there was no board yet
    found = ((model.key, score_of(model, board)) for model in models)
    return {key: score for key, score in found if score}


def beaten(
    catalogue: Catalogue, name: str, *, by: By = "score", board: str | None = None
) -> Beaten:
    """Which scores of a board are above a model's.

    Args:
        catalogue: Knows what boards call a model of that name.
        name: The model, as the board or as the catalogue names it.
        by: What above means; see the head of this module.
        board: As `boards.pick` takes it; None: the newest board that can tell.

    Raises:
        UsageError: No such board, the model is not on it, or the board cannot tell.
    """
    names = (name, *_known_names(catalogue, name))
    on = _newest_with(names, by) if board is None else boards.pick(board)
    if on is None:
        raise boards.not_on(boards.pick(None), name)
    lacks = _lacks(on, by)
    if lacks:
        raise UsageError(
            f"The board of {on.date} cannot tell by {by}.",
            why=f"It has no {lacks}: {on.method}.",
            do=f"Boards that can: {', '.join(_that_can(by))}; or ask --by score.",
        )
    reference = on.find(*names)
    if reference is None:
        raise boards.not_on(on, name)
    if by == "rank" and reference.rank is None:
        raise UsageError(
            f"The board of {on.date} gives {reference.model} no rank.", do="Ask --by score."
        )
    above = tuple(each for each in on.scores if _is_above(each, reference, by))
    return Beaten(on, reference, by, above)


def _newest_with(names: tuple[str, ...], by: By) -> Board | None:
    """The newest board that has the model and can tell, else the newest that has it."""
    newest: Board | None = None
    for board in boards.newest_first():
        if board.find(*names):
            if not _lacks(board, by):
                return board
            newest = newest or board
    return newest


def _known_names(catalogue: Catalogue, name: str) -> tuple[str, ...]:
    try:
        return names_of(catalogue.find(name))
    except UnknownModel:
        return ()


def _lacks(board: Board, by: By) -> str:
    if by == "rank" and not board.has_ranks:
        return "ranks"
    return "intervals" if by == "probability" and not board.has_intervals else ""


def _that_can(by: By) -> list[str]:
    return [name for name, path in boards.known().items() if not _lacks(boards.read(path), by)]


def _is_above(score: Score, reference: Score, by: By) -> bool:
    if by == "score":
        return score.score > reference.score
    if by == "rank":
        return score.rank is not None and score.rank < (reference.rank or 0)
    return (probability_above(score, reference) or 0) > SURE


def probability_above(score: Score, other: Score) -> float | None:
    """Probability that the true score of one is above the other's; None without intervals."""
    variances = [_variance(each) for each in (score, other)]
    if None in variances:
        return None
    spread = math.sqrt(sum(variance for variance in variances if variance is not None))
    gap = score.score - other.score
    if spread == 0:
        return 0.5 if gap == 0 else float(gap > 0)
    return 0.5 * math.erfc(-gap / spread / math.sqrt(2))


def _variance(score: Score) -> float | None:
    if score.low is None or score.high is None:
        return None
    return ((score.high - score.low) / 2 / Z95) ** 2


def standings_above(
    found: Beaten,
    models: Sequence[Model],
    *,
    first_party: Sequence[str] = (),
    words: str = "",
    unlisted: bool = True,
) -> list[Standing]:
    """One row for each score above, in the order of the scores, with the model that serves it.

    Args:
        found: What is above.
        models: The models that answer to the other conditions.
        first_party: Providers that are preferred where several serve a model.
        words: All in the name or organisation of a model that only the board knows.
        unlisted: Whether models that only the board knows are wanted at all.
    """
    by_score: dict[str, tuple[bool, bool, Model]] = {}
    for model in models:
        score = score_of(model, found.board)
        if score is not None:
            # Its maker's service first, then the row that is called as the board calls it.
            called = spelled(model.id) in (spelled(score.model), spelled(score.key or ""))
            served = (model.provider in first_party, called, model)
            if score.model not in by_score or served[:2] > by_score[score.model][:2]:
                by_score[score.model] = served
    wanted = words.lower().split()
    rows: list[Standing] = []
    for score in sorted(found.above, key=lambda score: -score.score):
        *_, model = by_score.get(score.model, (None,))
        if model is None:
            text = f"{score.model} {score.organization}".lower()
            if not unlisted or not all(word in text for word in wanted):
                continue
            model = _only_on_board(score)
        rows.append(Standing(model, score, probability_above(score, found.reference)))
    return rows


def _only_on_board(score: Score) -> Model:
    return Model(
        id=score.model,
        provider="",
        organization=score.organization,
        name=score.model,
        licence=score.licence,
        arena_names=(score.model,),
        source=f"the board of {score.board}",
    )


class Listing(NamedTuple):
    """Models with their scores, and the question where one was asked."""

    rows: list[Standing]
    beaten: Beaten | None


def listing(
    catalogue: Catalogue,
    query: str = "",
    *,
    beats: str | None = None,
    by: By = "score",
    board: str | None = None,
    provider: str | None = None,
    modality: Modality | None = None,
    min_context: int | None = None,
    open_weights: bool = False,
    free_tier: bool = False,
    max_price: Decimal | None = None,
) -> Listing:
    """`Catalogue.search`, with scores, and with what beats a model.

    With `beats` and no condition but the words, models that only the board knows are listed too.

    Raises:
        UsageError: As `beaten`; no such provider.
    """
    models = catalogue.search(
        query,
        provider=provider,
        modality=modality,
        min_context=min_context,
        open_weights=open_weights,
        free_tier=free_tier,
        max_price=max_price,
    )
    if beats is None:
        on = boards.pick(board)
        return Listing([Standing(model, score_of(model, on)) for model in models], None)
    found = beaten(catalogue, beats, by=by, board=board)
    told = provider is None and modality is None and min_context is None and max_price is None
    rows = standings_above(
        found,
        models,
        first_party=catalogue.first_parties,
        words=query,
        unlisted=told and not open_weights and not free_tier,
    )
    return Listing(rows, found)
