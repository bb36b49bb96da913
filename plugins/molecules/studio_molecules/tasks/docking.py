"""The task ``molecules.dock``: how well molecules fit into the pocket of a protein."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

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
from studio_molecules.chem import descriptors, file_reader, parser
from studio_molecules.docking import ligands, pose_checks
from studio_molecules.docking.targets import Target, TargetSet, own_target
from studio_molecules.docking.vina_run import Docking, Search
from studio_molecules.molecule import Molecule, from_csv
from studio_molecules.schema import Dock
from studio_molecules.tasks.table_artifact import counted, finish

_MOST = 1000
"""Molecules of one run."""
_RECEPTOR_BYTES = 20 << 20
POSES = "pose"
"""Kind of the artifact with all poses."""


def dock(ctx: TaskContext, params: Dock) -> Iterator[Event | None]:
    """Dock each molecule; a table with the energies, and all poses as SDF.

    The result's ``score`` is the best energy in kcal/mol, ``scores`` those of all, ``failed`` says
    which could not be docked, and why.

    Raises:
        BadInput: There is no molecule, or no target.
        StudioError: Vina or the targets are not installed.
    """
    given = _given(ctx, params)
    ligands.require_programs()
    with _targets(ctx, params) as found:
        target = found if isinstance(found, Target) else found.find(params.target)
    search = Search(params.exhaustiveness, params.poses, params.seed)
    run = Docking(ctx, target, search)
    prepared: dict[str, str] = {}
    for number, smiles in enumerate(given):
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
    yield from _tell(ctx, given, docked, target, run.failed)


def _given(ctx: TaskContext, params: Dock) -> dict[str, str]:
    """Return SMILES → name of what is docked."""
    listed = _listed(ctx.inputs)
    if not listed and not params.smiles.strip():
        raise BadInput("There are no molecules to dock.", "Enter SMILES, one per line.")
    if listed:
        found = {parser.parse(smiles).smiles: "" for smiles in listed}
    else:
        steps = list(file_reader.read(params.smiles.encode(), ".smi", "what was typed"))
        reading = steps[-1] if steps else file_reader.Reading()
        if reading.faults and not reading.rows:
            raise BadInput(reading.faults[0].reason)
        found = {row.structure.smiles: row.name for row in reading.rows}
    if len(found) > _MOST:
        raise BadInput(f"At most {_MOST:,} molecules are docked at a time.", "Select fewer.")
    return found


def _listed(inputs: Inputs) -> list[str]:
    """Return the SMILES that were handed in: a table of molecules, or a list."""
    text = inputs.text("ligands")
    if text.lstrip().startswith("["):
        return inputs.json("ligands", list[str], [])
    return [molecule.smiles for molecule in from_csv(text.encode())] if text.strip() else []


def _targets(ctx: TaskContext, params: Dock) -> AbstractContextManager[Target | TargetSet]:
    if not params.receptor:
        if not params.target.strip():
            raise BadInput("There is no target.", "Enter one, such as DRD2, or choose a protein.")
        return ctx.lease(params.weights)
    path = Path(params.receptor)
    try:
        with open_regular(path) as file:
            text = file.read(_RECEPTOR_BYTES + 1).decode("ascii", "replace")
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
    if len(text) > _RECEPTOR_BYTES:
        raise BadInput(f"“{path.name}” is larger than 20 MB.", "Keep the chains at the pocket.")
    return nullcontext(own_target(path.name, text, params.center, params.size))


def _tell(
    ctx: TaskContext,
    given: Mapping[str, str],
    docked: Mapping[str, str],
    target: Target,
    failed: Mapping[str, str],
) -> Generator[Event | None, None, None]:
    receptor = pose_checks.heavy_atoms(target.pdbqt)
    molecules, records, scores = [], [], {}
    lying: list[Chem.Mol] = []
    for smiles, name in given.items():
        if smiles not in docked:
            continue
        poses = yield from ctx.in_thread(partial(ligands.poses, docked[smiles]))
        yield ctx.progress(0, 0, "Checking poses")
        lying.append(poses[0].mol)
        checked = yield from ctx.in_thread(partial(pose_checks.check, poses[0].mol, receptor))
        mol = parser.parse(smiles).mol
        best = scores[smiles] = round(poses[0].energy, 3)
        figures = {
            "docking": best,
            "ligand_efficiency": round(-best / mol.GetNumHeavyAtoms(), 4),
            **descriptors.describe(mol),
        }
        if checked.strain is not None:
            figures["strain"] = round(checked.strain, 1)
        words = {"Target": target.name, "Pose": checked.words}
        molecules.append(Molecule(smiles, name, "", "docked", 0, figures, words))
        records += [_record(smiles, name, target, n, pose) for n, pose in enumerate(poses, 1)]
    plausible = sum(each.words["Pose"] == "plausible" for each in molecules)
    title = f"{counted(len(molecules))} docked into {target.name}"
    pocket = pose_checks.around(receptor, lying)
    yield ctx.artifact(
        POSES,
        "".join(records).encode(),
        suffix=".sdf",
        title=f"Poses of {title}",
        verdict=Verdict(
            (
                Check(
                    "poses",
                    plausible == len(molecules),
                    f"{plausible:,} of {len(molecules):,} best poses are plausible",
                ),
            )
        ),
        meta={"target": target.name, "pocket": pocket},
    )
    told = {"target": target.name, "failed": dict(failed)}
    ordered = sorted(molecules, key=lambda each: each.figures["docking"])
    yield from finish(ctx, ordered, title, score=min(scores.values()), scores=scores, **told)


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
