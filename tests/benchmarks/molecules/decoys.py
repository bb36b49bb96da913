"""Decoys: as large, greasy and charged as known ligands, and built otherwise.

After DUD-E (Mysinger 2012, J. Med. Chem. 55, 6582): a score that only likes large or charged
molecules finds no ligand among them. Nobody has shown that they do not bind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from rdkit import Chem, DataStructs

from studio_molecules.chem import descriptors
from studio_molecules.docking import ligands

_SCALES: Final[Mapping[str, float]] = {
    "mw": 50,
    "logp": 1,
    "hbd": 1,
    "hba": 2,
    "rotatable": 2,
    "charge": 0.5,
}
"""Figure → what counts as one step away from it."""
_MOST_LIKE: Final = 0.35
"""Tanimoto similarity (Morgan, radius 2) to a ligand, at most."""


def decoys(ligands: Mapping[str, str], pool: Mapping[str, str], each: int) -> dict[str, str]:
    """Return decoys, name → SMILES: of each ligand the nearest ``each`` that are left.

    Args:
        ligands, pool: Name → SMILES. Of the pool what is like any ligand is left out.
    """
    known = {name: _read(smiles) for name, smiles in ligands.items()}
    prints = [descriptors.fingerprint(mol) for mol in known.values()]
    left = {}
    for name, smiles in pool.items():
        mol = _read(smiles)
        likeness = DataStructs.BulkTanimotoSimilarity(descriptors.fingerprint(mol), prints)
        if name not in ligands and max(likeness) <= _MOST_LIKE:
            left[name] = _figures(mol)
    found: dict[str, str] = {}
    for mol in known.values():
        wanted = _figures(mol)
        nearest = sorted(left, key=lambda name: float(np.abs(left[name] - wanted).sum()))[:each]
        for name in nearest:
            found[name] = pool[name]
            del left[name]
    return found


def _read(smiles: str) -> Chem.Mol:
    return ligands.at_ph(Chem.MolFromSmiles(smiles))


def _figures(mol: Chem.Mol) -> np.ndarray:
    """Return the figures of a molecule in steps (6,)."""
    told = descriptors.describe(mol, tuple(_SCALES))
    return np.array([told[name] / scale for name, scale in _SCALES.items()])
