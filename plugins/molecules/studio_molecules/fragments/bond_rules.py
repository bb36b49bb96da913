"""Which new bonds chemists make: those that BRICS cuts, and small groups put at carbon.

BRICS is Degen, ChemMedChem 2008, 3, 1503. It has no bond between two nitrogens, nor between
nitrogen and oxygen.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from rdkit import Chem
from rdkit.Chem import BRICS

_USUAL = (
    "[#6]-[#6]",
    "[#6;!$(C=[#6]);!$(C#*)]-[#7,#8,#16]",
    "[#6]-[F,Cl,Br,I]",
    "[#16;v6]-[#7]",
    "[#16;v6]-[#6]",
)
"""Bonds by their ends: to carbon, but not of a heteroatom to an alkene; sulfonamides, sulfones."""


def are_usual(mol: Chem.Mol, bonds: Iterable[tuple[int, int]]) -> bool:
    """Whether chemists make all of these bonds, which pairs of atoms name."""
    known = {frozenset(atoms) for atoms, _kinds in BRICS.FindBRICSBonds(mol)} | _matches(mol)
    return all(frozenset(bond) in known for bond in bonds)


def _matches(mol: Chem.Mol) -> set[frozenset[int]]:
    return {frozenset(pair) for rule in _rules() for pair in mol.GetSubstructMatches(rule)}


@functools.cache
def _rules() -> tuple[Chem.Mol, ...]:
    return tuple(map(Chem.MolFromSmarts, _USUAL))
