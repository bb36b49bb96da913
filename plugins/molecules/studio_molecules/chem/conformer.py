"""A likely shape in space: ETKDG (Riniker 2015), then MMFF94. One conformer, hydrogens and all."""

from __future__ import annotations

from typing import Any

from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from studio.api import BadInput, ErrorCode, StudioError
from studio_molecules.chem import parser

_SECONDS = 20


def fold(smiles: str, seed: int) -> dict[str, Any]:
    """Return ``symbols`` (n), ``places`` (n, 3) and ``bonds`` (m) of a molecule with hydrogens.

    Places are in ångström from their ``middle`` (3), bonds are (from, to, order). RDKit folds
    in one go, some seconds for a large ring.

    Raises:
        BadInput: it is no SMILES, or too large.
        StudioError: no shape was found in time.
    """
    mol = folded(smiles, seed)
    places = mol.GetConformer().GetPositions()
    return {
        "symbols": [atom.GetSymbol() for atom in mol.GetAtoms()],
        "places": (places - places.mean(0)).round(4).tolist(),
        "middle": places.mean(0).round(4).tolist(),
        "bonds": [
            (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), bond.GetBondTypeAsDouble())
            for bond in mol.GetBonds()
        ],
    }


def folded(smiles: str, seed: int) -> Chem.Mol:
    """Return a molecule with hydrogens and places in space: those of a CXSMILES, else likely ones.

    Raises:
        BadInput: it is no SMILES, or too large.
        StudioError: no shape was found in time.
    """
    if "|" in smiles:
        params: Any = Chem.SmilesParserParams()
        params.removeHs = False
        given = Chem.MolFromSmiles(smiles, params)
        if given is None or not given.GetNumConformers():
            raise BadInput("These are not the coordinates of a molecule.", "Give a SMILES instead.")
        return given
    mol = Chem.AddHs(parser.parse(smiles).mol)
    rules: Any = rdDistGeom.ETKDGv3()  # rdkit-stubs gives its setters no value
    rules.randomSeed = seed & 0x7FFFFFFF
    rules.timeout = _SECONDS
    if rdDistGeom.EmbedMolecule(mol, rules) < 0:
        rules.useRandomCoords = True  # what large and strained rings need
        if rdDistGeom.EmbedMolecule(mol, rules) < 0:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                "No 3-D structure was found: the rings may be too strained.",
                "The 2-D drawing is still correct.",
            )
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=500)
    return mol
