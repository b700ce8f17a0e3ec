"""Peers live in an environment of their own, `.bench`, made when it is first needed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".bench"
PACKAGES = ("llm==0.36",)


def binary(name: str) -> str:
    """Path of a peer's command; installs the peers if they are not there yet."""
    path = FOLDER / "bin" / name
    if not path.exists():
        print(f"Installing {', '.join(PACKAGES)} into {FOLDER.name} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        pip = [str(FOLDER / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *PACKAGES], check=True)
    return str(path)


def reckon() -> str:
    """Path of our own command."""
    return str(Path(sys.executable).parent / "reckon")
