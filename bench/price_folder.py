"""Pricing a folder of 68,000 JPEGs by header reads: at most 1.5 s of CPU.

The files are hard links to originals of several sizes; no file system allows 68,000 links to one.
"""

import os
import tempfile
from pathlib import Path

from PIL import Image

from bench import measure, peers

PHOTOS = 68_000
PER_ORIGINAL = 5_000
SIZES = ((4000, 3000), (3000, 4000), (1920, 1080), (1024, 768))


def make_folder(folder: Path) -> None:
    """68,000 JPEGs in sub-folders of 1,000."""
    original = folder
    for number in range(PHOTOS):
        if number % PER_ORIGINAL == 0:
            size = SIZES[number // PER_ORIGINAL % len(SIZES)]
            original = folder / f"original-{number}.jpg"
            Image.new("RGB", size, (number // PER_ORIGINAL * 16, 90, 160)).save(original)
            continue
        inside = folder / str(number // 1_000)
        if not inside.exists():
            inside.mkdir()
        os.link(original, inside / f"{number}.jpg")


def main() -> None:
    """Print the CPU seconds beside those of merely walking and opening the same files."""
    walk = (
        "import os, sys\n"
        "for folder, _, names in os.walk(sys.argv[1]):\n"
        "    for name in names:\n"
        "        f = os.open(folder + '/' + name, os.O_RDONLY)\n"
        "        os.read(f, 65536); os.close(f)\n"
    )
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder:
        make_folder(Path(folder))
        priced = [peers.reckon(), "price", folder, "-P", "describe this photo"]
        medians = measure.interleaved(
            {
                "one model": [*priced, "-m", "gpt-4o-mini"],
                "every model": priced,
                "walk and read only": [
                    str(Path(peers.reckon()).parent / "python"),
                    "-c",
                    walk,
                    folder,
                ],
            },
            runs=3,
            environment={"RECKON_HOME": home},
        )
    floor = medians["walk and read only"]
    for name, seconds in medians.items():
        print(f"{name:18} {seconds:7.2f} s CPU   {seconds / floor:.2f} x walk and read")


if __name__ == "__main__":
    main()
