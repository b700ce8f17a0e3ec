"""CHOOSE. What exists, what it costs and cost then, what it takes."""
