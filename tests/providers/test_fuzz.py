"""A minute of `make soak`: every reader of bytes from outside, with inputs that nobody wrote."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from soak import decoders, seeds  # noqa: E402
from soak.targets import TARGETS, TookLong, in_time  # noqa: E402

SECONDS = 60
NEEDS_ATHERIS = pytest.mark.skipif(
    find_spec("atheris") is None, reason="Atheris has wheels for Linux on x86-64 only"
)


@NEEDS_ATHERIS
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_that_coverage_leads_to_breaks_a_promise(name: str, tmp_path: Path) -> None:
    """Only our errors, any cut gives the same, no long wait, memory bounded."""
    result = decoders.soak(name, SECONDS // len(TARGETS), tmp_path)
    assert not result.failed, result.said
    assert result.runs > len(TARGETS[name].bodies())
    assert 0 < result.peak_mb < decoders.MEMORY_MB


@NEEDS_ATHERIS
def test_what_was_found_and_is_not_yet_mended_fails_the_next_soak(tmp_path: Path) -> None:
    """An input kept from an earlier run is not forgotten."""
    found = tmp_path / "found" / "sse"
    found.mkdir(parents=True)
    (found / "crash-1").write_bytes(b"data: 1\n\n")
    assert decoders.soak("sse", 1, tmp_path).failed


@NEEDS_ATHERIS
def test_the_memory_of_whoever_starts_a_soak_is_not_counted(tmp_path: Path) -> None:
    """A child's peak begins with its parent's on Linux; the limit is for the decoder."""
    large = b"x" * ((decoders.MEMORY_MB + 100) << 20)
    result = decoders.soak("sse", 1, tmp_path)
    assert not result.failed, result.said
    assert 0 < result.peak_mb < len(large) >> 22


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_holds_every_promise(name: str) -> None:
    """What fuzzing starts from is itself a test."""
    for body in TARGETS[name].bodies():
        TARGETS[name].check(body)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=30)
@given(data=st.data())
def test_a_seed_that_was_spoilt_breaks_no_promise(name: str, data: st.DataObject) -> None:
    """Bytes are left out, put in and doubled: a fuzzer for where there is no Atheris."""
    body = data.draw(st.sampled_from([each for each in _bodies(name) if len(each) < 4096]))
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, min(len(body), start + 64)))
        filling = data.draw(st.sampled_from([b"", b"\n", b"null", b"[{}]", b"-1", b"\xff", b"\r"]))
        body = body[:start] + filling + body[data.draw(st.sampled_from([start, end])) :]
    TARGETS[name].check(body)


_KEPT: dict[str, list[bytes]] = {}


def _bodies(name: str) -> list[bytes]:
    return _KEPT.setdefault(name, TARGETS[name].bodies())


def test_a_wait_that_is_too_long_is_noticed() -> None:
    """The guard against hangs does guard."""

    def dawdle(data: bytes) -> None:
        sum(range(10**8))

    with pytest.raises(TookLong, match="2 bytes took"):
        in_time(dawdle)(b"ab")


def test_a_dictionary_is_in_the_spelling_of_libfuzzer() -> None:
    """Every word is spelt in hexadecimal, the words of the seeds among them."""
    told = seeds.dictionary([b'{"choices": []}'])
    assert '"' + "".join(rf"\x{byte:02x}" for byte in b'"choices"') + '"\n' in told
