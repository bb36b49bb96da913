"""Groups and linkers: common ones from a table, and those that molecules fall into.

Molecules are cut where BRICS cuts them (Degen, ChemMedChem 2008, 3, 1503): at bonds that a
synthesis could make.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

from rdkit import Chem
from rdkit.Chem import BRICS

from studio_molecules.fragments.attachment import length

HYDROGEN = "*[H]"

GROUPS = """
*[H] *C *CC *CCC *C(C)C *C(C)(C)C *CC(C)C *C1CC1 *C1CCC1 *C1CCCC1 *C1CCCCC1 *CC1CC1 *F *Cl *Br
*C(F)(F)F *C(F)F *OC *OCC *OC(C)C *OC(F)(F)F *OC(F)F *O *CO *CCO *COC *CCOC *OCCO *OCCOC *OCCN(C)C
*N *NC *N(C)C *NC(C)=O *NC(N)=O *NS(C)(=O)=O *CN *CNC *CN(C)C *CCN(C)C *C#N *CC#N *C(N)=O *C(=O)NC
*C(=O)N(C)C *C(C)=O *C(=O)O *C(=O)OC *CC(=O)O *S(C)(=O)=O *S(N)(=O)=O *S(=O)(=O)NC *SC *C#C *C=C
*N1CCC1 *N1CCCC1 *N1CCCCC1 *N1CCOCC1 *N1CCN(C)CC1 *N1CCNCC1 *C1CCNCC1 *C1CCOCC1 *C1COC1
*CN1CCOCC1 *C(=O)N1CCOCC1 *c1ccccc1 *Cc1ccccc1 *c1ccc(F)cc1 *c1ccc(Cl)cc1 *c1ccc(C)cc1
*c1ccc(OC)cc1 *c1cccc(F)c1 *c1ccncc1 *c1cccnc1 *c1ccccn1 *c1cncnc1 *c1cn[nH]c1 *c1cnn(C)c1
*c1nnn[nH]1 *c1ncc[nH]1 *c1ccsc1 *c1cccs1 *c1ccco1 *c1cnco1 *c1nnc(C)o1 *Oc1ccccc1 *OCc1ccccc1
*NC(=O)c1ccccc1 *C(=O)Nc1ccccc1
"""
"""What medicinal chemists put at a point first; hydrogen is one of them."""

LINKERS = """
*C* *CC* *CCC* *CCCC* *O* *CO* *COC* *CCO* *OCCO* *CCOCC* *CCOCCO* *CCOCCOCC* *N* *N(C)* *CN*
*CN(C)* *CNC* *CN(C)C* *CCN* *CCNCC* *NCCN* *C(=O)* *C(=O)N* *C(=O)NC* *C(=O)N(C)* *CC(=O)N*
*CC(=O)NC* *NC(=O)N* *OC(=O)N* *S* *CS* *S(=O)(=O)* *S(=O)(=O)N* *S(=O)(=O)NC* *C#C*
*/C=C/* *C1CC1* *C1CCC(*)CC1 *C1CN(*)C1 *N1CCC(*)C1 *N1CCC(*)CC1 *N1CCN(*)CC1 *CN1CCN(*)CC1
*C(=O)N1CCN(*)CC1 *CN1CCC(*)CC1 *OC1CCN(*)CC1 *NC1CCN(*)CC1 *C1CCCCC1* *c1ccc(*)cc1
*c1cccc(*)c1 *c1ccc(*)nc1 *c1cnc(*)nc1 *c1cnn(*)c1 *c1cn(*)nn1 *Cc1cn(*)nn1 *c1nnc(*)o1
*c1nc(*)no1 *c1nc(*)cs1 *Cc1ccc(*)cc1 *Oc1ccc(*)cc1 *OCc1ccc(*)cc1
"""
"""What two parts are often joined by."""

Parts = Mapping[str, Chem.Mol]
"""Canonical SMILES, with a star at each point → the part."""


def common_groups(largest: int) -> Parts:
    """Return the groups of the table with at most ``largest`` heavy atoms."""
    return dict(_named(part for part in _read(GROUPS) if _heavy(part) <= largest))


def common_linkers(shortest: int, longest: int) -> Parts:
    """Return the linkers of the table that are so many atoms long."""
    return dict(_named(part for part in _read(LINKERS) if shortest <= length(part) <= longest))


def groups_of(mol: Chem.Mol, largest: int) -> Parts:
    """Return both sides of every cut of a molecule, as far as they are small enough."""
    sides = itertools.chain.from_iterable(_pieces(mol, (bond,)) for bond in _cuts(mol))
    return dict(_named(side for side in sides if _heavy(side) <= largest))


def linkers_of(mol: Chem.Mol, shortest: int, longest: int) -> Parts:
    """Return what lies between any two cuts of a molecule and is so many atoms long."""
    pairs = itertools.combinations(_cuts(mol), 2)
    pieces = itertools.chain.from_iterable(_pieces(mol, pair) for pair in pairs)
    inner = (piece for piece in pieces if _points(piece) == 2)
    return dict(_named(piece for piece in inner if shortest <= length(piece) <= longest))


def _read(table: str) -> Iterator[Chem.Mol]:
    return map(Chem.MolFromSmiles, table.split())


def _named(parts: Iterable[Chem.Mol]) -> Iterator[tuple[str, Chem.Mol]]:
    return ((Chem.MolToSmiles(part), part) for part in parts)


def _cuts(mol: Chem.Mol) -> list[int]:
    bonds = [atoms for atoms, _kinds in BRICS.FindBRICSBonds(mol)]
    return [mol.GetBondBetweenAtoms(*atoms).GetIdx() for atoms in bonds]


def _pieces(mol: Chem.Mol, bonds: tuple[int, ...]) -> tuple[Chem.Mol, ...]:
    cut = Chem.FragmentOnBonds(mol, bonds, dummyLabels=[(0, 0)] * len(bonds))
    pieces: tuple[Chem.Mol, ...] = Chem.GetMolFrags(cut, asMols=True, sanitizeFrags=True)
    return pieces


def _points(part: Chem.Mol) -> int:
    return sum(atom.GetAtomicNum() == 0 for atom in part.GetAtoms())


def _heavy(part: Chem.Mol) -> int:
    """Return its heavy atoms, without the points."""
    return sum(atom.GetAtomicNum() > 1 for atom in part.GetAtoms())
