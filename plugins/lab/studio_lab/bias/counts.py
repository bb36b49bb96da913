"""Count words of both sorts in generated texts. Pure functions."""

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
    """Word counts in the texts about one group.

    Attributes:
        texts: Number of texts.
        first, second: Number of texts where a word of that sort comes first.
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
    """Count the texts by the first matching word of their first sentence."""
    first, second = (_words(side) for side in topic.counted)
    counts = [0, 0]
    for text in texts:
        head = _SENTENCE.split(text.strip(), maxsplit=1)[0]
        places = [match.start() if (match := sort.search(head)) else -1 for sort in (first, second)]
        if max(places) >= 0:
            counts[places.index(min(place for place in places if place >= 0))] += 1
    return Counted(topic.name, by, group, len(texts), *counts)


def _words(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})s?\b", re.IGNORECASE)
