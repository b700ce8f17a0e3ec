"""How good a model is, by somebody's measure. A score means nothing without its method."""

import datetime as dt

import msgspec


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One model's place on one board on one day. None means that the board does not say."""

    model: str
    """As the board writes it."""
    organization: str
    """In the one spelling that we use for it; empty: unknown."""
    organization_written: str = ""
    """As the board writes it; empty where it names none."""
    key: str | None = None
    """A second name of the model, where the board has one beside the name it shows."""
    board: dt.date
    """The day of the board."""
    method: str
    """How the score was made: votes by people, on which questions, rated how."""
    source: str
    """Repository and commit, or address, that it was read from."""
    score: float
    """On the scale of the method: in arenas 400 points are odds of ten to one."""
    low: float | None = None
    """Lower end of the 95% interval."""
    high: float | None = None
    rank: int | None = None
    """1 and one for each model whose interval is wholly above: equals share a rank."""
    votes: int | None = None
    licence: str | None = None


def figure(value: float) -> str:
    """A score as people read it: whole points of an arena, and the digits of a small scale."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:g}"
