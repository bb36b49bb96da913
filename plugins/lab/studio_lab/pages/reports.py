"""Tables and verdicts of a worker as Markdown in the language of the window. Pure functions."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from studio.api import translated
from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_lab.pages.phrases import plot_name, title_in_words

MOST_ROWS = 40
"""Of a table; the Gallery shows all of it."""


def table(text: str) -> str:
    """Return the first rows of a CSV table as Markdown.

    Heads stay as they are: programs read the columns of the file by them.
    """
    rows = list(islice(csv.reader(io.StringIO(text)), MOST_ROWS))
    return _table(rows[0], rows[1:]) if rows else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [" | ".join(cell.replace("|", "¦") for cell in row) for row in (head, *rows)]
    return "\n".join([lines[0], " | ".join("---" for _ in head), *lines[1:]])


def card(report: Mapping[str, Any]) -> str:
    """Return a card whose ``lines`` a task left as parts of sentences."""
    return "\n".join(translated(line, tr) for line in report["lines"])


def comparison(report: Mapping[str, Any], title: Callable[[str], str] = str) -> str:
    """Return a comparison of models with plain baselines: defects, then all measures.

    Args:
        report: ``measure``, ``notes``, and ``rows`` with ``name``, ``role``, ``measures``,
            ``findings``.
        title: Returns the title of a model, by its id.
    """
    rows, measure = report["rows"], report["measure"]
    names = list(dict.fromkeys(name for row in rows for name in row["measures"]))
    models = [row for row in rows if row["role"] == "weights"]
    verdicts = [f"**{_name(row, title)}**: {_verdict(row, measure)}" for row in models]
    head = [tr("Measure"), *(_role(row, title) for row in rows)]
    cells = [
        [plot_name(name), *(_in_a_cell(row["measures"].get(name)) for row in rows)]
        for name in names
    ]
    notes = [f"- {translated(note, tr)}" for note in report.get("notes", ())]
    return "\n\n".join(filter(None, [*verdicts, "\n".join(notes), _table(head, cells)]))


def _name(row: Mapping[str, Any], title: Callable[[str], str]) -> str:
    """Return what samples are called: two models of one title differ by the end of their ids."""
    name = str(row["name"])
    titled = title(name)
    if titled == name:
        return plot_name(name)
    return f"{title_in_words(titled)} ({name.rpartition('-')[2]})"


def _verdict(row: Mapping[str, Any], measure: str) -> str:
    value = row["measures"].get(measure)
    parts = [f"{plot_name(measure)} {_estimate(value)}."] if value else []
    wrong = {
        "copies": tr("It copies training examples."),
        "collapse": tr(
            "Its samples vary less than half as much as real ones, or miss most of the classes."
        ),
        "baseline": tr("A plain baseline is better."),
        "unsure": tr("These figures do not tell whether it is better than a plain baseline."),
    }
    defects = [wrong.get(code, code) for code in row["findings"]]
    parts += defects or [
        tr("It is better than the plain baselines, and nothing else is wrong with it.")
    ]
    return " ".join(parts)


def _role(row: Mapping[str, Any], title: Callable[[str], str]) -> str:
    """Return the head of a column: all models in it learned from the same data."""
    name = _name(row, lambda id: title(id).partition(": ")[0])
    if row["role"] == "baseline":
        return tr("{name} (plain baseline)").format(name=name)
    return tr("{name} (real)").format(name=name) if row["role"] == "held-out" else name


def _in_a_cell(value: Mapping[str, float] | None) -> str:
    """Return a figure whose interval is broken between its ends, where the column is narrow."""
    return _estimate(value).replace("–", "–\u200b")


def _estimate(value: Mapping[str, float] | None) -> str:
    if value is None:
        return ""
    middle, low, high = (localised(f"{value[key]:.3g}") for key in ("value", "low", "high"))
    return middle if low == high else f"{middle} ({low}–{high})"
