"""New molecules from nothing: sampled, counted, described. Invalid strings never end a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rdkit import Chem

from studio.api import ErrorCode, Event, StudioError, TaskContext
from studio_molecules.chem import descriptors, parser
from studio_molecules.chem.constraints import constraints
from studio_molecules.molecule import Molecule
from studio_molecules.schema import Generate
from studio_molecules.smiles.sampler import BATCH, strings
from studio_molecules.tasks.table_artifact import counted, finish

_PATIENCE = 20
"""Strings that may be drawn for one molecule that is wanted, before a run gives up."""
_MORE_PATIENCE = 200
"""The same where substructures are asked for."""


_SMALLEST = 3
"""Heavy atoms of what may be called drug-like: methane and oxygen are not."""


def generate(ctx: TaskContext, params: Generate) -> Iterator[Event | None]:
    """Sample until enough different valid molecules are there; yield the table of them."""
    rng = ctx.rng.torch("cpu")
    generated: dict[str, Molecule] = {}
    drawn = valid = flagged = 0
    refused: Counter[str] = Counter()
    limits = constraints(params.must_have, params.must_not_have, "", odd=params.odd)
    patience = _MORE_PATIENCE if limits.required or limits.forbidden else _PATIENCE
    batch = BATCH

    def says() -> Event:
        return ctx.progress(len(generated), params.count, f"{len(generated)} of {params.count}")

    with ctx.lease(params.weights) as model:
        while len(generated) < params.count:
            size = min(batch, max(16, params.count - len(generated)))
            texts = yield from strings(ctx, model, size, rng, says, temperature=params.temperature)
            batch = min(batch, len(texts)) if len(texts) < size else batch
            drawn += len(texts)
            for text in texts:
                mol = parser.valid(text)
                if mol is None:
                    continue
                valid += 1
                smiles = Chem.MolToSmiles(mol)
                if smiles in generated or len(generated) == params.count:
                    continue
                if mol.GetNumHeavyAtoms() < _SMALLEST and not params.odd:
                    refused["odd"] += 1
                    continue
                if broken := limits.broken(mol):
                    refused[broken] += 1
                    continue
                figures = descriptors.describe(mol)
                if params.fresh and figures["alerts"]:
                    flagged += 1
                    continue
                generated[smiles] = Molecule(
                    smiles, operation="sampled", seed=ctx.rng.seed, figures=figures
                )
                yield says()
            if drawn > patience * params.count + BATCH:
                break
    if not generated and (refused or flagged):
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"None of {valid:,} valid molecules is as asked: {refused['must_have']:,} lack what "
            f"they must have, {refused['must_not_have']:,} have what they must not, "
            f"{refused['odd']:,} have unusual groups, {flagged:,} have alerts.",
            "Ask for smaller substructures, or decorate a scaffold that has them.",
        )
    if not generated:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"None of the {drawn:,} generated strings is a valid molecule.",
            "Lower the temperature, or choose another model.",
        )
    counts = {
        "drawn": drawn,
        "valid_raw": valid / drawn,
        "with_alerts": flagged,
        "odd": refused["odd"],
    }
    yield from finish(ctx, list(generated.values()), counted(len(generated)), **counts)
