"""Read a source for display: a page with boxes, or lines of text. Reads files, knows no Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from studio.api import Sandbox, finished
from studio_chat.documents import passages
from studio_chat.documents.passages import Document
from studio_chat.documents.pdf import Box, Picture
from studio_chat.pages.phrases import merged, place_name

MOST_CHARACTERS: Final = 20_000
"""Of a passage in view: more is slow to lay out."""
LONGEST: Final = 2_000
"""Pixels of a page's longer side."""
_AROUND: Final = 12
"""Lines above and below a passage."""


@dataclass(frozen=True)
class Shown:
    """A page or a text, and what of it is the passage.

    Attributes:
        heading: Which document, and where in it.
        picture: The page; None where the text is shown.
        boxes: Of the lines of the passage on the page.
        page, pages: Which page it is, and how many there are; 0 for a text.
        text: Shown where there is no picture.
        marked: First and last line of ``text`` that are the passage, from 0; empty for all.
    """

    heading: str
    picture: Picture | None = None
    boxes: tuple[Box, ...] = ()
    page: int = 0
    pages: int = 0
    text: str = ""
    marked: tuple[tuple[int, int], ...] = ()


def show(source: Mapping[str, Any], place: int, sandbox: Sandbox, page: int = 0) -> Shown:
    """Read the document again and return one of its stretches for display.

    Args:
        source: As in the result of ``chat.reply``.
        place: Index of the stretch, the best first.
        sandbox: Where the document is opened.
        page: Page to show; 0 for the one on which the passage begins.

    Raises:
        BadInput: The document cannot be read any more.
    """
    path = str(source.get("path", ""))
    document = finished(passages.read(path, sandbox, scans=True))
    name = str(source.get("document", ""))
    if source.get("whole") and not document.has_pictures:
        return Shown(name, text=document.text.strip()[:MOST_CHARACTERS])
    stretch, parts = _parts(source, place)
    heading = f"{name}, {place_name(source, stretch)}" if parts else name
    if not document.has_pictures:
        text, marked = _with_lines_around(document, parts)
        return Shown(heading, text=text, marked=marked)
    count = len(document.pages)
    number = min(max(page or _first_page(source, document, parts), 1), count)
    drawn = finished(passages.picture(path, sandbox, number, LONGEST))
    boxes = _scanned(source, number) or _typed(document, drawn, number, parts)
    return Shown(heading, drawn, tuple(boxes), number, count)


def _parts(source: Mapping[str, Any], place: int) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """Return a stretch, and the lines in it that were used, its best part first."""
    if source.get("whole"):
        return (1, 1), []
    pairs = source.get("pages") or source["lines"]
    first, last = stretch = merged(pairs)[place]
    return stretch, [
        (int(a), int(b))
        for (a, b), (low, high) in zip(source["lines"], pairs, strict=True)
        if first <= low and high <= last
    ]


def _first_page(
    source: Mapping[str, Any], document: Document, parts: Sequence[tuple[int, int]]
) -> int:
    if not parts:
        return 1
    for pair, lines in zip(source.get("pages") or (), source["lines"], strict=False):
        if tuple(lines) == parts[0]:
            return int(pair[0])
    return document.page(parts[0][0])


def _scanned(source: Mapping[str, Any], page: int) -> list[Box]:
    """Return the boxes of the recognised lines used on a page."""
    boxes = (box for box in source.get("boxes") or () if len(box) == 5 and box[0] == page)
    return [(int(a), int(b), int(c), int(d)) for _, a, b, c, d in boxes]


def _typed(
    document: Document, drawn: Picture, page: int, parts: Sequence[tuple[int, int]]
) -> list[Box]:
    start = document.pages[page - 1]
    return [
        box
        for number, box in enumerate(drawn.boxes, start)
        if box is not None and any(first <= number <= last for first, last in parts)
    ]


def _with_lines_around(
    document: Document, parts: Sequence[tuple[int, int]]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return the passages with the lines around them, and which lines they are."""
    lines = document.text.split("\n")
    shown: list[str] = []
    marked = []
    for first, last in parts:
        if shown:
            shown += ["", "[…]", ""]
        begin, end = max(1, first - _AROUND), min(len(lines), last + _AROUND)
        at = len(shown) + first - begin
        marked.append((at, at + last - first))
        shown += lines[begin - 1 : end]
    return "\n".join(shown)[:MOST_CHARACTERS], tuple(marked)
