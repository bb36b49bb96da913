"""Several sets of samples beside each other: a table, a plot, and a sheet of pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.api import as_parts
from studio.api.plot import AnySeries, Axis, Line, Plot, Points
from studio_lab.measures.assessment import Assessment, Role
from studio_lab.measures.estimates import Estimate

LONGEST = 18
"""Characters of a name below an axis."""

SHOWN = 8
"""Samples of each on the sheet."""


def as_csv(assessments: Sequence[Assessment]) -> bytes:
    """Return a table with a row for each set of samples; an interval has columns of its own."""
    names = list(dict.fromkeys(name for assessment in assessments for name in assessment.values))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    cells = [part for name in names for part in (name, f"{name}, low", f"{name}, high")]
    writer.writerow(["samples", "what", "wrong", *cells])
    for assessment in assessments:
        row = [assessment.name, str(assessment.role), ", ".join(assessment.findings)]
        for name in names:
            value = assessment.values.get(name)
            row += _digits(value) if value else [""] * 3
        writer.writerow(row)
    return out.getvalue().encode()


def _digits(value: Estimate) -> list[str]:
    return [f"{number:.6g}" for number in (value.value, value.low, value.high)]


def as_markdown(assessments: Sequence[Assessment]) -> str:
    """Return a table in Markdown with a row for each set of samples."""
    names = list(dict.fromkeys(name for assessment in assessments for name in assessment.values))
    head = ["samples", *names, "wrong"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for assessment in assessments:
        cells = [_cell(assessment.values.get(name)) for name in names]
        wrong = " ".join(finding.sentence for finding in assessment.findings)
        lines.append(f"| {' | '.join([assessment.name, *cells, wrong])} |")
    return "\n".join(lines) + "\n"


def _cell(value: Estimate | None) -> str:
    if value is None:
        return ""
    return f"{value.value:.3g}" if value.low == value.high else str(value)


def as_plot(assessments: Sequence[Assessment], measure: str) -> Plot:
    """Return one measure of all, with intervals, and the line of the best plain baseline."""
    with_it = [assessment for assessment in assessments if measure in assessment.values]
    values = [assessment.values[measure] for assessment in with_it]
    labels = [f"{assessment.name}: {assessment.values[measure]}" for assessment in with_it]
    dots = Points(y=[assessment.value for assessment in values], name="value", labels=labels)
    series: list[AnySeries] = [interval_line(values), dots]
    bars = [v.value for assessment, v in zip(with_it, values) if assessment.role is Role.BASELINE]
    if bars:
        bar = min(bars)
        series.append(Line(y=[bar, bar], x=[0, max(1, len(values) - 1)], name="plain baseline"))
    names = [_short(assessment.name) for assessment in with_it]
    return Plot(measure, x=Axis(categories=names), y=Axis(measure), series=series)


def _short(name: str) -> str:
    """Shorten a name for an axis; the tooltip of a point shows the full one."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def interval_line(values: Sequence[Estimate]) -> Line:
    """Return an upright line for each interval, the first at 0: one series with gaps."""
    ends = [end for estimate in values for end in (estimate.low, estimate.high, None)]
    return Line(y=ends, x=[at // 3 for at in range(len(ends))], name="interval")


def sheet(
    samples: Sequence[NDArray[Any]], nearest: Sequence[NDArray[Any]], gap: int = 2
) -> NDArray[np.uint8]:
    """Return samples in rows, each row above the nearest training examples of its samples.

    Args:
        samples: For each model (n, C, H, W) pictures in 0…1; the first eight are shown.
        nearest: As many training examples, in the same order.

    Returns:
        (H, W, 3) uint8; white lies between models.
    """
    rows = []
    for sample, real in zip(samples, nearest):
        for part in (sample, real):
            framed = np.pad(part[:SHOWN], ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=0.5)
            rows.append(np.concatenate(list(framed), 2))
        rows.append(np.ones((rows[-1].shape[0], gap, rows[-1].shape[2])))
    joined = np.concatenate(rows[:-1], 1)
    shown = np.repeat(joined, 3, 0) if joined.shape[0] == 1 else joined[:3]
    return np.asarray((shown.transpose(1, 2, 0) * 255).round().clip(0, 255), np.uint8)


def as_data(assessment: Assessment) -> dict[str, Any]:
    """Return an assessment as plain data."""
    values = {
        name: {
            "value": float(estimate.value),
            "low": float(estimate.low),
            "high": float(estimate.high),
        }
        for name, estimate in assessment.values.items()
    }
    return {"measures": values, "findings": [str(estimate) for estimate in assessment.findings]}


def as_report(
    assessments: Sequence[Assessment], measure: str, notes: Sequence[str] = ()
) -> dict[str, Any]:
    """Return all that was measured as plain data, from which the window makes a report.

    Args:
        measure: What decides.
        notes: What a person should know of the data.
    """
    rows = [
        {"name": assessment.name, "role": str(assessment.role), **as_data(assessment)}
        for assessment in assessments
    ]
    sentences = [as_parts(note) for note in notes]
    return {"kind": "comparison", "measure": measure, "rows": rows, "notes": sentences}
