"""The tokens of Whisper: text, languages, tasks, and times in steps of a fiftieth of a second."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tokenizers import Tokenizer

STEP: Final = 0.02
"""Seconds between two tokens of time."""
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")


class Tokens:
    """Meanings of token numbers.

    Attributes:
        end: The token behind the last word.
        first_time: The token of 0 seconds; all above it are times, too.
        suppressed: Tokens that are never written: signs that are not spoken.
    """

    def __init__(self, tokenizer: Tokenizer, suppressed: Iterable[int]) -> None:
        """
        Raises:
            ValueError: It is not a tokenizer of Whisper's.
        """
        self._tokenizer = tokenizer
        self.end = self._number("<|endoftext|>")
        self.start = self._number("<|startoftranscript|>")
        self.silence = self._number("<|nospeech|>", "<|nocaptions|>")
        self.before = self._number("<|startofprev|>")
        self.first_time = self._number("<|notimestamps|>") + 1
        self.space = tokenizer.encode(" ", add_special_tokens=False).ids
        ids = range(self.end + 1, self.first_time)
        # Whatever is neither a word nor a time is no transcript either.
        self.suppressed = sorted({*suppressed, *ids} - {self.end})

    @cached_property
    def languages(self) -> dict[str, int]:
        """Code of each language that it knows → its token; empty where it knows English alone."""
        names = ((self._tokenizer.id_to_token(n) or "", n) for n in range(self.start, self._task))
        return {match[1]: n for name, n in names if (match := _LANGUAGE.fullmatch(name))}

    @property
    def _task(self) -> int:
        return self._number("<|translate|>")

    def prompt(self, language: str, *, translate: bool, words: str = "") -> list[int]:
        """Return the tokens with which a transcript begins.

        Args:
            words: Names and terms that may come; they guide the spelling.
        """
        before = self._tokenizer.encode(f" {words.strip()}", add_special_tokens=False).ids[-200:]
        start = [self.before, *before, self.start] if words.strip() else [self.start]
        if not self.languages:
            return start
        task = self._task if translate else self._number("<|transcribe|>")
        return [*start, self.languages[language], task]

    def text(self, tokens: Sequence[int]) -> str:
        """Decode the words among ``tokens``."""
        words = [token for token in tokens if token < self.end]
        return str(self._tokenizer.decode(words, skip_special_tokens=True))

    def _number(self, *names: str) -> int:
        for name in names:
            if (number := self._tokenizer.token_to_id(name)) is not None:
                return int(number)
        raise ValueError(f"its tokenizer has no {names[0]}")
