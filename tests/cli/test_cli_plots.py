"""`--plot FILE` as a user types it."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command_line import error_lines, reckon
from fake_openai import fake_openai
from PIL import Image

HAND = ("price", "--count", "68000", "--input-tokens", "260", "--output-tokens", "100")


def texts(path: Path) -> list[str]:
    """What an SVG says, in its order."""
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_a_price_is_drawn_with_a_dot_for_each_model(tmp_path: Path) -> None:
    """The table is printed too."""
    plot = tmp_path / "job.svg"
    done = reckon(*HAND, "-m", "gpt-4o", "-m", "gpt-4o-mini", "--plot", str(plot))
    assert done.returncode == 0, done.stderr
    assert f"Wrote {plot}." in done.stderr
    assert "openai/gpt-4o-mini" in done.stdout
    said = texts(plot)
    assert said[0] == "What the job costs on each model: 68,000 items"
    assert {"openai/gpt-4o", "openai/gpt-4o-mini"} <= set(said)


def test_spending_is_drawn_over_time_by_model(
    tmp_path: Path, openai_at: Callable[[str], None]
) -> None:
    """With its sum; as PNG where the name says so."""
    with fake_openai() as server:
        openai_at(server.base_url)
        for model in ("gpt-4o-mini", "gpt-4o"):
            assert reckon("hello", "-m", model).returncode == 0
    for by in ("model", "day"):
        plot = tmp_path / f"{by}.svg"
        assert reckon("spend", "--by", by, "--plot", str(plot)).returncode == 0
        said = texts(plot)
        assert said[:2] == ["What was spent", "USD per day"]
        assert {"openai/gpt-4o $0.00165", "openai/gpt-4o-mini $0.000099"} <= set(said)
    picture = tmp_path / "spend.png"
    assert reckon("spend", "--plot", str(picture)).returncode == 0
    with Image.open(picture) as opened:
        assert opened.format == "PNG"


def test_nothing_spent_is_a_plot_that_says_so(tmp_path: Path) -> None:
    """And no error."""
    plot = tmp_path / "spend.svg"
    assert reckon("spend", "--plot", str(plot)).returncode == 0
    assert "There is nothing to draw." in texts(plot)


@pytest.mark.parametrize("arguments", [HAND, ("spend",)])
def test_a_name_that_no_plot_can_have_is_refused_before_the_work(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Nothing is printed, nothing written."""
    done = reckon(*arguments, "--plot", str(tmp_path / "job.pdf"))
    assert (done.returncode, done.stdout) == (2, "")
    assert error_lines(done) == [
        f"Error: A plot cannot be written to {str(tmp_path / 'job.pdf')!r}.",
        "Why: .pdf is no format of a plot.",
        "Do: Give a name that ends in .svg or .png.",
    ]
    assert list(tmp_path.glob("*.pdf*")) == []
