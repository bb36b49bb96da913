"""Children that the SMILES model writes: it goes on from a beginning of a parent. Scores none."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
import torch
from rdkit import Chem

from studio_molecules.chem import parser
from studio_molecules.goals.genetic import Rewrite
from studio_molecules.goals.scores import Scored
from studio_molecules.smiles.sampler import sample
from studio_molecules.smiles.weights import SmilesModel


def rewriter(model: SmilesModel, rng: np.random.Generator, drawn: torch.Generator) -> Rewrite:
    """Return what lets ``model`` write children; ``drawn`` draws its tokens."""

    def rewrite(parents: Sequence[Scored]) -> Generator[None, None, list[tuple[Scored, Chem.Mol]]]:
        begun = [(parent, _tokens(model, parent.mol, rng)) for parent in parents]
        begun = [(parent, tokens) for parent, tokens in begun if tokens]
        if not begun:
            return []
        # all of a batch begin with equally many tokens
        count = 1 + int(rng.integers(min(len(tokens) for _, tokens in begun)))
        starts = ["".join(tokens[:count]) for _, tokens in begun]
        written: list[str] = []
        for step in sample(model, len(starts), drawn, starts=starts):
            written = step or written
            yield None
        children = [(parent, parser.valid(text)) for (parent, _), text in zip(begun, written)]
        return [(parent, mol) for parent, mol in children if mol is not None]

    return rewrite


def _tokens(model: SmilesModel, mol: Chem.Mol, rng: np.random.Generator) -> list[str]:
    """Return the beginning of a SMILES of a molecule, from any of its atoms, that it can write."""
    (text,) = Chem.MolToRandomSmilesVect(mol, 1, randomSeed=int(rng.integers(1, 1 << 30)))
    return model.vocabulary.beginning(text)
