"""The task ``molecules.dock``: how well molecules fit into the pocket of a protein."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers

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
from studio_molecules.docking import ligands, receptor
from studio_molecules.docking.targets import Target, TargetSet
from studio_molecules.docking.vina_run import Docking, Search
from studio_molecules.molecule import Molecule, from_csv
from studio_molecules.schema import Dock
from studio_molecules.tasks.table_artifact import counted, finish

_RADII = {"C": 1.7, "N": 1.55, "O": 1.52, "S": 1.8, "P": 1.8, "F": 1.47, "Cl": 1.75, "Br": 1.85}
_OTHER = 1.7
_OVERLAP = 0.75
"""Of the sum of the radii; nearer is a clash."""
_SETTLES = 0.3
"""Å by which heavy atoms of a pose may move before its energy is taken."""
_AROUND, _MOST_AROUND = 6.0, 600
"""Å, and atoms: what is shown of a pocket."""
_STRAIN = 25.0
"""In kcal/mol: more is no shape that a molecule takes."""

Receptor = tuple[list[str], np.ndarray]
"""Symbols (n) and places (n, 3) of the heavy atoms of a protein, in ångström."""


@dataclass(frozen=True)
class PoseCheck:
    """Result of checking a pose.

    Attributes:
        clashes: Overlapping pairs of heavy atoms of ligand and protein.
        strain: In kcal/mol above the nearest relaxed conformer; None without MMFF parameters.
    """

    clashes: int
    strain: float | None

    @property
    def words(self) -> str:
        """In words; "plausible" where nothing speaks against it."""
        faults = []
        if self.clashes:
            faults.append(f"{self.clashes} clashes" if self.clashes > 1 else "1 clash")
        if self.strain is not None and self.strain > _STRAIN:
            faults.append(f"strained by {self.strain:.0f} kcal/mol")
        return ", ".join(faults) or "plausible"


def check_pose(mol: Chem.Mol, receptor: Receptor) -> PoseCheck:
    """Check a pose beside the heavy atoms of a protein.

    Args:
        mol: With hydrogens and one conformer.
        receptor: Symbols (n) and places (n, 3) in ångström.
    """
    heavy = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() > 1]
    places = mol.GetConformer().GetPositions()[heavy]
    symbols, around = receptor
    own = np.array([_RADII.get(mol.GetAtomWithIdx(place).GetSymbol(), _OTHER) for place in heavy])
    other = np.array([_RADII.get(symbol, _OTHER) for symbol in symbols])
    away = np.linalg.norm(places[:, None] - around[None], axis=-1)
    clashes = int((away < _OVERLAP * (own[:, None] + other[None])).sum())
    return PoseCheck(clashes, _strain(mol))


def _strain(mol: Chem.Mol) -> float | None:
    if not rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        return None
    relaxed = Chem.Mol(mol)
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(relaxed)
    posed = Chem.Mol(mol)
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(posed, properties)
    field.Initialize()
    for atom in posed.GetAtoms():  # bonds and angles are not Vina's: they may settle
        if atom.GetAtomicNum() > 1:
            field.MMFFAddPositionConstraint(atom.GetIdx(), _SETTLES, 1000.0)
    field.Minimize(maxIts=200)
    fixed = rdForceFieldHelpers.MMFFGetMoleculeForceField(posed, properties).CalcEnergy()
    rdForceFieldHelpers.MMFFOptimizeMolecule(relaxed, maxIters=2000)
    free = rdForceFieldHelpers.MMFFGetMoleculeForceField(relaxed, properties).CalcEnergy()
    return max(0.0, float(fixed - free))


def pocket_around(receptor: Receptor, mols: Sequence[Chem.Mol]) -> dict[str, Any]:
    """List atoms of a protein near some poses, as ``symbols`` and ``places``; 600 at most."""
    symbols, places = receptor
    own = np.concatenate([mol.GetConformer().GetPositions() for mol in mols])
    away = np.min([np.linalg.norm(places - at, axis=1) for at in own], axis=0, initial=np.inf)
    near = np.argsort(away)[:_MOST_AROUND]
    near = near[away[near] < _AROUND]
    return {
        "symbols": [symbols[place] for place in near],
        "places": places[near].round(2).tolist(),
    }


def heavy_atoms(pdbqt: str) -> Receptor:
    """Read symbols and places of the heavy atoms of a protein from PDBQT."""
    types = {"A": "C", "NA": "N", "OA": "O", "SA": "S", "CL": "Cl", "BR": "Br"}
    symbols, places = [], []
    for line in pdbqt.splitlines():
        if line.startswith(("ATOM", "HETATM")):
            kind = line[77:79].strip()
            if kind not in ("H", "HD", "HS"):
                symbols.append(types.get(kind.upper(), kind.capitalize()))
                places.append([float(line[at : at + 8]) for at in (30, 38, 46)])
    return symbols, np.array(places).reshape(-1, 3)


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
    protein = heavy_atoms(target.pdbqt)
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
    pocket = pocket_around(protein, [item.poses[0].mol for item in docked_by_smiles.values()])
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


def _examined(smiles: str, pdbqt: str, protein: Receptor) -> _Docked:
    poses = ligands.poses(pdbqt)
    checked = check_pose(poses[0].mol, protein)
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
