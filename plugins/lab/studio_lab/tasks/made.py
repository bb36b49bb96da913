"""What a network made, as results of the kinds that people look at."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from studio.api import Event, Kind, TaskContext
from studio_lab.datasets import pairs, presentation, tables
from studio_lab.datasets.dataset import Dataset, Shape
from studio_lab.networks.architecture import Network
from studio_lab.training.sampling import drawn


def made_of(
    ctx: TaskContext,
    rows: NDArray[Any],
    shape: Shape,
    meta: Mapping[str, Any],
    title: str,
    *,
    single: bool,
) -> Iterator[Event]:
    """Yield rows as a sheet of pictures, a text or a table.

    Args:
        single: Yield each picture and each text by itself, too.
    """
    if shape.kind == "pictures":
        pictures = presentation.pixels(rows, shape.levels)
        sheet = presentation.png(presentation.sheet(pictures))
        yield ctx.artifact(Kind.IMAGE, sheet, suffix=".png", title=title)
        for number, picture in enumerate(pictures if single else (), 1):
            file = presentation.png(picture, 128)
            yield ctx.artifact(Kind.IMAGE, file, suffix=".png", title=f"{title} {number}")
    elif shape.kind == "text":
        texts = presentation.texts(rows, meta["alphabet"])
        for number, text in enumerate(texts if single else ["\n\n---\n\n".join(texts)], 1):
            name = f"{title} {number}" if single else title
            yield ctx.artifact(Kind.TEXT, text.encode(), suffix=".txt", title=name, text=text)
    elif shape.kind == "pairs":
        written = pairs.as_csv(rows, meta["alphabet"])
        yield ctx.artifact(Kind.TABLE, written.encode(), suffix=".csv", title=title, text=written)
    else:
        table = tables.as_csv(rows, meta["columns"])
        yield ctx.artifact(Kind.TABLE, table.encode(), suffix=".csv", title=title, text=table)


def preview_of(
    ctx: TaskContext, network: Network, data: Dataset, count: int
) -> Generator[Event, None, NDArray[Any] | None]:
    """Return samples of the same noise as a picture; None where they are no pictures."""
    if data.shape.kind != "pictures" or not network.generates:
        return None
    making = drawn(network, count, ctx.rng.seed)
    while True:
        try:
            next(making)
        except StopIteration as end:
            return presentation.preview(end.value, data.shape, data.meta)
        yield None
