"""What is told of a data set, in the language of the window. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import told
from studio_lab.pages.phrases import plot_name, tr


def description(report: Mapping[str, Any], card: str) -> str:
    """Return the card of a data set as Markdown.

    Args:
        report: As the task left it: ``kind_of_rows``, ``places`` of its phrase, ``split``,
            ``classes``, ``found`` and ``notes``.
        card: That of the file, of which what is not said by codes follows: figures and excerpts.
    """
    split = ", ".join(f"{plot_name(name)} {count:,}" for name, count in report["split"].items())
    lines = [_kind(report), "", tr("Split: {parts}.").format(parts=split), ""]
    if classes := report["classes"]:
        total = sum(classes.values())
        each = (f"{name} {count:,} ({count / total:.1%})" for name, count in classes.items())
        lines += [tr("Classes: {counts}.").format(counts=", ".join(each)), ""]
    notes = (told(note, tr) for note in report["notes"])
    lines += [f"- {noticed}" for noticed in (*_found(report["found"]), *notes)]
    return "\n".join(lines) + f"\n\n{report['figures']}" + card.partition(report["figures"])[2]


def _kind(report: Mapping[str, Any]) -> str:
    said = {
        "sounds": tr(
            "{rows} sounds, as pictures of {width} × {height}: moments by bands of pitch."
        ),
        "tunes": tr(
            "{rows} pieces of tunes, of at most {length} tokens; {vocabulary} different ones."
        ),
        "molecules": tr(
            "{rows} molecules, of at most {length} tokens; {vocabulary} different ones."
        ),
        "pictures": tr("{rows} pictures of {width} × {height} pixels."),
        "text": tr("{rows} pieces of text, of {length} tokens; {vocabulary} different ones."),
        "table": tr("{rows} rows of {columns} numbers."),
        "pairs": tr(
            "{rows} pairs of texts, of at most {length} tokens; {vocabulary} different ones."
        ),
    }
    return said.get(report["kind_of_rows"], said["text"]).format(**report["places"])


def _found(found: Mapping[str, int]) -> list[str]:
    told = []
    if found["equal"]:
        said = tr("Duplicates: {count} of {rows} examples.")
        told.append(said.format(count=f"{found['equal']:,}", rows=f"{found['rows']:,}"))
    if found["near"]:
        said = tr("Near duplicates: {count} of {rows} examples.")
        told.append(said.format(count=f"{found['near']:,}", rows=f"{found['looked']:,}"))
    if found["leaked"]:
        said = tr(
            "Leaks: {count} of {rows} held-out examples are in the training, too, or nearly so; "
            "figures on them are too good."
        )
        told.append(said.format(count=f"{found['leaked']:,}", rows=f"{found['held_out']:,}"))
    return told or [tr("No duplicates and no leaks were found.")]
