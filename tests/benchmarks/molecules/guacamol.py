"""The 20 goals of GuacaMol (Brown 2019, arXiv:1811.09621, table 3), written anew.

Constants are those of the published package, version 0.5.5, suite ``v2``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rdkit import Chem
from rdkit.Chem import Crippen, GraphDescriptors, rdMolDescriptors

from benchmarks.molecules.measures import (
    Measure,
    about,
    at_least,
    at_most,
    formula,
    holds,
    like,
    on_average,
    together,
)

PUBLISHED: Final[Mapping[str, tuple[float, float, float]]] = {
    "Celecoxib rediscovery": (0.505, 1.0, 1.0),
    "Troglitazone rediscovery": (0.419, 1.0, 1.0),
    "Thiothixene rediscovery": (0.456, 1.0, 1.0),
    "Aripiprazole similarity": (0.595, 1.0, 1.0),
    "Albuterol similarity": (0.719, 1.0, 1.0),
    "Mestranol similarity": (0.629, 1.0, 1.0),
    "C11H24": (0.684, 0.993, 0.971),
    "C9H10N2O2PF2Cl": (0.747, 0.879, 0.982),
    "Median molecules 1": (0.334, 0.438, 0.406),
    "Median molecules 2": (0.351, 0.422, 0.432),
    "Osimertinib MPO": (0.839, 0.907, 0.953),
    "Fexofenadine MPO": (0.817, 0.959, 0.998),
    "Ranolazine MPO": (0.792, 0.855, 0.920),
    "Perindopril MPO": (0.575, 0.808, 0.792),
    "Amlodipine MPO": (0.696, 0.894, 0.894),
    "Sitagliptin MPO": (0.509, 0.545, 0.891),
    "Zaleplon MPO": (0.547, 0.669, 0.754),
    "Valsartan SMARTS": (0.259, 0.978, 0.990),
    "Deco Hop": (0.933, 0.996, 1.0),
    "Scaffold Hop": (0.738, 0.998, 1.0),
}
"""Best of the data set, SMILES LSTM, Graph GA: table 2 of the paper.

