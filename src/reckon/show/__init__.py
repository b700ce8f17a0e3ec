"""How things look: plain rows to table, JSON, CSV, Markdown."""
