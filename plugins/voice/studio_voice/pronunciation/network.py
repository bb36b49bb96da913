"""A small network that guesses how a word is pronounced from its letters.

Each letter has ``SLOTS`` places for sounds; two layers of gated recurrent units read them both
ways. Connectionist temporal classification (A. Graves and others, 2006) leaves places empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz'-"
ACCENTS: Final = ("us", "gb")
SLOTS: Final = 2
WIDTH: Final = 128
LONGEST: Final = 40
"""Letters of a word."""


class Speller(nn.Module):
    """Letters and an accent → sounds.

    Attributes:
        sounds: The sound of each output but the first, which is none.
    """

    def __init__(self, sounds: str) -> None:
        super().__init__()
        self.sounds = sounds
        self.letters = nn.Embedding(len(LETTERS) + 1, WIDTH, padding_idx=0)
        self.accents = nn.Embedding(len(ACCENTS), WIDTH)
        self.slots = nn.Parameter(torch.zeros(SLOTS, WIDTH))
        self.reader = nn.GRU(WIDTH, WIDTH, 2, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * WIDTH, len(sounds) + 1)

    def forward(self, letters: Tensor, accents: Tensor) -> Tensor:
        """Return logarithms of likelihoods (batch, SLOTS · letters, sounds + 1).

        Args:
            letters: (batch, letters): places in ``LETTERS`` from 1 on; 0 behind the end.
            accents: (batch,): places in ``ACCENTS``.
        """
        embedded = self.letters(letters) + self.accents(accents)[:, None]
        spread = (embedded[:, :, None] + self.slots).flatten(1, 2)
        likely: Tensor = self.output(self.reader(spread)[0]).log_softmax(-1)
        return likely

    def say(self, words: Sequence[str], accent: str) -> list[str]:
        """Return the sounds of each word, the likeliest of each place."""
        return [self._said(word, accent) for word in words]

    def _said(self, word: str, accent: str) -> str:
        numbers = numbered(word)
        if not numbers:
            return ""
        with torch.inference_mode():
            best = self(torch.tensor([numbers]), torch.tensor([ACCENTS.index(accent)]))
        phonemes, before = "", 0
        for place in best[0].argmax(-1).tolist():
            if place and place != before:
                phonemes += self.sounds[place - 1]
            before = place
        return phonemes


def numbered(word: str) -> list[int]:
    """Return the letters of a word as numbers; other characters than ``LETTERS`` are left out."""
    return [LETTERS.index(letter) + 1 for letter in word.lower()[:LONGEST] if letter in LETTERS]
