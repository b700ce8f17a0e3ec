"""The command line as a user types it, in a process of its own."""

import json
import os
import subprocess
import sys
from typing import Any

from reckon import settings
from reckon.ledger.ledger import Ledger
from reckon.ledger.rows import LogRow

Result = subprocess.CompletedProcess[str]


def reckon(*arguments: str, stdin: str | None = None, **environment: str) -> Result:
    """Run `reckon` with these arguments."""
    return subprocess.run(
        [sys.executable, "-m", "reckon", *arguments],
        input=stdin,
        stdin=None if stdin is not None else subprocess.DEVNULL,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def rows_of(*arguments: str) -> list[dict[str, Any]]:
    """What a listing prints with `--json`: an array of objects."""
    done = reckon(*arguments, "--json")
    assert done.returncode in (0, 4), done.stderr
    rows = json.loads(done.stdout)
    assert isinstance(rows, list)
    return rows


def error_lines(done: Result) -> list[str]:
    """The lines of an error: what, why, do, and no traceback."""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("Error: "))
    assert len(lines) - start <= 3
    return lines[start:]


def last_row() -> LogRow:
    """The latest row of the ledger."""
    with Ledger.open(settings.ledger_path()) as ledger:
        return ledger.show()
