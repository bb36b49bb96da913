"""A text that is still being written → its sentences, each as soon as it is whole.

Texts of language models are Markdown: its signs are not said, nor is code.
"""

from __future__ import annotations

import re
from typing import Final

from studio_voice.pronunciation.lexicon import SENTENCE_END, sentences

_FENCE: Final = "```"
_FIRST_CLAUSE: Final = 24
"""Letters of a first phrase that is said by itself: so the first sound comes early."""
_BEGINS_A_PHRASE: Final = (
    "and or but that than which who where when while because until if as with without to from of "
    "in on at by for into over under after before behind between near through"
)
_CLAUSE_END: Final = re.compile(
    rf"(?<=[,;:—])\s+|\s+(?=(?:{'|'.join(_BEGINS_A_PHRASE.split())})\s)"
)
_UNSAID: Final = (
    (re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)"), r"\1"),
    (re.compile(r"https?://\S+"), "a link"),
    (re.compile(r"^[ \t]*(?:#{1,6}|>+|[-*+•])[ \t]+", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$|^[ \t|:-]+$", re.MULTILINE), ""),
    (re.compile(r"(\*\*|__|~~|`)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])[*_](?=\S)(.+?)(?<=\S)[*_](?![\w*])"), r"\1"),
    (re.compile(r"[ \t]*\|[ \t]*"), ", "),
)


def plain(text: str) -> str:
    """Return Markdown as it is read out, without code blocks that are whole."""
    text = re.sub(rf"{_FENCE}.*?(?:{_FENCE}|\Z)", "\n\n", text, flags=re.DOTALL)
    for pattern, words in _UNSAID:
        text = pattern.sub(words, text)
    return text


class SentenceStream:
    """Takes a text in pieces."""

    def __init__(self) -> None:
        self._text = ""
        self._in_code = False
        self._nothing_yet = True

    def add(self, text: str) -> list[str]:
        """Return the sentences that are whole by now."""
        self._text += text
        return self._taken(is_end=False)

    def end(self) -> list[str]:
        """Return the remaining sentences."""
        return self._taken(is_end=True)

    def _taken(self, *, is_end: bool) -> list[str]:
        complete: list[str] = []
        while True:
            place = self._text.find(_FENCE)
            before = self._text if place < 0 else self._text[:place]
            if self._in_code:
                if place < 0:
                    self._text = self._text[-2:]  # of a fence that is half here
                    return complete
            else:
                ready, rest = self._split(before, is_whole=place >= 0 or is_end)
                complete += ready
                if place < 0:
                    self._text = rest
                    return complete
            self._text, self._in_code = self._text[place + len(_FENCE) :], not self._in_code

    def _split(self, text: str, *, is_whole: bool) -> tuple[list[str], str]:
        cut = len(text) if is_whole else _last_end(text, SENTENCE_END)
        is_part = not cut and self._nothing_yet
        if is_part:
            cut = _phrase_end(text)
        spoken = list(sentences(plain(text[:cut])))
        if is_part:
            spoken[-1:] = map(_open, spoken[-1:])
        elif self._nothing_yet and spoken and len(spoken[0]) > 2 * _FIRST_CLAUSE:
            end = _phrase_end(spoken[0])
            spoken[:1] = [_open(spoken[0][:end]), spoken[0][end:]] if end else spoken[:1]
        self._nothing_yet = self._nothing_yet and not spoken
        return spoken, text[cut:]


def _phrase_end(text: str) -> int:
    """Return where the first phrase that is long enough is over; 0 if none is."""
    ends = (match.end() for match in _CLAUSE_END.finditer(text))
    return next((end for end in ends if end >= _FIRST_CLAUSE), 0)


def _open(phrase: str) -> str:
    """Return a phrase as one after which more is said: the voice stays up, the pause is short."""
    phrase = phrase.rstrip()
    return f"{phrase}," if phrase[-1:].isalnum() else phrase


def _last_end(text: str, pattern: re.Pattern[str]) -> int:
    return max((match.end() for match in pattern.finditer(text)), default=0)
