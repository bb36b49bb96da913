"""The task ``molecules.dock``: how well molecules fit into the pocket of a protein."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec.structs import replace
from rdkit import Chem

from studio.api import (
    BadInput,
    Check,
    Event,
    Inputs,
    StudioError,
    TaskContext,
    Verdict,
    open_regular,
)
from studio_molecules.chem import descriptors, file_reader, parser, sd_file
from studio_molecules.docking import ligands, pose_checks, receptor
from studio_molecules.docking.targets import Target, TargetSet
from studio_molecules.docking.vina_run import Docking, Search
from studio_molecules.molecule import Molecule, from_csv
from studio_molecules.schema import Dock
from studio_molecules.tasks.table_artifact import counted, finish

_MOST = 1000
"""Molecules of one run."""
POSES = "pose"
"""Kind of the artifact with all poses."""


def dock(ctx: TaskContext, params: Dock) -> Iterator[Event | None]:
    """Dock each molecule; a table with the energies, and all poses as SDF.

    The table has every row that was handed in, with its columns, and the best pose as coordinates.
    The result's ``score`` is the best energy in kcal/mol, ``scores`` those of all, ``failed`` says
    which could not be docked, and why.

    Raises:
        BadInput: There is no molecule, or no target.
        StudioError: Vina or the targets are not installed.
    """
    given = _given(ctx, params)
    ligands.require_programs()
    if params.receptor:
        yield ctx.progress(0, 0, "Preparing the protein")
        target, remark = yield from ctx.in_thread(partial(_own_target, params))
    else:
        with _targets(ctx, params) as target_files:
            target, remark = target_files.find(params.target), ""
    search = Search(params.exhaustiveness, params.poses, params.seed)
    run = Docking(ctx, target, search)
    prepared: dict[str, str] = {}
    for number, smiles in enumerate({molecule.smiles: None for molecule in given}):
        yield ctx.progress(number, 0, "Preparing ligands")
        try:
            prepared[smiles] = yield from ctx.in_thread(
                partial(ligands.prepare, smiles, params.seed)
            )
        except StudioError as error:
            run.failed[smiles] = error.message
    docked = yield from run.dock(prepared)
    if not docked:
        reasons = "; ".join(f"{smiles[:40]}: {why}" for smiles, why in run.failed.items())
        raise BadInput(f"Nothing could be docked. {reasons[:300]}")
    yield from _tell(ctx, given, docked, target, run.failed, remark)


def _given(ctx: TaskContext, params: Dock) -> list[Molecule]:
    """Return the ligands to dock, each with the fields of its row."""
    listed = _listed(ctx.inputs)
    if not listed and not params.smiles.strip():
        raise BadInput("There are no molecules to dock.", "Enter SMILES, one per line.")
    if listed:
        ligands = [replace(ligand, smiles=parser.parse(ligand.smiles).smiles) for ligand in listed]
    else:
        steps = list(file_reader.read(params.smiles.encode(), ".smi", ""))
        reading = steps[-1] if steps else file_reader.Reading()
        if reading.faults and not reading.rows:
            raise BadInput(reading.faults[0].reason)
        named = {row.smiles: row.name for row in reading.rows}
        ligands = [Molecule(smiles, name, "", "docked") for smiles, name in named.items()]
    if len(ligands) > _MOST:
        raise BadInput(f"At most {_MOST:,} molecules are docked at a time.", "Select fewer.")
    return ligands


def _listed(inputs: Inputs) -> list[Molecule]:
    """Return the molecules that were handed in: a table, or a list of SMILES."""
    text = inputs.text("ligands")
    if text.lstrip().startswith("["):
        listed = dict.fromkeys(inputs.json("ligands", list[str], []))
        return [Molecule(smiles, operation="docked") for smiles in listed]
    return from_csv(text.encode()) if text.strip() else []


def _targets(ctx: TaskContext, params: Dock) -> AbstractContextManager[TargetSet]:
    if not params.target.strip():
        raise BadInput("There is no target.", "Enter one, such as DRD2, or choose a protein.")
    if params.weights is None:
        raise BadInput(
            "The prepared proteins are not on this computer.",
            "Get them under Models, or choose a protein of your own.",
        )
    return ctx.lease(params.weights)


def _own_target(params: Dock) -> tuple[Target, str]:
    path = Path(params.receptor)
    try:
        with open_regular(path) as file:
            text = file.read(receptor.MAX_BYTES + 1).decode("ascii", "replace")
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
    if len(text) > receptor.MAX_BYTES:
        raise BadInput(f"“{path.name}” is larger than 40 MB.", "Keep the chains at the pocket.")
    return receptor.read(path.name, text, params.center, params.size)


def _tell(
    ctx: TaskContext,
    given: Sequence[Molecule],
    docked: Mapping[str, str],
    target: Target,
    failed: Mapping[str, str],
    remark: str,
) -> Generator[Event | None, None, None]:
    protein = pose_checks.heavy_atoms(target.pdbqt)
    docked_by_smiles: dict[str, _Docked] = {}
    for smiles, pdbqt in docked.items():
        yield ctx.progress(len(docked_by_smiles), len(docked), "Checking poses")
        docked_by_smiles[smiles] = yield from ctx.in_thread(
            partial(_examined, smiles, pdbqt, protein)
        )
    rows = [_row(item, docked_by_smiles.get(item.smiles), target, failed) for item in given]
    names = {item.smiles: item.name for item in given}
    records = [
        _record(smiles, names[smiles], target, number, pose)
        for smiles, item in docked_by_smiles.items()
        for number, pose in enumerate(item.poses, 1)
    ]
    plausible = sum(item.words == "plausible" for item in docked_by_smiles.values())
    title = f"{counted(len(docked_by_smiles))} docked into {target.name}"
    pocket = pose_checks.around(protein, [item.poses[0].mol for item in docked_by_smiles.values()])
    summary = f"{plausible:,} of {len(docked_by_smiles):,} best poses are plausible"
    yield ctx.artifact(
        POSES,
        "".join(records).encode(),
        suffix=".sdf",
        title=f"Poses of {title}",
        verdict=Verdict((Check("poses", plausible == len(docked_by_smiles), summary),)),
        meta={"target": target.name, "pocket": pocket},
    )
    scores = {smiles: item.figures["docking"] for smiles, item in docked_by_smiles.items()}
    meta = {"target": target.name, "failed": dict(failed), "remark": remark}
    ordered = sorted(rows, key=lambda item: scores.get(item.smiles, math.inf))
    yield from finish(
        ctx, ordered, title, {"pocket": pocket}, score=min(scores.values()), scores=scores, **meta
    )


@dataclass(frozen=True)
class _Docked:
    """Result of a ligand: poses, best first, figures, pose check."""

    poses: list[ligands.Pose]
    figures: Mapping[str, float]
    words: str


def _examined(smiles: str, pdbqt: str, protein: pose_checks.Receptor) -> _Docked:
    poses = ligands.poses(pdbqt)
    checked = pose_checks.check(poses[0].mol, protein)
    mol = parser.parse(smiles).mol
    best = round(poses[0].energy, 3)
    figures = {
        "docking": best,
        "ligand_efficiency": round(-best / mol.GetNumHeavyAtoms(), 4),
        **descriptors.describe(mol),
    }
    if checked.strain is not None:
        figures["strain"] = round(checked.strain, 1)
    return _Docked(poses, figures, checked.words)


def _row(
    given: Molecule, docked: _Docked | None, target: Target, failed: Mapping[str, str]
) -> Molecule:
    """Return a row with the docking result, or the reason for having none."""
    if docked is None:
        why = failed.get(given.smiles, "not docked")
        return replace(given, words={**given.words, "Pose": f"not docked: {why}"})
    return replace(
        given,
        figures={**given.figures, **docked.figures},
        words={**given.words, "Docked into": target.name, "Pose": docked.words},
        coordinates=sd_file.in_space(docked.poses[0].mol),
    )


def _record(smiles: str, name: str, target: Target, number: int, pose: ligands.Pose) -> str:
    """Return one record of the SDF."""
    mol = Chem.Mol(pose.mol)
    mol.SetProp("_Name", name or smiles)
    fields = {
        "Target": target.name,
        "Pose": str(number),
        "Energy (kcal/mol)": f"{pose.energy:.3f}",
        "SMILES": smiles,
    }
    data = "".join(f">  <{field}>\n{value}\n\n" for field, value in fields.items())
    return f"{Chem.MolToMolBlock(mol)}{data}$$$$\n"
