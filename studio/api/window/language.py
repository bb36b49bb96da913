"""Texts in the language of the window; the window installs the catalogue."""

from __future__ import annotations

from collections.abc import Callable


def _english(text: str, n: int = -1, /) -> str:
    return text


_translate: Callable[[str, int], str] = _english


def tr(text: str, n: int = -1) -> str:
    """Translate a text that the user reads; English where there is no window.

    Args:
        text: English text, a literal, which ``make translations`` collects.
        n: Number that decides between singular and plural; -1 for texts without a number.
    """
    return _translate(text, n)


def use_translations(translate: Callable[[str, int], str] | None) -> None:
    """Take texts from a catalogue; None for English."""
    global _translate
    _translate = translate or _english
