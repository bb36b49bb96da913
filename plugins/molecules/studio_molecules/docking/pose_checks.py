"""Whether a pose can be: apart from the protein, and not bent out of shape.

After PoseBusters (Buttenschoen 2024): distances against the sum of van der Waals radii, energy
against that of a relaxed shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers

_RADII = {"C": 1.7, "N": 1.55, "O": 1.52, "S": 1.8, "P": 1.8, "F": 1.47, "Cl": 1.75, "Br": 1.85}
_OTHER = 1.7
_OVERLAP = 0.75
"""Of the sum of the radii; nearer is a clash."""
_SETTLES = 0.3
"""Å by which heavy atoms of a pose may move before its energy is taken."""
_AROUND, _MOST_AROUND = 6.0, 600
"""Å, and atoms: what is shown of a pocket."""
_STRAIN = 25.0
"""In kcal/mol: more is no shape that a molecule takes."""

Receptor = tuple[list[str], np.ndarray]
"""Symbols (n) and places (n, 3) of the heavy atoms of a protein, in ångström."""


@dataclass(frozen=True)
class PoseCheck:
    """Result of checking a pose.

    Attributes:
        clashes: Overlapping pairs of heavy atoms of ligand and protein.
        strain: In kcal/mol above the nearest relaxed conformer; None without MMFF parameters.
    """

    clashes: int
    strain: float | None

    @property
    def words(self) -> str:
        """In words; "plausible" where nothing speaks against it."""
        faults = []
        if self.clashes:
            faults.append(f"{self.clashes} clashes" if self.clashes > 1 else "1 clash")
        if self.strain is not None and self.strain > _STRAIN:
            faults.append(f"strained by {self.strain:.0f} kcal/mol")
        return ", ".join(faults) or "plausible"


def check(mol: Chem.Mol, receptor: Receptor) -> PoseCheck:
    """Check a pose beside the heavy atoms of a protein.

    Args:
        mol: With hydrogens and one conformer.
        receptor: Symbols (n) and places (n, 3) in ångström.
    """
    heavy = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() > 1]
    places = mol.GetConformer().GetPositions()[heavy]
    symbols, around = receptor
    own = np.array([_RADII.get(mol.GetAtomWithIdx(place).GetSymbol(), _OTHER) for place in heavy])
    other = np.array([_RADII.get(symbol, _OTHER) for symbol in symbols])
    away = np.linalg.norm(places[:, None] - around[None], axis=-1)
    clashes = int((away < _OVERLAP * (own[:, None] + other[None])).sum())
    return PoseCheck(clashes, _strain(mol))


def _strain(mol: Chem.Mol) -> float | None:
    if not rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        return None
    relaxed = Chem.Mol(mol)
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(relaxed)
    posed = Chem.Mol(mol)
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(posed, properties)
    field.Initialize()
    for atom in posed.GetAtoms():  # bonds and angles are not Vina's: they may settle
        if atom.GetAtomicNum() > 1:
            field.MMFFAddPositionConstraint(atom.GetIdx(), _SETTLES, 1000.0)
    field.Minimize(maxIts=200)
    fixed = rdForceFieldHelpers.MMFFGetMoleculeForceField(posed, properties).CalcEnergy()
    rdForceFieldHelpers.MMFFOptimizeMolecule(relaxed, maxIters=2000)
    free = rdForceFieldHelpers.MMFFGetMoleculeForceField(relaxed, properties).CalcEnergy()
    return max(0.0, float(fixed - free))


def around(receptor: Receptor, mols: Sequence[Chem.Mol]) -> dict[str, Any]:
    """Return the atoms of a protein near some poses, as ``symbols`` and ``places``; 600 at most."""
    symbols, places = receptor
    own = np.concatenate([mol.GetConformer().GetPositions() for mol in mols])
    away = np.min([np.linalg.norm(places - at, axis=1) for at in own], axis=0, initial=np.inf)
    near = np.argsort(away)[:_MOST_AROUND]
    near = near[away[near] < _AROUND]
    return {
        "symbols": [symbols[place] for place in near],
        "places": places[near].round(2).tolist(),
    }


def heavy_atoms(pdbqt: str) -> Receptor:
    """Return the symbols and places of the heavy atoms of a protein as PDBQT."""
    types = {"A": "C", "NA": "N", "OA": "O", "SA": "S", "CL": "Cl", "BR": "Br"}
    symbols, places = [], []
    for line in pdbqt.splitlines():
        if line.startswith(("ATOM", "HETATM")):
            kind = line[77:79].strip()
            if kind not in ("H", "HD", "HS"):
                symbols.append(types.get(kind.upper(), kind.capitalize()))
                places.append([float(line[at : at + 8]) for at in (30, 38, 46)])
    return symbols, np.array(places).reshape(-1, 3)
