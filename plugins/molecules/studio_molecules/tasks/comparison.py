"""The task ``molecules.compare``: which molecules of a table are others in another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rdkit import Chem

from studio.api import BadInput, Effect, Event, TaskContext, difference
from studio_molecules.chem.parser import valid
from studio_molecules.molecule import Molecule, from_csv
from studio_molecules.schema import Compare
from studio_molecules.tasks.table_artifact import counted

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
