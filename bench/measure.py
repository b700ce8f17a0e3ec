"""CPU of whole processes, interleaved, so that a noisy machine disturbs all of them alike."""

import os
import resource
import statistics
import subprocess
from collections.abc import Mapping, Sequence

INHERITED = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
"""An installed program has its bytecode; a source tree must be let to write it."""

Commands = Mapping[str, Sequence[str]]


def cpu_of(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """User and system seconds of one process and its children; its output is thrown away."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        env={**INHERITED, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=300,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr!r}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def interleaved(
    commands: Commands, *, runs: int, environment: Mapping[str, str]
) -> dict[str, float]:
    """Median CPU seconds of each command over so many rounds, after one warm-up round."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for round_number in range(runs + 1):
        for name, command in commands.items():
            cpu = cpu_of(command, environment)
            if round_number:
                seconds[name].append(cpu)
    return {name: statistics.median(values) for name, values in seconds.items()}
