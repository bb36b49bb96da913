"""The language that a reply should have, and whether one that begins is in another."""

from __future__ import annotations

import unicodedata
from collections.abc import Generator, Sequence
from typing import Final

from studio.api import ChatMessage, Event, WrittenText
from studio_chat.answers.kinds import WORDS, pattern
from studio_chat.documents import languages

_ENOUGH: Final = 8
"""Words from which on the language of a text that is being written is judged."""
_LETTERS: Final = 2
"""Letters that show the script of a text."""
_SCRIPTS: Final = (
    *("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "CYRILLIC", "ARABIC", "HEBREW", "DEVANAGARI"),
    *("THAI", "BENGALI", "TAMIL", "TELUGU", "GEORGIAN", "ARMENIAN"),
)
"""As Unicode's names of letters begin."""
_NAMES: Final = pattern(WORDS["languages"]["names"])
_ANSWER_IN: Final[dict[str, str]] = WORDS["languages"]["answer_in"]


class ReplyLanguage:
    """Compares a reply with the question while its first words are written and not shown yet.

    Attributes:
        is_judged: Whether the reply can be shown: it is in the language, or nothing is expected.
        is_other: Whether it begins in another language or script.
    """

    def __init__(self, messages: Sequence[ChatMessage]) -> None:
        """Take the language from the last message, unless a language is named anywhere."""
        question = messages[-1]["content"]
        texts = [turn["content"] for turn in messages if turn["role"] == "system"] + [question]
        is_open = messages[-1]["role"] != "user" or any(map(_NAMES.search, texts))
        lines = question.strip().split("\n")
        sure = languages.sure_language_of(lines[0])
        self._language = sure if sure == languages.sure_language_of(question) else ""
        self._is_latin = not any(_is_of_another_script(letter) for letter in "".join(texts))
        self.is_judged = is_open or not (self._language or self._is_latin)
        self.is_other = False

    @property
    def instruction(self) -> str:
        """What asks for the language of the question, in that language."""
        return _ANSWER_IN.get(self._language, _ANSWER_IN["english"])

    def judge(self, pieces: Sequence[str]) -> bool:
        """Judge the reply so far; return whether it is in another language."""
        if self.is_judged:
            return False
        text = "".join(pieces)
        letters = [letter for letter in text if letter.isalpha()]
        if len(letters) < _LETTERS:
            return False
        first = letters[:_LETTERS]
        self.is_other = self._is_latin and all(map(_is_of_another_script, first))
        # Small models answer an English question in English, so it need not wait for more.
        if self.is_other or self._language in ("", "english"):
            self.is_judged = True
        elif len(text.split()) > _ENOUGH:
            written = languages.sure_language_of(text)
            self.is_other = written not in ("", self._language)
            self.is_judged = True
        return self.is_other


def held_back(
    writing: Generator[Event, None, WrittenText], pieces: Sequence[str], language: ReplyLanguage
) -> Generator[Event, None, WrittenText]:
    """Show a text from where its language is judged on; nothing of one in another language.

    Args:
        writing: Writes the text.
        pieces: Gets what is written.
    """
    held: list[Event] = []
    while True:
        before = len(pieces)
        try:
            event = next(writing)
        except StopIteration as end:
            if not language.is_other:
                yield from held
            written: WrittenText = end.value
            return written
        if len(pieces) == before or language.is_other:
            yield None if len(pieces) > before else event
        elif language.is_judged:
            yield from held
            held = []
            yield event
        else:
            held.append(event)
            yield None


def _is_of_another_script(letter: str) -> bool:
    """Return whether a letter is of a script that no formula and no Western language has."""
    return letter.isalpha() and unicodedata.name(letter, "").startswith(_SCRIPTS)