Its searches begin with the best of 1.6 million molecules of ChEMBL, which are not counted.
"""

_TOPS: Final[Mapping[str, tuple[int, ...]]] = {"C11H24": (159,), "C9H10N2O2PF2Cl": (250,)}
MOST: Final = 250
"""Molecules that a score looks at, at most."""

_SITAGLIPTIN: Final = "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F"
_HOPPED: Final = "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C"
_QUINAZOLINE: Final = "[#7]-c1n[c;h1]nc2[c;h1]c(-[#8])[c;h0][c;h1]c12"

_fat, _polar = Crippen.MolLogP, rdMolDescriptors.CalcTPSA


def score_of(goal: str, scores: Sequence[float]) -> float:
    """Return the score of a goal for molecules with these scores, best first.

    It is the mean, over some sizes, of the mean of so many best; missing molecules count as 0.
    """
    sizes = tops(goal)
    return sum(sum(scores[:size]) / size for size in sizes) / len(sizes)


def tops(goal: str) -> tuple[int, ...]:
    """Return of how many best molecules the means are taken."""
    return (1,) if goal.endswith("rediscovery") else _TOPS.get(goal, (1, 10, 100))


def _median_1() -> Measure:
    camphor, menthol = "CC1(C)C2CCC1(C)C(=O)C2", "CC(C)C1CCC(C)CC1O"
    return together(like(menthol, "ECFP4"), like(camphor, "ECFP4"))


def _median_2() -> Measure:
    tadalafil = "O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C"
    sildenafil = "CCCC1=NN(C2=C1N=C(NC2=O)C3=C(C=CC(=C3)S(=O)(=O)N4CCN(CC4)C)OCC)C"
    return together(like(tadalafil, "ECFP6"), like(sildenafil, "ECFP6"))


def _osimertinib() -> Measure:
    """Be like it, but more polar and less greasy."""
    drug = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc1nccc(n1)-c1cn(C)c2ccccc12"
    return together(
        like(drug, "FCFP4", 0.8),
        at_most(like(drug, "ECFP6"), 0.85, 0.1),
        at_least(_polar, 100, 10),
        at_most(_fat, 1, 1),
    )


def _fexofenadine() -> Measure:
    """Be like it, but less greasy."""
    drug = "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4"
    return together(like(drug, "AP", 0.8), at_least(_polar, 90, 10), at_most(_fat, 4, 1))


def _ranolazine() -> Measure:
    """Be like it, but greasier and more polar, with a fluorine."""
    drug = "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2"
    return together(
        like(drug, "AP", 0.7),
        at_least(_fat, 7, 1),
        about(_fluorines, 1, 1),
        at_least(_polar, 95, 20),
    )


def _perindopril() -> Measure:
    """Be like it, with two aromatic rings."""
    drug = "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC"
    return together(like(drug, "ECFP4"), about(rdMolDescriptors.CalcNumAromaticRings, 2, 0.5))


def _amlodipine() -> Measure:
    """Be like it, with three rings."""
    drug = r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC"
    return together(like(drug, "ECFP4"), about(rdMolDescriptors.CalcNumRings, 3, 0.5))


def _sitagliptin() -> Measure:
    """Have the properties of sitagliptin, and look unlike it."""
    known = Chem.MolFromSmiles(_SITAGLIPTIN)
    return together(
        about(like(_SITAGLIPTIN, "ECFP4"), 0, 0.1),
        about(_fat, _fat(known), 0.2),
        about(_polar, _polar(known), 5),
        formula("C16H15F6N5O"),
    )


def _zaleplon() -> Measure:
    """Be like it, with another formula."""
    drug = "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1"
    return together(like(drug, "ECFP4"), formula("C19H17N3O2"))


def _valsartan() -> Measure:
    """Have a part of valsartan, and the properties of sitagliptin."""
    known = Chem.MolFromSmiles(_SITAGLIPTIN)
    return together(
        holds("CN(C=O)Cc1ccc(c2ccccc2)cc1"),
        about(_fat, _fat(known), 0.2),
        about(_polar, _polar(known), 5),
        about(GraphDescriptors.BertzCT, GraphDescriptors.BertzCT(known), 30),
    )


def _deco_hop() -> Measure:
    """Keep the scaffold, change what is on it."""
    return on_average(
        like(_HOPPED, "PHCO", 0.85),
        holds("CS([#6])(=O)=O", wanted=False),
        holds("[#7]-c1ccc2ncsc2c1", wanted=False),
        holds(_QUINAZOLINE),
    )


def _scaffold_hop() -> Measure:
    """Keep what is on it, change the scaffold."""
    return on_average(
        like(_HOPPED, "PHCO", 0.75),
        holds("[#6]-[#6]-[#6]-[#8]-[#6]~[#6]~[#6]~[#6]~[#6]-[#7]-c1ccc2ncsc2c1"),
        holds(_QUINAZOLINE, wanted=False),
    )


def _fluorines(mol: Chem.Mol) -> float:
    return float(sum(atom.GetAtomicNum() == 9 for atom in mol.GetAtoms()))


def _liken(smiles: str, kind: str = "ECFP4", enough: float = 1.0) -> Callable[[], Measure]:
    return lambda: like(smiles, kind, enough)


GOALS: Final[Mapping[str, Callable[[], Measure]]] = {
    "Celecoxib rediscovery": _liken("CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F"),
    "Troglitazone rediscovery": _liken("Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O"),
    "Thiothixene rediscovery": _liken("CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1"),
    "Aripiprazole similarity": _liken(
        "Clc4cccc(N3CCN(CCCCOc2ccc1c(NC(=O)CC1)c2)CC3)c4Cl", enough=0.75
    ),
    "Albuterol similarity": _liken("CC(C)(C)NCC(O)c1ccc(O)c(CO)c1", "FCFP4", 0.75),
    "Mestranol similarity": _liken(
        "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1", "AP", 0.75
    ),
    "C11H24": lambda: formula("C11H24"),
    "C9H10N2O2PF2Cl": lambda: formula("C9H10N2O2PF2Cl"),
    "Median molecules 1": _median_1,
    "Median molecules 2": _median_2,
    "Osimertinib MPO": _osimertinib,
    "Fexofenadine MPO": _fexofenadine,
    "Ranolazine MPO": _ranolazine,
    "Perindopril MPO": _perindopril,
    "Amlodipine MPO": _amlodipine,
    "Sitagliptin MPO": _sitagliptin,
    "Zaleplon MPO": _zaleplon,
    "Valsartan SMARTS": _valsartan,
    "Deco Hop": _deco_hop,
    "Scaffold Hop": _scaffold_hop,
}
