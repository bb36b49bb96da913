"""The two-dimensional pharmacophore fingerprint of Gobbi (1998, Biotechnol. Bioeng. 61, 47), fast.

It has the bits of ``Gen2DFingerprint`` of RDKit, which walks through the triples of a molecule one
by one in Python and takes most of the time of a search for a goal. What a bit means is still asked
of RDKit, once for all families of features and ranges of distances.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations, combinations_with_replacement, product
from typing import Final

import numpy as np
from rdkit import Chem
from rdkit.Chem.Pharm2D import Gobbi_Pharm2D
from rdkit.DataStructs import SparseBitVect

_FACTORY: Final = Gobbi_Pharm2D.factory
_POINTS: Final = 3


def fingerprint(mol: Chem.Mol) -> SparseBitVect:
    """Return the bits of the pairs and triples of features of a molecule."""
    found = [
        (family, list(atoms))
        for family, matches in enumerate(_FACTORY.GetMolFeats(mol))
        for atoms in matches
    ]
    families = np.array([family for family, _ in found], dtype=np.intp)
    ranges = _ranges(Chem.GetDistanceMatrix(mol), [atoms for _, atoms in found])
    bits: set[int] = set()
    for points in range(2, _POINTS + 1):
        chosen = _combinations(len(found), points)
        pairs = [ranges[chosen[:, a], chosen[:, b]] for a, b in combinations(range(points), 2)]
        known = np.all([each >= 0 for each in pairs], axis=0)
        place = (*families[chosen[known]].T, *(each[known] for each in pairs))
        bits.update(_meanings(points)[place].tolist())
    made = SparseBitVect(_FACTORY.GetSignature().GetNumBits())
    made.SetBitsFromList(sorted(bits))
    return made


def _ranges(away: np.ndarray, features: list[list[int]]) -> np.ndarray:
    """Return the range that the distance of each two features lies in (n, n); -1 for none."""
    nearest = away
    for _ in range(2):  # first the rows, then the columns
        rows = [nearest[atoms].min(0) for atoms in features]
        nearest = np.array(rows).reshape(len(features), len(nearest.T)).T
    starts = [start for start, _ in _FACTORY.GetBins()]
    ranges = np.searchsorted(starts, nearest, side="right") - 1
    ranges[nearest >= _FACTORY.GetBins()[-1][1]] = -1
    return ranges


@cache
def _combinations(count: int, points: int) -> np.ndarray:
    """Return all combinations of ``points`` of ``count`` places (n, points)."""
    return np.array(list(combinations(range(count), points)), dtype=np.intp).reshape(-1, points)


@cache
def _meanings(points: int) -> np.ndarray:
    """Return the bit of each combination of families, in order, and ranges of distances."""
    families, starts = len(_FACTORY.GetFeatFamilies()), [start for start, _ in _FACTORY.GetBins()]
    between = points * (points - 1) // 2
    table = np.full((families,) * points + (len(starts),) * between, -1, dtype=np.int32)
    for kinds in combinations_with_replacement(range(families), points):
        for ranges in product(range(len(starts)), repeat=between):
            try:
                bit = _FACTORY.GetBitIdx(list(kinds), [starts[each] for each in ranges], False)
            except IndexError:
                continue  # no triangle has these sides
            table[kinds + ranges] = bit
    return table
