"""SD files: records one by one, their names, places in space and data fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rdkit import Chem

from studio.api import BadInput
from studio_molecules.chem.parser import MAX_SMILES, Structure, checked, parse
from studio_molecules.chem.text_table import titles


def records(text: str) -> Iterator[tuple[int, str, str, list[tuple[str, str]]]]:
    """Yield line, molfile, name and fields of each: a lie about counts spoils one record only."""
    line = 1
    for record in re.split(r"^\$\$\$\$", text, flags=re.MULTILINE):
        own = record.split("\n", 1)[1] if line > 1 and "\n" in record else record
        first = line + record.count("\n") - own.count("\n")
        lines = own.splitlines()  # the first one is the name, and may be empty
        if any(rest.strip() for rest in lines):
            fields = list(_fields(lines))
            names = titles([name for name, _value in fields])
            values = [value for _name, value in fields]
            yield first, "\n".join(lines), lines[0].strip(), list(zip(names, values, strict=True))
        line += record.count("\n")


def _fields(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the data fields of a record: each name stands above its value, an empty line below."""
    name, value = "", list[str]()
    for line in [*lines, ""]:
        head = re.search(r"<(.+)>", line) if line.startswith(">") else None
        if name and (head or not line.strip()):
            yield name, "\n".join(value).strip()
            name, value = "", []
        if head:
            name = head[1].strip()
        elif name:
            value.append(line)


def structure(block: str) -> Structure:
    """Return the molecule of a record, with its places where they are in space.

    Raises:
        BadInput: it is none.
    """
    mol = Chem.MolFromMolBlock(block, sanitize=False, removeHs=False, strictParsing=True)
    if mol is None:
        raise BadInput("This record is not a molecule: its counts and its lines do not agree.")
    drawn = Chem.Mol(mol)
    result = checked(mol, block.splitlines()[0].strip()[:60] or "molecule")
    again = parse(
        result.smiles
    )  # atoms in the order of the SMILES, as in every other molecule here
    places = _placed(drawn, again.smiles)
    return replace(again, remark=result.remark, original=result.original, coordinates=places)


def _placed(mol: Chem.Mol, smiles: str) -> str:
    """Return a CXSMILES of the retained part of a record; "" if its atoms have no coordinates.

    In 3D it includes hydrogens; in 2D it is the drawing without them.
    """
    if not mol.GetNumConformers() or not mol.GetConformer().GetPositions().any():
        return ""
    is_flat = not mol.GetConformer().Is3D()
    Chem.SanitizeMol(mol)
    if is_flat:
        Chem.AssignStereochemistry(mol, cleanIt=True)
    else:
        Chem.AssignStereochemistryFrom3D(mol)
    for part in Chem.GetMolFrags(mol, asMols=True):
        bare = Chem.RemoveHs(part)
        if Chem.MolToSmiles(bare) == smiles:
            return _short_enough(in_space(bare)) if is_flat else in_space(part)
    return ""


def _short_enough(drawing: str) -> str:
    """Return a CXSMILES, or "" where it is too long to be drawn: it is laid out anew then."""
    return drawing if len(drawing) <= MAX_SMILES else ""


def in_space(mol: Chem.Mol) -> str:
    """Return a CXSMILES of a molecule with the places of its atoms."""
    return Chem.MolToCXSmiles(mol, Chem.SmilesWriteParams(), Chem.CXSmilesFields.CX_COORDS)
