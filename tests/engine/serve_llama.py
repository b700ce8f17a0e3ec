"""Runs llama.cpp's own HTTP server on loopback until its standard input closes.

    python tests/engine/serve_llama.py MODEL.gguf [PROJECTOR.gguf]

A process of its own, because a model file that it dislikes ends the whole process. It prints its
address; it ends when whoever started it ends.
"""

import sys

import xllamacpp


def main(model: str, projector: str | None = None) -> None:
    """Serve until standard input closes."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    if projector:
        parameters.mmproj.path = projector
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_parallel = 4
    parameters.n_ctx = 8192
    # More threads wait for each other in busy loops, which is far slower on a busy machine.
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.warmup = False
    parameters.use_jinja = True
    parameters.endpoint_metrics = True
    parameters.endpoint_slots = True
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
