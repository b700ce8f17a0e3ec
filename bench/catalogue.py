"""The catalogue: ready in 10 ms CPU at most once it is compiled; `models list --json` in 150 ms."""

import subprocess
import sys
import tempfile

from bench import measure, peers

RUNS = 11
LOAD = """
import time
import reckon.catalogue.load as catalogue
began = time.process_time()
catalogue.load()
print(time.process_time() - began)
"""


def main() -> None:
    """Print the CPU of loading, in a process that has its modules, and of a whole listing."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"RECKON_HOME": home}
        listing = [peers.reckon(), "models", "list", "--json"]
        medians = measure.interleaved(
            {"models list --json": listing, "models list": listing[:-1]},
            runs=RUNS,
            environment=environment,
        )
        loads = sorted(
            float(
                subprocess.run(
                    [sys.executable, "-c", LOAD],
                    env={**measure.INHERITED, **environment},
                    capture_output=True,
                    text=True,
                    check=True,
                    timeout=60,
                ).stdout
            )
            for _ in range(RUNS)
        )
    print(f"{'catalogue ready':20} {loads[RUNS // 2] * 1000:7.1f} ms CPU   of at most 10")
    for name, seconds in medians.items():
        print(f"{name:20} {seconds * 1000:7.1f} ms CPU   of at most 150")


if __name__ == "__main__":
    main()
