"""Recognise the text of scanned pages; finished pages are cached, so that a stopped run resumes."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final

from studio.api import BadInput, Event, TaskContext, open_regular, read_regular
from studio_chat.documents import kept_files, passages
from studio_chat.documents.passages import Document
from studio_chat.documents.pdf import Box, Picture
from studio_chat.reading.page import ReadPage

LONGEST: Final = 2_200
"""Pixels of a page's longer side: A4 at 188 dots per inch."""
CACHE_BYTES: Final = 256 << 20
"""Of all that is kept: about 50,000 pages."""

Kept = dict[int, tuple[list[str], list[Box]]]
"""Number of a page → its lines and where they are."""


def recognise(
    ctx: TaskContext, path: str, document: Document, weights: str
) -> Generator[Event, None, Document]:
    """Return ``document`` with the text of the pages that are pictures.

    A page that cannot be drawn has no text. What was read before, of the same file by the same
    weights, is not read again.

    Args:
        path: Of the file.
        weights: Those of the family ``pp-ocr``.

    Raises:
        BadInput: The file cannot be read.
        StudioError: The weights cannot be used.
    """
    key = yield from _key(path, weights)
    notes = ctx.cache / "scans" / f"{key}.jsonl"
    cached = _kept(notes)
    left = [page for page in document.scanned if page not in cached]
    if left:
        with ctx.lease(weights) as reader, _noting(ctx, notes) as file:
            total = len(document.scanned)
            for done, page in enumerate(left, total - len(left)):
                words = f"Recognising page {page} of {len(document.pages)} of {document.name}"
                yield ctx.progress(done, total, words)
                recognised = yield from _page(ctx, reader, path, page)
                cached[page] = _keep(file, page, recognised)
            yield ctx.progress(total, total, words)
        if not ctx.is_private:
            kept_files.used(notes, CACHE_BYTES)
    return _with(document, cached)


def _noting(ctx: TaskContext, notes: Path) -> IO[bytes]:
    """Open the cache file of recognised pages: in memory only for a private job."""
    if ctx.is_private:
        return io.BytesIO()
    notes.parent.mkdir(parents=True, exist_ok=True)
    return notes.open("ab")


def _page(ctx: TaskContext, reader: Any, path: str, page: int) -> Generator[Event, None, ReadPage]:
    steps = passages.picture(path, ctx.file_sandbox, page, LONGEST, gray=True)
    try:
        while True:
            next(steps)
            yield None
    except StopIteration as end:
        drawn: Picture = end.value
    except BadInput:
        if not Path(path).is_file():
            raise
        return ReadPage(())
    finally:
        steps.close()
    import numpy as np

    gray = np.frombuffer(drawn.pixels, np.uint8).reshape(drawn.height, drawn.width, 1)
    result: ReadPage = yield from reader.read(np.repeat(gray, 3, axis=2))
    return result


def _with(document: Document, recognised: Kept) -> Document:
    pages: list[str] = []
    boxes: list[Box | None] = []
    for number, lines in enumerate(document.by_page(), 1):
        texts, places = recognised.get(number, (lines, []))
        pages.append("\n".join(texts))
        boxes += places or [None] * max(len(texts), 1)
    read = passages.of_pages(document.name, pages, document.unit)
    return replace(read, titles=document.titles, boxes=tuple(boxes))


def _key(path: str, weights: str) -> Generator[None, None, str]:
    digest = hashlib.blake2b(f"{weights} {LONGEST}".encode(), digest_size=20)
    try:
        with open_regular(Path(path).expanduser()) as file:
            while piece := file.read(1 << 22):
                digest.update(piece)
                yield None
    except OSError as error:
        words = f"{passages.shown_name(path)} cannot be read: {error.strerror}."
        raise BadInput(words, "Choose it again.") from error
    return digest.hexdigest()


def _kept(notes: Path) -> Kept:
    """Return the pages read before; a line that a sudden end tore is not one."""
    pages: Kept = {}
    with contextlib.suppress(OSError):
        for line in read_regular(notes).split(b"\n"):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                page = json.loads(line)
                boxes = [(int(a), int(b), int(c), int(d)) for a, b, c, d in page["boxes"]]
                if len(boxes) == len(page["lines"]):
                    pages[int(page["page"])] = ([str(text) for text in page["lines"]], boxes)
    return pages


def _keep(file: IO[bytes], page: int, result: ReadPage) -> tuple[list[str], list[Box]]:
    texts = [line.text for line in result.lines]
    boxes = [line.box for line in result.lines]
    line = {"page": page, "turned": result.turned, "lines": texts, "boxes": boxes}
    # A line of its own even behind one that was torn.
    file.write(b"\n" + json.dumps(line, ensure_ascii=False).encode() + b"\n")
    file.flush()
    return texts, boxes
