"""Texts in the language of the window; the window installs the catalogue."""

from __future__ import annotations

from collections.abc import Callable


def _english(text: str, n: int = -1, /) -> str:
    return text


_translate: Callable[[str, int], str] = _english
_translate_filled: Callable[[str], str] = _english


def tr(text: str, n: int = -1) -> str:
    """Translate a text that the user reads; English where there is no window.

    Args:
        text: English text, a literal, which ``make translations`` collects.
        n: Number that decides between singular and plural; -1 for texts without a number.
    """
    return _translate(text, n)


def tr_filled(text: str | Exception) -> str:
    """Translate what code has filled in: the text of an error, a notice, a reason.

    Args:
        text: It, or the error; it is looked for by the pattern that it was made from.
    """
    return _translate_filled(str(text))


def use_translations(
    translate: Callable[[str, int], str] | None, filled: Callable[[str], str] | None = None
) -> None:
    """Take texts from a catalogue; None for English.

    Args:
        translate: Returns the translation of a literal.
        filled: Same, of a text whose places have been filled.
    """
    global _translate, _translate_filled
    _translate, _translate_filled = translate or _english, filled or _english
