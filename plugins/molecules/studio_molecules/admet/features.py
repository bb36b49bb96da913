"""A molecule as arrays: atoms and bonds as the networks were taught to see them.

The features are those of Chemprop 2 (Heid et al., J. Chem. Inf. Model. 2024, 64, 9): one of each
kind is 1, and the last place of each kind stands for anything else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rdkit import Chem
from rdkit.Chem.rdchem import BondType, HybridizationType

from studio_molecules.admet.layout import ATOM, BOND

_HYBRIDS = HybridizationType
_ELEMENTS = {number: place for place, number in enumerate((*range(1, 37), 53))}
_CHARGES = {charge: place for place, charge in enumerate((-1, -2, 1, 2, 0))}
_HYBRIDISATIONS = {
    kind: place
    for place, kind in enumerate(
        (
            _HYBRIDS.S,
            _HYBRIDS.SP,
            _HYBRIDS.SP2,
            _HYBRIDS.SP2D,
            _HYBRIDS.SP3,
            _HYBRIDS.SP3D,
            _HYBRIDS.SP3D2,
        )
    )
}
_BONDS = {
    kind: place
    for place, kind in enumerate(
        (BondType.SINGLE, BondType.DOUBLE, BondType.TRIPLE, BondType.AROMATIC), start=1
    )
}

_DEGREE, _CHARGE, _TAG, _HYDROGENS, _HYBRID, _AROMATIC, _MASS = 38, 45, 51, 56, 62, 70, 71
"""Where each kind of feature of an atom begins; the element begins at 0."""

_CONJUGATED, _RING, _STEREO = 5, 6, 7
"""The same for a bond; its type begins at 1, and 0 would say that there is none."""


@dataclass(frozen=True)
class Graph:
    """A molecule of n atoms and b bonds.

    Attributes:
        atoms: (n, 72) float32.
        bonds: (2b, 14) float32: each bond there and back, one after the other.
        source, target: (2b,) int64, the atoms a directed bond leaves and reaches.
    """

    atoms: np.ndarray
    bonds: np.ndarray
    source: np.ndarray
    target: np.ndarray


def graph(mol: Chem.Mol) -> Graph:
    """Return ``mol``, a sanitised molecule with at least one atom, as arrays."""
    ends = np.array(
        [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()], np.int64
    ).reshape(-1, 2)
    return Graph(
        _atoms(mol),
        np.repeat(_bonds(mol), 2, axis=0),
        ends.reshape(-1),
        ends[:, [1, 0]].reshape(-1),
    )


def _atoms(mol: Chem.Mol) -> np.ndarray:
    atoms = list(mol.GetAtoms())
    places = np.array([_places(atom) for atom in atoms])
    rows = np.zeros((len(atoms), ATOM), np.float32)
    rows[np.arange(len(atoms))[:, None], places] = 1
    rows[:, _AROMATIC] = [atom.GetIsAromatic() for atom in atoms]
    rows[:, _MASS] = [0.01 * atom.GetMass() for atom in atoms]
    return rows


def _places(atom: Chem.Atom) -> tuple[int, ...]:
    degree, hydrogens = atom.GetTotalDegree(), atom.GetTotalNumHs()
    tag = int(atom.GetChiralTag())
    return (
        _ELEMENTS.get(atom.GetAtomicNum(), len(_ELEMENTS)),
        _DEGREE + min(degree, 6),
        _CHARGE + _CHARGES.get(atom.GetFormalCharge(), len(_CHARGES)),
        _TAG + min(tag, 4),
        _HYDROGENS + min(hydrogens, 5),
        _HYBRID + _HYBRIDISATIONS.get(atom.GetHybridization(), len(_HYBRIDISATIONS)),
    )


def _bonds(mol: Chem.Mol) -> np.ndarray:
    rows = np.zeros((mol.GetNumBonds(), BOND), np.float32)
    for row, bond in zip(rows, mol.GetBonds(), strict=True):
        place = _BONDS.get(bond.GetBondType())
        if place is not None:
            row[place] = 1
        row[_CONJUGATED] = bond.GetIsConjugated()
        row[_RING] = bond.IsInRing()
        row[_STEREO + min(int(bond.GetStereo()), 6)] = 1
    return rows
