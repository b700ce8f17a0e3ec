"""Which process an open attempt belongs to, and whether that process still lives.

A process id alone is not enough: ids are used again, and after a restart they mean nothing.
"""

import os
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def this_process() -> str:
    """The mark of this process: boot, id, start time."""
    return _mark(os.getpid())


def is_alive(mark: str) -> bool:
    """Whether the process with that mark still runs on this machine."""
    try:
        pid = int(mark.split(":")[1])
    except (IndexError, ValueError):
        return False
    if _BOOT_ID.exists():
        return _mark(pid) == mark
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _mark(pid: int) -> str:
    return f"{_boot()}:{pid}:{_start_time(pid)}"


def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _start_time(pid: int) -> str:
    """Clock ticks since boot, field 22 of /proc/PID/stat; the name before it may hold spaces."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
