"""Parse a prompt: the trained captions it names, how many of each, and the words left out.

Draws nothing, loads nothing but a table of synonyms.
"""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources

from studio.api import BadInput
from studio_image.starter.network import COLOURS, Caption
from studio_image.starter.weights import Starter, words_of

MAX_SUBJECTS = 3
"""More things than these in one picture would each be too small to be drawn."""
MAX_COPIES = 9
SEVERAL = 3
"""How many a plural without a number stands for."""

_LONGEST = 6  # words of a caption or a synonym that are looked for together
_OTHER_COLOURS = ("brown", "black", "white", "grey", "gray")
_NEAR_SPELLING = 0.75
"""How alike, from 0 to 1, a word is that is proposed for one that is not known."""
_NAME = re.compile(r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)+\b")
"""Words that may be a name together: New York is no new thing, and Van Gogh no vehicle."""


@dataclass(frozen=True)
class Vocabulary:
    """Words that mean more, or less, than themselves.

    Attributes:
        silent: What no drawing can show.
        numbers: Word → how many it says.
        plurals: Irregular plural → singular.
        synonyms: What people say → the trained caption that it stands for.
    """

    silent: frozenset[str]
    numbers: Mapping[str, int]
    plurals: Mapping[str, str]
    synonyms: Mapping[str, str]


@functools.cache
def vocabulary() -> Vocabulary:
    """Return the words of ``vocabulary.toml``."""
    text = resources.files("studio_image.starter").joinpath("vocabulary.toml").read_text("utf-8")
    table = tomllib.loads(text)
    numbers = enumerate(table["numbers"].values(), start=1)
    return Vocabulary(
        frozenset(table["silent"]),
        {word: number for number, words in numbers for word in words},
        table["plurals"],
        {
            synonym: means
            for group in table["synonyms"].values()
            for synonym, means in group.items()
        },
    )


@dataclass(frozen=True)
class Subject:
    """One thing to draw.

    Attributes:
        caption: What the generator gets.
        wording: The words it draws from: a trained caption, recoloured if a colour was asked for.
        trained_caption: The trained caption that it leans on.
        copies: How many of it the picture shows.
    """

    caption: Caption
    wording: str
    trained_caption: str
    copies: int = 1

    @property
    def label(self) -> str:
        """The subject as a person reads it."""
        return f"{self.copies} × {self.wording}" if self.copies > 1 else self.wording


@dataclass(frozen=True)
class Reading:
    """How a prompt was understood.

    Attributes:
        subjects: What is drawn, one or more.
        unknown: Words of the prompt that no trained caption has, in their order.
        respelt: Word of the prompt → the one that it was taken for.
    """

    subjects: tuple[Subject, ...]
    unknown: tuple[str, ...]
    respelt: Mapping[str, str]

    def first(self) -> Reading:
        """Return the reading with one copy of the first subject alone; the others are left out."""
        only, *others = self.subjects
        left_out = (*self.unknown, *(other.wording for other in others))
        return Reading((replace(only, copies=1),), left_out, self.respelt)

    @property
    def drawn(self) -> str:
        """The words it draws from."""
        return ", ".join(subject.label for subject in self.subjects)

    @property
    def known(self) -> str:
        """The trained captions that it leans on."""
        return ", ".join(subject.trained_caption for subject in self.subjects)


_NONE: Mapping[str, str] = {}


def understand(
    prompt: str, style: str, starter: Starter, near: Mapping[str, str] = _NONE
) -> Reading:
    """Return the captions that a prompt names.

    The longest run of words that is a trained caption, or stands for one, wins; words are also
    tried in the singular and in another order (“running man”). A colour and a number belong to the
    thing after them. Similar spellings never match.

    Args:
        near: Unknown word → the caption to use for it.

    Raises:
        BadInput: Nothing in it was trained; says what is near.
    """
    reading = _read(prompt, style, starter, near)
    if not reading.subjects:
        raise BadInput(
            f"This model knows nothing that “{prompt.strip()}” names.",
            _near(reading.unknown, starter),
        )
    return reading


def strangers(prompt: str, style: str, starter: Starter) -> tuple[str, ...]:
    """Return the words of a prompt that name nothing known."""
    return _read(prompt, style, starter, _NONE).unknown


def _read(prompt: str, style: str, starter: Starter, near: Mapping[str, str]) -> Reading:
    reader = _Reader(starter.captions)
    names = [name for name in _NAME.findall(prompt) if not reader.knows_all(words_of(name))]
    for name in names:
        prompt = prompt.replace(name, "")
    words = words_of(prompt)
    subjects: dict[str, Subject] = {}
    unknown: list[str] = names
    respelt: dict[str, str] = {}
    colour, copies, at = "", 0, 0
    while at < len(words):
        is_qualified = at > 0 and words[at - 1] in unknown
        length, caption, is_plural = reader.longest(words[at:], is_qualified)
        if not caption and (meant := near.get(words[at])):
            respelt[words[at]] = meant
            _, caption, is_plural = reader.longest(words_of(meant))
        if caption and len(subjects) < MAX_SUBJECTS:
            copies = copies or (SEVERAL if is_plural else 1)
            subject = _subject(caption, colour, copies, style)
            subjects.setdefault(subject.wording, subject)
            colour, copies = "", 0
        elif caption:
            unknown += words[at : at + length]
        elif words[at] in COLOURS:
            colour = words[at]
        elif words[at] in vocabulary().numbers:
            copies = vocabulary().numbers[words[at]]
        elif words[at] not in vocabulary().silent:
            unknown.append(words[at])
        at += length
    if colour and subjects:
        unknown.append(colour)
    return Reading(tuple(subjects.values()), tuple(dict.fromkeys(unknown)), respelt)


