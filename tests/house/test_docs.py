"""The documents tell the truth: generated parts are fresh, code blocks run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")])
BLOCK = re.compile(r"```(?P<language>python|console)\n(?P<code>.*?)```", re.DOTALL)


def blocks(language: str) -> list[tuple[str, str]]:
    """All code blocks of a language, with the page they stand on."""
    return [
        (page.relative_to(ROOT).as_posix(), match["code"])
        for page in PAGES
        for match in BLOCK.finditer(page.read_text(encoding="utf-8"))
        if match["language"] == language
    ]


def environment(home: Path) -> dict[str, str]:
    """A user folder of its own, no keys, and `reckon` on the path."""
    keep = {k: v for k, v in os.environ.items() if not k.endswith(("_API_KEY", "_BASE_URL"))}
    scripts = str(Path(sys.executable).parent)
    return keep | {
        "RECKON_HOME": str(home),
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }


def test_generated_pages_are_fresh() -> None:
    """`make docs` would change nothing."""
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_python_blocks_run(page: str, code: str, tmp_path: Path) -> None:
    """Every Python block of the documents runs as it stands."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{page}\n{done.stderr}"


@pytest.mark.parametrize(("page", "code"), blocks("console"))
def test_console_blocks_run(page: str, code: str, tmp_path: Path) -> None:
    """Every command of the documents succeeds, and prints the lines that are shown under it.

    The lines need not be all of the output; a line `...` stands for anything.
    """
    output = ""
    for line in code.splitlines():
        if line.startswith("$ "):
            done = subprocess.run(
                line[2:],
                shell=True,
                cwd=ROOT,
                env=environment(tmp_path),
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            output = done.stdout + done.stderr
            # 4: some rows failed, as they do in a folder with a broken file in it.
            assert done.returncode in (0, 4), f"{page}\n{line}\n{output}"
        elif line.strip() not in ("", "..."):
            squeezed = [" ".join(shown.split()) for shown in output.splitlines()]
            assert " ".join(line.split()) in squeezed, f"{page}\n{line}\nnot in\n{output}"


def test_every_link_between_pages_leads_somewhere() -> None:
    """Relative links name files that exist."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"
