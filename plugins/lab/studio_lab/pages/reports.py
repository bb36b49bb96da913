"""Tables and verdicts of a worker as Markdown in the language of the window. Pure functions."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from studio_lab.pages.phrases import plot_name, tr

MOST_ROWS = 40
"""Of a table; the Gallery shows all of it."""


def table(text: str) -> str:
    """Return the first rows of a CSV table as Markdown."""
    rows = list(islice(csv.reader(io.StringIO(text)), MOST_ROWS))
    return _table(rows[0], rows[1:]) if rows else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [" | ".join(cell.replace("|", "¦") for cell in row) for row in (head, *rows)]
    return "\n".join([lines[0], " | ".join("---" for _ in head), *lines[1:]])


def comparison(report: Mapping[str, Any]) -> str:
    """Return a comparison of models with plain baselines: what is wrong, then all measures.

    Args:
        report: ``measure``, and ``rows`` with ``name``, ``role``, ``measures``, ``findings``.
    """
    rows, measure = report["rows"], report["measure"]
    names = list(dict.fromkeys(name for row in rows for name in row["measures"]))
    models = [row for row in rows if row["role"] == "weights"]
    said = [f"**{plot_name(row['name'])}**: {_verdict(row, measure)}" for row in models]
    head = [tr("Samples"), *map(measure_name, names)]
    cells = [
        [_role(row), *(_estimate(row["measures"].get(name)) for name in names)] for row in rows
    ]
    return "\n\n".join([*said, _table(head, cells)])


def _verdict(row: Mapping[str, Any], measure: str) -> str:
    value = row["measures"].get(measure)
    parts = [f"{measure_name(measure)} {_estimate(value)}."] if value else []
    wrong = {
        "copies": tr("It copies training examples."),
        "collapse": tr(
            "Its samples vary less than half as much as real ones, or miss most of the classes."
        ),
        "baseline": tr("It is not clearly better than a plain baseline."),
    }
    found = [wrong.get(code, code) for code in row["findings"]]
    parts += found or [
        tr("It is better than the plain baselines, and nothing else is wrong with it.")
    ]
    return " ".join(parts)


def _role(row: Mapping[str, Any]) -> str:
    name = plot_name(row["name"])
    if row["role"] == "baseline":
        return tr("{name} (plain baseline)").format(name=name)
    return tr("{name} (real)").format(name=name) if row["role"] == "held-out" else f"**{name}**"


def measure_name(name: str) -> str:
    """Return a measure as it is called in the language of the window."""
    return {
        "precision": tr("Precision"),
        "recall": tr("Recall"),
        "diversity": tr("Diversity"),
        "bits per character": tr("Bits per character"),
        "bound (nats per dimension)": tr("Bound (nats per dimension)"),
        "copies": tr("Copies"),
        "copies by features": tr("Copies by features"),
        "nearest training example": tr("Distance to the nearest training example"),
        "pair distance": tr("Distance of pairs"),
        "longest copied span": tr("Longest copied span"),
        "classes covered": tr("Classes covered"),
        "distinct pairs of words": tr("Distinct pairs of words"),
        "valid": tr("Valid"),
        "unique": tr("Unique"),
        "novel": tr("Novel"),
        "pitch classes apart": tr("Pitch classes apart"),
        "lengths apart": tr("Lengths apart"),
    }.get(name, name)


def _estimate(value: Mapping[str, float] | None) -> str:
    if value is None:
        return ""
    middle, low, high = (f"{value[key]:.3g}" for key in ("value", "low", "high"))
    return middle if low == high else f"{middle} ({low}–{high})"
