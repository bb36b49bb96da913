"""Relatives of a lead: rewritten by the model or changed by one edit, never less alike than asked.

Every child keeps its parent, what was done, and the seed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
from rdkit import Chem, DataStructs

from studio.api import ErrorCode, Event, StudioError, TaskContext
from studio_molecules.chem import descriptors, graph_mutations, parser
from studio_molecules.chem.constraints import constraints
from studio_molecules.molecule import Molecule
from studio_molecules.schema import Analogues
from studio_molecules.smiles.sampler import strings
from studio_molecules.smiles.weights import SmilesModel
from studio_molecules.tasks.table_artifact import counted, finish
from studio_molecules.titles import shortened

_ROUND = 64
"""Children tried between two looks at who may be a parent next."""

_PATIENCE = 400
"""Children tried for one that is wanted, before the run says how far it came."""

_IN_VAIN = 20_000
"""Children tried since the last that was wanted: no more are to be expected."""


class Family:
    """The lead and its accepted relatives; decides who belongs to it."""

    def __init__(self, lead: parser.Structure, params: Analogues, seed: int) -> None:
        self.lead, self.params, self.seed = lead, params, seed
        self.bits: DataStructs.ExplicitBitVect = descriptors.fingerprint(lead.mol)
        self.alerts = len(descriptors.alerts(lead.mol))
        self.constraints = constraints(
            params.must_have, params.must_not_have, params.keep, odd=params.odd, lead=lead.mol
        )
        self.mols: dict[str, Chem.Mol] = {lead.smiles: lead.mol}
        self.members: dict[str, Molecule] = {}
        self.tried = self.drawn = self.valid = 0
        self.found_at = 0
        """How many were tried when the latest member came."""

    @property
    def complete(self) -> bool:
        """Whether there are enough, or further trying is in vain."""
        enough = len(self.members) >= self.params.count
        in_vain = self.tried - self.found_at >= _IN_VAIN
        return enough or in_vain or self.tried >= _PATIENCE * self.params.count

    def pick(self, rng: np.random.Generator) -> str:
        """Return a parent: the lead half of the time, else any relative."""
        names = list(self.mols)
        return self.lead.smiles if rng.random() < 0.5 else names[int(rng.integers(len(names)))]

    def offer(self, child: Chem.Mol | None, parent: str, operation: str) -> None:
        """Take a child in, if it is in one piece, new, alike enough and no more troublesome."""
        self.tried += 1
        smiles = Chem.MolToSmiles(child) if child is not None else ""
        if child is None or not smiles or "." in smiles or smiles in self.mols or self.complete:
            return
        likeness = descriptors.similarity(child, self.bits)
        if likeness < self.params.similarity:
            return
        if self.constraints.broken(child):
            return
        figures = {**descriptors.describe(child), "similarity": likeness}
        if self.params.no_new_alerts and figures["alerts"] > self.alerts:
            return
        self.mols[smiles], self.found_at = child, self.tried
        self.members[smiles] = Molecule(
            smiles, parent=parent, operation=operation, seed=self.seed, figures=figures
        )


def analogues(ctx: TaskContext, params: Analogues) -> Iterator[Event | None]:
    """Make rounds of children until enough belong to the family; yield the table of them.

    ``tried`` counts all children; ``drawn`` the strings that the model wrote among them, and
    ``valid_raw`` is the share of those that were molecules.
    """
    lead = parser.parse(params.lead)
    family = Family(lead, params, ctx.rng.seed)
    numpy, torch = ctx.rng.numpy(), ctx.rng.torch("cpu")
    by_model = round(_ROUND * params.by_model)
    with ctx.lease(params.weights) as model:
        while not family.complete:
            for _ in _edited(family, _ROUND - by_model, numpy):
                yield _progress(ctx, family)
            if by_model:
                by_model = yield from _rewritten(ctx, model, family, by_model, numpy, torch)
    if not family.members:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"No analogue of the lead was found among {family.tried:,} candidates.",
            "Lower the similarity, ask for less of the structure, or allow new alerts.",
        )
    molecules = sorted(
        family.members.values(), key=lambda molecule: -molecule.figures["similarity"]
    )
    title = f"{counted(len(molecules), 'analogue')} of {shortened(lead.smiles, 40)}"
    counts: dict[str, float] = {"tried": family.tried, "drawn": family.drawn}
    if family.drawn:
        counts["valid_raw"] = family.valid / family.drawn
    yield from finish(ctx, molecules, title, lead=lead.smiles, remark=lead.remark, **counts)


def _edited(family: Family, count: int, numpy: np.random.Generator) -> Iterator[None]:
    """Offer ``count`` children that differ from a parent by one edit."""
    for _ in range(count):
        parent = family.pick(numpy)
        mol = family.mols[parent]
        child, edit = graph_mutations.mutate(mol, numpy, family.constraints.fixed_atoms(mol)) or (
            None,
            "",
        )
        family.offer(child, parent, edit)
        yield None


def _rewritten(
    ctx: TaskContext,
    model: SmilesModel,
    family: Family,
    count: int,
    numpy: np.random.Generator,
    torch: Any,
) -> Generator[Event, None, int]:
    """Let the model continue from prefixes of a parent, and offer the results.

    A parent that begins with a token unknown to the model is left to the edits. Returns the batch
    size that fits memory, at most ``count``.
    """

    def says() -> Event:
        return _progress(ctx, family)

    parent = family.pick(numpy)
    tokens = model.vocabulary.beginning(parent)
    if not tokens:
        for _ in _edited(family, count, numpy):
            yield says()
        return count
    start = "".join(tokens[: int(numpy.integers(1, max(2, len(tokens))))])
    written = yield from strings(ctx, model, count, torch, says, start=start)
    for text in written:
        child = parser.valid(text)
        family.drawn += 1
        family.valid += child is not None
        family.offer(child, parent, "rewritten by the model")
        yield says()
    return len(written)


def _progress(ctx: TaskContext, family: Family) -> Event:
    done, wanted = len(family.members), family.params.count
    return ctx.progress(done, wanted, f"{done} of {wanted}, {family.tried:,} tried")
