"""Make rows of a table, and say whether they help, harm, or give real rows away."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from studio.api import BadInput, Event, Kind, TaskContext, sentence
from studio.api.plot import Plot
from studio_lab.augmentation import report
from studio_lab.augmentation.trial import WEIGHTS
from studio_lab.augmentation.verdict import Outcome, outcomes, recommended
from studio_lab.datasets.statistics import table_card
from studio_lab.datasets.table import USABLE, Column, Table, Target, with_target
from studio_lab.datasets.table_file import Reading, as_csv, read_table
from studio_lab.schema import Augment
from studio_lab.tables.encoder import MOST_COLUMNS, Encoder, usable
from studio_lab.tables.methods import GENERATORS
from studio_lab.tables.target_leak import leaking_columns
from studio_lab.tables.trials import additional, trials
from studio_lab.tasks.augmentation.results import HOW, plot_events, report_events, tried

COMPARED = ("smote", "copula", "vae")
MOST_ROWS = 10_000
"""More rows than these are not needed to tell; they are drawn, each class by its share."""


def augment(ctx: TaskContext, params: Augment) -> Iterator[Event]:
    """Try methods in repeated splits, then make rows with the best, or with the one asked for."""
    path = Path(params.table)
    how = Reading(params.first_row, params.extremes)
    yield ctx.progress(0, 0, "Reading the table")
    whole = yield from ctx.in_thread(lambda: read_table(path, how))
    names = [column.name for column in whole.columns if column.name not in params.ignore]
    table, target = with_target(whole.only(names), params.target)
    table, target = _some(table, target, ctx.rng.seed)
    yield ctx.progress(0, 0, "Looking at the columns")
    used = usable(table, target)
    if not used.columns:
        raise BadInput(
            f"“{path.stem}” has no column beside “{target.name}” that says anything: all are empty "
            "or the same in every row.",
            "Choose a table with columns that may tell the target.",
        )
    suspects = leaking_columns(used, target)
    notes, leaks = [*table.notes, *_left_out(table, used)], list(map(_suspected, suspects))
    methods = COMPARED if params.method == "best" else (params.method,)
    seed, count = ctx.rng.seed, len(methods) + 1  # what is plainest, class weights, comes along
    running = trials(
        table, target, (WEIGHTS, *methods), params.splits, params.row_classifier, seed, params.rows
    )
    comparison = yield from tried(ctx, running, count, params.splits)
    judged = outcomes(comparison, params.score)
    chosen = recommended(judged)
    samples, real = yield from _made(ctx, params, table, target, chosen.method)
    verdict = chosen.sentence(params.splits)
    shown = replace(whole, notes=(*leaks, *notes)).only(names)
    real_table = [
        sentence("## The real table: {name}", name=path.stem), "", *table_card(shown, target)
    ]  # fmt: skip
    card = "\n".join([*_card(path.stem, verdict, judged, leaks), *real_table, ""])
    title = f"{chosen.title}: {path.stem}"
    meta = {"verdict": str(chosen.verdict), "method": chosen.method, "card": card}
    yield ctx.artifact(
        Kind.TABLE, as_csv(samples), suffix=".csv", title=title, text=verdict, meta=meta
    )
    scatter = _scatter(real, target, samples, chosen.title)
    yield from plot_events(ctx, (*report.plots(comparison, judged, chosen.method), scatter))
    more = {"rows": len(samples), "classes": dict(target.counts), "leaking_columns": suspects}
    yield from report_events(
        ctx, params, path.stem, judged, chosen, notes, card, more, real_table, leaks
    )


def _made(
    ctx: TaskContext, params: Augment, table: Table, target: Target, method: str
) -> Generator[Event, None, tuple[Table, Table]]:
    """Return synthetic rows, learned from all real ones, and these: both with the target."""
    rng = np.random.default_rng((ctx.rng.seed, params.splits))
    learned, generator = usable(table, target), GENERATORS[method]()
    for _ in generator.fit(learned, target, rng):
        yield ctx.progress(0, 0, "Making the rows")
    samples, labels = generator.sample(additional(target, params.rows), rng)
    return _with_labels(samples, labels), _with_labels(learned, target)


def _with_labels(table: Table, target: Target) -> Table:
    labels = Column(target.name, "category", target.labels.astype(float), target.classes)
    return replace(table, columns=(*table.columns, labels))


def _scatter(real: Table, target: Target, samples: Table, title: str) -> Plot:
    names = [column.name for column in real.columns if column.name != target.name]
    encoder = Encoder.fitted(real.only(names))
    rows = (encoder(table.only(names)) for table in (real, samples))
    return report.scatter_plot(next(rows), target.labels, target.classes, next(rows), title)


def _suspected(name: str) -> str:
    return sentence(
        "“{name}” alone tells the target: if it is known only after the target is, leave the "
        "column out.",
        name=name,
    )


def _left_out(table: Table, used: Table) -> list[str]:
    able = sum(column.kind in USABLE for column in table.columns)
    if len(used.columns) < MOST_COLUMNS or able == MOST_COLUMNS:
        return []
    return [
        sentence(
            "Of {all} columns, the {some} that say most about the target are used.",
            all=f"{able:,}", some=MOST_COLUMNS,
        )
    ]  # fmt: skip


def _some(table: Table, target: Target, seed: int) -> tuple[Table, Target]:
    if len(table) <= MOST_ROWS:
        return table, target
    from sklearn.model_selection import train_test_split

    rows, _ = train_test_split(
        np.arange(len(table)), train_size=MOST_ROWS, stratify=target.labels,
        random_state=seed % 2**32,
    )  # fmt: skip
    note = sentence(
        "{some} of {all} rows were drawn, which is enough to tell.",
        some=f"{MOST_ROWS:,}", all=f"{len(table):,}",
    )  # fmt: skip
    return replace(table.at(np.sort(rows)), notes=(*table.notes, note)), target.at(np.sort(rows))


def _card(name: str, verdict: str, judged: list[Outcome], leaks: list[str]) -> list[str]:
    """Return lines of Markdown about the synthetic table: how each method did."""
    return [
        f"# Synthetic rows of {name}",
        "",
        *(f"{leak}\n" for leak in leaks),
        verdict,
        "",
        *report.outcome_lines(judged),
        "",
        HOW,
        "",
        "Synthetic rows are not measurements. Say so wherever they are used.",
        "",
    ]
