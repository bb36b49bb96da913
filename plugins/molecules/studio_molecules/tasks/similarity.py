"""The task ``molecules.similar``: how like one molecule each of a list is."""

from __future__ import annotations

from collections.abc import Iterator

from rdkit import DataStructs

from studio.api import BadInput, Event, TaskContext
from studio_molecules.chem import depiction, descriptors
from studio_molecules.chem.parser import parse, valid
from studio_molecules.schema import Match, Similar


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


_BETWEEN_STEPS = 64


def similar(ctx: TaskContext, params: Similar) -> Iterator[Event | None]:
    """Yield the result: ``similarities``, Tanimoto on Morgan bits, in the order of the list.

    A molecule that cannot be read has −1.

    Raises:
        BadInput: the molecule to compare with is none.
    """
    wanted = descriptors.fingerprint(parse(params.to).mol)
    listed = ctx.inputs.json("smiles", list[str], params.smiles)
    similarities = []
    for number, smiles in enumerate(listed, 1):
        mol = valid(smiles)
        bits = descriptors.fingerprint(mol) if mol is not None else None
        likeness = DataStructs.TanimotoSimilarity(bits, wanted) if bits is not None else -1.0
        similarities.append(round(likeness, 6))
        if number % _BETWEEN_STEPS == 0:
            yield ctx.progress(number, len(listed), f"{number:,} compared")
    yield ctx.result(similarities=similarities)
