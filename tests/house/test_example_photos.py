"""The example pictures are what `examples/make_photos.py` makes."""

import runpy
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A fresh rendering of the whole folder."""
    folder = tmp_path_factory.mktemp("photos")
    runpy.run_path(str(EXAMPLES / "make_photos.py"))["make"](folder)
    return folder


def files(folder):
    """Paths in a folder, relative and sorted."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_folder_holds_just_what_the_script_makes(made):
    """No stray file, none forgotten, and small enough to carry in the repository."""
    kept = EXAMPLES / "photos"
    assert files(kept) == files(made)
    assert sum(path.stat().st_size for path in kept.rglob("*") if path.is_file()) < 500_000


def test_the_committed_pictures_match_a_fresh_rendering(made):
    """Same size and metadata; pixels within what another JPEG library may round."""
    for name in files(made):
        if name.endswith((".txt", "broken.jpg", "empty.jpg")):
            continue
        with Image.open(made / name) as fresh, Image.open(EXAMPLES / "photos" / name) as kept:
            assert kept.size == fresh.size
            assert dict(kept.getexif()) == dict(fresh.getexif())
            difference = ImageChops.difference(kept.convert("RGB"), fresh.convert("RGB"))
            assert max(ImageStat.Stat(difference).mean) < 2, name


def test_the_folder_has_a_broken_and_an_empty_file(made):
    """What a real folder has too: a cut copy, a file of no bytes and a note."""
    assert (made / "trips/empty.jpg").read_bytes() == b""
    with Image.open(made / "trips/broken.jpg") as broken, pytest.raises(OSError):
        broken.load()
