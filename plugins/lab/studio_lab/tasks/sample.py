"""Have a trained network make something."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from numpy.typing import NDArray

from studio.api import BadInput, Event, TaskContext
from studio_lab.datasets.tokens import encoded
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.schema import Sample
from studio_lab.tasks.samples import made_of
from studio_lab.tasks.steps import followed
from studio_lab.training.samples import begun, drawn
from studio_lab.weights import Trained


def sample(ctx: TaskContext, params: Sample) -> Iterator[Event]:
    """Sample pictures, texts or rows of a table, depending on the network."""
    with ctx.lease(params.weights) as trained:
        title = ARCHITECTURES[trained.architecture].title
        if not trained.network.generates:
            raise BadInput(f"A {title.lower()} makes nothing.", "Choose a model that generates.")
        making = _making(ctx, params, trained)
        rows = yield from followed(
            making, lambda share: ctx.progress(share * params.count, params.count)
        )
        shape, meta, name = trained.shape, trained.meta, trained.card["data"]
    yield from made_of(ctx, rows, shape, meta, f"{title}: {name}", single=params.single)
    yield ctx.result(count=params.count, kind=shape.kind, weights=params.weights)


def _making(
    ctx: TaskContext, params: Sample, trained: Trained
) -> Generator[float, None, NDArray[Any]]:
    """Return what draws rows, from nothing or on from a beginning.

    Raises:
        BadInput: The network makes no texts, or knows no character of the beginning.
    """
    if not params.prompt:
        return drawn(trained.network, params.count, ctx.rng.seed)
    words = trained.meta.get("content", "words") == "words"
    if trained.shape.kind not in ("text", "pairs") or not words:
        raise BadInput(
            "This model makes no texts that could continue a beginning.",
            "Leave the beginning empty, or choose a model that was trained on texts.",
        )
    given = encoded(params.prompt, trained.meta["vocabulary"])
    if not given:
        raise BadInput(
            "The model has seen none of the characters of the beginning.",
            "Begin with words as they stand in the texts that it was trained on.",
        )
    half = trained.shape.length // 2  # so much at least is written
    room = given[: trained.shape.length - 1] if trained.shape.kind == "pairs" else given[-half:]
    return begun(trained.network, room, params.count, ctx.rng.seed)
