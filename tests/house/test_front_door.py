"""The front door: what `import reckon` gives and what it costs."""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import reckon

HEAVY = {
    "PIL",
    "aiohttp",
    "asyncio",
    "click",
    "genai_prices",
    "httpx",
    "httpx2",
    "numpy",
    "pydantic",
    "rich",
    "sqlite3",
    "starlette",
    "tiktoken",
    "uvloop",
    "wreq",
}
HELP_MAY_LOAD = {"click"}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a statement has loaded, in a fresh interpreter."""
    code = (
        f"import sys, json\ntry:\n    {statement}\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_every_public_name_resolves() -> None:
    """Each name of `__all__` leads to something."""
    for name in reckon.__all__:
        assert getattr(reckon, name) is not None


def test_public_names_are_listed_by_dir() -> None:
    """`dir(reckon)` shows the front door and nothing else."""
    assert dir(reckon) == sorted(reckon.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A typing error is answered as Python answers it."""
    with pytest.raises(AttributeError, match="no attribute 'asks'"):
        _ = reckon.asks  # type: ignore[attr-defined]


def test_run_and_price_are_functions_even_after_their_rooms_were_imported() -> None:
    """A package that was imported does not hide the function of its name."""
    import reckon.price.cost
    import reckon.run.template

    assert callable(reckon.run)
    assert callable(reckon.price)
    assert reckon.run.template.render("{{a}}", {"a": "x"}) == "x"


def test_importing_reckon_loads_nothing_heavy() -> None:
    """The front door opens without any library behind it."""
    assert not loaded_by("import reckon") & HEAVY


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(flag: str) -> None:
    """Start-up imports only what it needs: of the forbidden modules, none."""
    statement = f"sys.argv = ['reckon', '{flag}']; from reckon.cli.main import main; main()"
    assert not loaded_by(statement) & (HEAVY - HELP_MAY_LOAD)


def imports_of(path: Path) -> set[str]:
    """Full names of what a source file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


SOURCES = sorted(Path(reckon.__file__ or "").parent.rglob("*.py"))


def test_nobody_inside_imports_the_front_door() -> None:
    """Rooms import each other by their full names; the front door is for visitors."""
    door = {"reckon", *(f"reckon.{name}" for name in reckon.__all__)}
    offenders = {str(path): imports_of(path) & door for path in SOURCES}
    assert {path: names for path, names in offenders.items() if names} == {}


def test_only_net_speaks_http() -> None:
    """The standard library's clients count too."""
    clients = ("urllib.request", "http.client", "socketserver", "ftplib")
    for path in SOURCES:
        assert path.name == "net.py" or not [
            name for name in imports_of(path) if name.startswith(clients)
        ], path


def test_the_functions_of_the_front_door_document_themselves() -> None:
    """`help` and a notebook show arguments, units and errors, for each form."""
    for name in ("ask", "price", "run", "resume", "models"):
        function = getattr(reckon, name)
        said = inspect.getdoc(function) or ""
        assert "Args:" in said, name
        assert "Returns:" in said or name == "models", name
        assert "kwargs" not in str(inspect.signature(function))
        assert callable(getattr(reckon, f"{name}_async"))