def _subject(caption: str, colour: str, copies: int, style: str) -> Subject:
    """Return a trained caption, in a colour as the recoloured pictures of training were called."""
    copies = min(copies, MAX_COPIES)
    if not colour or colour in caption.split():
        return Subject(Caption.of(caption, style), caption, caption, copies)
    rest = [word for word in caption.split() if word not in (*COLOURS, *_OTHER_COLOURS)]
    name = " ".join((colour, *rest))
    words, phrase = Caption.of(name, style, trained=False), Caption.of(caption, style).phrase
    return Subject(Caption(words.words, phrase, words.style), name, caption, copies)


class _Reader:
    """Finds the captions that words name."""

    def __init__(self, captions: frozenset[str]) -> None:
        self._captions = captions
        self._by_words = {tuple(sorted(name.split())): name for name in sorted(captions)}
        self._by_last: dict[str, str] = {}
        for name in sorted(captions, key=lambda caption: (len(caption.split()), caption)):
            if len(name.split()) > 1:
                self._by_last.setdefault(name.split()[-1], name)

    def knows_all(self, words: Sequence[str]) -> bool:
        """Tell whether the words, or each by itself, name something or are left out anyway."""
        length, caption, _ = self.longest(words)
        return (bool(caption) and length == len(words)) or all(
            _is_small(word) or self.longest([word])[1] for word in words
        )

    def longest(self, words: Sequence[str], is_qualified: bool = False) -> tuple[int, str, bool]:
        """Return how many words name a caption, which, and whether they are in the plural.

        Without one: 1 and an empty text. A word that ``is_qualified`` by one that is not known
        stands for no longer caption: a living room is no other room.
        """
        is_colour = words[0] in COLOURS and len(words) > 1 and not _is_small(words[1])
        for length in range(min(_LONGEST, len(words)), 1 if is_colour else 0, -1):
            phrase = words[:length]
            for tried, is_plural in _forms(phrase):
                if name := self._named(tried):
                    return length, name, is_plural
        if is_colour:  # “an orange tiger” has no fruit in it
            return 1, "", False
        word = words[0]
        is_head = len(words) == 1 or _is_small(words[1])  # “angry” alone is a face
        for (tried,), is_plural in _forms([word]):
            if is_head and f"{tried} face" in self._captions:
                return 1, f"{tried} face", is_plural
            if tried in self._by_last and not is_qualified and not _is_small(word):
                return 1, self._by_last[tried], is_plural
        return 1, "", False

    def _named(self, words: Sequence[str]) -> str:
        phrase = " ".join(words)
        if phrase in self._captions:
            return phrase if words[0] not in vocabulary().silent or len(words) > 1 else ""
        stands_for = vocabulary().synonyms.get(phrase, "")
        if stands_for in self._captions:
            return stands_for
        return self._by_words.get(tuple(sorted(words)), "") if len(words) > 1 else ""


def _is_small(word: str) -> bool:
    """Return whether a word names no subject: an article, a number, a colour, an action."""
    table = vocabulary()
    return word in table.silent or word in table.numbers or word in COLOURS or word.endswith("ing")


def _forms(words: Sequence[str]) -> Iterator[tuple[Sequence[str], bool]]:
    """Yield the words as they are, then with the last one in the singular."""
    yield words, False
    for single in _singular(words[-1]):
        yield [*words[:-1], single], True


def _singular(word: str) -> Iterator[str]:
    if single := vocabulary().plurals.get(word):
        yield single
    elif len(word) > 3 and word.endswith("ies"):
        yield f"{word[:-3]}y"
    elif len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
        if word.endswith("es"):
            yield word[:-2]


def _near(words: Sequence[str], starter: Starter) -> str:
    things = sorted(
        caption for caption in starter.captions if " " not in caption and not _is_small(caption)
    )
    near = [
        close
        for word in words[:MAX_SUBJECTS]
        for close in difflib.get_close_matches(
            word.lower(),
            [
                caption for caption in things if caption[0] == word[0].lower()
            ],  # a slip seldom comes first
            n=1,
            cutoff=_NEAR_SPELLING,
        )
    ]
    if near:
        return f"Did you mean {' or '.join(dict.fromkeys(near))}?"
    count = len(starter.captions)
    return f"It can draw about {count:,} things, such as fox, apple, house, rocket or crying face."
