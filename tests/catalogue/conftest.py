"""A user folder of its own for each test, and one compiled catalogue for the read-only ones."""

import pytest

from reckon.catalogue import load as load_module
from reckon.catalogue.load import Catalogue, load


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty user folder."""
    monkeypatch.setenv("RECKON_HOME", str(tmp_path))
    monkeypatch.setattr(load_module, "_loaded", {})
    return tmp_path


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory) -> Catalogue:
    """The catalogue of an empty user folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECKON_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("LLM_USER_PATH", str(tmp_path_factory.mktemp("llm")))
        return load()
