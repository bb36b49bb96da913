"""The text that a task works on: given or read from a document, in parts that a model can take."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Generator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from studio.api import BadInput, Event, TaskContext, TextEngine
from studio_chat.documents.passages import Document
from studio_chat.documents.reader import read_document

_PARAGRAPH_END = re.compile(r"\s*\n\s*\n\s*")
_BREAKS = re.compile(r"(?<=[.!?…。])\s+|\n|\s+|(?<=[。！？])")
_SAMPLE = 20_000


@dataclass(frozen=True)
class Part:
    """A stretch of the text.

    Attributes:
        start, end: In characters; between two parts is nothing but space.
        first, last: Its lines, from 1.
        text: Itself.
    """

    start: int
    end: int
    first: int
    last: int
    text: str


def subject(ctx: TaskContext, text: str, path: str) -> Generator[Event, None, Document]:
    """Return the text to work on.

    Raises:
        BadInput: There is none, or the document cannot be read.
    """
    if not path:
        if not text.strip():
            raise BadInput("There is no text.", "Enter a text, or choose a document.")
        return Document("", text)
    return (yield from read_document(ctx, path, None))


def parts(text: str, most: int) -> list[Part]:
    """Cut a text between its paragraphs, or within one between sentences or words.

    Args:
        most: Characters of a part.
    """
    spans: list[tuple[int, int]] = []
    for start, end in _pieces(text, most):
        if spans and end - spans[-1][0] <= most:
            spans[-1] = spans[-1][0], end
        else:
            spans.append((start, end))
    lines = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
    return [
        Part(start, end, bisect_right(lines, start), bisect_right(lines, end - 1), text[start:end])
        for start, end in spans
    ]


def room_for(engine: TextEngine, text: str, tokens: int) -> int:
    """Return how many characters of ``text`` are about so many tokens; rather fewer."""
    sample = text[: min(_SAMPLE, 16 * engine.context_length)]
    return max(200, int(0.9 * tokens * len(sample) / max(engine.count(sample), 1)))


def place(document: Document, part: Part) -> dict[str, Any]:
    """Return where a part is: its lines, and its pages where there are any."""
    lines: dict[str, Any] = {"lines": [part.first, part.last]}
    if document.pages:
        pages = [document.page(part.first), document.page(part.last)]
        lines |= {"pages": pages, "unit": document.unit}
    return lines


def _pieces(text: str, most: int) -> list[tuple[int, int]]:
    """Return the paragraphs, those that are too long in pieces."""
    spans: list[tuple[int, int]] = []
    borders = [(m.start(), m.end()) for m in _PARAGRAPH_END.finditer(text)]
    edges = [(0, 0), *borders, (len(text), len(text))]
    for (_, start), (end, _) in pairwise(edges):
        start += len(text[start:end]) - len(text[start:end].lstrip())
        end = start + len(text[start:end].rstrip())
        while end - start > most:
            cut, after = _break(text, start, start + most)
            spans.append((start, cut))
            start = after
        if end > start:
            spans.append((start, end))
    return spans


def _break(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where a piece that begins at ``start`` ends, and the next one begins."""
    best = (end, end)
    for match in _BREAKS.finditer(text, start + (end - start) // 2, end):
        is_better = text[match.start() - 1] in ".!?…。！？\n"
        if is_better or best == (end, end) or text[best[0] - 1] not in ".!?…。！？":
            best = match.start(), match.end()
    return best
