"""Fuzz every decoder for a while: `python -m soak.decoders --seconds 600`, or `make soak`.

The time is split over the targets, two of which run side by side. What was learnt is kept in
`.soak/corpus` and is where the next soak begins; an input that breaks a promise is kept in
`.soak/found`, and the way to run it again is printed. The exit code is 1 where there is one.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from soak import seeds
from soak.targets import TARGETS

KEPT = seeds.ROOT / ".soak"
MEMORY_MB = 512
"""Resident memory of a process that fuzzes. A decoder alone takes a tenth."""
HANG_S = 10
_OWN_PEAK = ("/bin/sh", "-c", '"$@"; exit "$?"', "sh")
"""A shell in between. On Linux the peak that `getrusage` tells, which is what libFuzzer holds
against its limit, begins with the memory of the process that started this one."""
_STATISTIC = re.compile(r"^stat::(\w+):\s+(\d+)$", re.MULTILINE)
_COVERED = re.compile(r"^#\d+\s.*\bcov: (\d+) ft: (\d+) corp: (\d+)/", re.MULTILINE)


class Result(msgspec.Struct, frozen=True):
    """How the fuzzing of one target went."""

    name: str
    runs: int
    runs_per_s: int
    covered: int
    """Edges of the code that were reached."""
    corpus: int
    """Inputs that each reach something that no other does."""
    peak_mb: int
    found: tuple[Path, ...]
    """Inputs that broke a promise."""
    said: str
    """The end of what libFuzzer printed."""

    @property
    def failed(self) -> bool:
        return bool(self.found) or not self.runs


def soak(name: str, seconds: int, kept: Path) -> Result:
    """Fuzz one target for so many seconds, in a process of its own."""
    corpus, found = kept / "corpus" / name, kept / "found" / name
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    bodies = TARGETS[name].bodies()
    with tempfile.TemporaryDirectory() as beginning:
        for number, body in enumerate(bodies):
            if len(body) <= seeds.LONGEST:
                (Path(beginning) / f"seed-{number}").write_bytes(body)
        words = Path(beginning) / "words.dict"
        words.write_text(seeds.dictionary(bodies), encoding="ascii")
        options = [
            f"-max_total_time={seconds}",
            f"-max_len={seeds.LONGEST}",
            f"-timeout={HANG_S}",
            f"-rss_limit_mb={MEMORY_MB}",
            f"-dict={words}",
            f"-artifact_prefix={found}/",
            "-print_final_stats=1",
            "-reload=0",
            "-len_control=20",
        ]
        done = subprocess.run(
            [*_OWN_PEAK, sys.executable, "-m", "soak.one", name, *options, str(corpus), beginning],
            cwd=seeds.ROOT,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    said = done.stderr + done.stdout
    told = {key: int(value) for key, value in _STATISTIC.findall(said)}
    covered = _COVERED.findall(said)
    return Result(
        name=name,
        runs=told.get("number_of_executed_units", 0),
        runs_per_s=told.get("average_exec_per_sec", 0),
        covered=int(covered[-1][0]) if covered else 0,
        corpus=int(covered[-1][2]) if covered else 0,
        peak_mb=told.get("peak_rss_mb", 0),
        found=tuple(sorted(found.iterdir())),
        said=said[-4000:],
    )


def soak_all(names: list[str], seconds: int, kept: Path, processes: int) -> Iterator[Result]:
    """Fuzz targets for so many seconds in all; each result as soon as it is there."""
    each = max(1, seconds * processes // len(names))
    with ThreadPoolExecutor(processes) as pool:
        yield from pool.map(lambda name: soak(name, each, kept), names)


def main() -> int:
    """Fuzz and print a table; 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m soak.decoders", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together")
    parser.add_argument("--processes", type=int, default=2, help="side by side")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only these")
    given = parser.parse_args()
    failed = False
    print(f"{'target':24}{'runs':>12}{'runs/s':>9}{'edges':>8}{'corpus':>8}{'peak MB':>9}  found")
    names = given.target or list(TARGETS)
    for result in soak_all(names, given.seconds, KEPT, given.processes):
        print(
            f"{result.name:24}{result.runs:12,}{result.runs_per_s:9,}{result.covered:8,}"
            f"{result.corpus:8,}{result.peak_mb:9,}  {len(result.found)}",
            flush=True,
        )
        failed = failed or result.failed
        if result.failed:
            print(result.said)
        for path in result.found:
            print(f"again: python -m soak.one {result.name} {path.relative_to(seeds.ROOT)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
