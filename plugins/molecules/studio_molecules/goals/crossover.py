"""Children of two molecules: parts of both, joined along a chain or into a ring.

After Jensen, Chem. Sci. 2019, 10, 3567. Every child is sanitised; none is scored here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from studio_molecules.chem.graph_mutations import has_macrocycle, sanitised

_CHAIN = Chem.MolFromSmarts("[*]-;!@[*]")
_ON_RING = Chem.MolFromSmarts("[R]-;!@[*]")
_RING_SHARE = 0.3
"""How often two molecules are crossed through a ring, where both have one."""


@dataclass(frozen=True)
class _Half:
    """A part of a molecule, and its atoms that lost a bond."""

    mol: Chem.Mol
    open: tuple[int, ...]


def cross(first: Chem.Mol, second: Chem.Mol, rng: np.random.Generator) -> Chem.Mol | None:
    """Return a part of ``first`` joined to a part of ``second``; None if it cannot exist."""
    ringed = all(mol.GetRingInfo().NumRings() for mol in (first, second))
    cut = _through_ring if ringed and rng.random() < _RING_SHARE else _through_chain
    return _joined(cut(first, rng), cut(second, rng), (first, second), rng)


def decorate(first: Chem.Mol, second: Chem.Mol, rng: np.random.Generator) -> Chem.Mol | None:
    """Return ``first`` with a substituent of ``second`` in the place of one of its own.

    A substituent is all that hangs on an atom of a ring, be it a ring itself: the scaffold stays,
    or grows by one. None if that cannot be.
    """
    one, other = _at_ring(first, rng, ring=True), _at_ring(second, rng, ring=False)
    return _joined(one, other, (first, second), rng)


def _joined(
    one: _Half | None,
    other: _Half | None,
    parents: tuple[Chem.Mol, Chem.Mol],
    rng: np.random.Generator,
) -> Chem.Mol | None:
    if one is None or other is None:
        return None
    joined = Chem.RWMol(Chem.CombineMols(one.mol, other.mol))
    shift = one.mol.GetNumAtoms()
    ends = other.open if rng.random() < 0.5 else other.open[::-1]
    for here, there in zip(one.open, ends, strict=True):
        pair = (here, shift + there)
        joined.AddBond(*pair, _order(joined, pair, rng))
        for end in pair:
            _free(joined.GetAtomWithIdx(end))
    return sanitised(joined, macrocycles=any(has_macrocycle(parent) for parent in parents))


def _free(atom: Chem.Atom) -> None:
    """Let RDKit count the hydrogens of an atom anew."""
    if not atom.GetFormalCharge():
        atom.SetNoImplicit(False)
        atom.SetNumExplicitHs(0)


def _order(mol: Chem.RWMol, ends: tuple[int, int], rng: np.random.Generator) -> Chem.BondType:
    """Return a double bond for two atoms that lost one each, now and then; else a single one."""
    lost = all(mol.GetAtomWithIdx(end).HasProp(_DOUBLE) for end in ends)
    return Chem.BondType.DOUBLE if lost and rng.random() < 0.7 else Chem.BondType.SINGLE


_DOUBLE = "lost a double bond"


def _through_chain(mol: Chem.Mol, rng: np.random.Generator) -> _Half | None:
    """Return one side of a cut single bond."""
    cuts = mol.GetSubstructMatches(_CHAIN)
    if not cuts:
        return None
    near, far = cuts[int(rng.integers(len(cuts)))]
    return _side(mol, ((near, far),), rng)


def _at_ring(mol: Chem.Mol, rng: np.random.Generator, *, ring: bool) -> _Half | None:
    """Return a molecule without what hangs on one of its ring atoms, or what hangs there."""
    cuts = mol.GetSubstructMatches(_ON_RING)
    if not cuts:
        return None
    near, far = cuts[int(rng.integers(len(cuts)))]
    return _side(mol, ((near, far),), rng, near if ring else far)


def _through_ring(mol: Chem.Mol, rng: np.random.Generator) -> _Half | None:
    """Return one side of a ring that was cut at two bonds."""
    rings = mol.GetRingInfo().BondRings()
    ring = rings[int(rng.integers(len(rings)))]
    kekulised = Chem.Mol(mol)
    Chem.Kekulize(kekulised, clearAromaticFlags=True)
    bonds = [kekulised.GetBondWithIdx(int(n)) for n in rng.choice(ring, 2, replace=False)]
    return _side(kekulised, tuple((b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in bonds), rng)


def _side(
    mol: Chem.Mol,
    cuts: tuple[tuple[int, int], ...],
    rng: np.random.Generator,
    holding: int | None = None,
) -> _Half | None:
    """Return one of two parts after cuts, None if these do not part it in two.

    Args:
        holding: An atom of the part that is meant; else one is drawn.
    """
    cut = Chem.RWMol(mol)
    for near, far in cuts:
        double = mol.GetBondBetweenAtoms(near, far).GetBondType() == Chem.BondType.DOUBLE
        cut.RemoveBond(near, far)
        for end in (near, far) if double else ():
            cut.GetAtomWithIdx(end).SetBoolProp(_DOUBLE, True)
    parts = Chem.GetMolFrags(cut)
    if len(parts) != 2:
        return None
    drawn = parts[int(rng.integers(2))]
    remaining = set(drawn if holding is None else next(part for part in parts if holding in part))
    ends = [end for pair in cuts for end in pair if end in remaining]
    if len(ends) != len(cuts) or len(set(ends)) != len(ends):
        return None  # both ends of a cut are on one side, or one atom has lost two bonds
    cut.BeginBatchEdit()
    for atom in range(mol.GetNumAtoms()):
        if atom not in remaining:
            cut.RemoveAtom(atom)
    cut.CommitBatchEdit()
    order = sorted(remaining)
    return _Half(cut.GetMol(), tuple(order.index(end) for end in ends))
