"""The main job on a folder of photos: price it, run it, search it. `make demo` runs this.

Every step is an ordinary command, shown before it runs.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

PROMPT = "describe this photo"
RECKON = [sys.executable, "-m", "reckon"]


def step(say: str, *arguments: str, accept: tuple[int, ...] = (0,)) -> None:
    """Show a command and run it; stop the demo when it fails."""
    print(f"\n# {say}\n$ reckon {shlex.join(arguments)}", flush=True)
    code = subprocess.run([*RECKON, *arguments], check=False).returncode
    if code not in accept:
        sys.exit(code)


def main(folder: str) -> None:
    """Price, run and search one folder."""
    photos = str(Path(os.path.expandvars(folder)).expanduser())
    step(
        "What would it cost? The napkin sum, exact",
        *("price", "--count", "68000", "--input-tokens", "260", "--output-tokens", "100"),
        *("-m", "gemini-1.5-flash-8b"),
    )
    step(
        "Your folder, on a few of the models that can do it",
        *("price", photos, "-P", PROMPT, "--output-tokens", "100"),
        *("-m", "gpt-4o-mini", "-m", "gemini-2.5-flash-lite", "-m", "builtin/describe"),
    )
    step(
        "Do it, free and offline: pixels and metadata, no language model",
        *("run", photos, "-P", PROMPT, "-m", "builtin/describe", "--yes"),
        # 4: some rows failed. A folder of photos has its broken files, and so does the example's.
        accept=(0, 4),
    )
    step("The answers are in the ledger", "logs", "list", "-n", "3")
    step("Find a picture", "logs", "search", "blue", "-n", "2")
    step("What it cost, and what is left on record", "spend")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "examples/photos")
