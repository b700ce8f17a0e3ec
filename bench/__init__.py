"""Benchmarks that print a ratio to a peer or to a limit measured in the same run."""
