"""What training took: our own table of runs."""

import difflib
from functools import cache

import msgspec

from reckon.catalogue.block import DATA
from reckon.errors import UnknownModel
from reckon.vocabulary.training import Training, Trainings

RUNS = DATA / "training" / "runs.toml"
NEAREST = 3


@cache
def trainings() -> Trainings:
    """All runs and GPUs of our table."""
    return msgspec.toml.decode(RUNS.read_bytes(), type=Trainings)


def find(name: str) -> Training:
    """The run of that model; a provider before the name and `-instruct` after it do not matter.

    Raises:
        UnknownModel: No run of that model is known; names the nearest.
    """
    plain = name.strip().lower().rpartition("/")[2].removesuffix("-instruct")
    runs = {run.model: run for run in trainings().run}
    if plain in runs:
        return runs[plain]
    near = difflib.get_close_matches(plain, runs, n=NEAREST, cutoff=0.5)
    raise UnknownModel(
        f"No source says what the training of {name!r} took.",
        why=f"The nearest are {', '.join(near)}." if near else "",
        do="`reckon models training` lists all that are known; for another, give --parameters "
        "and --tokens.",
    )
