"""Input of a task on a set: the table of a page, a file, or SMILES."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any, Protocol

from studio.api import BadInput, Event, TaskContext, open_regular
from studio_molecules.chem import file_reader
from studio_molecules.molecule import Molecule, from_csv

TABLE = "table"
"""The input a page hands its rows in by, as ``molecule.to_csv``."""
_BETWEEN_STEPS = 16


class Source(Protocol):
    """Parameters that name a file or hold SMILES."""

    @property
    def file(self) -> str: ...
    @property
    def smiles(self) -> str: ...


def given(
    ctx: TaskContext, params: Source
) -> Generator[Event | None, None, tuple[list[Molecule], str, dict[str, Any]]]:
    """Return the molecules, the name of their source, and the rows that could not be read.

    Raises:
        BadInput: there are none.
    """
    if TABLE in ctx.inputs:
        molecules = from_csv(bytes(ctx.inputs[TABLE]))
        if not molecules:
            raise BadInput("There are no molecules in the table.", "Widen the filters first.")
        return molecules, f"{len(molecules):,} molecules", {}
    data, suffix, called = source(params)
    contents = yield from reading(ctx, data, suffix, called)
    faults = [{"line": fault.line, "reason": fault.reason} for fault in contents.faults]
    rows = [as_molecule(row) for row in contents.rows]
    return (
        rows,
        called or "molecules entered",
        {"faults": faults, "faults_untold": contents.dropped},
    )


def reading(
    ctx: TaskContext, data: bytes, suffix: str, called: str
) -> Generator[Event | None, None, file_reader.Reading]:
    """Return the contents of a file, yielding regularly."""
    contents = file_reader.Reading()
    for number, contents in enumerate(file_reader.read(data, suffix, called)):
        if number % _BETWEEN_STEPS == 0:
            yield ctx.progress(0, 0, f"{len(contents.rows):,} read")
    return contents


def source(params: Source) -> tuple[bytes, str, str]:
    """Return the data to read, its suffix and its name; typed text has none.

    Raises:
        BadInput: nothing is named, or it cannot be read.
    """
    if params.smiles.strip():
        return params.smiles.encode(), ".smi", ""
    if not params.file:
        raise BadInput("There are no molecules to work on.", "Choose a file, or enter SMILES.")
    path = Path(params.file)
    try:
        with open_regular(path) as file:
            return file.read(file_reader.MAX_BYTES + 1), path.suffix.lower(), path.name
    except OSError as error:
        raise BadInput(
            f"“{path.name}” cannot be read: {error.strerror}.", "Choose another file."
        ) from error


def as_molecule(row: file_reader.Row) -> Molecule:
    """Return a row that was read as a molecule, without any figure of ours."""
    return Molecule(
        row.smiles,
        row.name,
        *row.origin,
        figures=row.figures,
        words=row.words,
        coordinates=row.coordinates,
    )
