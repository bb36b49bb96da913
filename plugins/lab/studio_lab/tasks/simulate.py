"""Draw phantoms with and without a lesion, as a data set of pictures that a model can learn."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from studio.api import (
    BadInput,
    ErrorCode,
    Event,
    Kind,
    StudioError,
    TaskContext,
    as_parts,
    sentence,
)
from studio_lab.datasets import presentation
from studio_lab.datasets.phantoms import CLASSES, LICENCE, TITLE, Drawing, Phantoms, drawn
from studio_lab.datasets.statistics import row
from studio_lab.schema import Simulate
from studio_lab.tasks.steps import followed

_SHOWN = 16
_AT_ONCE = 50


def simulate(ctx: TaskContext, params: Simulate) -> Iterator[Event]:
    """Draw; yield a sheet of each class, a table of the drawings, a card; write the pictures."""
    folder = _empty(params.folder) if params.folder else None
    yield ctx.progress(0, params.count, "Drawing")
    how = Drawing(params.side, params.lesions, params.contrast, params.noise, params.blur)
    drawings = yield from followed(
        drawn(params.count, how, ctx.rng.seed),
        lambda number: (
            ctx.progress(number, params.count, "Drawing") if number % _AT_ONCE == 0 else None
        ),
    )
    names = [f"{CLASSES[label]}/{number:05}.png" for number, label in enumerate(drawings.labels, 1)]
    if folder:
        yield from _written(ctx, drawings, names, folder)
    for label, name in enumerate(CLASSES):
        some = drawings.pictures[drawings.labels == label][:_SHOWN]
        if len(some):
            sheet = presentation.png(presentation.sheet(np.repeat(some[..., None], 3, 3)), 512)
            yield ctx.artifact(Kind.IMAGE, sheet, suffix=".png", title=f"{TITLE}: {name}")
    table = _table(drawings, names)
    yield ctx.artifact(
        Kind.TABLE, table.encode(), suffix=".csv", title=f"{TITLE}: lesions", text=table
    )
    lines = _card(params, drawings)
    card = "\n".join([f"# {TITLE}", "", *lines, ""])
    meta = {"report": {"kind": "card", "lines": [as_parts(line) for line in lines]}}
    yield ctx.artifact(
        Kind.TEXT, card.encode(), suffix=".md", title=f"{TITLE}: card", text=card, meta=meta
    )
    counts = {name: int((drawings.labels == label).sum()) for label, name in enumerate(CLASSES)}
    yield ctx.result(count=params.count, classes=counts, folder=str(folder or ""))


def _empty(path: str) -> Path:
    folder = Path(path).expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(
            f"“{folder.name}” is not an empty folder, and nothing in it is overwritten.",
            "Choose an empty folder.",
        )
    return folder


def _written(
    ctx: TaskContext, drawings: Phantoms, names: list[str], folder: Path
) -> Iterator[Event]:
    from PIL import Image

    try:
        for number, (picture, name) in enumerate(zip(drawings.pictures, names), 1):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path)
            if number % _AT_ONCE == 0:
                yield ctx.progress(number, len(names), "Writing the pictures")
    except OSError as error:
        raise StudioError(
            ErrorCode.DISK_FULL,
            f"The pictures could not be written: {error.strerror or error}.",
            "Choose another folder, or free up disk space.",
        ) from error


def _table(drawings: Phantoms, names: list[str]) -> str:
    """Return where each lesion is, in pixels from the upper left corner; empty without one."""
    side, out = drawings.pictures.shape[1], io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "class", "x", "y", "radius"])
    for name, (x, y, radius) in zip(names, drawings.lesions):
        place = ["", "", ""]
        if not np.isnan(x):
            place = [f"{(x + 1) / 2 * side:.1f}", f"{(y + 1) / 2 * side:.1f}",
                     f"{radius / 2 * side:.1f}"]  # fmt: skip
        writer.writerow([name, name.partition("/")[0], *place])
    return out.getvalue()


def _said() -> str:
    return sentence(
        "These pictures were **drawn**: ellipses after Shepp and Logan (1974), each head a little "
        "different, blurred and with the noise of a magnitude picture (Rician). They stand in for "
        "sections of a head where real ones may not be used. No patient is behind any of them, and "
        "what a model learns from them says nothing about patients: never use it for a diagnosis."
    )


def _card(params: Simulate, drawings: Phantoms) -> list[str]:
    """Return lines of Markdown about the phantoms."""
    blur = sentence("{blur} thousandths of the side", blur=f"{params.blur:g}")
    return [
        _said(),
        "",
        row(sentence("what"), sentence("value")),
        "|---|---|",
        row(sentence("pictures"), f"{len(drawings.pictures):,}"),
        row(sentence("with a lesion"), f"{int((drawings.labels == 0).sum()):,}"),
        row(sentence("size"), f"{params.side} × {params.side}"),
        row(sentence("contrast of a lesion"), f"{params.contrast:g}"),
        row(sentence("noise"), f"{params.noise:g}"),
        row(sentence("blur"), blur),
        row(sentence("licence"), LICENCE),
    ]
