"""Have a trained network make something."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import BadInput, Event, TaskContext
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.schema import Sample
from studio_lab.tasks.made import made_of
from studio_lab.training.samples import drawn


def sample(ctx: TaskContext, params: Sample) -> Iterator[Event]:
    """Make pictures, texts or rows of a table, whatever the network has learned."""
    with ctx.lease(params.weights) as trained:
        title = ARCHITECTURES[trained.architecture].title
        if not trained.network.generates:
            raise BadInput(f"A {title.lower()} makes nothing.", "Choose a model that generates.")
        making = drawn(trained.network, params.count, ctx.rng.seed)
        while True:
            try:
                share = next(making)
            except StopIteration as end:
                rows = end.value
                break
            yield ctx.progress(share * params.count, params.count)
        shape, meta, name = trained.shape, trained.meta, trained.card["data"]
    yield from made_of(ctx, rows, shape, meta, f"{title}: {name}", single=params.single)
    yield ctx.result(count=params.count, kind=shape.kind, weights=params.weights)
