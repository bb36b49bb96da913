"""What a data set is, in figures and in a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from studio_lab.datasets.duplicates import Duplicates, equal_rows
from studio_lab.datasets.table import Column, Table, Target

MOST_LINES = 40


def column_line(column: Column) -> str:
    """Return one line of Markdown about a column: its kind, range or categories, and gaps."""
    known = column.values[~np.isnan(column.values)]
    gaps = f"{column.missing / max(1, len(column.values)):.0%}" if column.missing else ""
    return f"| {_cell(column.name)} | {column.kind} | {_summary(column, known)} | {gaps} |"


def _summary(column: Column, known: np.ndarray) -> str:
    if not len(known):
        return ""
    if column.names:
        counts = np.bincount(known.astype(int), minlength=len(column.names))
        order = np.argsort(-counts, kind="stable")
        top = ", ".join(f"{_cell(column.names[at])} ({counts[at]:,})" for at in order[:4])
        return top + (f" and {len(column.names) - 4:,} more" if len(column.names) > 4 else "")
    if column.kind == "date":
        first, last = (np.datetime64(0, "D") + int(edge) for edge in (known.min(), known.max()))
        return f"{first} to {last}"
    low, middle, high = np.quantile(known, [0, 0.5, 1])
    return f"{low:.4g} to {high:.4g}, median {middle:.4g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:60]


def table_card(title: str, table: Table, target: Target | None = None) -> str:
    """Return a card of a table in Markdown: classes, duplicates, columns, and what was noticed."""
    twice = equal_rows(table)
    lines = [f"# {title}", "", f"{len(table):,} rows, {len(table.columns):,} columns.", ""]
    if target:
        lines += class_lines(target.name, target.counts)
    lines += duplicate_lines(twice)
    lines += [*(f"- {note}" for note in table.notes), ""] if table.notes else []
    lines += ["| column | kind | values | gaps |", "|---|---|---|---|"]
    lines += [column_line(column) for column in table.columns[:MOST_LINES]]
    if len(table.columns) > MOST_LINES:
        lines.append(f"\n… and {len(table.columns) - MOST_LINES:,} more columns.")
    return "\n".join(lines) + "\n"


def class_lines(name: str, counts: Mapping[str, int]) -> list[str]:
    """Return lines of Markdown about how many examples each class has."""
    total = sum(counts.values())
    shares = ", ".join(
        f"{label} {count:,} ({count / total:.1%})" for label, count in counts.items()
    )
    return [f"Classes of “{name}”: {shares}.", ""]


def duplicate_lines(found: Duplicates, leaks: Sequence[Sequence[int]] = ()) -> list[str]:
    """Return lines of Markdown about duplicates, and those of them between splits."""
    if not found.groups:
        return ["No duplicates.", ""]
    share = found.extra / max(1, found.rows)
    lines = [f"{found.extra:,} of {found.rows:,} are duplicates ({share:.1%}).", ""]
    if leaks:
        told = (
            f"{len(leaks):,} of them lie in more than one split: figures on the test split are too "
            "good until they are taken out."
        )
        lines += [told, ""]
    return lines
