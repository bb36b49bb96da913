"""Which files of a folder fit a few typed letters. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable

_NAME, _START, _RUN = 40, 12, 6


def best(query: str, paths: Iterable[str], limit: int = 60) -> list[str]:
    """Return the paths that fit, best first; those that come first where nothing is typed."""
    words = query.casefold().split()
    if not words:
        return [path for path, _ in zip(paths, range(limit))]
    scored = [(score, path) for path in paths if (score := _score(words, path.casefold()))]
    scored.sort(key=lambda pair: (-pair[0], len(pair[1]), pair[1]))
    return [path for _, path in scored[:limit]]


def _score(words: list[str], path: str) -> int:
    """Return how well all words fit; 0 if one does not."""
    total = 0
    name_at = path.rfind("/") + 1
    for word in words:
        at = path.rfind(word)
        if at >= name_at:
            total += _NAME + _RUN * len(word) + (_START if at == name_at else 0)
        elif at >= 0:
            total += _RUN * len(word)
        elif (letters := _letters(word, path, name_at)) > 0:
            total += letters
        else:
            return 0
    return total


def _letters(word: str, path: str, name_at: int) -> int:
    """Return how well the letters of a word follow each other in the name, else in the path."""
    for start, worth in ((name_at, 2), (0, 1)):
        at = start - 1
        for letter in word:
            at = path.find(letter, at + 1)
            if at < 0:
                break
        else:
            return worth * len(word)
    return 0
