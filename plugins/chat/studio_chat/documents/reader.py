"""Read one document, with text recognition for scanned pages."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from studio.api import BadInput, Event, TaskContext
from studio_chat.documents import formats, photo
from studio_chat.documents.passages import Document, read, shown_name
from studio_chat.documents.scans import recognise

SUFFIXES: Final = frozenset((
    *(".txt", ".md", ".markdown", ".rst", ".tex", ".log", ".pdf", ".docx", ".odt", ".epub"),
    *(".pptx", *formats.PAGES, *formats.TABLES, *photo.SUFFIXES),
))  # fmt: skip
"""Of files that are documents where a folder has others, too."""


def read_document(
    ctx: TaskContext, path: str, reader: str | None
) -> Generator[Event, None, Document]:
    """Read one document, the pages that are pictures too where there is a ``reader`` for them.

    Raises:
        BadInput: It cannot be read.
        StudioError: The reader cannot be used.
    """
    steps = read(path, ctx.file_sandbox, scans=bool(reader))
    try:
        while True:
            next(steps)
            yield ctx.progress(0, 1, f"Reading {shown_name(path)}")
    except StopIteration as end:
        document: Document = end.value
    finally:
        steps.close()
    if reader and document.scanned:
        document = yield from recognise(ctx, path, document, reader)
        if not document.text.strip():
            raise BadInput(f"No text was found in {document.name}.", "Scan it more clearly.")
    return document
