"""Change or make pictures with classes, and say whether that helps a classifier."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput, Event, Kind, TaskContext, sentence
from studio_lab.augmentation import report
from studio_lab.augmentation.pictures import (
    CHANGES,
    COPIES,
    FEWEST,
    MOST,
    Components,
    as_table,
    changed,
    scaled,
    trials,
)
from studio_lab.augmentation.verdict import outcomes, recommended
from studio_lab.datasets import presentation
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.source import load
from studio_lab.datasets.table import Target
from studio_lab.measures import comparison
from studio_lab.schema import Augment
from studio_lab.tables.methods import GENERATORS
from studio_lab.tables.trials import as_real
from studio_lab.tasks.augmentation.results import card_of, plot_events, report_events, tried

COMPARED = ("shift", "flip", "turn", "vae")
_SIDE = 32


def augment(ctx: TaskContext, params: Augment) -> Iterator[Event]:
    """Try methods in repeated splits; show samples of the best one."""
    yield ctx.progress(0, 0, "Reading the pictures")
    seed = ctx.rng.seed
    data, notes = load(params.data, params.example, ("pictures",), _SIDE, seed)
    data = _fit(data, seed, notes)
    methods = COMPARED if params.picture_method == "best" else (params.picture_method,)
    running = trials(data, methods, params.splits, params.classifier, seed, params.rows)
    outcome = yield from tried(ctx, running, len(methods), params.splits)
    judged = outcomes(outcome, params.score)
    chosen = recommended(judged)
    samples = yield from _made(ctx, data, chosen.method, seed)
    verdict = chosen.sentence(params.splits)
    real = scaled(data)
    picture = comparison.sheet([samples], [real[: comparison.SHOWN]])
    file = presentation.png(picture, 512)
    meta = {"verdict": str(chosen.verdict), "method": chosen.method}
    title = f"{chosen.title}: {data.title}"
    yield ctx.artifact(Kind.IMAGE, file, suffix=".png", title=title, text=verdict, meta=meta)
    yield from plot_events(ctx, report.plots(outcome, judged, chosen.method))
    card = card_of(f"More pictures: {data.title}", judged, verdict, notes)
    more = {"pictures": len(data.rows), "classes": dict(zip(data.classes, _counts(data)))}
    yield from report_events(ctx, params, data.title, judged, chosen, notes, card, more)


def _fit(data: Dataset, seed: int, notes: list[str]) -> Dataset:
    """Return a data set of classes with enough pictures, and no more than are needed.

    Raises:
        BadInput: There is one class.
    """
    counts = np.bincount(data.labels, minlength=max(1, len(data.classes)))
    enough = np.flatnonzero(counts >= FEWEST)
    if len(enough) < 2:
        raise BadInput(
            f"“{data.title}” has no two classes with {FEWEST} pictures or more: there is nothing "
            "to tell apart.",
            "Put the pictures of each class into a folder of its own, side by side.",
        )
    notes += [
        sentence(
            "Class “{label}” has {count} pictures and is left out.",
            label=data.classes[label],
            count=int(counts[label]),
        )
        for label in np.flatnonzero((counts > 0) & (counts < FEWEST))
    ]
    rows = np.flatnonzero(np.isin(data.labels, enough))
    if len(rows) > MOST:
        notes.append(
            sentence(
                "{some} of {all} pictures were drawn, which is enough to tell.",
                some=f"{MOST:,}", all=f"{len(rows):,}",
            )
        )  # fmt: skip
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:MOST])
    labels = np.searchsorted(enough, data.labels[rows])
    classes = tuple(data.classes[label] for label in enough)
    return replace(data, rows=data.rows[rows], labels=labels, classes=classes)


def _counts(data: Dataset) -> list[int]:
    return [int(count) for count in np.bincount(data.labels, minlength=len(data.classes))]


def _made(
    ctx: TaskContext, data: Dataset, method: str, seed: int
) -> Generator[Event, None, NDArray[np.float64]]:
    """Return samples of a method from the first pictures, or from all of them."""
    pictures = scaled(data)
    if method in CHANGES:
        return changed(pictures[: comparison.SHOWN], method, (seed, 0))[:: max(1, COPIES - 1)]
    components, rng = Components(pictures), np.random.default_rng((seed, 0))
    target, makes = Target("class", data.labels, data.classes), GENERATORS[method]()
    table = as_table(components(pictures))
    for _ in makes.fit(table, target, rng):
        yield ctx.progress(0, 0, "Making pictures")
    rows, _ = makes.sample(as_real(target), rng)
    cells = rows.cells()
    return components.pictures(cells[rng.permutation(len(cells))[: comparison.SHOWN]])
