"""The words that several parts of the page share. Makes sentences, draws nothing."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def tr(text: str) -> str:
    """Return ``text`` in the language of the window."""
    return QCoreApplication.translate("code", text)


def count_words(count: int, one: str, many: str) -> str:
    """Return ``one`` for 1, else ``many`` with its ``{count}``; both are translated already."""
    return one if count == 1 else many.format(count=f"{count:,}")
