"""Anthropic's messages format."""
