"""``molecules.convert`` and ``molecules.conformer``: other notations, and a shape in space."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from rdkit import Chem
from rdkit.Chem import Descriptors, rdDepictor, rdMolDescriptors

from studio.api import BadInput, Event, TaskContext
from studio_molecules.chem import conformer, parser
from studio_molecules.schema import Convert, Shape

MAX_CHARS = 200_000
"""Of a molfile; one of 999 atoms has half of that."""

_PRIMITIVE = r"!?(?:#\d{1,3}|[A-Z][a-z]?|[bcnops]|\*)"
_DRAWN_ATOM = re.compile(rf"\[?{_PRIMITIVE}(?:,{_PRIMITIVE})*\]?(?:-?\])?")
"""What molfiles can say of an atom of a pattern: an element, any, one of, none of."""
_AROMATIC = frozenset("bcnops[],")
"""What aromatic atoms are written with."""


@dataclass(frozen=True)
class Notation:
    """One structure in every notation.

    Attributes:
        molfile: V2000, with coordinates in the plane.
        smiles: Canonical; empty for a pattern, and where there is a problem.
        smarts: The pattern; of a molecule, its SMILES again.
        formula, mass: As Hill writes it; in g/mol. Empty and 0 where ``smiles`` is.
        problem: One sentence on what cannot be; empty if nothing.
        atoms: Which atoms of the molfile that is about, from 0.
    """

    molfile: str
    smiles: str = ""
    smarts: str = ""
    formula: str = ""
    mass: float = 0.0
    problem: str = ""
    atoms: list[int] = field(default_factory=list)


def notations(text: str, *, query: bool, clean: bool) -> Notation:
    """Convert a SMILES, SMARTS or molfile to the other notations.

    Args:
        query: Whether SMARTS is accepted.
        clean: Whether a molfile gets new coordinates.

    Raises:
        BadInput: It is none of them, too long, or a pattern that cannot be drawn.
    """
    if len(text) > MAX_CHARS:
        raise BadInput(f"The structure is too long: {len(text):,} characters.")
    if "V2000" in text or "V3000" in text:
        return _of_molfile(text, clean)
    text = text.strip()
    if not text:
        raise BadInput("There is no structure.", "Enter SMILES, such as CCO for ethanol.")
    mol: Chem.Mol | None = Chem.MolFromSmiles(text, sanitize=False)
    if mol is None and query and Chem.MolFromSmarts(text) is not None:
        return _of_molfile(_drawn_pattern(text), clean=False)
    if mol is None:
        return _of_molfile(_molfile(parser.parse(text).mol), clean=False)  # a name, or it says why
    problems = Chem.DetectChemistryProblems(mol)
    if problems:
        raise BadInput(
            f"“{text[:60]}” is not a valid molecule: {parser.problem(mol, problems[0])}."
        )
    Chem.SanitizeMol(mol)
    Chem.AssignStereochemistry(mol, cleanIt=True)
    return _of_molfile(_molfile(Chem.RemoveHs(mol)), clean=False)


def _of_molfile(text: str, clean: bool) -> Notation:
    try:
        mol = Chem.MolFromMolBlock(text, sanitize=False, removeHs=False, strictParsing=False)
    except RuntimeError:  # numbers that break RDKit's own conditions
        mol = None
    if mol is None:
        raise BadInput("This is not a molfile that can be read.", "Copy it again, or as SMILES.")
    if mol.GetNumHeavyAtoms() > parser.MAX_HEAVY_ATOMS:
        raise BadInput(
            f"The structure has {mol.GetNumHeavyAtoms()} heavy atoms; "
            f"the limit is {parser.MAX_HEAVY_ATOMS}."
        )
    if _is_query(mol):
        mol.UpdatePropertyCache(strict=False)
        return Notation(_redrawn(mol) if clean else text, smarts=Chem.MolToSmarts(mol))
    problems = Chem.DetectChemistryProblems(mol)
    if problems:
        words = parser.problem(mol, problems[0])
        atoms = sorted({place for problem in problems for place in _places(problem)})
        return Notation(text, problem=f"{words[:1].upper()}{words[1:]}.", atoms=atoms)
    mol = Chem.MolFromMolBlock(text, removeHs=True, strictParsing=False)
    for atom in mol.GetAtoms():
        _number(atom)
    smiles = Chem.MolToSmiles(mol)
    return Notation(
        _molfile(mol) if clean else text,
        smiles,
        smiles,
        rdMolDescriptors.CalcMolFormula(mol),
        round(Descriptors.MolWt(mol), 3),
    )


def _is_query(mol: Chem.Mol) -> bool:
    return any(atom.HasQuery() for atom in mol.GetAtoms() if not _is_attachment(atom)) or any(
        bond.HasQuery() for bond in mol.GetBonds()
    )


def _is_attachment(atom: Chem.Atom) -> bool:
    return atom.HasProp("_MolFileRLabel") == 1


def _number(atom: Chem.Atom) -> None:
    """Let an attachment point be ``[*:1]`` and not an isotope."""
    if _is_attachment(atom):
        atom.SetAtomMapNum(atom.GetIntProp("_MolFileRLabel"))
        atom.SetIsotope(0)
    else:
        atom.SetAtomMapNum(0)


def _places(problem: object) -> list[int]:
    one, many = getattr(problem, "GetAtomIdx", None), getattr(problem, "GetAtomIndices", None)
    return [one()] if one else list(many()) if many else []


def _molfile(mol: Chem.Mol) -> str:
    """Write a molfile with fresh coordinates; open ends become numbered attachment points."""
    mol, number = Chem.Mol(mol), 0
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            number += 1
            label = atom.GetAtomMapNum() or atom.GetIsotope() or number
            atom.SetIntProp("_MolFileRLabel", label)
            atom.SetIsotope(0)
    return _redrawn(mol)


def _redrawn(mol: Chem.Mol) -> str:
    rdDepictor.SetPreferCoordGen(True)
    rdDepictor.Compute2DCoords(mol)
    rdDepictor.NormalizeDepiction(mol)
    block: str = Chem.MolToMolBlock(mol, kekulize=not _is_query(mol))
    return block


def _drawn_pattern(smarts: str) -> str:
    """Write the molfile of a pattern.

    Raises:
        BadInput: Molfiles cannot say what it says.
    """
    mol = Chem.MolFromSmarts(smarts)
    signs = [atom.GetSmarts() for atom in mol.GetAtoms()]
    bonds = [_bond_smarts(bond) for bond in mol.GetBonds()]
    plain = all(sign in ("", "-", "=", "#", "~", ":") for sign in bonds)
    if not plain or not all(_DRAWN_ATOM.fullmatch(sign) for sign in signs):
        raise BadInput(
            "This pattern is too specific to be drawn.", "It is searched for as it is written."
        )
    lines = Chem.MolToMolBlock(_with_coordinates(mol), kekulize=False).splitlines()
    first = 4 + mol.GetNumAtoms()
    for number, bond in enumerate(mol.GetBonds(), first):
        if not _bond_smarts(bond):  # single or aromatic, which the format has no number for
            ends = signs[bond.GetBeginAtomIdx()] + signs[bond.GetEndAtomIdx()]
            order = 4 if set(ends) <= _AROMATIC else 1
            lines[number] = f"{lines[number][:6]}{order:3}{lines[number][9:]}"
    remaining = [line for line in lines if not line.startswith(("V  ", "M  S"))]
    return "\n".join(remaining) + "\n"


def _bond_smarts(bond: Any) -> str:  # rdkit-stubs let its method want itself
    sign: str = bond.GetSmarts()
    return sign


def _with_coordinates(mol: Chem.Mol) -> Chem.Mol:
    mol.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(mol)
    rdDepictor.SetPreferCoordGen(True)
    rdDepictor.Compute2DCoords(mol)
    return mol


def convert(ctx: TaskContext, params: Convert) -> Iterator[Event | None]:
    """Convert it; the result says what ``Notation`` has.

    A page hands in what it draws: the input ``structure``, a text.
    """
    text = ctx.inputs.text("structure", params.structure)
    result = notations(text, query=params.query, clean=params.clean)
    yield ctx.result(**asdict(result))


def fold(ctx: TaskContext, params: Shape) -> Iterator[Event | None]:
    """Fold one molecule."""
    yield ctx.progress(0, 0, "Building 3-D structure")
    folded = yield from ctx.in_thread(partial(conformer.fold, params.smiles, ctx.rng.seed))
    yield ctx.result(**folded)
