"""From text to a structure that RDKit stands by, or one sentence why not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rdkit import Chem, rdBase
from rdkit.Chem.MolStandardize import rdMolStandardize

from studio.api import BadInput
from studio_molecules.chem import common_molecules

MAX_SMILES = 2000
"""Characters; a peptide of forty residues fits."""

MAX_HEAVY_ATOMS = 300

_CARBON = 6
_FOREIGN = frozenset((0,)).union(
    range(3, 5), range(11, 14), range(19, 33), range(37, 52), range(55, 85), range(87, 119)
)
"""Atomic numbers of open ends, of metals and of what behaves like them: not what this is for."""

rdBase.DisableLog("rdApp.*")  # what is wrong is said by us, in a sentence


@dataclass(frozen=True)
class Structure:
    """Sanitised molecule, its canonical SMILES, and the changes made to get there.

    Attributes:
        original: SMILES of the whole input, where a part was removed.
        coordinates: CXSMILES with 3D or 2D coordinates, if given.
    """

    mol: Chem.Mol
    smiles: str
    remark: str = ""
    original: str = ""
    coordinates: str = ""


def parse(smiles: str) -> Structure:
    """Return the structure of ``smiles``: sanitised, neutral, the largest part of a salt.

    The name of a common molecule does as well.

    Raises:
        BadInput: it is too long, is no SMILES, breaks a valence, holds a metal, is inorganic, or
            there is none.
    """
    smiles = smiles.strip()
    if not smiles:
        raise BadInput("There is no SMILES.", "Enter one, such as CCO for ethanol.")
    if len(smiles) > MAX_SMILES:
        raise BadInput(
            f"The SMILES is too long: {len(smiles):,} characters.", f"The limit is {MAX_SMILES:,}."
        )
    mol = _read(smiles)
    return checked(mol, _short(smiles)) if mol is not None else _named(smiles)


def _read(smiles: str) -> Chem.Mol | None:
    return Chem.MolFromSmiles(smiles, sanitize=False)


def _named(name: str) -> Structure:
    smiles = common_molecules.smiles_of(name)
    if smiles:
        remark = f"“{name}” was looked up among common names"
        return replace(checked(Chem.MolFromSmiles(smiles, sanitize=False), name), remark=remark)
    near = ", ".join(f"“{similar}”" for similar in common_molecules.alike(name))
    hint = f"Similar names: {near}." if near else ""
    raise BadInput(f"“{_short(name)}” is not a valid SMILES: {syntax(name)}.", hint)


def checked(mol: Chem.Mol, called: str) -> Structure:
    """Return ``mol`` sanitised and neutral, without drawn hydrogens and counter-ions.

    ``called`` names it in errors.

    Raises:
        BadInput: as ``parse``.
    """
    try:
        return _sanitised(mol, called)
    except RuntimeError as error:  # how RDKit tells that numbers break its own conditions
        raise BadInput(
            f"“{called}” is not a valid molecule: an atom has an impossible number of hydrogens, "
            "charge or element."
        ) from error


def _sanitised(mol: Chem.Mol, called: str) -> Structure:
    problems = Chem.DetectChemistryProblems(mol)
    if problems:
        raise BadInput(f"“{called}” is not a valid molecule: {problem(mol, problems[0])}.")
    Chem.SanitizeMol(mol)
    Chem.AssignStereochemistry(mol, cleanIt=True)
    mol = Chem.RemoveHs(mol)  # else a molecule from space had another name than from the plane
    mol, remark, original = _without_salt(mol, called)
    strange = {atom.GetSymbol() for atom in mol.GetAtoms() if atom.GetAtomicNum() in _FOREIGN}
    if strange:
        symbols = ", ".join(sorted(strange))
        raise BadInput(
            f"“{called}” contains {symbols}: metals and open valences are not supported."
        )
    heavy = mol.GetNumHeavyAtoms()
    if not heavy:
        raise BadInput(f"“{called}” contains only hydrogen.")
    if heavy > MAX_HEAVY_ATOMS:
        raise BadInput(f"“{called}” has {heavy} heavy atoms; the limit is {MAX_HEAVY_ATOMS}.")
    return Structure(mol, Chem.MolToSmiles(mol), remark, original)


def _without_salt(mol: Chem.Mol, called: str) -> tuple[Chem.Mol, str, str]:
    """Return the neutral parent of a salt or mixture, the changes, and the original SMILES.

    Raises:
        BadInput: It is inorganic: nothing meaningful would be left of sodium chloride.
    """
    parts, charged = Chem.GetMolFrags(mol), _is_charged(mol)
    has_carbon = any(atom.GetAtomicNum() == _CARBON for atom in mol.GetAtoms())
    if not has_carbon and (charged or len(parts) > 1):
        raise BadInput(f"“{called}” is inorganic: it has no carbon.", "Leave it out.")
    remarks, original = [], ""
    if len(parts) > 1:
        original = Chem.MolToSmiles(mol)
        mol = Chem.MolFromSmiles(Chem.MolToSmiles(rdMolStandardize.FragmentParent(mol)))
        remarks.append("salt or mixture: only the largest part was kept")
    if _is_charged(mol):
        neutral = rdMolStandardize.Uncharger().uncharge(mol)
        if Chem.MolToSmiles(neutral) != Chem.MolToSmiles(mol):
            original = original or Chem.MolToSmiles(mol)
            mol = neutral
            remarks.append("charges were neutralised")
    return mol, "; ".join(remarks), original


def _is_charged(mol: Chem.Mol) -> bool:
    return any(atom.GetFormalCharge() for atom in mol.GetAtoms())


def tautomer(smiles: str) -> str:
    """Return the SMILES of the canonical tautomer, which all tautomers of a molecule share."""
    canonical = rdMolStandardize.TautomerEnumerator().Canonicalize(Chem.MolFromSmiles(smiles))
    return Chem.MolToSmiles(canonical)


def valid(smiles: str) -> Chem.Mol | None:
    """Return the molecule of a SMILES that was generated, or None: RDKit alone decides."""
    return Chem.MolFromSmiles(smiles) if smiles else None


def problem(mol: Chem.Mol, problem: Any) -> str:  # rdkit-stubs leaves its methods out
    kind = problem.GetType()
    if kind == "AtomValenceException":
        atom = mol.GetAtomWithIdx(problem.GetAtomIdx())
        return f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) has too many bonds"
    if kind in ("KekulizeException", "AtomKekulizeException"):
        return "its aromatic rings cannot be kekulised"
    message: str = problem.Message()
    return message.splitlines()[0].rstrip(".")


def syntax(smiles: str) -> str:
    """Return the likeliest reason in words."""
    if smiles.count("(") != smiles.count(")"):
        return "its parentheses ( ) do not match"
    if smiles.count("[") != smiles.count("]"):
        return "its brackets [ ] do not match"
    outside, depth = [], 0
    for sign in smiles:
        depth += (sign == "[") - (sign == "]")
        if depth == 0 and sign.isdigit():
            outside.append(sign)
    odd = sorted({digit for digit in outside if outside.count(digit) % 2})
    if odd and "%" not in smiles:
        return f"ring {odd[0]} is not closed"
    return "it cannot be read"


def _short(smiles: str) -> str:
    return smiles if len(smiles) <= 60 else f"{smiles[:57]}…"
