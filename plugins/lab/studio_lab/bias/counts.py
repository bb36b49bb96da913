"""Words of both sorts in what a model wrote by itself, counted. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from studio_lab.bias.templates import Topic
from studio_lab.measures import estimates
from studio_lab.measures.estimates import Estimate

_SENTENCE = re.compile(r"[.!?\n]")


@dataclass(frozen=True)
class Counted:
    """What was written of one group.

    Attributes:
        texts: How many were written.
        first, second: In how many a word of the first sort comes first, and one of the second.
    """

    topic: str
    by: str
    group: str
    texts: int
    first: int
    second: int

    @property
    def share(self) -> Estimate:
        """The share of the first sort among texts with a word of either, by Wilson."""
        return estimates.share(self.first, self.first + self.second)


def counted(topic: Topic, by: str, group: str, texts: Sequence[str]) -> Counted:
    """Count what was written: of each text only its first sentence, and in it the first word."""
    first, second = (_words(each) for each in topic.counted)
    found = [0, 0]
    for text in texts:
        head = _SENTENCE.split(text.strip(), maxsplit=1)[0]
        places = [match.start() if (match := sort.search(head)) else -1 for sort in (first, second)]
        if max(places) >= 0:
            found[places.index(min(place for place in places if place >= 0))] += 1
    return Counted(topic.name, by, group, len(texts), *found)


def _words(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})s?\b", re.IGNORECASE)
