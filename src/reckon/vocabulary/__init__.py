"""The nouns. Frozen value types; no I/O, no clock, no network."""
