"""The task ``molecules.compare``: which molecules of a table are others in another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rdkit import Chem

from studio.api import BadInput, Effect, Event, TaskContext, difference
from studio_molecules.chem.parser import valid
from studio_molecules.molecule import Molecule, from_csv
from studio_molecules.schema import Combine, Compare
from studio_molecules.tasks.table_artifact import counted, finish

_TITLES = {"add": "together", "subtract": "without the others", "common": "in both"}


def combine(ctx: TaskContext, params: Combine) -> Iterator[Event | None]:
    """Combine the tables ``table`` and ``other`` by canonical SMILES; rows of the first come first.

    Raises:
        BadInput: There are no two tables, or nothing is left.
    """
    if not {"table", "other"} <= ctx.inputs.keys():
        raise BadInput("There are no two tables.", "Pass --table and --other.")
    first, second = (from_csv(bytes(ctx.inputs[name])) for name in ("table", "other"))
    second_smiles = {molecule.smiles for molecule in second}
    left: list[Molecule]
    match params.how:
        case "add":
            own = {molecule.smiles for molecule in first}
            left = [*first, *(molecule for molecule in second if molecule.smiles not in own)]
        case "subtract":
            left = [molecule for molecule in first if molecule.smiles not in second_smiles]
        case _:
            left = [molecule for molecule in first if molecule.smiles in second_smiles]
    if not left:
        raise BadInput("No molecule is left.", "The two tables hold the same, or nothing alike.")
    counts = {"first": len(first), "second": len(second)}
    yield from finish(ctx, left, f"{counted(len(left))} {_TITLES[params.how]}", **counts)


TOLERANCE = 1e-4
"""Of a figure, relative: what another device or version of a library may change."""
_BETWEEN_STEPS = 64


def compare(ctx: TaskContext, params: Compare) -> Iterator[Event | None]:
    """Compare the tables ``before`` and ``after`` by canonical SMILES and figures.

    Yields the result: ``words`` and ``effects``, as ``studio.api.comparison`` has them.

    Raises:
        BadInput: There are no two tables of molecules.
    """
    tables: list[list[Molecule]] = []
    names: list[list[str]] = []
    for name in ("before", "after"):
        if name not in ctx.inputs:
            raise BadInput("There are no two tables to compare.", "Pass --before and --after.")
        tables.append(from_csv(bytes(ctx.inputs[name])))
        names.append([])
        for number, molecule in enumerate(tables[-1]):
            names[-1].append(_canonical(molecule.smiles))
            if number % _BETWEEN_STEPS == 0:
                yield None
    old, new = map(Counter, names)
    added, removed = (new - old).total(), (old - new).total()
    gap = _gap(*(dict(zip(*pair, strict=True)) for pair in zip(names, tables, strict=True)))
    effects = (
        Effect("molecules added", added, tolerance=0),
        Effect("molecules removed", removed, tolerance=0),
        Effect("greatest relative difference of a figure", gap, tolerance=TOLERANCE),
    )
    yield ctx.result(**difference(_words(added, removed, gap, names), *effects))


def _canonical(smiles: str) -> str:
    mol = valid(smiles)
    return smiles if mol is None else Chem.MolToSmiles(mol)


def _gap(before: Mapping[str, Molecule], after: Mapping[str, Molecule]) -> float:
    """Return the greatest relative difference of a figure of molecules that are in both."""
    gaps = [0.0]
    for name in before.keys() & after.keys():
        old, new = before[name].figures, after[name].figures
        gaps += [1.0] * len(old.keys() ^ new.keys())
        gaps += [
            abs(new[id] - old[id]) / (max(abs(new[id]), abs(old[id])) or 1.0)
            for id in old.keys() & new.keys()
        ]
    return round(max(gaps), 9)


def _words(added: int, removed: int, gap: float, names: Sequence[list[str]]) -> str:
    parts = [
        f"{counted(count)} {'was' if count == 1 else 'were'} {done}"
        for count, done in ((added, "added"), (removed, "removed"))
        if count
    ]
    if gap:
        parts.append(f"figures differ by up to {100 * gap:.2g}%")
    if parts:
        return " and ".join(parts)
    if names[0] != names[1]:
        return "the molecules are the same, in another order"
    return "every molecule is the same, but not all that stands beside them"
