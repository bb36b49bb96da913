"""The task ``molecules.shape``: one molecule in space."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from studio.api import Event, TaskContext
from studio_molecules.chem import conformer
from studio_molecules.schema import Shape


def fold(ctx: TaskContext, params: Shape) -> Iterator[Event | None]:
    """Fold one molecule."""
    yield ctx.progress(0, 0, "Building 3-D structure")
    folded = yield from ctx.in_thread(partial(conformer.fold, params.smiles, ctx.rng.seed))
    yield ctx.result(**folded)
