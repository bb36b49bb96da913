"""Describe a data set, in a readable card and in plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from studio.api import sentence
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
_BULLET = "- {note}"


def column_line(column: Column) -> str:
    """Return one line of Markdown about a column: its kind, range or categories, and gaps."""
    values = column.values[~np.isnan(column.values)]
    share = column.missing / max(1, len(column.values))
    gaps = f"{column.missing:,} ({share:.1%})" if column.missing else ""
    return row(_cell(column.name), _kind_of_column(column.kind), _summary(column, values), gaps)


def row(*cells: str) -> str:
    """Return a row of a Markdown table, whose cells are translated one by one."""
    names = [f"cell_{at}" for at in range(len(cells))]
    pattern = " | ".join(f"{{{name}}}" for name in names)
    return sentence(f"| {pattern} |", **dict(zip(names, cells, strict=True)))


def _kind_of_column(kind: str) -> str:
    return {
        "number": sentence("number"),
        "date": sentence("date"),
        "category": sentence("category"),
        "text": sentence("text"),
        "constant": sentence("constant"),
        "empty": sentence("empty"),
    }.get(kind, kind)


def _summary(column: Column, values: np.ndarray) -> str:
    if not len(values):
        return ""
    if column.names:
        counts = np.bincount(values.astype(int), minlength=len(column.names))
        order = np.argsort(-counts, kind="stable")
        top = ", ".join(f"{_cell(column.names[at])} ({counts[at]:,})" for at in order[:4])
        if len(column.names) <= 4:
            return top
        return sentence("{names} and {count} more", names=top, count=f"{len(column.names) - 4:,}")
    if column.kind == "date":
        first, last = (np.datetime64(0, "D") + int(edge) for edge in (values.min(), values.max()))
        return sentence("{low} to {high}", low=str(first), high=str(last))
    low, middle, high = (f"{value:.4g}" for value in np.quantile(values, [0, 0.5, 1]))
    return sentence("{low} to {high}, median {middle}", low=low, high=high, middle=middle)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:60]


def table_card(table: Table, target: Target | None = None) -> list[str]:
    """Return lines of Markdown about a table: classes, duplicates, columns, remarks."""
    rows, columns = f"{len(table):,}", f"{len(table.columns):,}"
    lines: list[str] = [sentence("{rows} rows, {columns} columns.", rows=rows, columns=columns), ""]
    if target:
        counts = _shares(target.counts)
        lines += [sentence("Classes of “{name}”: {counts}.", name=target.name, counts=counts), ""]
    lines += [_duplicates(equal_rows(table)), ""]
    lines += [*map(bullet, table.notes), ""] if table.notes else []
    return [*lines, *_columns(table)]


def _columns(table: Table) -> list[str]:
    """Return a table in Markdown with a row for each column."""
    head = (sentence("column"), sentence("kind"), sentence("values"), sentence("gaps"))
    lines = [row(*head), "|---" * len(head) + "|"]
    lines += [column_line(column) for column in table.columns[:MOST_LINES]]
    if (left := len(table.columns) - MOST_LINES) > 0:
        lines += ["", sentence("… and {count} more columns.", count=f"{left:,}")]
    return lines


def bullet(note: str) -> str:
    """Return an item of a Markdown list, whose text is translated separately."""
    return sentence(_BULLET, note=note)


def _shares(counts: Mapping[str, int]) -> str:
    """Return how many examples each class has."""
    total = sum(counts.values())
    return ", ".join(f"{label} {count:,} ({count / total:.1%})" for label, count in counts.items())


def _duplicates(duplicates: Duplicates) -> str:
    if not duplicates.groups:
        return sentence("No duplicates.")
    return sentence(
        "{some} of {all} are duplicates ({share}).",
        some=f"{duplicates.extra:,}", all=f"{duplicates.rows:,}",
        share=f"{duplicates.extra / max(1, duplicates.rows):.1%}",
    )  # fmt: skip


def card(data: Dataset, quality: Quality, more: Sequence[str]) -> list[str]:
    """Return the card of a data set as lines of Markdown.

    Args:
        more: What was noticed when it was read, one sentence each.
    """
    split = data.split
    counts = {
        "training": f"{len(split.training):,}",
        "validation": f"{len(split.validation):,}",
        "test": f"{len(split.test):,}",
    }
    split_line = sentence(
        "Split: training {training}, validation {validation}, test {test}.", **counts
    )
    lines: list[str] = [_kind(data), "", split_line, ""]
    if data.classes:
        shares = _shares(class_counts(data))
        lines += [sentence("Classes: {counts}.", counts=shares), ""]
    noticed = quality.sentences() or [sentence("No duplicates and no leaks were found.")]
    lines += [*map(bullet, (*noticed, *more)), "", *_statistics(data)]
    if data.licence:
        lines += ["", sentence("Licence and source: {licence}", licence=data.licence)]
    return lines


def class_counts(data: Dataset) -> dict[str, int]:
    """Return how many examples each class has, the most frequent first."""
    counts = np.bincount(data.labels, minlength=len(data.classes))
    order = np.argsort(-counts, kind="stable")
    return {data.classes[at]: int(counts[at]) for at in order}


def plots(data: Dataset) -> list[Plot]:
    """Return what there is to see of a data set in figures."""
    result = []
    if data.classes:
        result.append(_bars("Examples of each class", "class", class_counts(data)))
    if data.shape.kind == "text":
        vocabulary = data.meta["vocabulary"]
        counts = np.bincount(data.rows.ravel(), minlength=len(vocabulary))
        often = [at for at in np.argsort(-counts, kind="stable") if vocabulary[at] != END]
        shown = {repr(vocabulary[at])[1:-1]: int(counts[at]) for at in often[:_TOKENS_SHOWN]}
        result.append(_bars("The most frequent tokens", "token", shown))
        if END in vocabulary:
            lengths = Histogram(values=_lengths(data).astype(float).tolist())
            result.append(Plot("Lengths", x=Axis("tokens"), y=Axis("examples"), series=[lengths]))
    if data.shape.kind == "pictures":
        bright = data.rows.reshape(len(data.rows), -1).mean(1) / (data.shape.levels - 1)
        chart = Histogram(values=bright[:: max(1, len(bright) // 20_000)].tolist())
        result.append(Plot("Brightness", x=Axis("mean"), y=Axis("examples"), series=[chart]))
    return result


def _bars(title: str, label: str, counts: dict[str, int]) -> Plot:
    shown = dict(list(counts.items())[:_MOST_CLASSES])
    axis = Axis(label, categories=list(shown))
    heights: list[float | None] = [float(count) for count in shown.values()]
    return Plot(title, x=axis, y=Axis("count"), series=[Bars(y=heights)])


def _kind(data: Dataset) -> str:
    """Return what its rows are, in a sentence."""
    shape = data.shape
    columns = data.table.columns if data.table else data.meta.get("columns", ())
    places = {
        "rows": f"{len(data.rows):,}", "width": shape.width, "height": shape.height,
        "length": shape.length, "vocabulary": shape.vocabulary,
        "columns": len(columns),
    }  # fmt: skip
    match str(data.meta.get("content") or shape.kind):
        case "sounds":
            return sentence(
                "{rows} sounds, as pictures of {width} × {height}: moments by bands of pitch.",
                **places,
            )
        case "tunes":
            return sentence(
                "{rows} pieces of tunes, of at most {length} tokens; {vocabulary} different ones.",
                **places,
            )
        case "molecules":
            return sentence(
                "{rows} molecules, of at most {length} tokens; {vocabulary} different ones.",
                **places,
            )
        case "pictures" if shape.channels == 1:
            return sentence("{rows} pictures of {width} × {height} pixels in grey.", **places)
        case "pictures":
            return sentence("{rows} pictures of {width} × {height} pixels in colour.", **places)
        case "table":
            return sentence("{rows} rows, {columns} columns.", **places)
        case "pairs":
            return sentence(
                "{rows} pairs of texts, of at most {length} tokens; {vocabulary} different ones.",
                **places,
            )
        case _:
            return sentence(
                "{rows} pieces of text, of {length} tokens; {vocabulary} different ones.", **places
            )


def _lengths(data: Dataset) -> np.ndarray:
    return np.asarray((data.rows != 0).sum(-1))


def _statistics(data: Dataset) -> list[str]:
    """Return what figures say of the rows, by their kind."""
    if data.shape.kind == "pictures":
        values = data.rows[:: max(1, len(data.rows) // 2000)] / (data.shape.levels - 1)
        mean, spread = f"{values.mean():.3f}", f"{values.std():.3f}"
        return [
            sentence(
                "Brightness from 0 to 1: mean {mean}, spread {spread}.", mean=mean, spread=spread
            )
        ]
    if data.shape.kind == "table":
        return _columns(data.table) if data.table else []
    vocabulary, lines = data.meta["vocabulary"], list[str]()
    if END in vocabulary:
        low, middle, high = (f"{value:.0f}" for value in np.quantile(_lengths(data), [0, 0.5, 1]))
        lines = [
            sentence(
                "Tokens: {low} to {high}, median {middle}.", low=low, high=high, middle=middle
            ),
            "",
        ]
    rows = data.rows[data.split.training[:_EXCERPTS]]
    for tokens in rows.reshape(len(rows), -1, data.shape.length):
        lines += ["```", *(text[:_EXCERPT] for text in written(tokens, vocabulary)), "```"]
    return lines
