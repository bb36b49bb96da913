"""Describe data before training: their contents and their defects."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput, Event, Kind, TaskContext, as_parts, sentence
from studio_lab.datasets import molecules, presentation
from studio_lab.datasets.dataset import DataKind, Dataset
from studio_lab.datasets.quality import Quality, quality
from studio_lab.datasets.source import load
from studio_lab.datasets.statistics import bullet, card, class_counts, plots, table_card
from studio_lab.datasets.table import USABLE, Table, with_target
from studio_lab.datasets.table_file import Reading, as_csv, read_table
from studio_lab.schema import Describe
from studio_lab.tables.target_leak import leaking_columns
from studio_lab.tasks.samples import made_of

_SHOWN = 36
_GROUPS = 12


def describe(ctx: TaskContext, params: Describe) -> Iterator[Event]:
    """Read data as a training would; show some, count, find duplicates and leaks, write a card."""
    yield ctx.progress(0, 2, "Reading the data")
    data, notes = yield from ctx.in_thread(partial(_data, params))
    yield ctx.progress(1, 2, "Looking for duplicates and leaks")
    defects = yield from ctx.in_thread(partial(quality, data))
    target: dict[str, Any] = {}
    lines = card(data, defects, notes)
    if params.target:
        more, target = yield from ctx.in_thread(partial(_target, params))
        lines += ["", *more]
    text = "\n".join([f"# {data.title}", "", *lines, ""])
    meta = {"report": {"kind": "card", "lines": [as_parts(line) for line in lines]}}
    yield ctx.artifact(
        Kind.TEXT, text.encode(), suffix=".md", title=data.title, text=text, meta=meta
    )
    for plot in plots(data):
        title = f"{plot.title}: {data.title}"
        yield ctx.artifact(Kind.PLOT, plot.encode(), suffix=plot.SUFFIX, title=title)
    rows = data.rows[data.split.training[:_SHOWN]]
    preview = f"Preview: {data.title}"
    if data.table:  # as it was read: what a network makes has no gaps
        shown = as_csv(data.table.at(data.split.training[:_SHOWN]))
        yield ctx.artifact(
            Kind.TABLE, shown, suffix=".csv", title=preview, text=shown.decode("utf-8")
        )
    else:
        samples = _as_made(data, rows)
        yield from made_of(ctx, samples, data.shape, data.meta, preview, single=False)
    if data.shape.kind == "pictures" and defects.near.groups:
        yield from _pairs(ctx, data, defects)
    split = data.split
    yield ctx.result(
        kind=data.meta.get("content") or data.shape.kind,
        rows=len(data.rows),
        split={"training": len(split.training), "validation": len(split.validation),
               "test": len(split.test)},
        classes=class_counts(data) if data.classes else {},
        duplicates=defects.equal.extra,
        near_duplicates=defects.near.extra - defects.equal.extra,
        leaks=defects.leaked,
        notes=[str(note) for note in (*defects.sentences(), *notes, *target.get("notes", []))],
        licence=data.licence,
        **target.get("result", {}),
    )  # fmt: skip


def _data(params: Describe) -> tuple[Dataset, list[str]]:
    kinds: list[DataKind] = ["pictures", "table", "text", "pairs"]
    if params.data:
        path = Path(params.data).expanduser()
        other = "table" if path.is_file() and molecules.has_smiles(path) else "pairs"
        kinds = [kind for kind in kinds if kind not in ("pairs", other)]
    return load(params.data, params.example, kinds, params.side, 0, reading=_reading(params))


def _reading(params: Describe) -> Reading:
    """Return how tables are read: a look names extreme values, where a training refuses them."""
    return Reading(params.first_row, "limit")


def _target(params: Describe) -> tuple[list[str], dict[str, Any]]:
    """Return a card of a table with its target, and which columns leak it."""
    if not params.data:
        raise BadInput("A target is a column of a table.", "Choose a table, or leave it empty.")
    table, target = with_target(
        read_table(Path(params.data).expanduser(), _reading(params)), params.target
    )
    usable = Table(tuple(column for column in table.columns if column.kind in USABLE))
    leaking = leaking_columns(usable, target)
    notes = [
        sentence(
            "“{name}” alone tells “{target}” nearly always: it may be a copy of it, or known only "
            "after it.",
            name=name,
            target=target.name,
        )
        for name in leaking
    ]
    lines = [sentence("## By “{name}”", name=target.name), "", *table_card(table, target), ""]
    lines += map(bullet, notes)
    return lines, {"notes": notes, "result": {"target": target.name, "leaking_columns": leaking}}


def _as_made(data: Dataset, rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows of a data set as a network would make them."""
    if data.shape.kind == "pictures":
        return np.asarray(rows * (2 / (data.shape.levels - 1)) - 1, np.float32)
    return rows


def _pairs(ctx: TaskContext, data: Dataset, defects: Quality) -> Iterator[Event]:
    """Yield the first two of each group side by side."""
    ordered = sorted(defects.near.groups, key=lambda group: group not in defects.leaks)[:_GROUPS]
    rows = data.rows[[row for group in ordered for row in group[:2]]]
    shown = presentation.pixels(_as_made(data, rows), data.shape.levels)
    beside = np.concatenate([shown[::2], shown[1::2]], 2)
    file = presentation.png(presentation.sheet(beside, 3))
    yield ctx.artifact(Kind.IMAGE, file, suffix=".png", title=f"Near duplicates: {data.title}")
