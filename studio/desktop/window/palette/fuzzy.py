"""How well a few typed letters fit a title. Pure functions."""

from __future__ import annotations

_START, _WORD, _RUN, _LETTER = 12, 8, 5, 1


def score(query: str, title: str) -> float:
    """Return how well ``query`` fits; 0 if its letters are not in ``title`` in order.

    Words of the query may come in any order; letters that begin words or follow each other count
    more, and of two that fit alike the shorter title wins.
    """
    total = 0.0
    for word in query.casefold().split():
        fits = _score_word(word, title.casefold())
        if not fits:
            return 0.0
        total += fits
    return total / (1 + len(title) / 200) if total else 1.0


def _score_word(word: str, title: str) -> float:
    at = title.find(word)
    if at >= 0:
        start = _START if at == 0 else _WORD if _begins_word(title, at) else 0
        return start + (_RUN + _LETTER) * len(word) + _RUN
    return _score_letters(word, title)


def _score_letters(word: str, title: str) -> float:
    """Letters in order, from where a word begins: a few gaps are allowed, a scatter is not."""
    first = next(
        (n for n, one in enumerate(title) if one == word[0] and _begins_word(title, n)), -1
    )
    if first < 0:
        return 0.0
    points, at, gaps = 0.0, first - 1, 0
    for letter in word:
        found = title.find(letter, at + 1)
        if found < 0:
            return 0.0
        begins = _begins_word(title, found)
        gaps += found != at + 1 and not begins
        points += _LETTER + (_WORD if begins else _RUN if found == at + 1 else 0)
        at = found
    return points if gaps <= 1 + len(word) // 3 else 0.0


def _begins_word(title: str, at: int) -> bool:
    return at == 0 or not title[at - 1].isalnum()
