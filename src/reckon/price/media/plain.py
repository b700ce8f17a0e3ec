"""One number for every picture."""


def flat(width: float, height: float, tokens: float) -> float:
    """So many tokens, whatever the size."""
    del width, height
    return tokens
