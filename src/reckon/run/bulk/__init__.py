"""One prompt over many rows: engine, budget, resume."""
