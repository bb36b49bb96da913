"""Whether a molecule is like those that such models are made for. Guesses no figure.

The data that the networks learned from cannot be shipped, so this asks another question that can be
answered: are the size, the charge, the logP and the surroundings of its atoms usual, the last ones
among the molecules of PubChem that RDKit's table of fragments was counted on? That is needed for a
figure to be good, and not enough.
"""

from __future__ import annotations

from rdkit import Chem
from rdkit.Chem import Crippen

from studio_molecules.chem import synthesis

FAMILIAR = 0.9
"""Least share of surroundings of atoms that must be in the table."""

ATOMS = range(8, 61)
"""Heavy atoms of a usual molecule."""

CHARGES = range(-1, 2)

LOGP = (-2.0, 7.0)
"""Crippen's estimate; watery and fatty extremes are rare in the data."""


def describe(mol: Chem.Mol) -> dict[str, float]:
    """Return ``domain``, 1 inside and 0 outside, and ``familiar``, the share it is judged by."""
    familiar = synthesis.familiarity(mol)
    inside = (
        familiar >= FAMILIAR
        and mol.GetNumHeavyAtoms() in ATOMS
        and Chem.GetFormalCharge(mol) in CHARGES
        and LOGP[0] <= Crippen.MolLogP(mol) <= LOGP[1]
    )
    return {"domain": float(inside), "familiar": round(familiar, 6)}
