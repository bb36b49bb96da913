"""Make a series over time anew, and say whether it helps a forecast, harms it, or leaks."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.api import Event, Kind, TaskContext, sentence
from studio.api.plot import Axis, Line, Plot
from studio_lab.augmentation import report
from studio_lab.augmentation.verdict import outcomes, recommended
from studio_lab.datasets.table import Table
from studio_lab.datasets.table_file import Reading, as_csv, read_table
from studio_lab.schema import Augment
from studio_lab.series.generators import SERIES_GENERATORS
from studio_lab.series.series import Series, autocorrelation, correlations, series_of
from studio_lab.series.trials import trials
from studio_lab.tasks.augmentation.results import card_of, plot_events, report_events, tried

COMPARED = ("blocks", "phases", "recurrent")
PLAIN = "shuffled"
MOST = 20_000
"""Times; of a longer series the last ones are used."""
_SHOWN = 400


def augment(ctx: TaskContext, params: Augment) -> Iterator[Event]:
    """Try methods in repeated splits; the plain baseline, shuffled values, comes along."""
    path = Path(params.table)
    how = Reading(params.first_row, params.extremes)
    yield ctx.progress(0, 0, "Reading the table")
    table = yield from ctx.in_thread(lambda: read_table(path, how))
    series, notes = series_of(table, params.target, path.stem, params.beside)
    if len(series.values) > MOST:
        notes.append(
            sentence(
                "The last {some} of {all} times are used.",
                some=f"{MOST:,}", all=f"{len(series.values):,}",
            )
        )  # fmt: skip
        series = replace(series, values=series.values[-MOST:], times=series.times.at(
            np.arange(len(series.values) - MOST, len(series.values))))  # fmt: skip
    methods_asked = COMPARED if params.series_method == "best" else (params.series_method,)
    methods = tuple(dict.fromkeys((*methods_asked, PLAIN)))
    running = trials(series, methods, params.splits, ctx.rng.seed, params.rows)
    comparison = yield from tried(ctx, running, len(methods), params.splits)
    judged = outcomes(comparison, "forecast skill")
    chosen = recommended([outcome for outcome in judged if outcome.method in methods_asked])
    samples = yield from _made(ctx, params, series, chosen.method)
    verdict = chosen.sentence(params.splits)
    file = as_table_file(series, samples)
    meta = {"verdict": str(chosen.verdict), "method": chosen.method}
    title = f"{chosen.title}: {path.stem}"
    yield ctx.artifact(Kind.TABLE, file, suffix=".csv", title=title, text=verdict, meta=meta)
    shown = (series_plot(series, samples), autocorrelation_plot(series, samples))
    yield from plot_events(ctx, (*report.plots(comparison, judged, chosen.method), *shown))
    card = card_of(f"Synthetic series: {path.stem}", judged, verdict, notes)
    more: dict[str, Any] = {"channels": [outcome.name for outcome in series.columns]}
    if len(series.columns) > 1:
        card += "\n" + "\n".join(correlation_lines(series, samples))
    more |= {"rows": len(samples), "lags": series.lags}
    yield from report_events(ctx, params, path.stem, judged, chosen, notes, card, more)


def _made(
    ctx: TaskContext, params: Augment, series: Series, method: str
) -> Generator[Event, None, NDArray[np.float64]]:
    rng = np.random.default_rng((ctx.rng.seed, params.splits))
    generator = SERIES_GENERATORS[method]()
    for _ in generator.fit([series.values], rng):
        yield ctx.progress(0, 0, "Making the series")
    return generator.sample(params.rows or len(series.values), rng)


def as_table_file(series: Series, samples: NDArray[np.float64]) -> bytes:
    """Return a made series as CSV; its times begin after the last real one, evenly spaced."""
    step = float(np.median(np.diff(series.times.values)))
    times = series.times.values[-1] + step * np.arange(1, len(samples) + 1)
    columns = replace(series.times, values=times), *(
        replace(column, values=channel) for column, channel in zip(series.columns, samples.T)
    )  # fmt: skip
    return as_csv(Table(columns))


def correlation_lines(series: Series, samples: NDArray[np.float64]) -> list[str]:
    """Return the correlation of each pair of columns as a table in Markdown, real and made."""
    names = [column.name.replace("|", "¦") for column in series.columns]
    pairs = [f"{a}, {b}" for a, b in combinations(names, 2)]
    both = zip(pairs, correlations(series.values), correlations(samples))
    head = ["## Correlation between columns", "", "| columns | real | made |", "|---|---|---|"]
    return [*head, *(f"| {pair} | {real:.2f} | {new:.2f} |" for pair, real, new in both), ""]


def series_plot(series: Series, samples: NDArray[np.float64]) -> Plot:
    """Return the last real values beside the first made ones."""
    return Plot(
        "Real and made series",
        x=Axis("step"),
        y=Axis(series.column.name),
        series=[
            Line(y=list(series.values[-_SHOWN:, 0]), name="real"),
            Line(y=list(samples[:_SHOWN, 0]), name="made"),
        ],
    )


def autocorrelation_plot(series: Series, samples: NDArray[np.float64]) -> Plot:
    """Return the autocorrelation of both."""
    lags = 4 * series.lags
    steps = list(range(1, lags + 1))
    both = (("real", series.values[:, 0]), ("made", samples[:, 0]))
    return Plot(
        "Autocorrelation",
        x=Axis("lag"),
        y=Axis("autocorrelation", minimum=-1, maximum=1),
        series=[
            Line(y=list(autocorrelation(values, lags)), x=list(steps), name=name)
            for name, values in both
            if len(values) > lags
        ],
    )
