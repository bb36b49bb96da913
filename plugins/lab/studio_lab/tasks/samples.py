"""Samples of a network as displayable results."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from numpy.typing import NDArray

from studio.api import Event, Kind, TaskContext
from studio_lab.datasets import molecules, pairs, presentation, sounds, tables, tokens, tunes
from studio_lab.datasets.dataset import Dataset, Shape
from studio_lab.networks.architecture import Network
from studio_lab.tasks.steps import followed
from studio_lab.training.samples import drawn


def made_of(
    ctx: TaskContext,
    rows: NDArray[Any],
    shape: Shape,
    meta: Mapping[str, Any],
    title: str,
    *,
    single: bool,
) -> Iterator[Event]:
    """Yield rows as a sheet of pictures, sounds, a text, a tune, molecules or a table.

    Args:
        single: Yield each picture, sound, text and tune by itself.
    """
    if shape.kind == "pictures":
        pictures = presentation.pixels(rows, shape.levels)
        if not single or meta.get("content") == "sounds":
            sheet = presentation.png(presentation.sheet(pictures))
            yield ctx.artifact(Kind.IMAGE, sheet, suffix=".png", title=title)
        if meta.get("content") == "sounds":
            parts = [[image] for image in pictures] if single else [list(pictures)]
            for number, part in enumerate(parts, 1):
                name = f"{title} {number}" if single else title
                sound = yield from ctx.in_thread(partial(sounds.wav, [p[..., 0] for p in part]))
                yield ctx.artifact(Kind.AUDIO, sound, suffix=".wav", title=name, text=name)
            return
        for number, picture in enumerate(pictures if single else (), 1):
            file = presentation.png(picture, 128)
            yield ctx.artifact(Kind.IMAGE, file, suffix=".png", title=f"{title} {number}")
    elif shape.kind == "text":
        yield from _written(ctx, rows, meta, title, single)
    elif shape.kind == "pairs":
        written = pairs.as_csv(rows, meta["vocabulary"])
        yield ctx.artifact(Kind.TABLE, written.encode(), suffix=".csv", title=title, text=written)
    else:
        table = tables.as_csv(rows, meta["columns"])
        yield ctx.artifact(Kind.TABLE, table.encode(), suffix=".csv", title=title, text=table)


def _written(
    ctx: TaskContext, rows: NDArray[Any], meta: Mapping[str, Any], title: str, single: bool
) -> Iterator[Event]:
    """Yield token rows in readable form: one tune, molecules or a text, or each row alone."""
    vocabulary, content = meta["vocabulary"], meta.get("content")
    if content == "molecules":
        smiles = tokens.written(rows, vocabulary)
        table = molecules.as_csv(smiles, "lab")
        text = "\n".join(smiles)
        yield ctx.artifact(
            Kind.MOLECULES, table.encode(), suffix=".csv", title=title, text=text,
            meta={"molecules": len(smiles)},
        )  # fmt: skip
        return
    texts: Sequence[Any] = tokens.written(rows, vocabulary)
    if content == "tunes":
        texts = [tunes.notes_of(tokens.tokens_of(row, vocabulary)) for row in rows]
        texts = [tune for tune in texts if tune] or texts  # one without a note is nothing to hear
    parts = [[text] for text in texts] if single else [texts]
    for number, part in enumerate(parts, 1):
        name = f"{title} {number}" if single else title
        if content == "tunes":
            file = tunes.midi(part, meta["tempo"])
            yield ctx.artifact(Kind.SCORE, file, suffix=".mid", title=name, text=name)
        else:
            text = "\n\n---\n\n".join(part)
            yield ctx.artifact(Kind.TEXT, text.encode(), suffix=".txt", title=name, text=text)


def preview_of(
    ctx: TaskContext, network: Network, data: Dataset, count: int
) -> Generator[Event, None, NDArray[Any] | None]:
    """Return samples of the same noise as a picture; None where they are no pictures."""
    if data.shape.kind != "pictures" or not network.generates:
        return None
    rows = yield from followed(drawn(network, count, ctx.rng.seed))
    return presentation.preview(rows, data.shape, data.meta)
