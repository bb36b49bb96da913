"""What becomes of stereocentres: left out, or all of them written out. Scores nothing."""

from __future__ import annotations

from rdkit import Chem
from rdkit.Chem.EnumerateStereoisomers import EnumerateStereoisomers, StereoEnumerationOptions

MOST = 8
"""Stereoisomers of one molecule."""


def flat(mol: Chem.Mol) -> Chem.Mol:
    """Return a copy without stereochemistry."""
    copy = Chem.Mol(mol)
    Chem.RemoveStereochemistry(copy)
    return copy


def isomers(mol: Chem.Mol) -> list[Chem.Mol]:
    """Return the isomers of the unspecified stereo centres; the molecule itself without any."""
    options = StereoEnumerationOptions(maxIsomers=MOST, unique=True, rand=1)
    smiles = [Chem.MolToSmiles(isomer) for isomer in EnumerateStereoisomers(mol, options=options)]
    return [Chem.MolFromSmiles(isomer) for isomer in sorted(smiles)]
