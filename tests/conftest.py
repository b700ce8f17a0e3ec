"""What every test stands on: a user folder of its own, no keys, and real local servers."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

# A busy machine is no finding: nothing here is a timed test.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

ENGINE = Path(__file__).parent / "engine"
for folder in ("engine", "golden", "servers"):
    sys.path.insert(0, str(Path(__file__).parent / folder))

FORGET = ("_API_KEY", "_BASE_URL", "_PROXY", "_proxy")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the user's own is read or written."""
    for name in list(os.environ):
        if name.endswith(FORGET) or name == "RECKON_MODEL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("RECKON_HOME", str(tmp_path / "reckon-home"))
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "llm-home"))


@pytest.fixture(scope="session")
def llama_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny models."""
    import gguf_encoders
    import gguf_models

    folder = tmp_path_factory.mktemp("models")
    gguf_models.scripted(folder / "scripted.gguf")
    gguf_models.random(folder / "random.gguf")
    gguf_encoders.gemma3(folder / "gemma3.gguf")
    gguf_encoders.mlp(folder / "mlp.gguf")
    gguf_encoders.ultravox(folder / "ultravox.gguf")
    return folder


def serving(*arguments: Path) -> Iterator[str]:
    """A llama.cpp server in a child process; gives its address up to /v1."""
    command = [sys.executable, str(ENGINE / "serve_llama.py"), *map(str, arguments)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http"), "the llama.cpp server did not start"
        yield f"{address}/v1"
        process.kill()


@pytest.fixture(scope="session")
def llama_server(llama_models: Path) -> Iterator[str]:
    """The server whose answers are known; gives its base URL."""
    yield from serving(llama_models / "scripted.gguf")


@pytest.fixture(scope="session")
def random_server(llama_models: Path) -> Iterator[str]:
    """A server that says noise, and keeps to a schema."""
    yield from serving(llama_models / "random.gguf")


@pytest.fixture(scope="session")
def vision_server(llama_models: Path) -> Iterator[str]:
    """A server that takes pictures, 4 tokens each; what it says is noise."""
    yield from serving(llama_models / "random.gguf", llama_models / "gemma3.gguf")


@pytest.fixture(scope="session")
def patch_server(llama_models: Path) -> Iterator[str]:
    """A server that takes pictures, a token for each of their 64 patches."""
    yield from serving(llama_models / "random.gguf", llama_models / "mlp.gguf")


@pytest.fixture(scope="session")
def hearing_server(llama_models: Path) -> Iterator[str]:
    """A server that takes sound; what it says is noise."""
    yield from serving(llama_models / "random.gguf", llama_models / "ultravox.gguf")


@pytest.fixture
def at_address(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Point the llamacpp provider at an address; gives the name of a model there."""

    def point(base_url: str) -> str:
        monkeypatch.setenv("LLAMACPP_BASE_URL", base_url)
        return "llamacpp/local-model"

    return point


@pytest.fixture
def openai_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Send OpenAI's calls to an address; prices stay OpenAI's."""

    def point(base_url: str) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-123")

    return point
