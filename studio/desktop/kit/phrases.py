"""The words of the kit, in the language of the window."""

from __future__ import annotations


def shortened(title: str, fallback: str) -> str:
    """Return a title that fits into a sentence."""
    return (title if len(title) <= 40 else f"{title[:39]}…") or fallback
