"""A SMILES model that writes known strings, for tests: real code, no trained weights."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from studio_molecules.smiles.network import MAX_LENGTH
from studio_molecules.smiles.vocabulary import END, START, Vocabulary
from studio_molecules.smiles.weights import SmilesModel

WRITTEN = ("CCO", "CCN", "CC(=O)O", "c1ccccc1O", "C1CC", "CC(C", "C[N+](=O)[O-]", "CCS", "CCCl")
"""What it writes, each as likely as the others; two are no molecules."""


class Scripted(nn.Module):
    """Continues every beginning as one of ``WRITTEN``; unlikely tokens have no chance at all."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.rows = [[START, *(vocabulary.encode(text) or ()), END] for text in WRITTEN]
        self.size = len(vocabulary)
        self.weight = nn.Parameter(torch.zeros(1))

    def begin(self, count: int) -> list[list[int]]:
        return [[] for _ in range(count)]

    def forward(self, tokens: Tensor, state: list[list[int]]) -> Tensor:
        logits = torch.full((*tokens.shape, self.size), -torch.inf)
        for row, read in enumerate(tokens.tolist()):
            state[row] += read
            fitting = [each for each in self.rows if each[: len(state[row])] == state[row]]
            for each in fitting:
                logits[row, -1, each[min(len(state[row]), len(each) - 1)]] = 0.0
            if not fitting:
                logits[row, -1, END] = 0.0
        assert max(map(len, state)) <= MAX_LENGTH
        return logits


@pytest.fixture
def scripted() -> SmilesModel:
    """A model that writes the strings of ``WRITTEN``."""
    vocabulary = Vocabulary.learned([*WRITTEN, "[nH]Nn=#BrClSF"])
    return SmilesModel(Scripted(vocabulary), vocabulary)
