"""`reckon models fit` and `models list --fits`, as they are typed."""

import json
import re
from pathlib import Path

import pytest
from command_line import error_lines, reckon, rows_of

from reckon import settings

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "what-fits.md"


def block(language: str) -> str:
    """The block of that language on the page."""
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return found


@pytest.fixture(autouse=True)
def row() -> None:
    """The row that the page tells how to write."""
    folder = settings.home() / "catalogue"
    folder.mkdir(parents=True)
    (folder / "llama.toml").write_text(block("toml"), encoding="utf-8")


def test_the_page_tells_what_is_printed():
    """Every line that stands under a command is a line of its output."""
    output: list[str] = []
    for line in block("text").splitlines():
        if line.startswith("$ reckon "):
            command = [part.strip('"') for part in re.findall(r'"[^"]*"|\S+', line[9:])]
            done = reckon(*command)
            assert done.returncode == 0, done.stderr
            output = done.stdout.splitlines()
        else:
            assert line in output


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("llama-3.2-3b", "meta-llama/Llama-3.2-3B-Instruct"),
        ("Llama 3.2 3B", "meta-llama/Llama-3.2-3B-Instruct"),
        ("qwen2.5-coder-32b", "Qwen/Qwen2.5-Coder-32B-Instruct"),
        ("gemma-2-9b", "google/gemma-2-9b-it"),
    ],
)
def test_a_plain_name_means_the_weights_that_people_run(name: str, repository: str):
    """However words are joined, and with the whole window that the model was made for."""
    [found] = rows_of("models", "fit", name, "--machine", "64GB Mac")
    assert found["repository"] == repository
    assert found["largest_context_tokens"] in (8_192, 32_768, 131_072)


def test_figures_come_as_json():
    """Bytes, tokens, three ends of each interval, and what kind of figures they are."""
    [found] = rows_of(
        "models", "fit", "llama-3.3-70b", "--machine", "64GB Mac", "--context", "8192"
    )
    assert found["verdict"] == "fits"
    assert found["repository"] == "meta-llama/Llama-3.3-70B-Instruct"
    assert found["quantization"] == "Q4_K_M"
    assert found["weights_bytes"] == pytest.approx(42.513e9, rel=0.005)
    assert found["kv_bytes"] == 5 << 29
    assert found["limit_bytes"] == 48 << 30
    assert found["headroom_bytes"] == found["limit_bytes"] - found["need_bytes"]
    assert found["largest_context_tokens"] == 25_600
    low, likely, high = (found[f"tokens_per_s_{end}"] for end in ("low", "likely", "high"))
    assert low < likely < high
    assert found["kind"] == "estimated"
    assert found["notes"][0].startswith("Its chip was not named")


@pytest.mark.parametrize(
    ("name", "gigabytes"),
    [
        ("Llama-3.2-3B-Instruct", 2.012),
        ("Llama-3.3-70B-Instruct", 42.513),
        ("Qwen2.5-Coder-32B-Instruct", 19.845),
    ],
)
def test_the_rows_of_the_catalogue_have_the_published_sizes(name, gigabytes):
    """By the name that the hub has for them, within half a percent."""
    (settings.home() / "catalogue" / "llama.toml").unlink()
    [found] = rows_of("models", "fit", name, "--machine", "64GB Mac", "--context", "8192")
    assert found["weights_bytes"] / 1e9 == pytest.approx(gigabytes, rel=0.005)
    assert found["verdict"] == "fits"


def test_less_context_or_a_smaller_type_is_said_by_option():
    """32k does not fit in f16, and does in q8_0."""
    asked = ("models", "fit", "llama-3.3-70b", "--machine", "64GB Mac", "--context", "32768")
    [whole], [half] = rows_of(*asked), rows_of(*asked, "--kv-type", "q8_0")
    assert (whole["verdict"], half["verdict"]) == ("less context", "fits")
    [four] = rows_of(*asked, "--quant", "q3_k_m", "--parallel", "4")
    assert (four["verdict"], four["quantization"]) == ("fits", "Q3_K_M")


def test_a_card_with_main_memory_says_how_many_layers_it_holds():
    """The verdict is in words."""
    done = reckon("models", "fit", "llama-3.3-70b", "--machine", "RTX 4090 + 64GB RAM")
    first, weights = done.stdout.splitlines()[:2]
    assert "it fits in part: the other layers stay in main memory, which is slower" in first
    assert re.fullmatch(r"weights: +39\.6 GiB, 4\d of 80 layers in the card", weights)


def test_a_file_is_judged_on_this_machine(llama_models):
    """A real one, with no row and no machine named."""
    done = reckon("models", "fit", str(llama_models / "random.gguf"))
    assert done.returncode == 0, done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first.startswith("random.gguf (F32) on this machine (")
    assert ": it fits, " in first
    assert last == f"figures:  estimated; the weights are those of {llama_models / 'random.gguf'}"


