"""A protein of the user's: cut to its box, given hydrogens and charges where it has none.

A PDBQT is taken as it is. A PDB, with or without hydrogens, is prepared by Meeko: each residue is
matched with a template, which adds hydrogens, charges and atom types.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from studio.api import BadInput
from studio_molecules.docking.targets import Point, Target

SUFFIXES = (".pdb", ".ent", ".pdbqt")
MAX_BYTES = 40 << 20
_LARGEST, _SMALLEST = 60.0, 5.0
"""Edges of a box in ångström."""
_FELT = 8.0
"""Å beside the box: what is farther away is not felt by a ligand (the cutoff of Vina)."""
_PREPARED = 16.0
"""Å beside the box that are prepared: where a chain is cut, its last residue fits no template."""
_LIGAND = 7
"""Heavy atoms; a group that is not of the protein and has as many is its ligand."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_WATER = ("HOH", "WAT", "DOD", "H2O")


def read(name: str, text: str, center: str, size: str) -> tuple[Target, str]:
    """Return a target, and the changes made to the protein as sentences for the user.

    Args:
        name: Name of its file.
        text: A PDB or a rigid PDBQT.
        center: Three numbers in ångström; if empty, the centre of the ligand in a PDB.
        size: Three numbers in ångström.

    Raises:
        BadInput: It is no protein, has no hydrogens and cannot get any, or the box is not near it.
    """
    lines = _first_model(text)
    if not lines:
        raise BadInput(f"“{name}” holds no atoms.", "Choose a protein as PDB or PDBQT.")
    is_prepared = name.lower().endswith(".pdbqt")
    edges = _point(size, "size")
    if not all(_SMALLEST <= edge <= _LARGEST for edge in edges):
        raise BadInput(f"Each edge of the box is from {_SMALLEST:g} to {_LARGEST:g} Å.")
    ligand = "" if is_prepared or center.strip() else _ligand(lines)
    middle = _middle(lines, ligand) if ligand else _point(center, "centre")
    protein = _near(lines if is_prepared else _of_protein(lines), middle, edges, is_prepared)
    remarks = [f"The box is around {ligand}."] if ligand else []
    if len(protein) < len(lines):
        remarks.append(
            f"Only the {len(protein):,} of {len(lines):,} atoms around the box are used."
        )
    if is_prepared:
        _require_hydrogens(name, protein)
        return Target(name, "\n".join(protein) + "\n", middle, edges), " ".join(remarks)
    pdbqt, left_out = _prepared(name, protein)
    felt = [residue for residue in left_out if _is_near(protein, residue, middle, edges)]
    if felt:
        remarks.append(
            f"Without these residues, which are not standard ones: {', '.join(felt[:8])}."
        )
    return Target(name, pdbqt, middle, edges), " ".join(remarks)


def _first_model(text: str) -> list[str]:
    """Return the lines of atoms of a file, of its first model if it has several."""
    first = text.partition("\nENDMDL")[0]
    return [
        line
        for line in first.splitlines()
        if line.startswith(("ATOM  ", "HETATM")) and _place(line)
    ]


def _of_protein(lines: Sequence[str]) -> list[str]:
    """Return the lines of the chains: no water, no ligand."""
    atoms = [line for line in lines if line.startswith("ATOM") and line[17:20] not in _WATER]
    if not atoms:
        raise BadInput("The file has no chain of a protein.", "Choose the protein as PDB.")
    return atoms


def _require_hydrogens(name: str, lines: Iterable[str]) -> None:
    if not any(line[77:79].strip() in ("HD", "H", "HS") for line in lines):
        raise BadInput(
            f"“{name}” has no hydrogens.",
            "Choose the protein as PDB instead: hydrogens and charges are added then.",
        )


# --- the box ------------------------------------------------------------------------------------


def _ligand(lines: Iterable[str]) -> str:
    """Return the residue that is the ligand, as ``NAME CHAIN NUMBER``; "" if there is none."""
    counts = Counter(
        f"{line[17:20].strip()} {line[21:26].strip()}"
        for line in lines
        if line.startswith("HETATM") and line[17:20] not in _WATER and line[76:78].strip() != "H"
    )
    name, atoms = max(counts.items(), key=lambda item: item[1], default=("", 0))
    return name if atoms >= _LIGAND else ""


def _middle(lines: Iterable[str], ligand: str) -> Point:
    own = [line for line in lines if f"{line[17:20].strip()} {line[21:26].strip()}" == ligand]
    x, y, z = np.array([_place(line) for line in own]).mean(0).round(3).tolist()
    return x, y, z


def _near(lines: Sequence[str], middle: Point, edges: Point, single: bool) -> list[str]:
    """Return the atoms that a ligand in the box can feel: single ones, or whole residues.

    Raises:
        BadInput: The box is away from all of them.
    """
    places = np.array([_place(line) for line in lines])
    away = _distance(places, middle, edges)
    if away.min() > 0.5 * _FELT:
        raise BadInput(
            f"The box is {away.min():.0f} Å away from the protein.",
            "Its centre is where the ligand of the crystal structure lies.",
        )
    if single:
        return [line for line, far in zip(lines, away, strict=True) if far <= _FELT]
    near = {line[21:27] for line, far in zip(lines, away, strict=True) if far <= _PREPARED}
    return [line for line in lines if line[21:27] in near]


def _distance(places: np.ndarray, middle: Point, edges: Point) -> np.ndarray:
    """Return how far places (n, 3) are outside of the box, in ångström (n); 0 inside."""
    beside = np.abs(places - middle) - np.array(edges) / 2
    away: np.ndarray = np.linalg.norm(np.maximum(beside, 0), axis=1)
    return away


def _is_near(lines: Iterable[str], residue: str, middle: Point, edges: Point) -> bool:
    own = [_place(line) for line in lines if _key(line) == residue]
    return bool(own) and bool(_distance(np.array(own), middle, edges).min() <= _FELT)


def _key(line: str) -> str:
    """Return what Meeko calls the residue of an atom: ``CHAIN:NUMBER``."""
    return f"{line[21].strip()}:{line[22:27].strip()}"


def _point(words: str, what: str) -> Point:
    numbers = [float(number) for number in _NUMBER.findall(words)]
    if len(numbers) != 3:
        raise BadInput(f"The {what} of the box is three numbers in Å.", "For example: 9.2 6.1 -7")
    return numbers[0], numbers[1], numbers[2]


def _place(line: str) -> Point | None:
    try:
        x, y, z = float(line[30:38]), float(line[38:46]), float(line[46:54])
    except ValueError:
        return None
    return (x, y, z) if math.isfinite(x + y + z) else None


# --- hydrogens and charges ----------------------------------------------------------------------


def _prepared(name: str, lines: Sequence[str]) -> tuple[str, list[str]]:
    """Return the PDBQT of residues, and which were left out, as ``CHAIN:NUMBER``."""
    from meeko import MoleculePreparation, PDBQTWriterLegacy, Polymer

    refused = BadInput(
        f"“{name}” cannot be prepared for docking.",
        "Check that it is a protein with whole residues, or choose it as PDBQT.",
    )
    try:
        polymer: Any = Polymer.from_pdb_string(
            "\n".join(lines) + "\nEND\n",
            mk_prep=MoleculePreparation(),
            allow_bad_res=True,
            default_altloc="A",
        )
        rigid, _flexible = PDBQTWriterLegacy.write_from_polymer(polymer)
    except (ValueError, RuntimeError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise refused from error  # Meeko raises whatever its parts raise
    if not rigid.strip():
        raise refused
    return rigid, sorted(polymer.get_ignored_monomers())
