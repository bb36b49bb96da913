"""The task ``chat.recognise``: documents become text, scanned pages by text recognition."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import BadInput, Event, Kind, TaskContext
from studio_chat.documents.passages import MAX_DOCUMENTS, Document
from studio_chat.documents.reader import read_document
from studio_chat.schema import Recognise as Params


def recognise(ctx: TaskContext, params: Params) -> Iterator[Event]:
    """Read each document; resume scans after a stop without repeating finished pages.

    Yields progress in pages, a ``text`` artifact for each document, and the result: ``documents``,
    for each its ``name``, ``pages`` (0 for one without), ``recognised`` (number of scanned pages)
    and ``text``.

    Raises:
        BadInput: There are no documents, too many, or one cannot be read.
        StudioError: The weights cannot be used.
    """
    if not 1 <= len(params.documents) <= MAX_DOCUMENTS:
        raise BadInput(
            f"Choose 1 to {MAX_DOCUMENTS} documents.", "Drop them on the field, or browse."
        )
    documents = []
    for path in params.documents:
        document = yield from read_document(ctx, path, params.weights)
        text = in_pages(document)
        yield ctx.artifact(
            Kind.TEXT, text.encode(), suffix=".md", title=document.name, text=document.text
        )
        is_scan = [document.page(n) for n, box in enumerate(document.boxes, 1) if box is not None]
        documents.append(
            {
                "name": document.name,
                "pages": len(document.pages),
                "recognised": len(set(is_scan)),
                **({"text": document.text} if ctx.wants_whole else {}),
            }
        )
    yield ctx.result(documents=documents)


def in_pages(document: Document) -> str:
    """Return the text of a document, with a heading for each page where it has several."""
    if len(document.pages) < 2:
        return document.text
    unit = document.unit.capitalize()
    return "\n\n".join(
        f"## {unit} {number}\n\n" + "\n".join(lines)
        for number, lines in enumerate(document.by_page(), 1)
    )
