"""How well texts fit words. Source: Okapi BM25 (Robertson and Zaragoza 2009)."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from studio.api.stability import since


@since("1.1")
def bm25(
    texts: Sequence[Mapping[str, float]],
    wanted: Collection[str],
    *,
    lengths: Sequence[float] | None = None,
    saturation: float = 1.2,
    length_share: float = 0.75,
) -> list[float]:
    """Return how well each text fits the words that are ``wanted``; 0 for not at all.

    Args:
        texts: Word → how often a text has it, or what that counts. Words that are not wanted may be
            missing where ``lengths`` are given.
        lengths: Of the texts, in the same measure; the sums of their words unless given.
        saturation: How much a word that is there again still counts (k₁).
        length_share: How much the length of a text takes off, 0 to 1 (b).
    """
    long = [sum(text.values()) for text in texts] if lengths is None else lengths
    typical = sum(long) / max(len(long), 1) or 1.0
    norms = [saturation * (1 - length_share + length_share * length / typical) for length in long]
    scores = [0.0] * len(texts)
    for word in wanted:
        having = sum(word in text for text in texts)
        rarity = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
        for place, text in enumerate(texts):
            if (often := text.get(word, 0.0)) > 0:
                scores[place] += rarity * often * (saturation + 1) / (often + norms[place])
    return scores
