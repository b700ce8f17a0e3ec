"""Packs tiktoken's published vocabulary files into the form that reckon carries.

    python tests/price/make_vocabularies.py FILE.tiktoken NAME

The files are OpenAI's, under the MIT licence of tiktoken; `test_text.py` proves that the packed
ones are the same, token by token.
"""

import base64
import sys
from pathlib import Path

import reckon.price.encodings
from reckon.price.vocabulary_file import pack

FOLDER = Path(reckon.price.encodings.__file__).parent / "vocabularies"


def main(source: str, name: str) -> None:
    """Read one file and write its packed form."""
    rows = [line.split() for line in Path(source).read_bytes().splitlines() if line]
    tokens = {int(rank): base64.b64decode(token) for token, rank in rows}
    packed = pack([tokens.get(rank, b"") for rank in range(max(tokens) + 1)])
    (FOLDER / f"{name}.xz").write_bytes(packed)


if __name__ == "__main__":
    main(*sys.argv[1:])
