"""A machine that models could run on, from words: `64GB Mac`, `2x RTX 3090 + 64GB RAM`.

What is known of chips is in `machines.toml`. Nothing is matched by likeness: a name that is not
there is an error that names the nearest.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

import msgspec

from reckon.errors import CatalogueError, UsageError
from reckon.vocabulary.price import Interval

TABLE = Path(__file__).with_name("machines.toml")
GIB = 1 << 30
MOST_GIB = 1 << 20
MOST_GPUS = 64

Kind = Literal["mac", "phone", "shared", "nvidia", "gpu"]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One chip of the table."""

    name: str
    kind: Kind
    memory_gib: tuple[float, ...]
    """What it is sold with; the first where none is named."""
    bandwidth_gb_per_s: tuple[float, ...]
    source: str
    aliases: tuple[str, ...] = ()
    tflops: float | None = None


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """A graphics card with memory of its own."""

    name: str
    memory_bytes: int
    bandwidth: Interval | None
    """10^9 bytes a second; None: unknown."""
    tflops: float | None = None
    nvidia: bool = False


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Memory and its speed."""

    name: str
    kind: Literal["mac", "phone", "shared", "computer"]
    """`shared`: one memory for both processors, not Apple's; `computer`: memory, and perhaps
    cards."""
    memory_bytes: int | None
    """Main memory, or the one memory; None: it was not said."""
    bandwidth: Interval | None
    """Of that memory, in 10^9 bytes a second; None: unknown."""
    tflops: float | None = None
    gpus: tuple[Gpu, ...] = ()
    gpu_limit_bytes: int | None = None
    """What its owner lets the graphics processor use of the one memory; None: the default."""
    notes: tuple[str, ...] = ()
    """What was taken for granted."""


class Table(NamedTuple):
    """`machines.toml`, read."""

    rows: tuple[Row, ...]
    names: dict[str, Row]
    """By name without its maker, in small letters."""
    ram: dict[str, Interval]
    """Bandwidth of main memory, by its standard."""
    sources: dict[str, str]


@cache
def table() -> Table:
    """What is known of machines.

    Raises:
        CatalogueError: The file is malformed.
    """
    try:
        read = tomllib.loads(TABLE.read_text(encoding="utf-8"))
        rows = msgspec.convert(read["machine"], tuple[Row, ...])
        ram = msgspec.convert(read["ram"], dict[str, tuple[float, float]])
        sources = msgspec.convert(read["sources"], dict[str, str])
    except (OSError, ValueError, KeyError) as error:
        raise CatalogueError(f"{TABLE} is malformed.", why=str(error)) from error
    return Table(
        rows,
        {plain(name): row for row in rows for name in (row.name, *row.aliases)},
        {name: between(ends) for name, ends in ram.items()},
        sources,
    )


_PLUS = re.compile(r"(?<!max)\+|,|&|\band\b|\bwith\b", re.IGNORECASE)
"""Between the parts of a machine; AMD has chips whose names end in `Max+`."""


def parse(text: str) -> Machine:
    """The machine that these words mean.

    Args:
        text: `64GB Mac`, `M2 Max 64GB`, `RTX 4090 + 64GB RAM`, `2x H100`, `16GB RAM`,
            `iPhone 15 Pro`.

    Raises:
        UsageError: A part is not known, or memory is missing or stands there twice.
    """
    parts = [
        part for part in _PLUS.split(text.replace("\N{MULTIPLICATION SIGN}", "x")) if part.strip()
    ]
    if not parts:
        _fail(text, "Nothing is named.")
    gpus: list[Gpu] = []
    whole: list[Machine] = []
    for part in parts:
        count, size, words = _taken_apart(text, part)
        if size is None and len(parts) > 1 and set(words.split()) <= _COMPUTERS:
            # `PC with 16GB of RAM`
            continue
        found = _part(text, count, size, words)
        if isinstance(found, Machine):
            whole.append(found)
        else:
            gpus += found
    if len(whole) > 1:
        _fail(text, "It has more than one main memory.")
    if len(gpus) > MOST_GPUS:
        _fail(text, f"It has more than {MOST_GPUS} cards.")
    if whole and (not gpus or whole[0].kind == "computer"):
        return msgspec.structs.replace(whole[0], gpus=tuple(gpus), name=_name(gpus, whole[0]))
    if whole:
        _fail(text, f"A card cannot be put into {whole[0].name}.")
    return Machine(
        name=_name(gpus, None),
        kind="computer",
        memory_bytes=None,
        bandwidth=None,
        gpus=tuple(gpus),
        notes=("Its main memory was not named, so that nothing is put there.",),
    )


def _taken_apart(text: str, part: str) -> tuple[int, float | None, str]:
    """How many, gibibytes of each, and the other words."""
    count = 1
    many = re.match(r"\s*(\d{1,3})\s*[x*]\s*(?=\S)", part, re.IGNORECASE)
    if many:
        count, part = int(many[1]), part[many.end() :]
    else:
        many = re.search(r"\s[x*]\s*(\d{1,3})\s*$", part, re.IGNORECASE)
        if many:
            count, part = int(many[1]), part[: many.start()]
    sizes = list(re.finditer(r"(\d+(?:\.\d+)?)\s*(gib|gb|g|tib|tb|mb|mib)\b", part, re.IGNORECASE))
    if len(sizes) > 1:
        _fail(text, f"{part.strip()!r} has two sizes.")
    size = None
    if sizes:
        unit = {"t": 1024, "m": 1 / 1024}.get(sizes[0][2][0].lower(), 1)
        size = float(sizes[0][1]) * unit
        part = part[: sizes[0].start()] + " " + part[sizes[0].end() :]
    if not count or (size is not None and not 0.25 <= size <= MOST_GIB):
        _fail(text, "No machine has that size.")
    return count, size, plain(part)


_MACS = {"mac", "macbook", "mini", "studio", "imac", "air", "pro", "apple", "silicon", "laptop"}
_COMPUTERS = {
    *("ram", "memory", "pc", "laptop", "desktop", "computer", "server", "machine", "cpu", "system"),
    *("of", "main", "linux", "windows", "dram"),
}
_CARDS = {"gpu", "vram", "card", "graphics"}


def _part(text: str, count: int, size: float | None, words: str) -> Machine | list[Gpu]:
    row = _row(words)
    if row is not None and row.kind in ("nvidia", "gpu"):
        return [_gpu(row, size)] * count
    if row is not None:
        return _unified(text, row, size)
    each = set(words.split())
    standard = next((name for name in table().ram if name.lower() in each), None)
    rest = each - _COMPUTERS - {name.lower() for name in table().ram}
    if not rest and size is not None:
        return _computer(size * count, standard)
    if each & {"mac", "macbook", "imac"} and each <= _MACS:
        if size is None:
            _fail(
                text, "How much memory the Mac has is not said.", do="Say it: --machine '64GB Mac'"
            )
        return _some_mac(size)
    if each <= _CARDS and each and size is not None:
        card = Gpu(name=f"{size:g} GB card", memory_bytes=round(size * GIB), bandwidth=None)
        return [card] * count
    return _unknown(text, words)


def _unknown(text: str, words: str) -> NoReturn:
    # Imported here: only a mistake needs it.
    import difflib

    near = difflib.get_close_matches(words, table().names, n=3, cutoff=0.5)
    names = dict.fromkeys(table().names[name].name for name in near)
    nearest = f" The nearest are {', '.join(names)}." if names else ""
    _fail(text, f"No machine {words!r} is known.{nearest}")


def plain(name: str) -> str:
    """A name in small letters, without its maker."""
    words = re.sub(r"[^a-z0-9]+", " ", name.lower()).split()
    return " ".join(word for word in words if word not in _MAKERS)


_MAKERS = {
    "nvidia",
    "geforce",
    "rtx",
    "rx",
    "amd",
    "radeon",
    "apple",
    "instinct",
    "tesla",
    "corporation",
    "sxm",
}


def _row(words: str) -> Row | None:
    names = table().names
    if words in names:
        return names[words]
    without = " ".join(word for word in words.split() if word not in ("ram", "vram", "memory"))
    if without in names:
        return names[without]
    # `macbook pro m2 max`, `m2 max mac studio`: what is left beside the chip is a Mac.
    for name, row in names.items():
        if row.kind == "mac" and re.search(rf"\b{name}\b", without):
            rest = set(re.sub(rf"\b{name}\b", " ", without, count=1).split())
            longer = any(name != other and name in other and other in without for other in names)
            if rest <= _MACS and rest & {"mac", "macbook", "imac"} and not longer:
                return row
    return None


def _gpu(row: Row, size: float | None) -> Gpu:
    return Gpu(
        name=row.name,
        memory_bytes=round((size or row.memory_gib[0]) * GIB),
        bandwidth=between(row.bandwidth_gb_per_s),
        tflops=row.tflops,
        nvidia=row.kind == "nvidia",
    )


def _unified(text: str, row: Row, size: float | None) -> Machine:
    if size is None:
        if len(row.memory_gib) > 1:
            sold = ", ".join(f"{each:g}" for each in row.memory_gib)
            _fail(
                text,
                f"The {row.name} comes with {sold} GB.",
                do=f"Say which: --machine '{row.name} {row.memory_gib[-1]:g}GB'",
            )
        size = max(row.memory_gib)
    return Machine(
        name=row.name if row.kind == "phone" else f"{row.name}, {size:g} GB",
        kind="mac" if row.kind == "mac" else "phone" if row.kind == "phone" else "shared",
        memory_bytes=round(size * GIB),
        bandwidth=between(row.bandwidth_gb_per_s),
        tflops=row.tflops,
    )


def _some_mac(size: float) -> Machine:
    """A Mac of which the memory alone is known."""
    chips = [row for row in table().rows if row.kind == "mac" and size in row.memory_gib]
    note = "Its chip was not named"
    if chips:
        slow = min(chips, key=lambda row: row.bandwidth_gb_per_s[0]).name
        fast = max(chips, key=lambda row: row.bandwidth_gb_per_s[-1]).name
        note += f": the speed is that of every chip with {size:g} GB, from {slow} to {fast}."
    else:
        note += ", and none that is known has so much memory, so that the speed is unknown."
    speeds = tuple(sorted(speed for row in chips for speed in row.bandwidth_gb_per_s))
    return Machine(
        name=f"Mac, {size:g} GB",
        kind="mac",
        memory_bytes=round(size * GIB),
        bandwidth=Interval(speeds[0], speeds[len(speeds) // 2], speeds[-1]) if speeds else None,
        notes=(note,),
    )


def _computer(size: float, standard: str | None) -> Machine:
    known = table().ram
    if standard:
        bandwidth = known[standard]
        note = f"{standard} in two channels."
    else:
        low = min(each.low for each in known.values())
        high = max(each.high for each in known.values())
        bandwidth = Interval(low, (low + high) / 2, high)
        note = f"The kind of memory was not named: {' or '.join(known)} in two channels."
    return Machine(
        name=f"{size:g} GB {standard or 'RAM'}",
        kind="computer",
        memory_bytes=round(size * GIB),
        bandwidth=bandwidth,
        notes=(note,),
    )


def _name(gpus: list[Gpu], whole: Machine | None) -> str:
    return " + ".join([*_counted(gpus), *([whole.name] if whole else [])])


def _counted(gpus: list[Gpu]) -> Iterator[str]:
    for name in dict.fromkeys(gpu.name for gpu in gpus):
        count = sum(gpu.name == name for gpu in gpus)
        yield f"{count}x {name}" if count > 1 else name


def between(ends: tuple[float, ...]) -> Interval:
    """From the first of these to the last."""
    return Interval(ends[0], (ends[0] + ends[-1]) / 2, ends[-1])


def _fail(text: str, why: str, *, do: str = "") -> NoReturn:
    raise UsageError(
        f"There is no machine {text.strip()!r}."
        if text.strip()
        else "The machine's name is empty.",
        why=why,
        do=do or "Name memory and chip: '64GB Mac', 'RTX 4090 + 64GB RAM', 'iPhone 15 Pro'.",
    )
