"""Pricing rows of text of about 400 bytes: at least 80% of the tokenizer's own speed, flat memory.

Of the tokenizer only the encoding of the same prompts is timed; of reckon the whole process. Up to
64 MB reckon counts every row; a million rows are counted by a sample, with its error inside.
"""

import csv
import os
import random
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench import measure, peers

ROWS = (10_000, 100_000, 1_000_000)
MODEL = "gpt-4o-mini"
PROMPT = "Summarize: {{text}}"

TOKENIZER = """
import csv, sys, time
from itertools import islice
from reckon.price.encodings import encoding
encode = encoding("o200k").encode_ordinary
spent = 0.0
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    rows = csv.DictReader(file)
    while texts := ["Summarize: " + row["text"] for row in islice(rows, 10_000)]:
        began = time.process_time()
        for text in texts:
            len(encode(text))
        spent += time.process_time() - began
print(spent)
"""
"""Seconds of encoding alone: without reading the file, starting, or loading the vocabulary."""


class Used(NamedTuple):
    """What one process used."""

    cpu_s: float
    resident_mb: float
    output: str


def make_rows(path: Path, rows: int) -> None:
    """A table of pieces of our own documents, each of about 400 bytes."""
    pages = sorted(Path(__file__).parents[1].glob("docs/**/*.md"))
    words = " ".join(page.read_text(encoding="utf-8") for page in pages).split()
    chance = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "text"])
        for number in range(rows):
            start = chance.randrange(len(words) - 90)
            table.writerow([number, " ".join(words[start : start + chance.randrange(45, 85)])])


def used_by(command: list[str], home: str) -> Used:
    """CPU and greatest resident memory of one process."""
    process = subprocess.Popen(
        command,
        env={**measure.INHERITED, "RECKON_HOME": home},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def main() -> None:
    """Print speed against the tokenizer, and memory."""
    python = str(Path(peers.reckon()).parent / "python")
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder:
        used_by([peers.reckon(), "models", "list"], home)  # compiles the catalogue
        for rows in ROWS:
            path = Path(folder) / f"{rows}.csv"
            make_rows(path, rows)
            price = [peers.reckon(), "price", str(path), "-P", PROMPT, "-m", MODEL]
            priced = used_by([*price, "--output-tokens", "50"], home)
            encoding_s = float(used_by([python, "-c", TOKENIZER, str(path)], home).output)
            print(
                f"{rows:9,} rows {path.stat().st_size / rows:4.0f} B   "
                f"price {priced.cpu_s:6.2f} s   tokenizer {encoding_s:6.2f} s   "
                f"{encoding_s / priced.cpu_s:4.0%} of its speed   {priced.resident_mb:4.0f} MB"
            )
            path.unlink()


if __name__ == "__main__":
    main()
