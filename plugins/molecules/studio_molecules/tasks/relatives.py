"""Relatives of a lead: rewritten by the model or changed by one edit, never less alike than asked.

Every child keeps its parent, what was done, and the seed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rdkit import Chem, DataStructs

from studio.api import ErrorCode, Event, StudioError, TaskContext
from studio_molecules.chem import descriptors, edits, structure
from studio_molecules.molecule import Molecule
from studio_molecules.schema import Analogues
from studio_molecules.smiles.sampling import sample
from studio_molecules.smiles.vocabulary import split
from studio_molecules.smiles.weights import SmilesModel
from studio_molecules.tasks.table import finish

_ROUND = 64
"""Children tried between two looks at who may be a parent next."""

_PATIENCE = 400
"""Children tried for one that is wanted, before the run says how far it came."""


class Family:
    """The lead and its accepted relatives; decides who belongs to it."""

    def __init__(self, lead: structure.Structure, params: Analogues, seed: int) -> None:
        self.lead, self.params, self.seed = lead, params, seed
        self.bits: DataStructs.ExplicitBitVect = descriptors.fingerprint(lead.mol)
        self.alerts = len(descriptors.alerts(lead.mol))
        self.mols: dict[str, Chem.Mol] = {lead.smiles: lead.mol}
        self.members: dict[str, Molecule] = {}
        self.tried = self.invalid = 0

    def pick(self, rng: np.random.Generator) -> str:
        """Return a parent: the lead half of the time, else any relative."""
        names = list(self.mols)
        return self.lead.smiles if rng.random() < 0.5 else names[int(rng.integers(len(names)))]

    def offer(self, child: Chem.Mol | None, parent: str, operation: str) -> None:
        """Take a child in, if it is valid, new, alike enough and no more troublesome."""
        self.tried += 1
        if child is None or "." in Chem.MolToSmiles(child):
            self.invalid += 1
            return
        smiles = Chem.MolToSmiles(child)
        likeness = descriptors.similarity(child, self.bits)
        if smiles in self.mols or likeness < self.params.similarity:
            return
        if self.params.no_new_alerts and len(descriptors.alerts(child)) > self.alerts:
            return
        if len(self.members) < self.params.count:
            self.mols[smiles] = child
            figures = {**descriptors.describe(child), "similarity": likeness}
            self.members[smiles] = Molecule(
                smiles, parent=parent, operation=operation, seed=self.seed, figures=figures
            )


def analogues(ctx: TaskContext, params: Analogues) -> Iterator[Event | None]:
    """Make rounds of children until enough belong to the family; yield the table of them."""
    lead = structure.parse(params.lead)
    family = Family(lead, params, ctx.rng.seed)
    numpy, torch = ctx.rng.numpy(), ctx.rng.torch("cpu")
    with ctx.lease(params.weights) as model:
        while len(family.members) < params.count and family.tried < _PATIENCE * params.count:
            by_model = round(_ROUND * params.by_model)
            for _ in range(_ROUND - by_model):
                parent = family.pick(numpy)
                made = edits.mutate(family.mols[parent], numpy)
                family.offer(made[0] if made else None, parent, made[1] if made else "")
            yield _progress(ctx, family)
            if by_model:
                for children in _rewritten(
                    model, family.pick(numpy), by_model, numpy, torch, family
                ):
                    yield children or _progress(ctx, family)
    if not family.members:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"No relative of the lead was found among {family.tried:,} children.",
            "Lower the likeness, or allow new alerts.",
        )
    molecules = sorted(family.members.values(), key=lambda each: -each.figures["similarity"])
    title = f"{len(molecules)} analogues of {lead.smiles[:40]}"
    counts = {"tried": family.tried, "valid_raw": 1 - family.invalid / family.tried}
    yield from finish(ctx, molecules, title, lead=lead.smiles, remark=lead.remark, **counts)


def _rewritten(
    model: SmilesModel,
    parent: str,
    count: int,
    numpy: np.random.Generator,
    torch: object,
    family: Family,
) -> Iterator[None]:
    """Let the model go on from a beginning of the parent, and offer what it wrote."""
    tokens = split(parent)
    keep = int(numpy.integers(1, max(2, len(tokens))))
    start = "".join(tokens[:keep])
    strings: list[str] = []
    for step in sample(model, count, torch, starts=[start] * count):
        strings = step or strings
        yield None
    for text in strings:
        family.offer(structure.valid(text), parent, "rewritten by the model")


def _progress(ctx: TaskContext, family: Family) -> Event:
    done, wanted = len(family.members), family.params.count
    return ctx.progress(done, wanted, f"{done} of {wanted}, {family.tried:,} tried")
