"""Parts with attachment points, ``[*:1]``, and how they are joined there. Chooses none."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem import BRICS

from studio.api import BadInput
from studio_molecules.chem import parser

MAX_POINTS = 8
_JOINTS = "_joints"
"""Property of an atom: numbers of the points that it is beside."""
_USUAL = (
    "[#6]-[#6]",
    "[#6;!$(C=[#6]);!$(C#*)]-[#7,#8,#16]",
    "[#6]-[F,Cl,Br,I]",
    "[#16;v6]-[#7]",
    "[#16;v6]-[#6]",
)
"""Bonds by their ends: to carbon, but not of a heteroatom to an alkene; sulfonamides, sulfones."""


@dataclass(frozen=True)
class Part:
    """A part of a molecule with at least one attachment point.

    Attributes:
        smiles: Canonical, with its points.
        capped: The molecule that it is with hydrogen at every point.
        points: The number of each point, in the order of its atoms; the same one may come twice.
    """

    mol: Chem.Mol
    smiles: str
    capped: Chem.Mol
    points: tuple[int, ...]


def read(smiles: str, called: str) -> Part:
    """Return the part that a SMILES says; ``[*:1]``, ``[1*]`` and ``*`` are points.

    Points without a number get the next free ones. ``called`` names it in errors: "scaffold".

    Raises:
        BadInput: It cannot be, is in pieces, has no point or too many, or a point is not the end
            of one single bond.
    """
    smiles = smiles.strip()
    if not smiles:
        raise BadInput(f"There is no {called}.", _EXAMPLE)
    if len(smiles) > parser.MAX_SMILES:
        raise BadInput(f"The {called} is too long: {len(smiles):,} characters.")
    mol = Chem.MolFromSmiles(smiles, sanitize=False)
    if mol is None:
        raise BadInput(f"The {called} is not a valid SMILES: {parser.syntax(smiles)}.", _EXAMPLE)
    ends = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    if not ends:
        raise BadInput(f"The {called} has no attachment point.", _EXAMPLE)
    if len(ends) > MAX_POINTS:
        raise BadInput(f"The {called} has {len(ends)} attachment points; at most {MAX_POINTS}.")
    if len(Chem.GetMolFrags(mol)) > 1:
        raise BadInput(f"The {called} is in pieces.", "Leave out counter-ions and solvents.")
    for atom in ends:
        bonds = [bond.GetBondType() for bond in atom.GetBonds()]
        if bonds != [Chem.BondType.SINGLE] or atom.GetNeighbors()[0].GetAtomicNum() == 0:
            raise BadInput(
                f"An attachment point of the {called} is not at the end of one single bond.",
                _EXAMPLE,
            )
    capped = parser.checked(_capped(mol), smiles[:60]).mol
    points = _numbered(ends)
    Chem.SanitizeMol(mol)
    Chem.AssignStereochemistry(mol, cleanIt=True)
    mol = Chem.RemoveHs(mol)
    return Part(mol, Chem.MolToSmiles(mol), capped, points)


_EXAMPLE = "Mark each place with [*:1], such as [*:1]c1ccccc1 for a phenyl group."


def _numbered(ends: Sequence[Chem.Atom]) -> tuple[int, ...]:
    """Give every point its number as that of its atom, and return them."""
    given = [atom.GetAtomMapNum() or atom.GetIsotope() for atom in ends]
    free = iter(number for number in range(1, 2 * MAX_POINTS + 1) if number not in given)
    points = tuple(number or next(free) for number in given)
    for atom, number in zip(ends, points, strict=True):
        atom.SetAtomMapNum(number)
        atom.SetIsotope(0)
    return points


def _capped(mol: Chem.Mol) -> Chem.Mol:
    """Return a copy with hydrogen at every point."""
    capped = Chem.RWMol(mol)
    for atom in capped.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetAtomicNum(1)
            atom.SetIsotope(0)
            atom.SetNoImplicit(True)
        atom.SetAtomMapNum(0)
    return capped.GetMol()


def joined(
    middle: Chem.Mol, groups: Sequence[Chem.Mol], *, any_bond: bool = False
) -> Chem.Mol | None:
    """Return ``middle`` with a group at each of its points, as RDKit reads it back.

    Args:
        groups: One for each point of ``middle``, in the order of its atoms; each has one point.
        any_bond: Also with bonds that chemists rarely make.

    Returns:
        None if it cannot exist or is too large, or a bond is one that chemists do not make.
    """
    whole = _renumbered(middle, range(1, len(groups) + 1))
    for number, group in enumerate(groups, 1):
        whole = Chem.CombineMols(whole, _renumbered(group, (number,)))
    try:
        product = Chem.molzip(whole)
        if not any_bond and not _has_usual_bonds(product):
            return None
        child: Chem.Mol | None = Chem.MolFromSmiles(Chem.MolToSmiles(product))
    except (ValueError, RuntimeError):  # bonds that no atom can bear
        return None
    if child is None or child.GetNumHeavyAtoms() > parser.MAX_HEAVY_ATOMS:
        return None
    return child if len(Chem.GetMolFrags(child)) == 1 else None


def _renumbered(mol: Chem.Mol, numbers: Sequence[int]) -> Chem.Mol:
    """Return a copy whose points have these numbers, and other atoms none."""
    copy, rest = Chem.Mol(mol), iter(numbers)
    for atom in copy.GetAtoms():
        atom.SetAtomMapNum(next(rest) if atom.GetAtomicNum() == 0 else 0)
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
            (end,) = atom.GetNeighbors()
            end.SetProp(_JOINTS, f"{_joints(end)} {atom.GetAtomMapNum()}")
    return copy


def _joints(atom: Chem.Atom) -> str:
    return atom.GetProp(_JOINTS) if atom.HasProp(_JOINTS) else ""


def _has_usual_bonds(product: Chem.Mol) -> bool:
    """Whether chemists make the bonds between atoms that were ends of the same joint."""
    product = Chem.Mol(product)
    Chem.SanitizeMol(product)
    ends: dict[str, list[int]] = {}
    for atom in product.GetAtoms():
        for number in _joints(atom).split():
            ends.setdefault(number, []).append(atom.GetIdx())
    return _are_usual(product, [(first, last) for first, *_, last in ends.values()])


def _are_usual(mol: Chem.Mol, bonds: Iterable[tuple[int, int]]) -> bool:
    """Whether chemists make all of these bonds: those of ``_USUAL``, and those that BRICS cuts.

    BRICS (Degen, ChemMedChem 2008, 3, 1503) has none between two nitrogens.
    """
    cuttable = {frozenset(atoms) for atoms, _kinds in BRICS.FindBRICSBonds(mol)} | _matches(mol)
    return all(frozenset(bond) in cuttable for bond in bonds)


def _matches(mol: Chem.Mol) -> set[frozenset[int]]:
    return {frozenset(pair) for rule in _rules() for pair in mol.GetSubstructMatches(rule)}


@functools.cache
def _rules() -> tuple[Chem.Mol, ...]:
    return tuple(map(Chem.MolFromSmarts, _USUAL))


def length(linker: Chem.Mol) -> int:
    """Return how many atoms are between the two points of a linker, on the shortest way."""
    first, second = (atom.GetIdx() for atom in linker.GetAtoms() if atom.GetAtomicNum() == 0)
    return len(Chem.GetShortestPath(linker, first, second)) - 2