def test_a_file_that_describes_no_language_model_has_no_verdict(llama_models):
    """An encoder of pictures."""
    [found] = rows_of("models", "fit", str(llama_models / "gemma3.gguf"), "--machine", "64GB Mac")
    assert (found["verdict"], found["kv_bytes"], found["tokens_per_s_low"]) == (
        "unknown",
        None,
        None,
    )


def test_without_a_model_all_open_ones_are_judged():
    """One row for each model, however many providers serve it."""
    found = rows_of("models", "fit", "--machine", "64GB Mac")
    names = [each["repository"] or each["model"] for each in found]
    assert "meta-llama/Llama-3.3-70B-Instruct" in names
    assert len(names) == len(set(names))
    lines = reckon("models", "fit", "--machine", "64GB Mac").stdout.splitlines()
    assert lines[0] == "On Mac, 64 GB, all figures estimated:"
    assert lines[1].split()[:3] == ["model", "weights", "verdict"]
    assert len(lines) == len(found) + 2


def test_a_list_can_be_of_what_fits():
    """With the other conditions."""
    query = ("models", "list", "llama-3.3-70b", "--provider", "llamacpp")
    assert [each["id"] for each in rows_of(*query, "--fits", "64GB Mac")] == ["llama-3.3-70b"]
    assert rows_of(*query, "--fits", "32GB Mac") == []
    assert rows_of("models", "list", "gpt-4o", "--fits", "512GB Mac") == []


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ("gpt-4o",),
            [
                "Error: The weights of openai/gpt-4o are not known.",
                "Why: It runs at its provider only, or no row describes its weights.",
                "Do: Name one of `reckon models list --open-weights`, or give a GGUF file.",
            ],
        ),
        (
            ("nothing.gguf",),
            [
                "Error: There is no file nothing.gguf.",
                "Why: Nothing is there under that name.",
                "Do: Check the name, or give the address of the file.",
            ],
        ),
        (
            ("http://127.0.0.1:9/m.gguf",),
            [
                "Error: http://127.0.0.1:9/m.gguf could not be fetched.",
                "Why: 127.0.0.1:9 could not be reached. Nothing listens there.",
                "Do: Check the address and the network, or give a file that is here.",
            ],
        ),
        (
            ("http://127.0.0.1:9/m.gguf", "--quant", "q8_0"),
            [
                "Error: http://127.0.0.1:9/m.gguf has its quantisation already.",
                "Why: A file is taken as it is.",
                "Do: Leave --quant out, or name a model of the catalogue.",
            ],
        ),
        (
            ("ollama/some-model",),
            [
                "Error: The weights of ollama/some-model are not known.",
                "Why: It runs at its provider only, or no row describes its weights.",
                "Do: Name one of `reckon models list --open-weights`, or give a GGUF file.",
            ],
        ),
        (
            ("llama-3.3-70b", "--machine", "toaster"),
            [
                "Error: There is no machine 'toaster'.",
                "Why: No machine 'toaster' is known.",
                "Do: Name memory and chip: '64GB Mac', 'RTX 4090 + 64GB RAM', 'iPhone 15 Pro'.",
            ],
        ),
    ],
)
def test_what_cannot_be_judged_says_why(arguments, lines):
    """What, why, what to do."""
    done = reckon("models", "fit", *arguments)
    assert done.returncode in (1, 2)
    assert error_lines(done) == lines


def test_a_name_that_is_nowhere_names_the_nearest():
    """As everywhere else."""
    done = reckon("models", "fit", "llamacpp/llama-3.3-70b-instruct-x/", "--machine", "64GB Mac")
    assert done.returncode == 2
    done = reckon("models", "fit", "Llama-3.3-70B-Instrukt")
    assert error_lines(done)[0] == "Error: There is no model 'Llama-3.3-70B-Instrukt'."


def test_an_mlx_folder_is_judged_by_its_files(tmp_path):
    """Its configuration and one small tensor."""
    head = json.dumps(
        {"model.layers.0.w.weight": {"dtype": "U32", "shape": [8, 8], "data_offsets": [0, 256]}}
    ).encode()
    folder = tmp_path / "tiny-4bit"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + bytes(256))
    (folder / "config.json").write_text(
        '{"num_hidden_layers": 1, "hidden_size": 64, "num_attention_heads": 4, "vocab_size": 100,'
        ' "quantization": {"bits": 4}}'
    )
    [found] = rows_of("models", "fit", str(folder), "--machine", "16GB Mac")
    assert (found["model"], found["verdict"]) == ("tiny-4bit", "fits")
    assert (found["quantization"], found["weights_bytes"]) == ("MLX-4BIT", 256)
