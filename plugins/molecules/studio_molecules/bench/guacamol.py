"""Six goals of GuacaMol (Brown 2019, arXiv:1811.09621, table 3), written anew as plain functions.

Constants are those of the published package, version 0.5. Fingerprints count, as theirs do: ECFP4
is Morgan of radius 2 and FCFP4 the same on features, unfolded.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from rdkit import Chem, DataStructs
from rdkit.Chem import Crippen, rdMolDescriptors
from rdkit.Chem.rdFingerprintGenerator import (
    GetMorganFeatureAtomInvGen,
    GetMorganGenerator,
)

Measure = Callable[[Chem.Mol], float]

TOP: Final = (1, 10, 100)
"""The score of a goal is the mean over these of the mean of so many best molecules."""

PUBLISHED: Final[Mapping[str, Mapping[str, float]]] = {
    "Celecoxib rediscovery": {"Best of data set": 0.505, "SMILES LSTM": 1.0, "Graph GA": 1.0},
    "Median molecules 1": {"Best of data set": 0.334, "SMILES LSTM": 0.438, "Graph GA": 0.406},
    "Osimertinib MPO": {"Best of data set": 0.839, "SMILES LSTM": 0.907, "Graph GA": 0.953},
    "Perindopril MPO": {"Best of data set": 0.575, "SMILES LSTM": 0.808, "Graph GA": 0.792},
    "Sitagliptin MPO": {"Best of data set": 0.509, "SMILES LSTM": 0.545, "Graph GA": 0.891},
    "Zaleplon MPO": {"Best of data set": 0.547, "SMILES LSTM": 0.669, "Graph GA": 0.754},
}
"""Table 2 of the paper. Its searches begin with the best of 1.6 million molecules of ChEMBL."""


def score_of(goal: str, scores: list[float]) -> float:
    """Return the score of a goal for molecules with these scores, best first."""
    top = (1,) if goal.endswith("rediscovery") else TOP
    padded = scores + [0.0] * max(top)
    return sum(sum(padded[:n]) / n for n in top) / len(top)


def celecoxib() -> Measure:
    """Find celecoxib itself."""
    return _like("Cc1ccc(cc1)-c1cc(nn1-c1ccc(cc1)S(N)(=O)=O)C(F)(F)F", radius=2)


def median() -> Measure:
    """Be like camphor and like menthol."""
    camphor = _like("CC1(C)C2CCC1(C)C(=O)C2", radius=2)
    return _together(camphor, _like("CC(C)C1CCC(C)CC1O", radius=2))


def osimertinib() -> Measure:
    """Be like osimertinib, but more polar and less greasy."""
    drug = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc1nccc(n1)-c1cn(C)c2ccccc12"
    alike = _like(drug, radius=2, features=True)
    near = _like(drug, radius=3)
    return _together(
        lambda mol: min(alike(mol), 0.8) / 0.8,
        lambda mol: _bell(max(near(mol), 0.85), 0.85, 0.1),
        lambda mol: _bell(min(rdMolDescriptors.CalcTPSA(mol), 100), 100, 10),
        lambda mol: _bell(max(Crippen.MolLogP(mol), 1), 1, 1),
    )


def perindopril() -> Measure:
    """Be like perindopril, with two aromatic rings."""
    return _together(
        _like("O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC", radius=2),
        lambda mol: _bell(rdMolDescriptors.CalcNumAromaticRings(mol), 2, 0.5),
    )


def sitagliptin() -> Measure:
    """Have the properties of sitagliptin, and look unlike it."""
    drug = "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F"
    alike, known = _like(drug, radius=2), Chem.MolFromSmiles(drug)
    fat, polar = Crippen.MolLogP(known), rdMolDescriptors.CalcTPSA(known)
    return _together(
        lambda mol: _bell(alike(mol), 0, 0.1),
        lambda mol: _bell(Crippen.MolLogP(mol), fat, 0.2),
        lambda mol: _bell(rdMolDescriptors.CalcTPSA(mol), polar, 5),
        _formula({"C": 16, "H": 15, "F": 6, "N": 5, "O": 1}),
    )


def zaleplon() -> Measure:
    """Be like zaleplon, with another formula."""
    return _together(
        _like("O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1", radius=2),
        _formula({"C": 19, "H": 17, "N": 3, "O": 2}),
    )


GOALS: Final[Mapping[str, Callable[[], Measure]]] = {
    "Celecoxib rediscovery": celecoxib,
    "Median molecules 1": median,
    "Osimertinib MPO": osimertinib,
    "Perindopril MPO": perindopril,
    "Sitagliptin MPO": sitagliptin,
    "Zaleplon MPO": zaleplon,
}


def _like(smiles: str, radius: int, *, features: bool = False) -> Measure:
    """Return the Tanimoto likeness of counts to one molecule."""
    kinds = GetMorganFeatureAtomInvGen() if features else None
    maker = GetMorganGenerator(radius=radius, atomInvariantsGenerator=kinds)
    target = maker.GetSparseCountFingerprint(Chem.MolFromSmiles(smiles))

    def measure(mol: Chem.Mol) -> float:
        return float(DataStructs.TanimotoSimilarity(maker.GetSparseCountFingerprint(mol), target))

    return measure


def _formula(wanted: Mapping[str, int]) -> Measure:
    """Return how near the counts of the elements are, and of all atoms, hydrogens too."""
    size = sum(wanted.values())

    def measure(mol: Chem.Mol) -> float:
        counts = Counter(atom.GetSymbol() for atom in mol.GetAtoms())
        counts["H"] += sum(atom.GetTotalNumHs() for atom in mol.GetAtoms())
        bells = [_bell(counts[element], count, 1) for element, count in wanted.items()]
        return _geometric([*bells, _bell(counts.total(), size, 2)])

    return measure


def _together(*measures: Measure) -> Measure:
    return lambda mol: _geometric([measure(mol) for measure in measures])


def _geometric(values: list[float]) -> float:
    return math.prod(values) ** (1 / len(values))


def _bell(value: float, centre: float, width: float) -> float:
    return math.exp(-0.5 * ((value - centre) / width) ** 2)
