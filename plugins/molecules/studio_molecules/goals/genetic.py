"""A genetic search on molecular graphs (Jensen, Chem. Sci. 2019, 10, 3567).

Parents are drawn by rank, crossed and changed; the best of old and new go on, at most a few of one
scaffold, so that the population stays wide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from studio_molecules.chem import graph_mutations
from studio_molecules.goals.scores import Judge, Scored

_TRIES = 20
"""Edits that may fail for one child before its place stays empty."""


@dataclass(frozen=True)
class Settings:
    """Sizes of the search, and how it moves."""

    population: int = 100
    children: int = 100
    crossing: float = 0.5
    per_scaffold: int = 10


def search(
    judge: Judge, first: Sequence[Chem.Mol], rng: np.random.Generator, settings: Settings
) -> Iterator[list[Scored] | None]:
    """Yield None after every child, and the population after every generation; never ends."""
    people: list[Scored] = []
    for mol in first:
        scored = judge(mol, operation="given")
        if scored is not None:
            people.append(scored)
        yield None
    people = survivors(people, settings)
    while people:
        yield people
        born = []
        for _ in range(settings.children):
            child = _child(people, judge, rng, settings)
            if child is not None:
                born.append(child)
            yield None
        people = survivors([*people, *born], settings)


def survivors(people: Sequence[Scored], settings: Settings) -> list[Scored]:
    """Return the best, no more than ``per_scaffold`` of one scaffold."""
    kept: list[Scored] = []
    scaffolds: Counter[str] = Counter()
    for each in sorted(people, key=lambda one: -one.score):
        if scaffolds[each.scaffold] < settings.per_scaffold:
            scaffolds[each.scaffold] += 1
            kept.append(each)
        if len(kept) == settings.population:
            break
    return kept


def _child(
    people: Sequence[Scored], judge: Judge, rng: np.random.Generator, settings: Settings
) -> Scored | None:
    for _ in range(_TRIES):
        parent = _parent(people, rng)
        if rng.random() < settings.crossing:
            mol = graph_mutations.cross(parent.mol, _parent(people, rng).mol, rng)
            operation = "crossed"
        else:
            kept = judge.asked.kept(parent.mol)
            mol, operation = graph_mutations.mutate(parent.mol, rng, kept) or (None, "")
        if mol is None or judge.asked.broken(mol):
            continue
        scored = judge(mol, parent.smiles, operation)
        if scored is not None:
            return scored
    return None


def _parent(people: Sequence[Scored], rng: np.random.Generator) -> Scored:
    """Draw by rank: the best is twice as likely as the middle."""
    ranks = np.arange(len(people), 0, -1, dtype=float)
    return people[int(rng.choice(len(people), p=ranks / ranks.sum()))]
