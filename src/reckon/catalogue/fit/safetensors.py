"""A folder of weights as MLX and Hugging Face have them: `config.json`, and safetensors beside it.

Of a safetensors file the header alone is read, a JSON object that says where each tensor lies.
"""

from pathlib import Path
from typing import Any, NamedTuple, NoReturn, cast

import msgspec

from reckon.catalogue.fit import shape, weights
from reckon.catalogue.fit.gguf import Tensor
from reckon.errors import SourceError

LARGEST_HEADER = 100 << 20
"""Bytes; the format allows no more."""
LARGEST_CONFIG = 16 << 20


class Folder(NamedTuple):
    """What a folder says of its model."""

    sizes: weights.Sizes
    shape: shape.Shape | None


class _Entry(msgspec.Struct, frozen=True):
    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


def read_folder(folder: Path) -> Folder:
    """Sizes and shape of the model in a folder.

    Raises:
        SourceError: There is no `config.json`, or no safetensors file, or one is broken.
    """
    config = _config(folder / "config.json")
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise SourceError(
            f"There are no weights in {folder}.",
            why="It has no file that ends in .safetensors.",
            do="Give the folder of an MLX model, or a GGUF file.",
        )
    tensors = [tensor for file in files for tensor in read(file)]
    bits = _bits(config)
    kind = weights.most_of(tensors) if bits is None else f"MLX-{bits}BIT"
    sizes = weights.of_tensors(tensors, _asked_share(config), kind)
    if bits is not None:
        # Packed weights stand in words of 32 bits, with scales beside them.
        count = sum(each.weights * 32 // bits for each in tensors if each.type == "U32")
        sizes = msgspec.structs.replace(
            sizes,
            parameters=float(count),
            active_parameters=count * sizes.read / sizes.total if sizes.total else None,
        )
    return Folder(sizes, shape.of_config(config))


def read(path: Path) -> list[Tensor]:
    """The tensors of a safetensors file.

    Raises:
        SourceError: It is none, is broken or cut off.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            head = file.read(8)
            length = int.from_bytes(head, "little")
            if len(head) < 8 or length > min(LARGEST_HEADER, size - 8):
                _fail(path, "Its first eight bytes are no length of a header.")
            return parse(file.read(length), size - 8 - length, str(path))
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read.", why=error.strerror or str(error), do="Check its permissions."
        ) from error


def parse(header: bytes, room: int, name: str) -> list[Tensor]:
    """The tensors that a header names.

    Args:
        header: The JSON object.
        room: Bytes of the file after it.
        name: What the file is called in errors.

    Raises:
        SourceError: It is no header, or a tensor does not lie in the file.
    """
    try:
        found = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
        found.pop("__metadata__", None)
        entries = {key: msgspec.json.decode(raw, type=_Entry) for key, raw in found.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        _fail(name, f"Its header is malformed: {error}.", error)
    tensors: list[Tensor] = []
    for key, entry in entries.items():
        start, end = entry.data_offsets
        if not 0 <= start <= end or min(entry.shape, default=0) < 0:
            _fail(name, "A tensor has a size below zero.")
        if end > room:
            _fail(name, f"A tensor ends at byte {end:,} of its data, and there are {room:,}.")
        tensors.append(Tensor(key, entry.shape, entry.dtype, end - start))
    return tensors


def _config(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            _fail(path, "It is too large for a configuration.")
        found: Any = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError as error:
        raise SourceError(
            f"There is no model in {path.parent}.",
            why="It has no config.json.",
            do="Give the folder of an MLX model, or a GGUF file.",
        ) from error
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read.", why=error.strerror or str(error), do="Check its permissions."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _fail(path, f"It is no JSON: {error}.", error)
    if not isinstance(found, dict):
        _fail(path, "It is no JSON object.")
    return cast("dict[str, Any]", found)


def _bits(config: dict[str, Any]) -> int | None:
    """Bits of MLX's quantisation."""
    told: Any = config.get("quantization")
    bits: Any = cast("dict[str, Any]", told).get("bits") if isinstance(told, dict) else None
    return bits if isinstance(bits, int) and 0 < bits <= 8 else None


def _asked_share(config: dict[str, Any]) -> float:
    """Of the experts, those that a token asks."""
    text: Any = config.get("text_config")
    merged = {**config, **cast("dict[str, Any]", text)} if isinstance(text, dict) else config
    asked: Any = merged.get("num_experts_per_tok")
    for name in ("num_experts", "num_local_experts", "n_routed_experts"):
        experts: Any = merged.get(name)
        if isinstance(experts, int) and isinstance(asked, int) and 0 < asked <= experts:
            return asked / experts
    return 1.0


def _fail(path: Path | str, why: str, error: Exception | None = None) -> NoReturn:
    raise SourceError(
        f"{path} cannot be read.", why=why, do="Download it again, or give a GGUF file."
    ) from error
