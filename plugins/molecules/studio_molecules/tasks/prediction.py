"""The task ``molecules.predict``: the figures of every molecule of a list."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rdkit.DataStructs import ExplicitBitVect

from studio.api import BadInput, Event, TaskContext, open_regular
from studio_molecules.admet import prediction
from studio_molecules.admet.network import Ensemble
from studio_molecules.chem import descriptors, file_reader, parser
from studio_molecules.merging import merged
from studio_molecules.molecule import Molecule
from studio_molecules.schema import Predict
from studio_molecules.tasks.table_artifact import counted, finish

_BETWEEN_STEPS = 16


def predict(ctx: TaskContext, params: Predict) -> Iterator[Event | None]:
    """Read a list and describe every molecule of it; bad rows are told by line and reason.

    Where the weights for ADMET are not installed, the result's ``admet_missing`` says so.
    """
    data, suffix, called = _given(params)
    lead = descriptors.fingerprint(parser.parse(params.lead).mol) if params.lead else None
    found = file_reader.Reading()
    for number, found in enumerate(file_reader.read(data, suffix, called)):
        if number % _BETWEEN_STEPS == 0:
            yield ctx.progress(0, 0, f"{len(found.rows):,} read")
    with prediction.borrowed(ctx) if params.admet else nullcontext() as ensemble:
        molecules = yield from _described(ctx, found.rows, lead, ensemble)
    different = len({each.smiles for each in molecules})
    if params.repeats == "merge":
        molecules = merged(molecules)
    elif params.repeats == "first":
        molecules = list({each.smiles: each for each in reversed(molecules)}.values())[::-1]
    remarks = [{"line": row.line, "reason": row.remark} for row in found.rows if row.remark]
    yield from finish(
        ctx,
        molecules,
        f"{counted(len(molecules))} of {called}",
        faults=[{"line": fault.line, "reason": fault.reason} for fault in found.faults],
        faults_untold=found.dropped,
        repeats=len(found.rows) - different,
        repeated=_repeated(found.rows, params.repeats)[: file_reader.MAX_FAULTS],
        repeats_are=params.repeats,
        remarks=remarks[: file_reader.MAX_FAULTS],
        admet_missing=prediction.MISSING if params.admet and ensemble is None else "",
    )


_BECAME = {
    "keep": "both are kept",
    "merge": "they are one row now",
    "first": "which is kept; this row is not",
}


def _repeated(rows: Sequence[file_reader.Row], repeats: str) -> list[dict[str, Any]]:
    """Return the rows that hold the molecule of an earlier one, and what became of them."""
    first: dict[str, file_reader.Row] = {}
    found = []
    for row in rows:
        kept = first.setdefault(row.structure.smiles, row)
        if kept is not row:
            called = f" ({kept.name})" if kept.name else ""
            reason = f"the same molecule as line {kept.line}{called}: {_BECAME[repeats]}"
            found.append({"line": row.line, "reason": reason})
    return found


def _described(
    ctx: TaskContext,
    rows: Sequence[file_reader.Row],
    lead: ExplicitBitVect | None,
    ensemble: Ensemble | None,
) -> Generator[Event | None, None, list[Molecule]]:
    """Return the rows of a list as molecules with their figures, a step for each row.

    The numbers that stood beside a molecule are figures too; what is computed here is newer than
    what this program wrote into the file before.
    """
    molecules: list[Molecule] = []
    known: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows, 1):
        mol, smiles = row.structure.mol, row.structure.smiles
        if smiles not in known:
            figures = known[smiles] = descriptors.describe(mol)
            if lead is not None:
                figures["similarity"] = descriptors.similarity(mol, lead)
            if ensemble is not None:
                figures |= prediction.describe(ensemble, smiles)
        parent, operation, seed = row.made
        molecules.append(
            Molecule(
                smiles,
                row.name,
                parent,
                operation,
                seed,
                figures={**row.figures, **known[smiles]},
                words=row.words,
                coordinates=row.structure.coordinates,
            )
        )
        if ensemble is not None or number % _BETWEEN_STEPS == 0:
            yield ctx.progress(number, len(rows), f"{number:,} calculated")
    return molecules


def _given(params: Predict) -> tuple[bytes, str, str]:
    """Return what to read, its ending and its name."""
    if params.smiles.strip():
        return params.smiles.encode(), ".smi", "what was typed"
    if not params.file:
        raise BadInput("There are no molecules to predict.", "Choose a file, or enter SMILES.")
    path = Path(params.file)
    try:
        with open_regular(path) as file:
            return file.read(file_reader.MAX_BYTES + 1), path.suffix.lower(), path.name
    except OSError as error:
        raise BadInput(
            f"“{path.name}” cannot be read: {error.strerror}.", "Choose another file."
        ) from error
