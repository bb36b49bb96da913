"""Shorten titles to fit. Independent of their subject."""

from __future__ import annotations


def shortened(text: str, most: int) -> str:
    """Return at most so many characters of a text, with a sign of it where some are missing."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
