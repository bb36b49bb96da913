"""The task ``molecules.pairs``: molecules of a set that differ in one place, and what that does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from rdkit import Chem
from rdkit.Chem import rdMMPA

from studio.api import BadInput, Event, TaskContext
from studio_molecules.chem.parser import valid
from studio_molecules.molecule import Molecule
from studio_molecules.schema import Pairs
from studio_molecules.tasks.table_artifact import counted, finish
from studio_molecules.tasks.table_input import given

MOST = 20_000
"""Pairs that are kept."""
_LARGEST = 12
"""Heavy atoms of the part that changes, at most; the rest must be larger than it."""
_BETWEEN_STEPS = 16


def pairs(ctx: TaskContext, params: Pairs) -> Iterator[Event | None]:
    """Yield a table of pairs: each row is the second molecule, its parent the first one.

    Parts at one acyclic single bond are exchanged (Hussain and Rea, J. Chem. Inf. Model. 2010, 50,
    339). Its origin says what became what; its figures are how much each figure changed.

    Raises:
        BadInput: There are no molecules, or no pair among them.
    """
    molecules, name, problems = yield from given(ctx, params)
    different = list({entry.smiles: entry for entry in molecules}.values())
    groups: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for place, molecule in enumerate(different):
        mol = valid(molecule.smiles)
        for rest, part in _cuts(mol) if mol is not None else ():
            groups[rest].append((place, part))
        if place % _BETWEEN_STEPS == 0:
            yield ctx.progress(place, len(different), f"{place:,} cut")
    matched: dict[tuple[int, int], Molecule] = {}
    for number, members in enumerate(groups.values()):
        for (one, before), (other, after) in combinations(members, 2):
            if before != after and (one, other) not in matched and len(matched) < MOST:
                pair = different[one], different[other]
                matched[one, other] = _pair(*pair, before, after)
        if number % _BETWEEN_STEPS == 0:
            yield ctx.progress(number, len(groups), f"{len(matched):,} pairs")
    if not matched:
        raise BadInput(
            "No two molecules of this set differ in one place only.", "Choose a set of relatives."
        )
    counts = {"pairs": len(matched), "all_pairs": len(matched) < MOST, **problems}
    yield from finish(
        ctx, list(matched.values()), f"{counted(len(matched), 'pair')} of {name}", **counts
    )


def _cuts(mol: Chem.Mol) -> Iterator[tuple[str, str]]:
    """Yield what stays and what may be exchanged, for each bond that may be cut."""
    for _core, text in rdMMPA.FragmentMol(mol, maxCuts=1, resultsAsMols=False):
        parts = sorted(text.split("."), key=_atoms)
        if len(parts) == 2 and _atoms(parts[0]) <= min(_LARGEST, _atoms(parts[1]) - 1):
            yield parts[1], parts[0]


def _atoms(smiles: str) -> int:
    mol = Chem.MolFromSmiles(smiles)
    return mol.GetNumAtoms() - 1 if mol is not None else 0  # the open end is none


def _pair(first: Molecule, second: Molecule, before: str, after: str) -> Molecule:
    shared = [id for id in second.figures if id in first.figures]
    change = {f"Δ {id}": second.figures[id] - first.figures[id] for id in shared}
    words = {"From": first.name or first.smiles, "Removed": before, "Added": after}
    return Molecule(
        second.smiles,
        second.name,
        first.smiles,
        f"{_plain(before)} → {_plain(after)}",
        figures={id: value for id, value in change.items() if value},
        words=words,
    )


def _plain(part: str) -> str:
    return part.replace("[*:1]", "*")
