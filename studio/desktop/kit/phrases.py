"""The words of the kit, in the language of the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def tr(text: str) -> str:
    """Return ``text`` in the language of the window."""
    return QCoreApplication.translate("kit", text)


def shortened(title: str, fallback: str) -> str:
    """Return a title that fits into a sentence."""
    return (title if len(title) <= 40 else f"{title[:39]}…") or fallback
