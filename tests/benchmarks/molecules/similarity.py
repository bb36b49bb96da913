"""How like two sets of molecules are: the measures of MOSES (arXiv:1811.12823), but its FCD."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from rdkit import Chem, DataStructs
from rdkit.Chem import rdmolops
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
from rdkit.Chem.Scaffolds import MurckoScaffold
from torch import Tensor

_MORGAN = GetMorganGenerator(radius=2, fpSize=1024)
_BLOCK = 4096


def bits(mols: Sequence[Chem.Mol]) -> Tensor:
    """Return Morgan bits of radius 2 as (n, 1024) float32 of 0 and 1."""
    table = np.zeros((len(mols), 1024), np.float32)
    for row, mol in enumerate(mols):
        DataStructs.ConvertToNumpyArray(_MORGAN.GetFingerprint(mol), table[row])
    return torch.from_numpy(table)


def nearest(made: Tensor, known: Tensor) -> float:
    """Return SNN: the mean over ``made`` of the Tanimoto likeness to the nearest in ``known``."""
    best = torch.zeros(len(made))
    for part in known.split(_BLOCK):
        best = torch.maximum(best, _tanimoto(made, part).max(1).values)
    return float(best.mean())


def diversity(made: Tensor, power: float = 1) -> float:
    """Return IntDiv: one less the mean likeness of all pairs, each with itself too."""
    sums = torch.zeros(len(made), dtype=torch.float64)
    for part in made.split(_BLOCK):
        sums += _tanimoto(made, part).double().pow(power).sum(1)
    return float(1 - (sums / len(made)).pow(1 / power).mean())


def fragments(mols: Sequence[Chem.Mol]) -> Counter[str]:
    """Return how often each BRICS fragment comes about."""
    found: Counter[str] = Counter()
    for mol in mols:
        found.update(Chem.MolToSmiles(rdmolops.FragmentOnBRICSBonds(mol)).split("."))
    return found


def scaffolds(mols: Sequence[Chem.Mol]) -> Counter[str]:
    """Return how often each Murcko scaffold of two rings or more is there."""
    found: Counter[str] = Counter()
    for mol in mols:
        scaffold = MurckoScaffold.GetScaffoldForMol(mol)
        if scaffold.GetRingInfo().NumRings() > 1:
            found[Chem.MolToSmiles(scaffold)] += 1
    return found


def cosine(one: Counter[str], other: Counter[str]) -> float:
    """Return the cosine of two counts as vectors: the measures Frag and Scaf."""
    product = sum(count * other[name] for name, count in one.items())
    lengths = [math.sqrt(sum(n * n for n in counts.values())) for counts in (one, other)]
    return product / (lengths[0] * lengths[1]) if all(lengths) else math.nan


def _tanimoto(one: Tensor, other: Tensor) -> Tensor:
    """Return (n, m) of (n, bits) and (m, bits); a block of ``one`` at a time."""
    parts = []
    for part in one.split(_BLOCK):
        shared = part @ other.T
        parts.append(shared / (part.sum(1)[:, None] + other.sum(1)[None] - shared).clamp(min=1))
    return torch.cat(parts)
