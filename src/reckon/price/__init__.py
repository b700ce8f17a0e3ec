"""PRICE. Job -> Estimate, Usage -> Cost. Pure arithmetic, no HTTP."""
