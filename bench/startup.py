"""`reckon --version` and `--help` beside `llm --version`: at most 90 ms CPU, at most 1/8."""

import tempfile

from bench import measure, peers

RUNS = 11


def main() -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory() as home:
        medians = measure.interleaved(
            {
                "reckon --version": [peers.reckon(), "--version"],
                "reckon --help": [peers.reckon(), "--help"],
                "llm --version": [peers.binary("llm"), "--version"],
            },
            runs=RUNS,
            environment={"RECKON_HOME": home, "LLM_USER_PATH": home},
        )
    llm = medians["llm --version"]
    for name, seconds in medians.items():
        print(f"{name:18} {seconds * 1000:7.1f} ms CPU   1/{llm / seconds:.1f} of llm --version")


if __name__ == "__main__":
    main()
