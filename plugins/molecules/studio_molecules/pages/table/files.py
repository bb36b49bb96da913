"""Tables of molecules as files: read, written, put in place whole. Slow: beside the window."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from studio.api import BadInput, SavedArtifact, read_regular
from studio_molecules.molecule import Molecule, from_csv, to_csv

PLAIN = (".smi", ".csv")
"""Formats written here."""
DRAWN = (".sdf", ".xlsx", ".png", ".svg")
"""Formats that the runtime writes."""
_MAX_BYTES = 256 << 20


def read_table(path: Path) -> list[Molecule]:
    """Return the molecules of a table of the library.

    Raises:
        BadInput: It cannot be read.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"“{path.name}” is too large.", f"At most {_MAX_BYTES >> 20} MB fit.")
        return from_csv(read_regular(path))
    except OSError as error:
        raise BadInput(
            f"The table cannot be read: {error.strerror}.", "It may have been moved."
        ) from error


def plain(molecules: Sequence[Molecule], suffix: str) -> bytes:
    """Return a table as CSV, or as SMILES with names, one a line."""
    if suffix == ".csv":
        return to_csv(molecules)
    lines = (
        f"{molecule.smiles} {' '.join(molecule.name.split())}".rstrip() for molecule in molecules
    )
    return "".join(f"{line}\n" for line in lines).encode()


def put(path: Path, data: bytes) -> None:
    """Replace a file by ``data`` as a whole.

    Raises:
        BadInput: It cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        raise BadInput(
            f"“{path.name}” cannot be written: {error.strerror}.", "Choose another folder."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def export_artifact(artifact: SavedArtifact, path: Path) -> None:
    """Write a table of the library as SMILES.

    Raises:
        StudioError: It cannot be read or put there.
    """
    put(path, plain(read_table(artifact.path), path.suffix.lower()))
