"""Packs tiktoken's published vocabulary files into the form that reckon carries.

    python tests/price/make_vocabularies.py FILE.tiktoken NAME

The files are OpenAI's, under the MIT licence of tiktoken; `test_text.py` proves that the packed
ones are the same, token by token.
"""

import base64
import sys
from pathlib import Path

import reckon.price.text
from reckon.price.vocabulary_file import pack

FOLDER = Path(reckon.price.text.__file__).parent / "vocabularies"


def main(source: str, name: str) -> None:
    """Read one file and write its packed form."""
    rows = [line.split() for line in Path(source).read_bytes().splitlines() if line]
    assert [int(rank) for _, rank in rows] == list(range(len(rows)))
    (FOLDER / f"{name}.xz").write_bytes(pack([base64.b64decode(token) for token, _ in rows]))


if __name__ == "__main__":
    main(*sys.argv[1:])
