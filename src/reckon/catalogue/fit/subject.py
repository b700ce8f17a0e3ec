"""What is asked about: a row of the catalogue, a file or a folder here, or a file on a server."""

import re
from pathlib import Path

import msgspec

from reckon.catalogue.fit import gguf, shape, weights
from reckon.catalogue.fit.machine import Machine
from reckon.catalogue.fit.verdict import Case, Fit, judge, judge_weights
from reckon.catalogue.load import Catalogue, load
from reckon.errors import SourceError, UnknownModel, UsageError
from reckon.vocabulary.model import Model

DEFAULT_QUANTISATION = "Q4_K_M"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A model with the sizes of its weights."""

    name: str
    source: str
    """Where its figures come from."""
    repository: str | None = None
    """Where its weights are published, as `OWNER/NAME` of the hub."""
    sizes: weights.Sizes
    shape: shape.Shape | None


def find(name: str, quantisation: str | None = None) -> Subject:
    """The model of that name, or in that file.

    Args:
        name: A name of the catalogue or of the hub; a GGUF file or the folder of an MLX model; the
            address of a GGUF file.
        quantisation: How its weights are kept; None: as they are in a file, else Q4_K_M.

    Raises:
        UnknownModel: No such model; names the nearest.
        UsageError: It has no weights to be had, or none of that quantisation.
        SourceError: The file cannot be read.
    """
    kind = None if quantisation is None else weights.quantisation(quantisation)
    if re.match(r"https?://", name, re.IGNORECASE):
        _no_choice(name, kind)
        return _of_url(name)
    path = Path(name).expanduser()
    if name.lower().endswith(".gguf") or (path.exists() and not _is_known(name)):
        _no_choice(name, kind)
        return _of_path(path)
    return of_model(_model(load(), name), kind or DEFAULT_QUANTISATION)


def of_model(model: Model, kind: str) -> Subject:
    """A row of the catalogue in a quantisation.

    Raises:
        UsageError: Its weights cannot be had, or are not described.
    """
    if model.weights is None:
        raise UsageError(
            f"The weights of {model.key} are not known.",
            why="It runs at its provider only, or no row describes its weights.",
            do="Name one of `reckon models list --open-weights`, or give a GGUF file.",
        )
    form = shape.of_weights(model.weights, model.context_tokens)
    sizes = weights.by_rule(model.weights, form, kind)
    if sizes is None:
        raise UsageError(
            f"How many weights {model.key} has is not known.",
            why="Its row gives neither its parameters nor its layers.",
            do="Give a GGUF file of it.",
        )
    return Subject(
        name=model.key,
        source=model.source,
        repository=model.weights.repository,
        sizes=sizes,
        shape=form,
    )


def judged(
    subject: Subject,
    machine: Machine,
    context: int | None = None,
    *,
    kv_type: str = "f16",
    sequences: int = 1,
    flash_attention: bool = True,
) -> Fit:
    """Whether it fits; see `judge`."""
    if subject.shape is None:
        return judge_weights(machine, subject.sizes, context)
    case = Case(
        machine=machine,
        sizes=subject.sizes,
        shape=subject.shape,
        kv_type=kv_type,
        sequences=sequences,
        flash_attention=flash_attention,
    )
    return judge(case, context)


def open_models(catalogue: Catalogue) -> list[Model]:
    """Models whose weights are described, each once however many providers serve it."""
    found: dict[object, Model] = {}
    for model in catalogue.models:
        if model.weights is not None:
            found.setdefault(model.weights.repository or model.weights, model)
    return list(found.values())


def fits(model: Model, machine: Machine) -> bool:
    """Whether it fits in Q4_K_M, with 8,192 tokens of context or what it is made for.

    A model of which too little is known does not.
    """
    try:
        subject = of_model(model, DEFAULT_QUANTISATION)
    except UsageError:
        return False
    return judged(subject, machine).verdict == "fits"


def _of_path(path: Path) -> Subject:
    if path.is_dir():
        files = sorted(path.glob("*.gguf"))
        if files and not (path / "config.json").exists():
            return _of_path(files[0])
        from reckon.catalogue.fit import safetensors

        folder = safetensors.read_folder(path)
        return Subject(
            name=path.resolve().name, source=str(path), sizes=folder.sizes, shape=folder.shape
        )
    if not path.exists():
        raise SourceError(
            f"There is no file {path}.",
            why="Nothing is there under that name.",
            do="Check the name, or give the address of the file.",
        )
    return _of_header(gguf.read(path), path.name, str(path))


def _of_url(url: str) -> Subject:
    # The HTTP client is loaded for an address alone.
    from reckon.catalogue.fit import remote
    from reckon.net import run

    plain = url.partition("?")[0]
    return _of_header(run(remote.read(url), single=True), plain.rpartition("/")[2], plain)


def _of_header(header: gguf.Header, name: str, source: str) -> Subject:
    return Subject(
        name=name, source=source, sizes=weights.of_gguf(header), shape=shape.of_gguf(header)
    )


def _no_choice(name: str, kind: str | None) -> None:
    if kind is not None:
        raise UsageError(
            f"{name} has its quantisation already.",
            why="A file is taken as it is.",
            do="Leave --quant out, or name a model of the catalogue.",
        )


def _is_known(name: str) -> bool:
    try:
        _model(load(), name)
    except UnknownModel:
        return False
    return True


def _model(catalogue: Catalogue, name: str) -> Model:
    """The model of that name; with open weights also by the name that the hub has for it.

    `llama-3.2-3b` is Llama-3.2-3B-Instruct: what was trained further has the same weights to keep.
    """
    try:
        found = catalogue.find(name)
        if found.weights is not None or catalogue.lists(found.key):
            return found
    except UnknownModel:
        open_ones = [model for model in catalogue.models if model.weights is not None]
        wanted, plain = name.strip().lower(), _plain(name)
        same = [model for model in open_ones if wanted in _hub_names(model)]
        same = same or [m for m in open_ones if plain in map(_plain, _hub_names(m))]
        if not same:
            raise
        # Providers serve the same weights with windows of their own; a machine may have it all.
        return max(same, key=lambda model: model.context_tokens or 0)
    return found


_VARIANT = re.compile(r"\b(?:instruct|it|chat|hf|base|meta)\b|[^a-z0-9.]")
"""Words of a name that do not change how large a model is, and marks between words."""


def _plain(name: str) -> str:
    return _VARIANT.sub("", name.strip().lower())


def _hub_names(model: Model) -> set[str]:
    repository = (model.weights.repository if model.weights else None) or ""
    names = (model.id, *model.aliases, model.name, repository)
    return {each.lower() for name in names for each in (name, name.rpartition("/")[2]) if each}
