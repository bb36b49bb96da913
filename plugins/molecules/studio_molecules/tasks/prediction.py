"""The task ``molecules.predict``: the figures of every molecule of a list."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from statistics import fmean
from typing import Any

import msgspec
from rdkit.DataStructs import ExplicitBitVect

from studio.api import Event, TaskContext
from studio_molecules.admet import prediction
from studio_molecules.admet.network import Ensemble
from studio_molecules.chem import descriptors, file_reader, parser
from studio_molecules.molecule import Molecule
from studio_molecules.schema import Predict
from studio_molecules.tasks.table_artifact import counted, finish
from studio_molecules.tasks.table_input import TABLE, as_molecule, given, reading, source

ROWS = "Rows (merged)"
"""The figure of how many rows one was made of."""
NAMES = "Other names"
_BETWEEN_STEPS = 16


def predict(ctx: TaskContext, params: Predict) -> Iterator[Event | None]:
    """Read a list and describe its molecules; report bad rows by line and reason.

    If the ADMET weights are not installed, the result's ``admet_missing`` says so.
    """
    lead = descriptors.fingerprint(parser.parse(params.lead).mol) if params.lead else None
    if TABLE in ctx.inputs:
        yield from _of_table(ctx, params, lead)
        return
    data, suffix, called = source(params)
    contents = yield from reading(ctx, data, suffix, called)
    rows = (yield from _tautomers(ctx, contents.rows)) if params.tautomers else contents.rows
    with prediction.borrowed(ctx) if params.admet else nullcontext() as ensemble:
        read = [as_molecule(row) for row in rows]
        molecules = yield from _described(ctx, read, lead, ensemble)
    different = len({molecule.smiles for molecule in molecules})
    if params.repeats == "merge":
        molecules = merged(molecules)
    elif params.repeats == "first":
        molecules = list({molecule.smiles: molecule for molecule in reversed(molecules)}.values())[
            ::-1
        ]
    remarks = [{"line": row.line, "reason": row.remark} for row in contents.rows if row.remark]
    yield from finish(
        ctx,
        molecules,
        f"{counted(len(molecules))} of {called}"
        if called
        else f"{counted(len(molecules))} entered",
        faults=[{"line": fault.line, "reason": fault.reason} for fault in contents.faults],
        faults_untold=contents.dropped,
        repeats=len(rows) - different,
        repeated=_repeated(rows, params.repeats)[: file_reader.MAX_FAULTS],
        repeats_are=params.repeats,
        remarks=remarks[: file_reader.MAX_FAULTS],
        admet_missing=prediction.MISSING if params.admet and ensemble is None else "",
    )


def _tautomers(
    ctx: TaskContext, rows: Sequence[file_reader.Row]
) -> Generator[Event | None, None, list[file_reader.Row]]:
    """Return the rows with each molecule as its canonical tautomer; places in space go."""
    result: list[file_reader.Row] = []
    for number, row in enumerate(rows, 1):
        smiles = parser.tautomer(row.smiles)
        changed = replace(row, smiles=smiles, coordinates="") if smiles != row.smiles else row
        result.append(changed)
        if number % _BETWEEN_STEPS == 0:
            yield ctx.progress(number, len(rows), f"{number:,} written as tautomers")
    return result


def _of_table(
    ctx: TaskContext, params: Predict, lead: ExplicitBitVect | None
) -> Iterator[Event | None]:
    """Describe the rows a page handed in; what stands beside them stays."""
    rows, called, _told = yield from given(ctx, params)
    with prediction.borrowed(ctx) if params.admet else nullcontext() as ensemble:
        molecules = yield from _described(ctx, rows, lead, ensemble)
    missing = prediction.MISSING if params.admet and ensemble is None else ""
    yield from finish(ctx, molecules, called, admet_missing=missing)


_BECAME = {
    "keep": "both are kept",
    "merge": "merged into one row",
    "first": "which is kept; this row is not",
}


def _repeated(rows: Sequence[file_reader.Row], repeats: str) -> list[dict[str, Any]]:
    """Return the rows that hold the molecule of an earlier one, and what became of them."""
    first: dict[str, file_reader.Row] = {}
    matches = []
    for row in rows:
        original = first.setdefault(row.smiles, row)
        if original is not row:
            called = f" ({original.name})" if original.name else ""
            reason = f"the same molecule as line {original.line}{called}: {_BECAME[repeats]}"
            matches.append({"line": row.line, "reason": reason})
    return matches


def _described(
    ctx: TaskContext,
    rows: Sequence[Molecule],
    lead: ExplicitBitVect | None,
    ensemble: Ensemble | None,
) -> Generator[Event | None, None, list[Molecule]]:
    """Return the rows of a list as molecules with their figures, a step for each row.

    A row that is no molecule (a table that was changed outside) is left out.

    The numbers that stood beside a molecule are figures too; what is computed here is newer than
    what this program wrote into the file before.
    """
    molecules: list[Molecule] = []
    cache: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows, 1):
        smiles = row.smiles
        if smiles not in cache:
            mol = parser.valid(smiles)
            if mol is None:
                continue
            figures = cache[smiles] = descriptors.describe(mol)
            if lead is not None:
                figures["similarity"] = descriptors.similarity(mol, lead)
            if ensemble is not None:
                figures |= prediction.describe(ensemble, smiles)
        figures = {**row.figures, **cache[smiles]}
        molecules.append(msgspec.structs.replace(row, figures=figures))
        if ensemble is not None or number % _BETWEEN_STEPS == 0:
            yield ctx.progress(number, len(rows), f"{number:,} calculated")
    return molecules


def merged(molecules: Iterable[Molecule]) -> list[Molecule]:
    """Return one row for each molecule, in the order of the first ones.

    Numbers are averaged (arithmetic mean) and their range is told; different texts stand side by
    side.
    """
    groups: dict[str, list[Molecule]] = {}
    for molecule in molecules:
        groups.setdefault(molecule.smiles, []).append(molecule)
    return [_one(group) if len(group) > 1 else group[0] for group in groups.values()]


def _one(group: Sequence[Molecule]) -> Molecule:
    figures: dict[str, float] = {}
    words: dict[str, str] = {}
    for id in dict.fromkeys(id for molecule in group for id in molecule.figures if id != ROWS):
        values = [molecule.figures[id] for molecule in group if id in molecule.figures]
        figures[id] = fmean(values)
        if min(values) < max(values):
            words[f"{id} (range)"] = f"{min(values):g}–{max(values):g}"
    for title in dict.fromkeys(title for molecule in group for title in molecule.words):
        if title not in figures:
            words[title] = _together(molecule.words.get(title, "") for molecule in group)
    names = list(dict.fromkeys(molecule.name for molecule in group if molecule.name))
    if names[1:]:
        words[NAMES] = _together([words.get(NAMES, ""), *names[1:]])
    figures[ROWS] = sum(molecule.figures.get(ROWS, 1.0) for molecule in group)
    coordinates = next((molecule.coordinates for molecule in group if molecule.coordinates), "")
    return msgspec.structs.replace(
        group[0],
        name=names[0] if names else "",
        figures=figures,
        words=words,
        coordinates=coordinates,
    )


def _together(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))
