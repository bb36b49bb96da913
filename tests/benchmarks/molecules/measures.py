"""What the goals of benchmarks are made of: likeness, formulas, bells, means. Makes no molecules.

Fingerprints count, as those of the package guacamol do, and are unfolded: ECFP is Morgan, FCFP the
same on features, AP pairs of atoms up to ten bonds apart, PHCO the two-dimensional pharmacophore.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final

from rdkit import Chem, DataStructs
from rdkit.Chem import rdMolDescriptors
from rdkit.Chem.rdFingerprintGenerator import GetMorganFeatureAtomInvGen, GetMorganGenerator

from benchmarks.molecules import pharmacophore

Measure = Callable[[Chem.Mol], float]

_ECFP4 = GetMorganGenerator(radius=2)
_ECFP6 = GetMorganGenerator(radius=3)
_FCFP4 = GetMorganGenerator(radius=2, atomInvariantsGenerator=GetMorganFeatureAtomInvGen())
_FINGERPRINTS: Final[dict[str, Callable[[Chem.Mol], Any]]] = {
    "ECFP4": _ECFP4.GetSparseCountFingerprint,
    "ECFP6": _ECFP6.GetSparseCountFingerprint,
    "FCFP4": _FCFP4.GetSparseCountFingerprint,
    "AP": lambda mol: rdMolDescriptors.GetAtomPairFingerprint(mol, maxLength=10),
    "PHCO": pharmacophore.fingerprint,
}


def like(smiles: str, kind: str, enough: float = 1.0) -> Measure:
    """Return the Tanimoto likeness to one molecule, in parts of what is ``enough``."""
    fingerprint = _FINGERPRINTS[kind]
    target = fingerprint(Chem.MolFromSmiles(smiles))

    def measure(mol: Chem.Mol) -> float:
        likeness = float(DataStructs.TanimotoSimilarity(fingerprint(mol), target))
        return min(likeness / enough, 1.0)

    return measure


def holds(smarts: str, *, wanted: bool = True) -> Measure:
    """Return 1 for a molecule that has a substructure, or has not, as ``wanted``; else 0."""
    pattern = Chem.MolFromSmarts(smarts)
    return lambda mol: float(mol.HasSubstructMatch(pattern) is wanted)


def formula(written: str) -> Measure:
    """Return how near the counts of the elements are, and of all atoms, hydrogens too."""
    wanted = _counts(written)
    size = sum(wanted.values())

    def measure(mol: Chem.Mol) -> float:
        counts = _counts(rdMolDescriptors.CalcMolFormula(mol))
        bells = [_bell(counts.get(name, 0), count, 1) for name, count in wanted.items()]
        bells.append(_bell(sum(counts.values()), size, 2))
        return float(math.prod(bells) ** (1 / len(bells)))

    return measure


def _counts(written: str) -> dict[str, int]:
    return {name: int(count or 1) for name, count in _ELEMENT.findall(written)}


_ELEMENT: Final = re.compile(r"([A-Z][a-z]?)(\d*)")


def about(figure: Measure, centre: float, width: float) -> Measure:
    """Return how near a figure is to ``centre``, as a bell."""
    return lambda mol: _bell(figure(mol), centre, width)


def at_least(figure: Measure, limit: float, width: float) -> Measure:
    """Return 1 from a limit on, and half a bell below it."""
    return lambda mol: _bell(min(figure(mol), limit), limit, width)


def at_most(figure: Measure, limit: float, width: float) -> Measure:
    """Return 1 up to a limit, and half a bell above it."""
    return lambda mol: _bell(max(figure(mol), limit), limit, width)


def together(*measures: Measure) -> Measure:
    """Return the geometric mean; what comes after a 0 is not looked at."""

    def measure(mol: Chem.Mol) -> float:
        product = 1.0
        for each in measures:
            product *= each(mol)
            if not product:
                return 0.0
        return float(product ** (1 / len(measures)))

    return measure


def on_average(*measures: Measure) -> Measure:
    """Return the arithmetic mean."""
    return lambda mol: sum(each(mol) for each in measures) / len(measures)


def _bell(value: float, centre: float, width: float) -> float:
    return math.exp(-0.5 * ((value - centre) / width) ** 2)
