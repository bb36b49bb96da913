"""The task ``molecules.combine``: two tables as one: together, without, or what both have."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import BadInput, Event, TaskContext
from studio_molecules.molecule import Molecule, from_csv
from studio_molecules.schema import Combine
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
