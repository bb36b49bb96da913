"""From English sentences to sounds: by a lexicon, by endings, and by a network for the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from studio_voice.pronunciation.numbers import SHORTENED, read_out

Guess = Callable[[str, str], str]
"""A word and an accent → its sounds."""

_TOKEN: Final = re.compile(r"[A-Za-zÀ-ÿ]+(?:['’][A-Za-zÀ-ÿ]+)*|[.,!?;:—…()“”\"]|[-–]")
_MARKS: Final = frozenset('.,!?;:—…()“”"')
_VOWELS: Final = frozenset("AIOQWYiuæɑɒɔəɛɜɪʊʌaeᵊᵻ")
_VOICELESS: Final = frozenset("ptkfθ")
_SIBILANT: Final = frozenset("szʃʒʧʤ")
_SHORT: Final = "".join(rf"(?<!\b{re.escape(abbreviation)})" for abbreviation in SHORTENED)
SENTENCE_END: Final = re.compile(
    rf"(?<=[.!?…]){_SHORT}" + r"\s+|(?<=[.!?…][”’)\"])\s+|\n{2,}|\n(?=\s*[-*•\d])"
)
_CLAUSE_END: Final = re.compile(r"(?<=[,;:—])\s+")
_LONGEST: Final = 240
"""Letters of what is said at once: longer sentences are said in clauses."""


class Lexicon:
    """How words are pronounced, in two accents: ``us`` and ``gb``."""

    def __init__(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        self._entries = entries

    def sounds(self, sentence: str, accent: str, guess: Guess) -> tuple[str, list[str]]:
        """Return the sounds of a sentence, and the words that were guessed."""
        phonemes: list[str] = []
        guessed: list[str] = []
        tokens = _TOKEN.findall(read_out(sentence))
        for place, token in enumerate(tokens):
            if token in _MARKS:
                if phonemes:
                    phonemes[-1] += token
                continue
            if token in "-–":
                continue
            follower = tokens[place + 1] if place + 1 < len(tokens) else ""
            small = token.lower() if place == 0 else token
            sounds = self._function_word(small, follower, accent) or self.word(token, accent)
            if sounds is None:
                guessed.append(token)
                sounds = guess(token, accent)
            phonemes.append(sounds)
        return " ".join(phonemes), guessed

    def word(self, word: str, accent: str) -> str | None:
        """Return the sounds of a word, with its usual endings; None where it is not known."""
        word = word.replace("’", "'")
        if listed := self._listed(word, accent):
            return listed
        lower = word.lower()
        for ending, make in (
            ("'s", _plural),
            ("es", _plural),
            ("s", _plural),
            ("ed", _past),
            ("ing", _going),
        ):
            if not lower.endswith(ending) or len(lower) < len(ending) + 3:
                continue
            stem = lower.removesuffix(ending)
            stems = [stem, f"{stem}e"] + ([stem[:-1]] if stem[-1:] == stem[-2:-1] else [])
            if stem_sounds := next(
                filter(None, (self._listed(form, accent) for form in stems)), None
            ):
                return make(stem_sounds)
        if word.isupper() and 1 < len(word) <= 5:
            letters = [self._listed(letter, accent) for letter in word]
            return " ".join(filter(None, letters)) or None
        return None

    def _listed(self, word: str, accent: str) -> str | None:
        table = self._entries[accent]
        for form in dict.fromkeys((word, word.lower(), word.capitalize())):
            entry = table.get(form)
            usual = entry.get("DEFAULT") if isinstance(entry, dict) else entry
            if isinstance(usual, str) and usual:
                return usual
        return None

    def _function_word(self, word: str, follower: str, accent: str) -> str | None:
        """Return how a small word is said before ``follower``: “the apple”, “a pear”."""
        if word == "a":
            return "ɐ"
        if word not in ("the", "to"):
            return None
        ahead = self.word(follower, accent) if follower and follower not in _MARKS else None
        vowel = ahead is not None and ahead.lstrip("ˈˌ")[:1] in _VOWELS
        if word == "the":
            return "ði" if vowel else "ðə"
        return "tʊ" if vowel else "tə"


def sentences(text: str) -> Iterator[str]:
    """Yield units spoken in one breath: sentences, or clauses of long ones, none of them empty."""
    for sentence in SENTENCE_END.split(text):
        rest = " ".join(sentence.split())
        if len(rest) <= _LONGEST:
            if any(letter.isalnum() for letter in rest):
                yield rest
            continue
        held = ""
        for clause in _CLAUSE_END.split(rest):
            for part in _in_words(clause):
                if held and len(held) + len(part) >= _LONGEST:
                    yield held
                    held = ""
                held = f"{held} {part}".strip()
        if held:
            yield held


def _in_words(clause: str) -> Iterator[str]:
    """Yield a clause in parts that are short enough."""
    held = ""
    for word in re.findall(rf"\S{{1,{_LONGEST}}}", clause):  # of a longer one all is said
        if held and len(held) + len(word) >= _LONGEST:
            yield held
            held = ""
        held = f"{held} {word}".strip()
    if held:
        yield held


def _plural(stem: str) -> str:
    if stem[-1] in _SIBILANT:
        return f"{stem}ɪz"
    return stem + ("s" if stem[-1] in _VOICELESS else "z")


def _past(stem: str) -> str:
    if stem[-1] in "td":
        return f"{stem}ɪd"
    return stem + ("t" if stem[-1] in _VOICELESS | {"s", "ʃ", "ʧ"} else "d")


def _going(stem: str) -> str:
    return f"{stem}ɪŋ"
