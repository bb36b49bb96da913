"""Small changes to a molecule, and crosses of two: the moves of a genetic search on graphs.

After Jensen, Chem. Sci. 2019, 10, 3567. Every child is sanitised; none is scored here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from rdkit import Chem

from studio_molecules.chem.parser import MAX_HEAVY_ATOMS

ELEMENTS = ("C", "N", "O", "F", "S", "Cl", "Br")
_CHANCES = (0.42, 0.2, 0.18, 0.08, 0.06, 0.04, 0.02)
_CUT = Chem.MolFromSmarts("[*]-;!@[*]")
_MAX_RING = 8
_MACROCYCLE = 12
_KEPT = "kept"

Edit = Callable[[Chem.RWMol, np.random.Generator], bool]


def mutate(
    mol: Chem.Mol, rng: np.random.Generator, kept: Collection[int] = ()
) -> tuple[Chem.Mol, str] | None:
    """Return a child that differs by one edit, and what the edit was; None if it cannot exist.

    Args:
        kept: Atoms that no edit may touch, nor the bonds between them; others may be bound to them.
    """
    names = list(EDITS)
    name = names[int(rng.integers(len(names)))]
    child = Chem.RWMol(mol)
    Chem.Kekulize(child, clearAromaticFlags=True)
    for place in kept:
        child.GetAtomWithIdx(place).SetIntProp(_KEPT, place)
    before = _untouchable(child)
    if not EDITS[name](child, rng) or _untouchable(child) != before:
        return None
    made = _sanitised(child, macrocycles=_has_macrocycle(mol))
    return (made, name) if made is not None else None


def _untouchable(mol: Chem.Mol) -> tuple[dict[int, tuple[int, int]], dict[frozenset[int], object]]:
    """Return the elements and charges of the atoms to keep, and the orders of their bonds."""
    atoms = {
        each.GetIntProp(_KEPT): (each.GetAtomicNum(), each.GetFormalCharge())
        for each in mol.GetAtoms()
        if each.HasProp(_KEPT)
    }
    bonds: dict[frozenset[int], object] = {}
    for bond in mol.GetBonds() if atoms else ():
        ends = (bond.GetBeginAtom(), bond.GetEndAtom())
        if all(each.HasProp(_KEPT) for each in ends):
            bonds[frozenset(each.GetIntProp(_KEPT) for each in ends)] = bond.GetBondType()
    return atoms, bonds


def cross(first: Chem.Mol, second: Chem.Mol, rng: np.random.Generator) -> Chem.Mol | None:
    """Return a part of ``first`` joined to a part of ``second``; None if it cannot exist."""
    left, right = _part(first, rng), _part(second, rng)
    if left is None or right is None:
        return None
    (one, here), (other, there) = left, right
    joined = Chem.RWMol(Chem.CombineMols(one, other))
    joined.AddBond(here, one.GetNumAtoms() + there, Chem.BondType.SINGLE)
    macrocycles = _has_macrocycle(first) or _has_macrocycle(second)
    return _sanitised(joined, macrocycles=macrocycles)


def _part(mol: Chem.Mol, rng: np.random.Generator) -> tuple[Chem.Mol, int] | None:
    """Return one side of a cut single bond, and the atom that the cut left open."""
    cuts = mol.GetSubstructMatches(_CUT)
    if not cuts:
        return None
    near, far = cuts[int(rng.integers(len(cuts)))]
    if rng.random() < 0.5:
        near, far = far, near
    halves = Chem.RWMol(mol)
    halves.RemoveBond(near, far)
    for fragment in Chem.GetMolFrags(halves):
        if near in fragment:
            for atom in sorted(set(range(mol.GetNumAtoms())) - set(fragment), reverse=True):
                halves.RemoveAtom(atom)
            return halves.GetMol(), sorted(fragment).index(near)
    return None


def _change_atom(mol: Chem.RWMol, rng: np.random.Generator) -> bool:
    atom = _any_atom(mol, rng)
    element = _element(rng)
    if atom.GetSymbol() == element or atom.GetFormalCharge():
        return False
    atom.SetAtomicNum(Chem.GetPeriodicTable().GetAtomicNumber(element))
    atom.SetNoImplicit(False)
    atom.SetNumExplicitHs(0)
    return True


def _add_atom(mol: Chem.RWMol, rng: np.random.Generator) -> bool:
    place = _any_atom(mol, rng).GetIdx()
    new = mol.AddAtom(Chem.Atom(_element(rng)))
    mol.AddBond(place, new, Chem.BondType.SINGLE)
    return True


def _insert_atom(mol: Chem.RWMol, rng: np.random.Generator) -> bool:
    bond = _any_bond(mol, rng)
    if bond is None or bond.GetBondType() != Chem.BondType.SINGLE:
        return False
    begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
    mol.RemoveBond(begin, end)
    new = mol.AddAtom(Chem.Atom(_element(rng)))
    mol.AddBond(begin, new, Chem.BondType.SINGLE)
    mol.AddBond(new, end, Chem.BondType.SINGLE)
    return True


def _remove_atom(mol: Chem.RWMol, rng: np.random.Generator) -> bool:
    """Take an atom out: an end, or one of two neighbours, which are joined then."""
    atom = _any_atom(mol, rng)
    near = [other.GetIdx() for other in atom.GetNeighbors()]
    if mol.GetNumAtoms() < 3 or len(near) > 2:
        return False
    if len(near) == 2:
        left, right = near
        if mol.GetBondBetweenAtoms(left, right):
            return False
        mol.AddBond(left, right, Chem.BondType.SINGLE)
    mol.RemoveAtom(atom.GetIdx())
    return True


def _change_bond(mol: Chem.RWMol, rng: np.random.Generator) -> bool:
    bond = _any_bond(mol, rng)
    if bond is None:
        return False
    kinds = [Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE]
    chosen = kinds[int(rng.choice(3, p=(0.48, 0.45, 0.07)))]
    if chosen == bond.GetBondType() or (bond.IsInRing() and chosen == Chem.BondType.TRIPLE):
        return False
    bond.SetBondType(chosen)
    return True


def _close_ring(mol: Chem.RWMol, rng: np.random.Generator) -> bool:
    first, second = _any_atom(mol, rng).GetIdx(), _any_atom(mol, rng).GetIdx()
    if first == second or mol.GetBondBetweenAtoms(first, second):
        return False
    if not 5 <= len(Chem.GetShortestPath(mol, first, second)) <= 6:
        return False
    mol.AddBond(first, second, Chem.BondType.SINGLE)
    return True


def _open_ring(mol: Chem.RWMol, rng: np.random.Generator) -> bool:
    bond = _any_bond(mol, rng)
    if bond is None or not bond.IsInRing():
        return False
    mol.RemoveBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
    return True


EDITS: dict[str, Edit] = {
    "atom changed": _change_atom,
    "atom added": _add_atom,
    "atom inserted": _insert_atom,
    "atom removed": _remove_atom,
    "bond changed": _change_bond,
    "ring closed": _close_ring,
    "ring opened": _open_ring,
}
"""Edit → how: each works in place and returns whether there was anything to do."""


def _any_atom(mol: Chem.RWMol, rng: np.random.Generator) -> Chem.Atom:
    return mol.GetAtomWithIdx(int(rng.integers(mol.GetNumAtoms())))


def _any_bond(mol: Chem.RWMol, rng: np.random.Generator) -> Chem.Bond | None:
    count = mol.GetNumBonds()
    return mol.GetBondWithIdx(int(rng.integers(count))) if count else None


def _element(rng: np.random.Generator) -> str:
    return str(rng.choice(ELEMENTS, p=_CHANCES))


def _has_macrocycle(mol: Chem.Mol) -> bool:
    return any(len(ring) >= _MACROCYCLE for ring in mol.GetRingInfo().AtomRings())


def _sanitised(mol: Chem.RWMol, *, macrocycles: bool) -> Chem.Mol | None:
    """Return the child as RDKit reads it back; None if it cannot exist, is too large or in pieces.

    Rings of more than ``_MAX_RING`` atoms and cumulated rings are refused: no one can make them.
    Those of ``_MACROCYCLE`` and more are borne where a parent has one.
    """
    if Chem.SanitizeMol(mol, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
        return None
    smiles = Chem.MolToSmiles(mol)
    child = Chem.MolFromSmiles(smiles) if "." not in smiles else None
    if child is None or child.GetNumHeavyAtoms() > MAX_HEAVY_ATOMS:
        return None
    if child.HasSubstructMatch(_STRAINED):
        return None
    sizes = map(len, child.GetRingInfo().AtomRings())
    if any(size > _MAX_RING and not (macrocycles and size >= _MACROCYCLE) for size in sizes):
        return None
    return child


_STRAINED = Chem.MolFromSmarts("[$([R;r3,r4,r5,r6,r7]=[R]=[R]),$([R;r3,r4,r5,r6]#[R])]")
