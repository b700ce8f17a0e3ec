"""One logged prompt against a server that answers at once: at most 1/6 of the CPU of `llm`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from bench import measure, peers

RUNS = 11
MODEL_FILE = """- model_id: bench
  model_name: bench
  api_base: "http://127.0.0.1:{port}/v1"
"""


def main() -> None:
    """Print the ratio."""
    with tempfile.TemporaryDirectory() as home:
        server = subprocess.Popen(
            [sys.executable, "-m", "bench.instant_server"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=peers.ROOT,
        )
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            (Path(home) / "extra-openai-models.yaml").write_text(MODEL_FILE.format(port=port))
            medians = measure.interleaved(
                {
                    "reckon": [peers.reckon(), "ask", "hi", "-m", "llamacpp/bench"],
                    "llm": [peers.binary("llm"), "hi", "-m", "bench", "--key", "x"],
                },
                runs=RUNS,
                environment={
                    "RECKON_HOME": home,
                    "LLM_USER_PATH": home,
                    "LLAMACPP_BASE_URL": f"http://127.0.0.1:{port}/v1",
                },
            )
        finally:
            server.terminate()
            server.wait()
    llm = medians["llm"]
    for name, seconds in medians.items():
        print(f"{name:18} {seconds * 1000:7.1f} ms CPU   1/{llm / seconds:.1f} of llm")


if __name__ == "__main__":
    main()
