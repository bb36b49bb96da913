"""Inspect a trained network: its attention, its predictions, its sampling steps."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import Event, Kind, TaskContext
from studio.api.plot import Plot
from studio_lab.datasets.presentation import png
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.schema import Inspect
from studio_lab.tasks.steps import followed
from studio_lab.views.inside import views
from studio_lab.views.view import Ask

_LARGE = 512
"""Pixels of a picture at least, unless it is enlarged to more by whole numbers."""


def inspect(ctx: TaskContext, params: Inspect) -> Iterator[Event]:
    """Hand over each view as a plot or a picture."""
    ask = Ask(params.text, params.count, params.block, ctx.rng.seed)
    with ctx.lease(params.weights) as trained:
        looking = views(trained.network, trained.meta, ask)
        result = yield from followed(looking, lambda share: ctx.progress(share, 1))
        name = f"{ARCHITECTURES[trained.architecture].title}: {trained.card['data']}"
    for view in result:
        title = f"{view.title}: {name}"
        if isinstance(view.content, Plot):
            file, suffix = view.content.encode(), Plot.SUFFIX
            yield ctx.artifact(Kind.PLOT, file, suffix=suffix, title=title)
        else:
            file = png(view.content, _LARGE)
            yield ctx.artifact(
                Kind.IMAGE, file, suffix=".png", title=title, meta={"view": view.title}
            )
    yield ctx.result(views=[view.title for view in result], weights=params.weights)
