"""Ligands as Vina wants them, and poses as molecules again: by Meeko, which keeps bond orders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from studio.api import ErrorCode, StudioError
from studio_molecules.chem import parser

_ACIDS = {
    "carboxylic acid, pKa 4": "[OX2H1]-[CX3]=[OX1]",
    "sulphonic acid, pKa below 0": "[OX2H1]-[SX4](=O)=O",
    "phosphonic and phosphoric acid, pKa 2 and 7": "[OX2H1]-[PX4]=O",
    "acyl sulphonamide, pKa 5": "[NX3H1](-[CX3]=O)-[SX4](=O)=O",
    "4-hydroxycoumarin, pKa 5": "[OX2H1]-c1:c:c(=[OX1]):o:c:c1",
    "thiazolidinedione, pKa 6.5": "[NX3H1]1-[CX3](=O)-[SX2]-[#6]-[CX3]1=O",
    "tetrazole, pKa 5": "[nX3H1]1:n:n:n:c:1",
    "tetrazole, other tautomer": "[nX3H1]1:n:n:c:n:1",
}
_BASES = {
    "guanidine, pKa 13": "[NX2;!$(N-[!#6;!#1]);!$(N-[#6]=[O,S,N]);!$(N-C#N)]"
    "=[CX3]([NX3;!$(N-C=O);!$(N-C#N)])[NX3;!$(N-C#N)]",
    "amidine, pKa 12": "[NX2;!$(N-a);!$(N-[!#6;!#1])]=[CX3]([#6])[NX3;!$(N-C=O);!$(N-a)]",
    "amine, pKa 8 to 11": "[NX3;!$(N~[!#6;!#1]);!$(N-[#6]=,#,:*);!$(N-[CX4]C(F)(F)F)]",
}
_NEAR = 3
"""Bonds between two bases of which one alone takes a proton."""


def at_ph(mol: Chem.Mol) -> Chem.Mol:
    """Return a molecule, without explicit hydrogens, as most of it is at pH 7.4.

    What has a charge already keeps it.
    """
    ion = Chem.RWMol(mol)
    for pattern in _patterns(*_ACIDS.values()):
        for match in ion.GetSubstructMatches(pattern):
            _charge(ion.GetAtomWithIdx(match[0]), -1)
    away, weak = Chem.GetDistanceMatrix(mol), partial(_drawing_groups, mol)
    charged = [atom.GetIdx() for atom in ion.GetAtoms() if atom.GetFormalCharge() > 0]
    for pattern in _patterns(*_BASES.values()):
        bases = sorted((match[0] for match in ion.GetSubstructMatches(pattern)), key=weak)
        for base in bases:
            atom = ion.GetAtomWithIdx(base)
            if atom.GetFormalCharge() == 0 and all(away[base, at] > _NEAR for at in charged):
                _charge(atom, 1)
                charged.append(base)
    Chem.SanitizeMol(ion)
    return ion.GetMol()


def _drawing_groups(mol: Chem.Mol, base: int) -> int:
    """Return how many atoms two bonds from an atom draw its electrons: all but those of alkyl."""
    alkyl = Chem.HybridizationType.SP3
    return sum(
        far.GetSymbol() != "C" or far.GetHybridization() != alkyl
        for near in mol.GetAtomWithIdx(base).GetNeighbors()
        for far in near.GetNeighbors()
        if far.GetIdx() != base
    )


def _charge(atom: Chem.Atom, charge: int) -> None:
    hydrogens = atom.GetTotalNumHs() + charge
    atom.SetFormalCharge(charge)
    atom.SetNoImplicit(True)
    atom.SetNumExplicitHs(hydrogens)


@cache
def _patterns(*smarts: str) -> tuple[Chem.Mol, ...]:
    return tuple(Chem.MolFromSmarts(pattern) for pattern in smarts)


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

    mol = Chem.AddHs(at_ph(parser.parse(smiles).mol))
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
