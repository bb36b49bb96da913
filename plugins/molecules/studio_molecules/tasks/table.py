"""The end of every task on molecules: a table as an artifact, its checks, and plain data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from studio.api import Check, Event, Kind, TaskContext, Verdict
from studio_molecules.chem import structure
from studio_molecules.molecule import Molecule, from_csv, to_csv

_SHOWN = 10_000
"""Molecules whose figures go into the plain result; the table has all of them."""


def finish(
    ctx: TaskContext, molecules: Sequence[Molecule], title: str, **counts: Any
) -> Iterator[Event]:
    """Yield the artifact and the result: ``molecules`` with figures, beside ``counts``."""
    payload = to_csv(molecules)
    yield ctx.artifact(
        Kind.MOLECULES,
        payload,
        suffix=".csv",
        title=title,
        text="\n".join(molecule.smiles for molecule in molecules[:_SHOWN]),
        verdict=check(payload),
        meta={"molecules": len(molecules), **counts},
    )
    rows = [
        {
            "smiles": each.smiles,
            "name": each.name,
            "parent": each.parent,
            "operation": each.operation,
            "seed": each.seed,
            **each.figures,
        }
        for each in molecules[:_SHOWN]
    ]
    yield ctx.result(molecules=rows, count=len(molecules), **counts)


def check(payload: bytes) -> Verdict:
    """Return whether every row of a table is a molecule, and no molecule is there twice."""
    smiles = [molecule.smiles for molecule in from_csv(payload)]
    bad = [each for each in smiles if structure.valid(each) is None]
    twice = len(smiles) - len(set(smiles))
    return Verdict(
        (
            Check("molecules", bool(smiles), f"{len(smiles):,} rows"),
            Check("valid", not bad, f"RDKit takes {len(smiles) - len(bad):,} of {len(smiles):,}"),
            Check("different", not twice, f"{twice:,} are there twice" if twice else "no repeats"),
        )
    )
