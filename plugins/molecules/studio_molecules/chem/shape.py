"""A likely shape in space: ETKDG (Riniker 2015), then MMFF94. One conformer, hydrogens and all."""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import Future, wait
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from studio.api import ErrorCode, StudioError
from studio_molecules.chem import structure

_SECONDS = 20
_TURN = 0.01


def fold(smiles: str, seed: int) -> Generator[None, None, dict[str, Any]]:
    """Yield while a molecule is folded; return ``symbols`` (n), ``places`` (n, 3), ``bonds`` (m).

    Places are in ångström, bonds are (from, to, order). RDKit folds in one go, some seconds for a
    large ring, so a thread of its own does it: whoever stops here does not wait for it.

    Raises:
        BadInput: it is no SMILES, or too large.
        StudioError: no shape was found in time.
    """
    mol = Chem.AddHs(structure.parse(smiles).mol)
    folded: Future[dict[str, Any]] = Future()

    def run() -> None:
        try:
            folded.set_result(_folded(mol, seed))
        except Exception as error:  # noqa: BLE001 - it is raised where the result is waited for
            folded.set_exception(error)

    threading.Thread(target=run, name="folding", daemon=True).start()
    while not wait([folded], _TURN).done:
        yield None
    return folded.result()


def _folded(mol: Chem.Mol, seed: int) -> dict[str, Any]:
    rules = rdDistGeom.ETKDGv3()
    rules.randomSeed = seed & 0x7FFFFFFF
    rules.timeout = _SECONDS
    if rdDistGeom.EmbedMolecule(mol, rules) < 0:
        rules.useRandomCoords = True  # what large and strained rings need
        if rdDistGeom.EmbedMolecule(mol, rules) < 0:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                "No shape was found for this molecule: its rings may be too strained.",
                "The drawing in the plane is right all the same.",
            )
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=500)
    places = mol.GetConformer().GetPositions()
    return {
        "symbols": [atom.GetSymbol() for atom in mol.GetAtoms()],
        "places": (places - places.mean(0)).round(4).tolist(),
        "bonds": [
            (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), bond.GetBondTypeAsDouble())
            for bond in mol.GetBonds()
        ],
    }
