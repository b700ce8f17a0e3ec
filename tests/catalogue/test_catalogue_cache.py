"""The cache: made once, never trusted blindly, never needed."""

import os
import subprocess
import sys

from reckon.catalogue import cache
from reckon.catalogue import load as load_module
from reckon.catalogue.load import load

FIND = """
import sys
from reckon.catalogue.load import load
print(load().find("gpt-4o").key, "genai_prices" in sys.modules, "asyncio" in sys.modules)
"""


def _process(home):
    environment = {**os.environ, "RECKON_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-c", FIND],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_eight_processes_on_an_empty_folder_all_succeed(home):
    """All compile or read; none reads half a file; nothing is left lying about."""
    processes = [_process(home) for _ in range(8)]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, answers
    assert all(out.startswith("openai/gpt-4o ") for out, _ in answers)
    assert [path.name for path in (home / "cache").iterdir()] == ["catalogue.msgpack"]


def test_a_cached_load_imports_no_price_package(home):
    """The half second of its import is paid once."""
    load()
    out, error = _process(home).communicate(timeout=120)
    assert out.split() == ["openai/gpt-4o", "False", "False"], error


def test_a_damaged_cache_is_made_again(home, monkeypatch):
    """Cut short, overwritten, or one byte changed."""
    load()
    whole = cache.cache_path().read_bytes()
    changed = whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]
    for damaged in (whole[:1000], b"", b"nonsense", changed):
        cache.cache_path().write_bytes(damaged)
        monkeypatch.setattr(load_module, "_loaded", {})
        assert load().find("gpt-4o").key == "openai/gpt-4o"
        assert cache.cache_path().read_bytes() == whole


def test_a_folder_that_cannot_be_written_is_no_obstacle(home):
    """The catalogue is then compiled in memory."""
    (home / "cache").write_text("a file where the folder should be")
    assert load().find("gpt-4o").key == "openai/gpt-4o"


def test_one_copy_per_process(home):
    """A second load is the same object, until a data file changes."""
    first = load()
    assert load() is first
    folder = home / "catalogue"
    folder.mkdir()
    (folder / "mine.toml").write_text(
        'provider = "openai"\n[[model]]\nid = "gpt-4o"\nname = "Mine"\n'
    )
    assert load() is not first
    assert load().find("gpt-4o").name == "Mine"
