"""Which process an open attempt belongs to, and whether that process still lives.

A process id alone is not enough: ids are used again, and after a restart they mean nothing.
"""

import functools
import os
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def this_process() -> str:
    """The mark of this process: boot, id, start time."""
    return _own_mark(os.getpid())


@functools.lru_cache(maxsize=1)
def _own_mark(pid: int) -> str:
    # By id, so that a forked child does not go by its parent's mark.
    return _mark(pid)


def is_alive(mark: str) -> bool:
    """Whether the process with that mark still runs on this machine."""
    try:
        pid = int(mark.split(":")[1])
    except (IndexError, ValueError):
        return False
    if pid == os.getpid():
        return mark == this_process()
    if _BOOT_ID.exists():
        return _mark(pid) == mark
    return _is_alive_on_windows(pid) if os.name == "nt" else _takes_signals(pid)


def _takes_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs as somebody else
        return True
    return True


def _is_alive_on_windows(pid: int) -> bool:
    # os.kill(pid, 0) would send Ctrl-C there.
    import subprocess

    listed = subprocess.run(  # noqa: S603 - a number is all that is put in
        ["tasklist", "/FI", f"PID eq {pid}", "/FO", "CSV", "/NH"],  # noqa: S607 - of the system
        capture_output=True,
        text=True,
        check=False,
    )
    return f'"{pid}"' in listed.stdout


def _mark(pid: int) -> str:
    return f"{_boot()}:{pid}:{_start_time(pid)}"


def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _start_time(pid: int) -> str:
    """Clock ticks since boot, field 22 of /proc/PID/stat; nothing for a process that ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The name in brackets may hold spaces and brackets.
    after_name = stat.rpartition(")")[2].split()
    # A zombie has ended; its parent has just not asked how.
    return "" if after_name[0] in "ZX" else after_name[19]
