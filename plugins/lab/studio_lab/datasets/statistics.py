"""What a data set is, in a card that people read, and in plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from studio.api import as_parts
from studio.api.plot import Axis, Bars, Histogram, Plot
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.duplicates import Duplicates, equal_rows
from studio_lab.datasets.quality import Quality
from studio_lab.datasets.table import Column, Table, Target
from studio_lab.datasets.tokens import END, written

MOST_LINES = 40
_EXCERPTS, _EXCERPT = 3, 300
_TOKENS_SHOWN = 20
_MOST_CLASSES = 40
_KINDS = {
    "sounds": "sounds, as pictures of {width} × {height}: moments by bands of pitch",
    "tunes": "pieces of tunes, of at most {length} tokens; {vocabulary} different ones",
    "molecules": "molecules, of at most {length} tokens; {vocabulary} different ones",
    "pictures": "pictures of {width} × {height} pixels in {colours}",
    "text": "pieces of text, of {length} tokens; {vocabulary} different ones",
    "table": "rows of {columns} numbers",
    "pairs": "pairs of texts, of at most {length} tokens; {vocabulary} different ones",
}


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


def card(data: Dataset, found: Quality, more: list[str]) -> str:
    """Return the card of a data set in Markdown.

    Args:
        more: What was noticed when it was read, one sentence each.
    """
    split = data.split
    lines = [f"# {data.title}", "", f"{len(data.rows):,} {_kind(data)}.", ""]
    parts = [("training", split.training), ("validation", split.validation), ("test", split.test)]
    lines += [f"Split: {', '.join(f'{name} {len(rows):,}' for name, rows in parts)}.", ""]
    if data.classes:
        lines += class_lines("folder" if not data.licence else "class", class_counts(data))
    noticed = [*(found.sentences() or ["No duplicates and no leaks were found."]), *more]
    lines += [*(f"- {sentence}" for sentence in noticed), "", *_statistics(data)]
    if data.licence:
        lines += ["", f"Licence and source: {data.licence}"]
    return "\n".join(lines) + "\n"


def as_report(data: Dataset, found: Quality, more: Sequence[str]) -> dict[str, Any]:
    """Return what the window says the card by: codes and counts, and the figures as they are."""
    split, shape = data.split, data.shape
    return {
        "kind": "description",
        "kind_of_rows": str(data.meta.get("content") or shape.kind),
        "places": {
            "rows": f"{len(data.rows):,}", "width": shape.width, "height": shape.height,
            "length": shape.length, "vocabulary": shape.vocabulary, "columns": shape.columns,
        },
        "split": {
            "training": len(split.training), "validation": len(split.validation),
            "test": len(split.test),
        },
        "classes": class_counts(data) if data.classes else {},
        "found": found.counts(),
        "notes": [as_parts(note) for note in more],
        "figures": "\n".join(_statistics(data)),
    }  # fmt: skip


def class_counts(data: Dataset) -> dict[str, int]:
    """Return how many examples each class has, the most frequent first."""
    counts = np.bincount(data.labels, minlength=len(data.classes))
    order = np.argsort(-counts, kind="stable")
    return {data.classes[at]: int(counts[at]) for at in order}


def plots(data: Dataset) -> list[Plot]:
    """Return what there is to see of a data set in figures."""
    made = []
    if data.classes:
        made.append(_bars("Examples of each class", "class", class_counts(data)))
    if data.shape.kind == "text":
        vocabulary = data.meta["vocabulary"]
        counts = np.bincount(data.rows.ravel(), minlength=len(vocabulary))
        often = [at for at in np.argsort(-counts, kind="stable") if vocabulary[at] != END]
        shown = {repr(vocabulary[at])[1:-1]: int(counts[at]) for at in often[:_TOKENS_SHOWN]}
        made.append(_bars("The most frequent tokens", "token", shown))
        if END in vocabulary:
            lengths = Histogram(values=_lengths(data).astype(float).tolist())
            made.append(Plot("Lengths", x=Axis("tokens"), y=Axis("examples"), series=[lengths]))
    if data.shape.kind == "pictures":
        bright = data.rows.reshape(len(data.rows), -1).mean(1) / (data.shape.levels - 1)
        told = Histogram(values=bright[:: max(1, len(bright) // 20_000)].tolist())
        made.append(Plot("Brightness", x=Axis("mean"), y=Axis("examples"), series=[told]))
    return made


def _bars(title: str, label: str, counts: dict[str, int]) -> Plot:
    shown = dict(list(counts.items())[:_MOST_CLASSES])
    axis = Axis(label, categories=list(shown))
    heights: list[float | None] = [float(count) for count in shown.values()]
    return Plot(title, x=axis, y=Axis("count"), series=[Bars(y=heights)])


def _kind(data: Dataset) -> str:
    shape = data.shape
    name = str(data.meta.get("content") or shape.kind)
    return _KINDS.get(name, _KINDS["text"]).format(
        width=shape.width, height=shape.height, length=shape.length, vocabulary=shape.vocabulary,
        columns=shape.columns, colours="grey" if shape.channels == 1 else "colour",
    )  # fmt: skip


def _lengths(data: Dataset) -> np.ndarray:
    return np.asarray((data.rows != 0).sum(-1))


def _statistics(data: Dataset) -> list[str]:
    """Return what figures say of the rows, by their kind."""
    if data.shape.kind == "pictures":
        values = data.rows[:: max(1, len(data.rows) // 2000)] / (data.shape.levels - 1)
        return [f"Brightness from 0 to 1: mean {values.mean():.3f}, spread {values.std():.3f}."]
    if data.shape.kind == "table":
        head = ["| column | kind | values |", "|---|---|---|"]
        return head + [_column(column) for column in data.meta["columns"]]
    vocabulary, lines = data.meta["vocabulary"], list[str]()
    if END in vocabulary:
        low, middle, high = np.quantile(_lengths(data), [0, 0.5, 1])
        lines = [f"Tokens: {low:.0f} to {high:.0f}, median {middle:.0f}.", ""]
    rows = data.rows[data.split.training[:_EXCERPTS]]
    for row in rows.reshape(len(rows), -1, data.shape.length):
        lines += ["```", *(text[:_EXCERPT] for text in written(row, vocabulary)), "```"]
    return lines


def _column(column: dict[str, object]) -> str:
    name = str(column["name"]).replace("|", "\\|")[:60]
    if isinstance(names := column.get("names"), list):
        return f"| {name} | category | {', '.join(map(str, names[:6]))} |"
    return (
        f"| {name} | {'date' if column['is_date'] else 'number'} | {column['least']:.4g} to "
        f"{column['most']:.4g}, mean {column['mean']:.4g} |"
    )
