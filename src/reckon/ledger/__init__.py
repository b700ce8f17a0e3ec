"""THE MEMORY. SQLite: every attempt, answer, token and cost."""
