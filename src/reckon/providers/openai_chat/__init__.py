"""Chat completions: what OpenAI began and most providers and local servers speak."""
