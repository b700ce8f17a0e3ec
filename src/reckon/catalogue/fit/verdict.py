"""The verdict: whether a model's weights, cache and buffers fit into a machine's memory.

Where there is one memory for both processors, the graphics processor may use a share of it; where
cards have their own, what does not fit there can stay in main memory, layer by layer, and is read
at that memory's speed.
"""

from typing import Literal

import msgspec

from reckon.catalogue.fit import cache, speed
from reckon.catalogue.fit.machine import GIB, Machine
from reckon.catalogue.fit.shape import Shape
from reckon.catalogue.fit.weights import Sizes
from reckon.vocabulary.price import Interval

Verdict = Literal["fits", "less context", "offload", "does not fit", "unknown"]
"""It fits; it would with less context; it does where some layers stay in main memory; it does not;
too little of the model is known."""

LEAST_CONTEXT = 2_048
"""Tokens below which a smaller context is no help."""
MOST_CONTEXT = 1 << 20
DEFAULT_CONTEXT = 8_192

MAC_SHARES = ((36 * GIB, 2 / 3), (None, 3 / 4))
"""What Metal lets the graphics processor use: two thirds of less than 36 GiB (10,922 of 16,384 MiB
in https://github.com/abetlen/llama-cpp-python/issues/687, 21,845 of 32,768 in
https://github.com/ollama/ollama/issues/434), three quarters of more (49,152 of 65,536 in
https://github.com/ggml-org/llama.cpp/issues/1870). Systems of 2026 give up to 84% (107.52 of 128
GiB in https://github.com/antirez/ds4/pull/893)."""
PHONE_SHARE = 0.75
"""What an app with the entitlement for more memory gets: 6 of 8 GB
(https://github.com/introlab/rtabmap/pull/1446)."""
SHARED_SHARE = 0.75
"""Of other machines with one memory; their owners can set more."""
CARD_SHARE = 0.975
"""Of a card's memory; the driver and the screen take the rest."""
MAC_RUNTIME = GIB // 4
CARD_RUNTIME = GIB // 2
"""What CUDA or ROCm takes on each card."""
COMPUTER_RUNTIME = GIB // 8


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """What one model takes on one machine. All of it is estimated."""

    machine: str
    context: int
    """Tokens."""
    kv_type: str
    weights_bytes: int
    kv_bytes: int | None
    """None, here and below: too little of the model is known."""
    compute_bytes: int | None
    runtime_bytes: int
    need_bytes: int | None
    limit_bytes: int
    """What may be used: of the one memory, of all cards, or of main memory where there is none."""
    headroom_bytes: int | None
    """Below 0: so much is missing."""
    verdict: Verdict
    largest_context: int | None
    """Tokens that fit, up to those the model is made for; None: not even a small one."""
    gpu_layers: int | None = None
    """Layers that lie in the cards, where the verdict is `offload`."""
    layers: int | None = None
    tokens_per_s: Interval | None = None
    """After a short prompt; None where it does not run, or the speed of memory is unknown."""
    full_tokens_per_s: Interval | None = None
    """At the end of the context."""
    prompt_tokens_per_s: Interval | None = None
    """While the prompt is read; None: unknown."""
    notes: tuple[str, ...] = ()


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A model on a machine, and how it is to run."""

    machine: Machine
    sizes: Sizes
    shape: Shape
    kv_type: str = "f16"
    sequences: int = 1
    """Conversations at once; they share the context."""
    flash_attention: bool = True

    @property
    def cards(self) -> int:
        """Graphics cards."""
        return len(self.machine.gpus)

    def beside(self, context: int) -> int:
        """Bytes to compute in, on all cards together."""
        compute = cache.compute_bytes(self.shape, context, flash_attention=self.flash_attention)
        output = cache.output_bytes(self.shape, self.sequences)
        return compute * max(1, len(self.machine.gpus)) + output

    def kv(self, context: int) -> int:
        """Bytes of the cache."""
        return cache.kv_bytes(self.shape, context, self.kv_type, sequences=self.sequences)

    def need(self, context: int) -> int:
        """Bytes in all."""
        rest = self.beside(context) + runtime_of(self.machine)
        return self.sizes.total + self.kv(context) + rest


def judge(case: Case, context: int | None = None) -> Fit:
    """Whether a model fits, and how fast it is.

    Args:
        case: The model and the machine.
        context: Tokens that the context shall have; None: 8,192, or what the model is made for
            where that is less.
    """
    trained = case.shape.context_tokens
    if context is None:
        context = min(DEFAULT_CONTEXT, trained or DEFAULT_CONTEXT)
    limit, need = limit_of(case.machine), case.need(context)
    found = Fit(
        machine=case.machine.name,
        context=context,
        kv_type=case.kv_type,
        weights_bytes=case.sizes.total,
        kv_bytes=case.kv(context),
        compute_bytes=case.beside(context),
        runtime_bytes=runtime_of(case.machine),
        need_bytes=need,
        limit_bytes=limit,
        headroom_bytes=limit - need,
        verdict="does not fit",
        largest_context=_largest(case, limit, trained),
        layers=case.shape.layers,
        notes=_notes(case, context, limit),
    )
    if need <= limit:
        return _with_speed(found, case, "fits", 0)
    split = _split(case, context)
    if split is not None:
        return _with_speed(found, case, "offload", split)
    if found.largest_context is not None:
        return msgspec.structs.replace(found, verdict="less context")
    return found


def judge_weights(machine: Machine, sizes: Sizes, context: int | None = None) -> Fit:
    """The verdict where the model's shape is unknown: too large for its weights alone, or unknown.

    Args:
        machine: Where it shall run.
        sizes: Of its weights.
        context: As in `judge`.
    """
    limit = limit_of(machine)
    room = limit - sizes.total
    beside = main_memory(machine) if machine.gpus else 0
    note = "Its layers and heads are not known, and so its cache is not: give a GGUF file of it."
    return Fit(
        machine=machine.name,
        context=DEFAULT_CONTEXT if context is None else context,
        kv_type="f16",
        weights_bytes=sizes.total,
        kv_bytes=None,
        compute_bytes=None,
        runtime_bytes=runtime_of(machine),
        need_bytes=None,
        limit_bytes=limit,
        headroom_bytes=room if room < 0 else None,
        verdict="unknown" if room + beside >= 0 else "does not fit",
        largest_context=None,
        notes=(*machine.notes, *filter(None, [sizes.note]), note),
    )


def runtime_of(machine: Machine) -> int:
    """Bytes that the engine takes for itself."""
    if machine.kind != "computer":
        return MAC_RUNTIME
    return CARD_RUNTIME * len(machine.gpus) or COMPUTER_RUNTIME


def limit_of(machine: Machine) -> int:
    """Bytes that a model may use at full speed."""
    memory = machine.memory_bytes or 0
    if machine.gpus:
        return round(sum(gpu.memory_bytes for gpu in machine.gpus) * CARD_SHARE)
    if machine.gpu_limit_bytes is not None:
        return min(memory, machine.gpu_limit_bytes)
    if machine.kind == "mac":
        share = next(share for size, share in MAC_SHARES if size is None or memory < size)
        return round(memory * share)
    if machine.kind == "phone":
        return round(memory * PHONE_SHARE)
    if machine.kind == "shared":
        return round(memory * SHARED_SHARE)
    return main_memory(machine)


def main_memory(machine: Machine) -> int:
    """Bytes of main memory that the system and other programs leave: all but 2 to 8 GiB."""
    memory = machine.memory_bytes or 0
    reserved = min(max(2 * GIB, memory * 15 // 100), 8 * GIB)
    return max(0, memory - reserved)


def _largest(case: Case, limit: int, trained: int | None) -> int | None:
    low, high = 0, (trained or MOST_CONTEXT) // cache.CONTEXT_STEP
    while low < high:
        middle = (low + high + 1) // 2
        if case.need(middle * cache.CONTEXT_STEP) <= limit:
            low = middle
        else:
            high = middle - 1
    found = low * cache.CONTEXT_STEP
    return found if found >= min(LEAST_CONTEXT, trained or LEAST_CONTEXT) else None


def _split(case: Case, context: int) -> int | None:
    """Layers in the cards where the rest stays in main memory; None where it does not fit so."""
    if not case.machine.gpus or case.machine.memory_bytes is None:
        return None
    layers = _layer_bytes(case, context)
    rest = case.sizes.total + case.kv(context)
    room = limit_of(case.machine) - case.beside(context) - runtime_of(case.machine)
    placed = 0
    # The last layers go first into the cards, and the output after them.
    for size in reversed(layers):
        if room < size:
            break
        room -= size
        rest -= size
        placed += 1
    return placed if rest <= main_memory(case.machine) else None


def _layer_bytes(case: Case, context: int) -> list[int]:
    kept = cache.kv_layers(case.shape, context, case.kv_type, sequences=case.sequences)
    count = len(kept)
    weights = list(case.sizes.layers)
    if len(weights) != count:
        weights = [sum(weights) // count] * count
    return [size + cached for size, cached in zip(weights, kept, strict=True)]


def _with_speed(found: Fit, case: Case, verdict: Verdict, placed: int) -> Fit:
    short, full = (_speed(case, tokens, verdict, placed) for tokens in (0, found.context))
    prompt = None
    machine = case.machine
    tflops = machine.gpus[0].tflops if machine.gpus else machine.tflops
    known = machine.kind == "mac" or any(gpu.nvidia for gpu in machine.gpus)
    if verdict == "fits" and tflops and known and case.sizes.active_parameters:
        prompt = speed.prefill(case.sizes.active_parameters, tflops, nvidia=bool(machine.gpus))
    return msgspec.structs.replace(
        found,
        verdict=verdict,
        gpu_layers=placed if verdict == "offload" else None,
        tokens_per_s=short,
        full_tokens_per_s=full,
        prompt_tokens_per_s=prompt,
    )


def _speed(case: Case, tokens: int, verdict: Verdict, placed: int) -> Interval | None:
    shape, machine = case.shape, case.machine
    size = case.sizes.read + cache.kv_read(shape, tokens, case.kv_type)
    share = placed / shape.layers if verdict == "offload" else 1.0
    reads: list[speed.Read] = []
    if share and machine.gpus:
        # A token goes through the cards in turn, and the slowest of them is taken for all.
        speeds = [gpu.bandwidth for gpu in machine.gpus]
        slowest = min((each for each in speeds if each), key=lambda each: each.low, default=None)
        if slowest is None or None in speeds:
            return None
        reads.append(speed.Read(size * share, round(shape.layers * share), slowest))
    if share < 1 or not machine.gpus:
        if machine.bandwidth is None:
            return None
        rest = 1 - share if machine.gpus else 1.0
        reads.append(speed.Read(size * rest, round(shape.layers * rest), machine.bandwidth))
    return speed.decode(reads)


def _notes(case: Case, context: int, limit: int) -> tuple[str, ...]:
    shape, machine = case.shape, case.machine
    notes = [*machine.notes, case.sizes.note, shape.note]
    if shape.context_tokens and context > shape.context_tokens:
        notes.append(f"The model is made for {shape.context_tokens:,} tokens of context.")
    need = case.need(context)
    if machine.kind == "mac" and machine.gpu_limit_bytes is None:
        notes.append(
            f"macOS lets the graphics processor use {limit / GIB:.0f} of "
            f"{(machine.memory_bytes or 0) / GIB:.0f} GiB by default."
        )
    if machine.kind == "mac" and limit < need <= main_memory(machine):
        notes.append(
            "With a higher limit it would run: "
            f"sudo sysctl iogpu.wired_limit_mb={-(-need // (1 << 20)):.0f}"
        )
    return tuple(note for note in notes if note)
