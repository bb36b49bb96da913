"""Synthetic accessibility, 1 easy … 10 hard: Ertl and Schuffenhauer, J. Cheminf. 2009, 1:8.

The table of fragments is RDKit's own (Contrib/SA_Score, BSD-3, Novartis). It lies there as a pickle
in its text form; here it is read as text, and nothing is unpickled.
"""

from __future__ import annotations

import functools
import gzip
import math
from pathlib import Path

import numpy as np
from rdkit import Chem, RDConfig
from rdkit.Chem import rdMolDescriptors
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

from studio.api import ErrorCode, StudioError

_UNKNOWN = -4.0
"""Contribution of a fragment that is not in the table."""

_LOWEST, _HIGHEST = -4.0, 2.5
"""Bounds of the raw score that are mapped to 10 and 1."""

_MORGAN = GetMorganGenerator(radius=2)


def score(mol: Chem.Mol) -> float:
    """Return how hard ``mol`` is to make: rare fragments and complexity raise it."""
    counts = _MORGAN.GetSparseCountFingerprint(mol).GetNonzeroElements()
    if not counts:
        return 1.0
    fragments: float = sum(_contribution(bit) * count for bit, count in counts.items())
    raw: float = fragments / sum(counts.values()) - _complexity(mol)
    atoms: int = mol.GetNumAtoms()
    if atoms > len(counts):  # symmetry makes it easier than its size says
        raw += math.log(atoms / len(counts)) * 0.5
    hard = 11 - (raw - _LOWEST + 1) / (_HIGHEST - _LOWEST) * 9
    if hard > 8:
        hard = 8 + math.log(hard - 8)
    return min(10.0, max(1.0, hard))


def familiarity(mol: Chem.Mol) -> float:
    """Return the share of the surroundings of atoms (Morgan, radius 0 to 2) that are in the table.

    The table was counted on 934,046 molecules of PubChem.
    """
    counts = _MORGAN.GetSparseCountFingerprint(mol).GetNonzeroElements()
    common = sum(count for bit, count in counts.items() if _place(bit) is not None)
    return common / sum(counts.values()) if counts else 0.0


def _complexity(mol: Chem.Mol) -> float:
    atoms: int = mol.GetNumAtoms()
    centres = len(Chem.FindMolChiralCenters(mol, includeUnassigned=True))
    large = any(len(ring) > 8 for ring in mol.GetRingInfo().AtomRings())
    return (
        math.pow(atoms, 1.005)
        - atoms
        + math.log10(centres + 1)
        + math.log10(rdMolDescriptors.CalcNumSpiroAtoms(mol) + 1)
        + math.log10(rdMolDescriptors.CalcNumBridgeheadAtoms(mol) + 1)
        + (math.log10(2) if large else 0)
    )


def _contribution(bit: int) -> float:
    place = _place(bit)
    return _UNKNOWN if place is None else float(_table()[1][place])


def _place(bit: int) -> int | None:
    """Return where a fragment stands in the table, None if it is not there."""
    bits, _ = _table()
    place = int(np.searchsorted(bits, np.uint64(bit)))  # a plain int would turn all into floats
    return place if place < len(bits) and bits[place] == bit else None


@functools.cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    """Return the fragments in order (n,) uint64, and their contributions (n,) float32."""
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "fpscores.pkl.gz"
    if not path.is_file():
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            "RDKit's fragment table is missing, so synthetic accessibility cannot be calculated.",
            "Reinstall rdkit from its wheel.",
        )
    bits, scores = [], []
    for row in gzip.decompress(path.read_bytes()).split(b"F")[1:]:
        score, _, rest = row.partition(b"\naI")  # a score, then the fragments that have it
        numbers = rest.partition(b"\naa")[0].replace(b"\naI", b" ")
        bits.append(np.fromstring(numbers, np.uint64, sep=" "))
        scores.append(np.full(len(bits[-1]), float(score), np.float32))
    every = np.concatenate(bits)
    order = np.argsort(every)
    return every[order], np.concatenate(scores)[order]
