"""This machine: its memory, its chip, its cards. Asks the system, and no package.

Where the chip is not in the table, how fast its memory is read is measured for a moment.
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from reckon.catalogue.fit.machine import GIB, Gpu, Machine, between, parse, plain, table
from reckon.errors import UsageError
from reckon.vocabulary.price import Interval

COMMAND_TIMEOUT_S = 5
PROBE_S = 0.4
PROBE_BYTES = 64 << 20
"""More than caches hold on most machines."""
SPREAD = 2.0
"""What all processors read together, over what copies here measure, at most."""

Run = Callable[[Sequence[str]], str]
"""Runs a program and gives what it prints; empty where there is none, or it fails."""


def printed(command: Sequence[str]) -> str:
    """What a program prints; empty where there is none of that name, or it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, none of a user's
            command, capture_output=True, text=True, check=False, timeout=COMMAND_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def machine_of(text: str | None, *, probe: bool = True) -> Machine:
    """The machine that these words mean; None or `this`: the one that this runs on.

    Raises:
        UsageError: See `parse` and `this_machine`.
    """
    if text is None or text.strip().lower() == "this":
        return this_machine(probe=probe)
    return parse(text)


def this_machine(
    *, root: Path = Path("/"), run: Run = printed, platform: str = sys.platform, probe: bool = True
) -> Machine:
    """The machine that this runs on.

    Args:
        root: Where the system's files are.
        run: Runs a program.
        platform: As `sys.platform` has it.
        probe: Whether to measure memory whose speed is not known.

    Raises:
        UsageError: How much memory it has cannot be found out.
    """
    if platform == "darwin":
        return _mac(run)
    memory = _linux_memory(root)
    if memory is None:
        raise UsageError(
            "How much memory this machine has cannot be found out.",
            why=f"The system ({platform}) does not say in a way that is known here.",
            do="Name the machine: --machine '32GB RAM'",
        )
    limit = _container_limit(root)
    notes: tuple[str, ...] = ()
    if limit is not None and limit < memory:
        notes = (f"This process may use {limit / GIB:.1f} of {memory / GIB:.1f} GiB.",)
        memory = limit
    gpus = (*_nvidia(run), *_amd(root))
    bandwidth = None
    if probe:
        bandwidth = measured_bandwidth()
        notes += (
            f"Main memory was measured: copies move {bandwidth.low:.0f} GB/s; all processors "
            f"together may read up to {SPREAD:g} times that.",
        )
    names = [*(gpu.name for gpu in gpus), f"{memory / GIB:.0f} GB RAM"]
    return Machine(
        name=f"this machine ({' + '.join(names)})",
        kind="computer",
        memory_bytes=memory,
        bandwidth=bandwidth,
        gpus=gpus,
        notes=notes,
    )


def _mac(run: Run) -> Machine:
    size = run(["sysctl", "-n", "hw.memsize"]).strip()
    if not size.isdigit():
        raise UsageError(
            "How much memory this Mac has cannot be found out.",
            why="`sysctl hw.memsize` gave no number.",
            do="Name it: --machine '64GB Mac'",
        )
    chip = run(["sysctl", "-n", "machdep.cpu.brand_string"]).strip() or "Mac"
    row = table().names.get(plain(chip))
    wired = run(["sysctl", "-n", "iogpu.wired_limit_mb"]).strip()
    memory = int(size)
    return Machine(
        name=f"this machine ({chip}, {memory / GIB:.0f} GB)",
        # A Mac with a processor by Intel has no memory that is one for both.
        kind="mac" if "apple" in chip.lower() else "computer",
        memory_bytes=memory,
        bandwidth=between(row.bandwidth_gb_per_s) if row else None,
        tflops=row.tflops if row else None,
        # 0 stands for the default.
        gpu_limit_bytes=(int(wired) << 20 if wired.isdigit() else 0) or None,
    )


def _linux_memory(root: Path) -> int | None:
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        number = rest.strip().removesuffix(" kB")
        if name == "MemTotal" and number.isdigit():
            return int(number) << 10
    return None


def _container_limit(root: Path) -> int | None:
    """What a container or a service may use."""
    groups = _text(root / "proc/self/cgroup").splitlines()
    own = next((line[3:].lstrip("/") for line in groups if line.startswith("0::")), "")
    limits = [
        int(text)
        for path in (
            root / "sys/fs/cgroup" / own / "memory.max",
            root / "sys/fs/cgroup/memory.max",
            root / "sys/fs/cgroup/memory/memory.limit_in_bytes",
        )
        # `max`, or a number near 2^63 in version 1, is no limit.
        if (text := _text(path).strip()).isdigit()
    ]
    return min(limits, default=None)


def _nvidia(run: Run) -> tuple[Gpu, ...]:
    said = run(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"])
    found: list[Gpu] = []
    for line in said.splitlines():
        name, _, size = line.rpartition(",")
        if name and size.strip().isdigit():
            found.append(_card(name.strip(), int(size) << 20, nvidia=True))
    return tuple(found)


def _amd(root: Path) -> tuple[Gpu, ...]:
    found: list[Gpu] = []
    for device in sorted((root / "sys/class/drm").glob("card?/device")):
        size = _text(device / "mem_info_vram_total").strip()
        if _text(device / "vendor").strip() == "0x1002" and size.isdigit():
            name = _text(device / "product_name").strip() or "AMD card"
            found.append(_card(name, int(size), nvidia=False))
    return tuple(found)


_EXTRA = re.compile(r"\b(\d+gb|hbm\d\w*|sxm\d*|pcie|gpu|generation)\b")
"""What drivers add to names: `NVIDIA H100 80GB HBM3`, `NVIDIA A100-SXM4-80GB`. A name with other
words is another card: one for laptops has half of the bandwidth."""


def _card(name: str, size: int, *, nvidia: bool) -> Gpu:
    words = _EXTRA.sub(" ", plain(name)).split()
    row = table().names.get(" ".join(words))
    return Gpu(
        name=name,
        memory_bytes=size,
        bandwidth=between(row.bandwidth_gb_per_s) if row else None,
        tflops=row.tflops if row else None,
        nvidia=nvidia,
    )


def measured_bandwidth(seconds: float = PROBE_S) -> Interval:
    """How fast main memory is, in 10^9 bytes a second, by copying for a moment.

    A copy reads and writes, so its bytes count twice. One thread copies, and seldom has all that
    the memory can give.
    """
    source, target = memoryview(bytearray(PROBE_BYTES)), memoryview(bytearray(PROBE_BYTES))
    # The first copy waits for pages.
    target[:] = source
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        target[:] = source
        best = max(best, 2 * PROBE_BYTES / (time.perf_counter() - began) / 1e9)
    return Interval(best, best * (1 + SPREAD) / 2, best * SPREAD)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
