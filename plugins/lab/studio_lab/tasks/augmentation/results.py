"""Results shared by all augmentations, for any kind of data."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from studio.api import Event, Kind, TaskContext, as_parts
from studio.api.plot import Plot
from studio_lab.augmentation import report
from studio_lab.augmentation.trial import Trial
from studio_lab.augmentation.verdict import Outcome
from studio_lab.schema import Augment

HOW = (
    "Gains are over real data alone, on real data that neither the method nor what learned from "
    "it had seen. Intervals are 95% confidence intervals, corrected for "
    "splits that share data (Nadeau and Bengio 2003) and for the number of methods. The attack "
    "guesses from distances which data were learned from; other attacks may find more."
)


def tried(
    ctx: TaskContext, running: Iterable[Trial | None], methods: int, splits: int
) -> Generator[Event, None, list[Trial]]:
    """Run trials to their end, and tell where they are."""
    trials: list[Trial] = []
    for trial in running:
        if trial:
            trials.append(trial)
        split = min(splits, len(trials) // methods + 1)
        yield ctx.progress(len(trials), splits * methods, f"Split {split} of {splits}")
    return trials


def as_report(
    params: Augment, name: str, judged: Sequence[Outcome], chosen: Outcome, notes: Sequence[str]
) -> dict[str, Any]:
    """Return the outcomes as plain data for the window's report."""
    return {
        "kind": "augmentation",
        "data": params.kind,
        "name": name,
        "score": chosen.score,
        "splits": params.splits,
        "chosen": chosen.method,
        "outcomes": {outcome.method: report.outcome_data(outcome) for outcome in judged},
        "notes": [as_parts(note) for note in notes],
    }


def plot_events(ctx: TaskContext, plots: Iterable[Plot]) -> Iterator[Event]:
    """Yield plots as artifacts."""
    for plot in plots:
        yield ctx.artifact(Kind.PLOT, plot.encode(), suffix=plot.SUFFIX, title=plot.title)


def report_events(
    ctx: TaskContext,
    params: Augment,
    name: str,
    judged: Sequence[Outcome],
    chosen: Outcome,
    notes: Sequence[str],
    card: str,
    more: Mapping[str, Any],
    table: Sequence[str] = (),
    leaks: Sequence[str] = (),
) -> Iterator[Event]:
    """Yield the report, and the result of the task.

    Args:
        card: Markdown; the report in English, for a file.
        more: Entries of the result specific to this kind of data.
        table: Lines of Markdown about the real table.
        leaks: Warning of a target leak, shown before every verdict.
    """
    shown = as_report(params, name, judged, chosen, notes)
    shown |= {"table": list(map(as_parts, table)), "leaks": list(map(as_parts, leaks))}
    meta = {"report": shown}
    yield ctx.artifact(
        Kind.TEXT, card.encode(), suffix=".md", title=f"Report: {name}", text=card, meta=meta
    )
    yield ctx.result(
        verdict=str(chosen.verdict),
        effect=str(chosen.effect),
        sentence=chosen.sentence(params.splits),
        method=chosen.method,
        score=chosen.score,
        methods={outcome.method: report.outcome_data(outcome) for outcome in judged},
        notes=[str(note) for note in (*leaks, *notes)],
        **more,
    )


def card_of(title: str, judged: Sequence[Outcome], sentence: str, notes: Sequence[str]) -> str:
    """Return a card without a table of columns, for data other than tables."""
    lines = [f"# {title}", "", sentence, "", *report.outcome_lines(judged), "", HOW, ""]
    lines += ["Synthetic data are not measurements. Say so wherever they are used.", ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes), ""])
