"""Text in a picture, read by a `tesseract` program where one is installed; else silent."""

import os
import shutil
import subprocess

TIMEOUT_S = 10.0
LEAST_CONFIDENCE = 60.0
"""Of 100, per word, as tesseract reports it. Below it texture is taken for letters."""
LONGEST = 400
"""Characters that are quoted."""


def read_text(content: bytes) -> str:
    """The words that tesseract is sure of, in reading order; empty where there are none.

    A missing program, an error or a picture that takes too long gives nothing: text is an
    addition to a description, and its absence is not claimed to mean anything.
    """
    program = shutil.which("tesseract")
    if not program:
        return ""
    try:
        # --psm 11: sparse text anywhere. One thread: a bulk run has its own workers.
        done = subprocess.run(  # noqa: S603 - a fixed command, the picture goes in by stdin
            [program, "stdin", "stdout", "--psm", "11", "tsv"],
            input=content,
            capture_output=True,
            timeout=TIMEOUT_S,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return sure_words(done.stdout.decode("utf-8", "replace"))


def sure_words(tsv: str) -> str:
    """Words of tesseract's TSV (12 columns; the 11th is confidence, the 12th the word)."""
    words: list[str] = []
    for line in tsv.splitlines()[1:]:
        cells = line.split("\t")
        if len(cells) < 12:
            continue
        word = "".join(char for char in cells[11] if char.isprintable()).strip()
        try:
            sure = float(cells[10]) >= LEAST_CONFIDENCE
        except ValueError:
            continue
        if sure and any(char.isalnum() for char in word):
            words.append(word)
    # One letter alone is a stain more often than a word.
    text = " ".join(words) if sum(len(word) > 1 for word in words) else ""
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " ..."
