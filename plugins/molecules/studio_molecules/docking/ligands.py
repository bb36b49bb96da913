"""Ligands as Vina wants them, and poses as molecules again: by Meeko, which keeps bond orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from studio.api import ErrorCode, StudioError
from studio_molecules.chem import parser
from studio_molecules.docking import protonation

MAX_ROTATABLE = 32
_SECONDS = 20


@dataclass(frozen=True)
class Pose:
    """One way in which a ligand lies in a pocket.

    Attributes:
        mol: With hydrogens, placed in the frame of the protein.
        energy: In kcal/mol; lower binds better.
    """

    mol: Chem.Mol
    energy: float


def require_programs() -> None:
    """Check that Vina and Meeko are installed.

    Raises:
        StudioError: One of them is missing; says how to get it.
    """
    try:
        import meeko  # noqa: F401  # two seconds, and optional
        import vina  # noqa: F401
    except ImportError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"Docking needs the package “{error.name}”, which is not installed.",
            "Install it with: pip install 'offline-studio[docking]'",
        ) from error


def prepare(smiles: str, seed: int) -> str:
    """Return the PDBQT of a ligand: a likely shape as at pH 7.4, with charges and torsions.

    Raises:
        BadInput: It is no SMILES, or too large.
        StudioError: No shape was found, or it has an atom that Vina does not know.
    """
    from meeko import MoleculePreparation, PDBQTWriterLegacy

    mol = Chem.AddHs(protonation.at_ph(parser.parse(smiles).mol))
    rules: Any = rdDistGeom.ETKDGv3()  # rdkit-stubs gives its setters no value
    rules.randomSeed, rules.timeout = seed & 0x7FFFFFFF, _SECONDS
    if rdDistGeom.EmbedMolecule(mol, rules) < 0:
        rules.useRandomCoords = True
        if rdDistGeom.EmbedMolecule(mol, rules) < 0:
            raise StudioError(ErrorCode.UNSUPPORTED, "No 3-D structure was found.")
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=500)
    prepared = MoleculePreparation().prepare(mol)[0]
    text, written, reason = PDBQTWriterLegacy.write_string(prepared)
    if not written:
        raise StudioError(ErrorCode.UNSUPPORTED, f"It cannot be docked: {reason.strip()[:200]}.")
    return str(text)


def poses(pdbqt: str) -> list[Pose]:
    """Return the poses of what Vina has written, the best first."""
    from meeko import PDBQTMolecule, RDKitMolCreate

    docked = PDBQTMolecule(pdbqt, skip_typing=True)
    mol = RDKitMolCreate.from_pdbqt_mol(docked)[0]
    energies = [float(pose.score) for pose in docked]
    result = []
    for conformer, energy in zip(mol.GetConformers(), energies, strict=True):
        single = Chem.Mol(mol, confId=conformer.GetId())
        result.append(Pose(single, energy))
    return result
