"""SMILES as numbers: one token an atom, bond, branch or ring digit. Pure Python.

Atoms in brackets are one token each (``[nH]``), as are ``Cl``, ``Br`` and ``%12``. The table is
fixed by what the weights were trained on and is stored beside them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Final

PAD: Final = 0
START: Final = 1
END: Final = 2
_SPECIAL: Final = ("<pad>", "<start>", "<end>")
_TOKEN: Final = re.compile(r"\[[^\[\]]{1,30}\]|Br|Cl|%\d\d|[A-Za-z]|[0-9]|[-=#$:/\\.()+@~*]")


class Vocabulary:
    """The tokens that a set of weights knows, in their order."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tuple(tokens)
        self._number = {token: number for number, token in enumerate(self.tokens)}

    @classmethod
    def learned(cls, lines: Iterable[str]) -> Vocabulary:
        """Return the vocabulary of ``lines``: special tokens first, then by the alphabet."""
        tokens = {token for line in lines for token in split(line)}
        return cls((*_SPECIAL, *sorted(tokens)))

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, smiles: str) -> list[int] | None:
        """Return the numbers of ``smiles``, without start and end; None if a token is unknown."""
        try:
            return [self._number[token] for token in split(smiles)]
        except (KeyError, ValueError):
            return None

    def beginning(self, smiles: str) -> list[str]:
        """Return the tokens of ``smiles`` up to the first that is unknown."""
        return list(itertools.takewhile(self._number.__contains__, split(smiles)))

    def decode(self, numbers: Iterable[int]) -> str:
        """Return the text of numbers up to the first end; start and padding say nothing."""
        parts = []
        for number in numbers:
            if number == END:
                break
            if number > END:
                parts.append(self.tokens[number])
        return "".join(parts)


def split(smiles: str) -> list[str]:
    """Return the tokens of ``smiles``.

    Raises:
        ValueError: it holds a character that no token begins with.
    """
    tokens = _TOKEN.findall(smiles)
    if sum(map(len, tokens)) != len(smiles):
        raise ValueError("not the characters of a SMILES")
    return tokens
