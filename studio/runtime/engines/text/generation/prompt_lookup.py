"""Guesses what comes next where a text repeats itself. Knows tokens only, asks no model.

Prompt lookup (Saxena 2023): what followed the last few tokens when they stood there before. A guess
costs the model a few more rows in a reading that it makes anyway; it never changes the text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

LONGEST_MATCH = 4
LEAST_MATCH = 2
MOST_GUESSED = 8
"""Tokens guessed at once."""

_FIRST_GUESS = 4
_LONGEST_REST = 64
_PLACES = 32
"""Earlier places looked at: the latest ones."""


class PromptLookup:
    """The guesses for one text.

    They become longer while they are right. After a wrong one it rests, the longer the oftener that
    happens, so that a text which does not repeat itself is not slower.
    """

    def __init__(self, tokens: Sequence[int]) -> None:
        """Start with ``tokens``, at least one."""
        self._tokens: list[int] = []
        self._ends: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        self._length = _FIRST_GUESS
        self._rest = self._resting = 0
        for token in tokens:
            self.push(token)

    def push(self, token: int) -> None:
        """Take the next token of the text."""
        if self._tokens:
            self._ends[self._tokens[-1], token].append(len(self._tokens) + 1)
        self._tokens.append(token)
        self._resting = max(0, self._resting - 1)

    def guess(self, most: int) -> list[int]:
        """Return up to ``most`` tokens that may come next; often none."""
        if self._resting or most < 1 or len(self._tokens) <= LEAST_MATCH:
            return []
        if not (place := self._best_place()):
            return []
        guess: list[int] = []
        while len(guess) < min(most, self._length):  # a repetition of itself goes round
            beyond = place - len(self._tokens)
            guess.append(guess[beyond] if beyond >= 0 else self._tokens[place])
            place += 1
        return guess

    def learn(self, guessed: int, right: int) -> None:
        """Hear that the first ``right`` of ``guessed`` tokens were right."""
        if right == guessed:
            self._length, self._rest = min(2 * self._length, MOST_GUESSED), 0
        elif right:
            self._length, self._rest = max(right, LEAST_MATCH), 0
        else:
            self._length = LEAST_MATCH
            self._rest = min(max(2 * self._rest, 2), _LONGEST_REST)
            self._resting = self._rest

    def _best_place(self) -> int:
        """Return where the longest match ended before, the latest of several; 0 if nowhere."""
        tokens, best, longest = self._tokens, 0, LEAST_MATCH - 1
        earlier = self._ends[tokens[-2], tokens[-1]][:-1]
        for end in reversed(earlier[-_PLACES:]):
            length = LEAST_MATCH
            while (
                length < min(LONGEST_MATCH, end) and tokens[end - length - 1] == tokens[-length - 1]
            ):
                length += 1
            if length > longest:
                best, longest = end, length
        return best
