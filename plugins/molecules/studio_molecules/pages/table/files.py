"""Tables of molecules as files: read, written, put in place whole. Slow: beside the window."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from studio.api import BadInput, SavedArtifact, StudioError
from studio_molecules.molecule import Molecule, from_csv, to_csv

PLAIN = (".smi", ".csv")
"""Formats written here."""
DRAWN = (".sdf", ".png", ".svg")
"""Formats that the runtime writes."""
_MAX_BYTES = 256 << 20


def read_table(path: Path) -> list[Molecule] | StudioError:
    """Return the molecules of a table of the library, or why it cannot be read."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"“{path.name}” is too large.", f"At most {_MAX_BYTES >> 20} MB fit.")
        return from_csv(path.read_bytes())
    except StudioError as error:
        return error
    except OSError as error:
        return BadInput(f"The table cannot be read: {error.strerror}.", "It may have been moved.")


def plain(molecules: Sequence[Molecule], suffix: str) -> bytes:
    """Return a table as CSV, or as SMILES with names, one a line."""
    if suffix == ".csv":
        return to_csv(molecules)
    lines = (f"{each.smiles} {' '.join(each.name.split())}".rstrip() for each in molecules)
    return "".join(f"{line}\n" for line in lines).encode()


def put(path: Path, data: bytes) -> StudioError | None:
    """Replace a file by ``data`` as a whole; return why it cannot be."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        return BadInput(
            f"“{path.name}” cannot be written: {error.strerror}.", "Choose another folder."
        )
    finally:
        part.unlink(missing_ok=True)
    return None


def export_artifact(artifact: SavedArtifact, path: Path) -> None:
    """Write a table of the library as SMILES.

    Raises:
        StudioError: It cannot be read or put there.
    """
    molecules = read_table(artifact.path)
    error = molecules if isinstance(molecules, StudioError) else None
    if not isinstance(molecules, StudioError):
        error = put(path, plain(molecules, path.suffix.lower()))
    if error is not None:
        raise error
