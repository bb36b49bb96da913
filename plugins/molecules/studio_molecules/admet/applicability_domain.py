"""Whether a molecule is like those that such models are made for. Guesses no figure.

The data that the networks learned from cannot be shipped, so this asks two questions that can be
answered. Are size, charge, logP and the surroundings of its atoms usual, the last ones among the
molecules of PubChem that RDKit's table of fragments was counted on? And do the networks agree about
it as they do about usual drugs? Both are needed for a figure to be good, and not enough.

The second one tells more. Against measured values, which the networks partly learned from (300
hydration energies of FreeSolv, 257 solubilities), molecules that it puts outside were off by 0.74
against 0.61 kcal/mol and by 0.46 against 0.35 log units; the share of known surroundings told
nothing (rank correlation with the error −0.06 and 0.10). ``make bench molecules-domain`` counts
how many drugs are inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

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


TYPICAL = {
    "hia": 0.0005, "bioavailability": 0.0401, "solubility": 0.2463, "lipophilicity": 0.1833,
    "hydration": 1.0766, "caco2": 0.1016, "pampa": 0.0403, "pgp": 0.0289, "bbb": 0.0586,
    "ppbr": 3.7263, "vdss": 1.892, "cyp1a2": 0.0378, "cyp2c19": 0.0386, "cyp2c9": 0.0195,
    "cyp2d6": 0.0346, "cyp3a4": 0.0207, "cyp2c9_substrate": 0.0454, "cyp2d6_substrate": 0.042,
    "cyp3a4_substrate": 0.0542, "half_life": 8.079, "clearance_hepatocyte": 8.0906,
    "clearance_microsome": 7.1217, "herg": 0.0488, "clintox": 0.0429, "ames": 0.0677,
    "dili": 0.0587, "carcinogens": 0.0625, "ld50": 0.1514, "skin": 0.1051, "nr_ar": 0.0057,
    "nr_ar_lbd": 0.0035, "nr_ahr": 0.0172, "nr_aromatase": 0.0075, "nr_er": 0.0209,
    "nr_er_lbd": 0.0056, "nr_ppar_gamma": 0.0027, "sr_are": 0.0302, "sr_atad5": 0.0037,
    "sr_hse": 0.0061, "sr_mmp": 0.0165, "sr_p53": 0.0104,
}  # fmt: skip
"""Median spread of an endpoint over the medicines of ``chem/common_molecules.csv``."""

MOST_DISAGREEMENT = 2.28
"""Of those medicines 95 % are below it."""
_STRONGEST = 5.0
"""One endpoint counts at most that much: some spreads are nearly nothing for usual drugs."""


def disagreement(spreads: Mapping[str, float]) -> float:
    """Return the mean spread of endpoints relative to that typical of drugs; 0 for none."""
    shares = [min(_STRONGEST, spreads[id] / TYPICAL[id]) for id in spreads if id in TYPICAL]
    return fmean(shares) if shares else 0.0


def describe(mol: Chem.Mol, spreads: Mapping[str, float]) -> dict[str, float]:
    """Return ``domain``, 1 inside and 0 outside, and the criteria behind it.

    Args:
        spreads: Disagreement of the networks per endpoint.
    """
    apart = disagreement(spreads)
    familiar = synthesis.familiarity(mol)
    inside = (
        familiar >= FAMILIAR
        and apart <= MOST_DISAGREEMENT
        and mol.GetNumHeavyAtoms() in ATOMS
        and Chem.GetFormalCharge(mol) in CHARGES
        and LOGP[0] <= Crippen.MolLogP(mol) <= LOGP[1]
    )
    return {
        "domain": float(inside),
        "familiar": round(familiar, 6),
        "disagreement": round(apart, 4),
    }
