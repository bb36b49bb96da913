"""Word-level diff of a corrected text, marking changes of numbers and names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from difflib import SequenceMatcher

import msgspec

_TOKEN = re.compile(r"\s+|\w+(?:['’\-]\w+)*|[^\w\s]")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_MOST_LOST = 2
"""Words that a correction may take out; more is a loss of what was said."""
_SENTENCE_END = frozenset('.!?:\n"“”„»«')


class WordChange(msgspec.Struct, frozen=True):
    """A stretch of the old text and what stands there in the new one.

    Attributes:
        start, end: Of the old text, in characters; equal where words were added.
        before, after: Both texts.
        marked: Whether meaning may change: a number or a name would be another one, or several
            words are gone.
    """

    start: int
    end: int
    before: str
    after: str
    marked: bool = False


def word_changes(before: str, after: str) -> list[WordChange]:
    """Return what leads from one text to the other, in order.

    Changes with nothing but one space between them are one: they are one phrase.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    starts = [0]
    for token in old:
        starts.append(starts[-1] + len(token))
    names = _names(before) | _names(after)
    spans: list[list[int]] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        if spans and a - spans[-1][1] <= 1 and "".join(old[spans[-1][1] : a]) in ("", " "):
            spans[-1][1], spans[-1][3] = b, d
        else:
            spans.append([a, b, c, d])
    changes = []
    for a, b, c, d in spans:
        was, now = "".join(old[a:b]), "".join(new[c:d])
        marked = _alters_facts(was, now, names)
        changes.append(WordChange(starts[a], starts[b], was, now, marked))
    return changes


def applied(text: str, changes: Sequence[WordChange], accepted: Collection[int]) -> str:
    """Return ``text`` with the changes of those numbers, from 0."""
    parts, at = [], 0
    for number, change in enumerate(changes):
        parts.append(text[at : change.start])
        parts.append(change.after if number in accepted else change.before)
        at = change.end
    return "".join([*parts, text[at:]])


def lost_numbers(before: str, after: str) -> list[str]:
    """Return the numbers of a text that another one has nowhere, in order, each once."""
    remaining = frozenset(_NUMBER.findall(after))
    return [number for number in dict.fromkeys(_NUMBER.findall(before)) if number not in remaining]


def _alters_facts(before: str, after: str, names: frozenset[str]) -> bool:
    """Whether a number changes, a name other than in its capitals, or several words are lost."""
    if Counter(_NUMBER.findall(before)) != Counter(_NUMBER.findall(after)):
        return True
    was, now = ([w.casefold() for w in re.findall(r"\w+", text)] for text in (before, after))
    if len(was) - len(now) > _MOST_LOST:
        return True
    return any(was.count(name) != now.count(name) for name in names)


def _names(text: str) -> frozenset[str]:
    """Return the words with a capital that begin no sentence, in lower case.

    In a language that gives every noun a capital these are all nouns: more is marked, never less.
    """
    names, ends = set(), True
    for token in _TOKEN.findall(text):
        if token.isspace():
            ends = ends or "\n" in token
        elif token[0].isalnum():
            if not ends and token[0].isupper() and token != "I" and not token.startswith("I'"):
                names.add(token.casefold())
            ends = False
        else:
            ends = token in _SENTENCE_END
    return frozenset(names)
