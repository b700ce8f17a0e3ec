"""Gemini's generateContent format."""
