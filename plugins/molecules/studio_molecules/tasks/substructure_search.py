"""Which molecules of a list hold a pattern: the search for substructures."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import BadInput, Event, TaskContext
from studio_molecules.chem import depiction
from studio_molecules.chem.parser import valid
from studio_molecules.schema import Match

_BETWEEN_STEPS = 64


def match(ctx: TaskContext, params: Match) -> Iterator[Event | None]:
    """Look at each molecule; the result's ``matches`` are places in the list that was given.

    Raises:
        BadInput: there is no pattern, or it is neither SMARTS nor SMILES.
    """
    pattern = depiction.pattern_of(params.pattern)
    if pattern is None:
        raise BadInput(
            "There is no pattern to search for.", "Enter SMARTS or SMILES, such as c1ccccc1."
        )
    listed = ctx.inputs.json("smiles", list[str], params.smiles)
    matches = []
    for number, smiles in enumerate(listed):
        mol = valid(smiles)
        if mol is not None and mol.HasSubstructMatch(pattern):
            matches.append(number)
        if number % _BETWEEN_STEPS == 0:
            yield ctx.progress(number, len(listed), f"{len(matches):,} found")
    yield ctx.result(matches=matches)
