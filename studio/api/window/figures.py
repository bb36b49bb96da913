"""Figures as the language of the window writes them."""

from __future__ import annotations

from studio.api.stability import since

MARKS: dict[int, str] = {}
"""What stands for a comma and a point in figures, by code point; the window fills it in."""


@since("1.1")
def localised(figures: str) -> str:
    """Write figures with the marks of the window's language: ``1,234.5 s`` → ``1.234,5 s``."""
    return figures.translate(MARKS)
