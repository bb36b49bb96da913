"""Whether passages carry an answer to a question, by rules. Asks no model, reads no files.

Looked at are sentences and rows of tables, for what stands there together belongs together: that
the answer is of the kind that the question asks for, that its numbers and names stand in the
passages, and that the words of the question stand beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from studio_chat.answers import kinds
from studio_chat.answers.kinds import numbers
from studio_chat.documents import languages

NEARLY: Final = 0.6
"""What a word counts that stands in the sentence before or after, not in the sentence itself."""
_WRAPPED: Final = 60
"""Characters of a line from which on a sentence may go on in the next."""
_END: Final = re.compile(r"(?<=[^\W\d_]{3}[.!?])[”\"’')]*\s+")
_ROW: Final = re.compile(r"\||\t|,\S.*,\S|;\S|\s{3,}\S|^\s*(?:[-*•#]|\d+[.)]\s|§)")
_WORD: Final = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_YES_OR_NO: Final = frozenset(["yes", "no", "ja", "nein", "oui", "non", "sí", "sim", "não"])
_PIECE: Final = re.compile(r"\S+")
_ARTICLES: Final = frozenset(["the", "der", "die", "das", "les"])
_ASKING: Final = frozenset(
    word
    for words in (
        "how many much often long did do kind one some any exactly called name named happen why",
        "happened viel viele vielen oft lange hoch heißt heißen hieß lautet findet statt gibt",
    )
    for word in words.split()
)
"""Words of a question that its answer seldom has."""


@dataclass(frozen=True)
class Support:
    """Evidence in the passages for a short answer.

    Attributes:
        fits: Whether the answer has the kind that the question asks for.
        is_there: Whether its numbers and most of its names occur in the passages.
        nearness: Share of the question's content words found beside the answer, 0 to 1.
        lines: Supporting lines: index of the passage, and of its line from 0.
    """

    fits: bool = True
    is_there: bool = True
    nearness: float = 0.0
    lines: tuple[tuple[int, int], ...] = ()

    @property
    def holds(self) -> bool:
        """Whether no rule speaks against the answer."""
        return self.fits and self.is_there


@dataclass
class _Sentence:
    """A sentence or a row, with what surrounds it."""

    passage: int
    first: int
    last: int
    text: str
    stems: set[str] = field(default_factory=set)
    near: set[str] = field(default_factory=set)
    above: set[str] = field(default_factory=set)
    head: str = ""

    def share(self, asked: set[str]) -> float:
        """Return how much of the question stands here, 0 to 1; all of it where it tells nothing."""
        if not asked:
            return 1.0
        here = asked & (self.stems | self.above)
        return (len(here) + NEARLY * len((asked & self.near) - here)) / len(asked)

    @property
    def lines(self) -> list[tuple[int, int]]:
        return [(self.passage, at) for at in range(self.first, self.last + 1)]


class Passages:
    """Passages as they are held against a question and against answers to it."""

    def __init__(self, question: str, texts: Sequence[str]) -> None:
        """Cut the passages into sentences."""
        self._question, self._whole = question, "\n".join(texts)
        self.kind = kinds.asked_kind(question)
        self._language = languages.language_of(question)
        bare = kinds.without_kind(question, self.kind)
        words = [each for each in re.findall(r"\w+", bare.lower()) if each not in _ASKING]
        stems = languages.telling_stems(" ".join(words), self._language)
        self._asked = {each for each in stems if len(each) > 1}
        self._in_question = self._stems(question) | _words(question)
        if languages.language_of(self._whole) not in ("", self._language):
            self._asked = set()  # words of two languages have nothing in common
        self._sentences = [each for at, text in enumerate(texts) for each in self._cut(at, text)]

    def coverage(self) -> float:
        """Return how much of the question stands in one sentence with a thing of its kind, 0–1."""
        return max(
            (each.share(self._asked) for each in self._sentences if self._has_kind(each)),
            default=0.0,
        )

    def _has_kind(self, sentence: _Sentence) -> bool:
        """Return whether a thing of the kind that is asked for stands in a sentence."""
        if self.kind not in ("person", "name"):
            return kinds.has_kind(self.kind, f"{sentence.head}\n{sentence.text}")
        names = [
            _is_name(word)
            and not kinds.has_kind("time", word)
            and not self._stems(word) <= self._in_question
            for word in _WORD.findall(sentence.text)[1:]  # the first has a capital whatever it is
        ]
        if self._language == "german":  # every noun has one there, so a name is two in a row
            return any(map(min, pairwise(names)))
        return any(names)

    def nearest(self, most: int = 2) -> list[tuple[int, int]]:
        """Return the lines of the sentences that have most of the question."""
        named = [each for each in self._sentences if self._asked & each.stems]
        ranked = sorted(named, key=lambda each: -each.share(self._asked))
        return [line for each in ranked[:most] for line in each.lines]

    def support(self, answer: str) -> Support:
        """Compare an answer with the question and the passages."""
        given = _words(answer) - _YES_OR_NO
        if not given and not numbers(answer):
            return Support(nearness=self.coverage(), lines=tuple(self.nearest(1)))
        own = [word for word in _PIECE.findall(answer) if self._stems(word) - self._in_question]
        if not own:  # the question said anew
            return Support(is_there=False)
        shares = self._shares(" ".join(own))
        most = max((share for share, _ in shares), default=0.0)
        carrying = [each for share, each in shares if share == most] if most else []
        near = max((each.share(self._asked) for each in carrying), default=0.0)
        best = [each for each in carrying if each.share(self._asked) == near]
        return Support(
            kinds.fits(self.kind, " ".join(own) if self.kind == "person" else answer, self._whole),
            self._is_there(answer),
            near,
            tuple(line for each in best for line in each.lines),
        )

    def _shares(self, answer: str) -> list[tuple[float, _Sentence]]:
        """Return how much of an answer each sentence has; one such as “May” by its plain words."""
        given = set(languages.telling_stems(answer, self._language)) | numbers(answer)
        if given:
            return [(len(given & each.stems) / len(given), each) for each in self._sentences]
        plain = _words(answer)
        return [
            (len(plain & _words(each.text)) / max(len(plain), 1), each) for each in self._sentences
        ]

    def _is_there(self, answer: str) -> bool:
        if not numbers(answer) <= numbers(self._whole) | numbers(self._question):
            return False
        text = f"{self._whole} {self._question}"
        known = self._stems(text) | _words(text)
        names = [word for word in _WORD.findall(answer) if _is_name(word)]
        missing = [word for word in names if not self._stems(word) & known]
        return 2 * len(missing) <= len(names)

    def _stems(self, text: str) -> set[str]:
        return set(languages.stems(text, self._language)) | numbers(text)

    def _cut(self, passage: int, text: str) -> list[_Sentence]:
        """Split a passage into sentences, each with its neighbours and heading."""
        found = [
            _Sentence(passage, first, last, piece, self._stems(piece))
            for first, last, piece in sentences(text)
        ]
        above: set[str] = set()
        head = found[0] if found and _ROW.search(found[0].text) else None
        for at, each in enumerate(found):
            if each.text.startswith("#"):
                above = each.stems
            beside = found[max(0, at - 1) : at] + found[at + 1 : at + 2]
            each.above = above
            each.near = set().union(*(other.stems for other in beside))
            if head is not None and head is not each and _ROW.search(each.text):
                each.above = above | head.stems
                each.head = head.text
        return found


def sentences(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield first line, last line (from 0) and text of each sentence, heading or row."""
    block: list[str] = []
    start = 0
    for at, line in enumerate([*text.split("\n"), ""]):
        goes_on = block and len(block[-1]) >= _WRAPPED and not _ROW.search(f"{block[-1]}\n{line}")
        if block and not (goes_on and line.strip()):
            yield from _of_block(start, "\n".join(block))
            block = []
        if line.strip():
            start = start if block else at
            block.append(line)


def _of_block(start: int, block: str) -> Iterator[tuple[int, int, str]]:
    begin = 0
    for end in [*(found.end() for found in _END.finditer(block)), len(block)]:
        piece = block[begin:end]
        if piece.strip():
            first = start + block.count("\n", 0, begin)
            yield first, first + piece.strip().count("\n"), piece.strip()
        begin = end


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}


def _is_name(word: str) -> bool:
    return word[0].isupper() and len(word) > 2 and word.casefold() not in _ARTICLES | _YES_OR_NO
