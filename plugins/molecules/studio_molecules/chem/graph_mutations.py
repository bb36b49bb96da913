"""Small changes to a molecule: moves of a genetic search on graphs.

After Jensen, Chem. Sci. 2019, 10, 3567. Every child is sanitised; none is scored here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from rdkit import Chem

from studio_molecules.chem.parser import MAX_HEAVY_ATOMS

ELEMENTS = ("C", "N", "O", "F", "S", "Cl", "Br", "P", "I")
_CHANCES = (0.42, 0.2, 0.17, 0.08, 0.06, 0.03, 0.02, 0.01, 0.01)
_MAX_RING = 8
_MACROCYCLE = 12
_RING, _MACROCYCLES = range(5, 7), range(_MACROCYCLE, 19)
_KEPT = "kept"

Edit = Callable[[Chem.RWMol, np.random.Generator], bool]


def mutate(
    mol: Chem.Mol,
    rng: np.random.Generator,
    fixed_atoms: Collection[int] = (),
    edit: str = "",
    *,
    macrocycles: bool = False,
) -> tuple[Chem.Mol, str] | None:
    """Return a child that differs by one edit, and the edit; None if it cannot exist.

    Args:
        fixed_atoms: Atoms not to be edited, nor the bonds between them; new bonds to them are
            allowed.
        edit: One of ``edits``; any, if empty.
        macrocycles: Whether rings of twelve atoms and more may be closed.
    """
    names = edits(macrocycles=macrocycles)
    name = edit or names[int(rng.integers(len(names)))]
    child = Chem.RWMol(mol)
    Chem.Kekulize(child, clearAromaticFlags=True)
    for place in fixed_atoms:
        child.GetAtomWithIdx(place).SetIntProp(_KEPT, place)
    before = _untouchable(child) if fixed_atoms else None
    if not _EDITS[name](child, rng) or (fixed_atoms and _untouchable(child) != before):
        return None
    product = sanitised(child, macrocycles=macrocycles or has_macrocycle(mol))
    return (product, name) if product is not None else None


def _untouchable(mol: Chem.Mol) -> tuple[dict[int, tuple[int, int]], dict[frozenset[int], object]]:
    """Return the elements and charges of the atoms to keep, and the orders of their bonds."""
    atoms = {
        atom.GetIntProp(_KEPT): (atom.GetAtomicNum(), atom.GetFormalCharge())
        for atom in mol.GetAtoms()
        if atom.HasProp(_KEPT)
    }
    bonds: dict[frozenset[int], object] = {}
    for bond in mol.GetBonds():
        ends = (bond.GetBeginAtom(), bond.GetEndAtom())
        if all(atom.HasProp(_KEPT) for atom in ends):
            bonds[frozenset(atom.GetIntProp(_KEPT) for atom in ends)] = bond.GetBondType()
    return atoms, bonds


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
    return _closed(mol, rng, _RING)


def _close_macrocycle(mol: Chem.RWMol, rng: np.random.Generator) -> bool:
    return _closed(mol, rng, _MACROCYCLES)


def _closed(mol: Chem.RWMol, rng: np.random.Generator, sizes: range) -> bool:
    """Bind two atoms with hydrogens so that a ring of one of ``sizes`` is closed."""
    first = _any_atom(mol, rng)
    if not first.GetTotalNumHs():
        return False
    away = Chem.GetDistanceMatrix(mol)[first.GetIdx()]
    ends = [n for n in np.flatnonzero((away + 1 >= sizes.start) & (away + 1 < sizes.stop)).tolist()
            if mol.GetAtomWithIdx(n).GetTotalNumHs()]  # fmt: skip
    if not ends:
        return False
    mol.AddBond(first.GetIdx(), ends[int(rng.integers(len(ends)))], Chem.BondType.SINGLE)
    return True


def _open_ring(mol: Chem.RWMol, rng: np.random.Generator) -> bool:
    bond = _any_bond(mol, rng)
    if bond is None or not bond.IsInRing():
        return False
    mol.RemoveBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
    return True


def _swap_atoms(mol: Chem.RWMol, rng: np.random.Generator) -> bool:
    """Let two atoms change elements: another isomer."""
    one, other = _any_atom(mol, rng), _any_atom(mol, rng)
    elements = one.GetAtomicNum(), other.GetAtomicNum()
    if elements[0] == elements[1] or one.GetFormalCharge() or other.GetFormalCharge():
        return False
    for atom, element in zip((other, one), elements):
        atom.SetAtomicNum(element)
        atom.SetNoImplicit(False)
        atom.SetNumExplicitHs(0)
    return True


def _move_group(mol: Chem.RWMol, rng: np.random.Generator) -> bool:
    """Bind a group to another atom of the rest: another isomer."""
    bond = _any_bond(mol, rng)
    if bond is None or bond.IsInRing() or bond.GetBondType() != Chem.BondType.SINGLE:
        return False
    near, far = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
    if rng.random() < 0.5:
        near, far = far, near
    mol.RemoveBond(near, far)
    group = next(part for part in Chem.GetMolFrags(mol) if far in part)
    rest = [n for n in range(mol.GetNumAtoms()) if n not in group and n != near]
    if not rest:
        return False
    mol.AddBond(rest[int(rng.integers(len(rest)))], far, Chem.BondType.SINGLE)
    return True


_EDITS: dict[str, Edit] = {
    "atom changed": _change_atom,
    "atom added": _add_atom,
    "atom inserted": _insert_atom,
    "atom removed": _remove_atom,
    "bond changed": _change_bond,
    "ring closed": _close_ring,
    "ring opened": _open_ring,
    "atoms swapped": _swap_atoms,
    "group moved": _move_group,
    "macrocycle closed": _close_macrocycle,
}
"""Edit → how: each works in place and returns whether there was anything to do."""

_NAMES = tuple(_EDITS)


def edits(*, macrocycles: bool = False) -> tuple[str, ...]:
    """Return the names of the edits there are."""
    return _NAMES if macrocycles else _NAMES[:-1]


def _any_atom(mol: Chem.RWMol, rng: np.random.Generator) -> Chem.Atom:
    return mol.GetAtomWithIdx(int(rng.integers(mol.GetNumAtoms())))


def _any_bond(mol: Chem.RWMol, rng: np.random.Generator) -> Chem.Bond | None:
    count = mol.GetNumBonds()
    return mol.GetBondWithIdx(int(rng.integers(count))) if count else None


def _element(rng: np.random.Generator) -> str:
    return str(rng.choice(ELEMENTS, p=_CHANCES))


def has_macrocycle(mol: Chem.Mol) -> bool:
    """Return whether it has a ring of twelve atoms or more."""
    return any(len(ring) >= _MACROCYCLE for ring in mol.GetRingInfo().AtomRings())


def sanitised(mol: Chem.RWMol, *, macrocycles: bool) -> Chem.Mol | None:
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
