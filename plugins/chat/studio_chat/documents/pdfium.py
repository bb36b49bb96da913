"""PDFs by PDFium: the text of their pages, where its lines are, and pictures of them.

Run in the child of ``pdf``, within its limits.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import IO, Any

Box = tuple[int, int, int, int]
SCALE = 10_000
"""A box is left, top, right and bottom in parts of the page's width and height: this many."""
_HYPHEN = "\ufffe"
"""What PDFium has for a hyphen that parts a word at the end of a line."""
_PICTURE = 3
"""The number of pictures among the objects of a page (``FPDF_PAGEOBJ_IMAGE``)."""
_OBJECTS = 200
"""Of a page that are looked at for a picture; a scan has one or few."""


def read(file: IO[bytes], most: int) -> dict[str, Any]:
    """Return ``pages`` and which of them, from 1, are ``scanned``: a picture without text.

    Args:
        most: Characters that are wanted of all pages.
    """
    with _opened(file) as document:
        if isinstance(document, str):
            return {"problem": document}
        pages: list[str] = []
        scanned: list[int] = []
        size = 0
        for number in range(len(document)):
            with closing(document[number]) as page:
                text = _text(page)
                pages.append(text)
                if not text.strip() and _has_picture(page):
                    scanned.append(number + 1)
            size += len(text)
            if size > most:
                return {"problem": "long"}
    if not scanned and not any(page.strip() for page in pages):
        return {"problem": "empty"}
    return {"pages": pages, "unit": "page", "scanned": scanned}


def picture(file: IO[bytes], number: int, longest: int, *, gray: bool) -> dict[str, Any]:
    """Return a page as ``pixels`` with their ``size``, and the ``boxes`` of its lines of text.

    Args:
        number: Of the page, from 1.
        longest: Pixels of its longer side.
        gray: One byte a pixel, else three: red, green, blue.
    """
    with _opened(file) as document:
        if isinstance(document, str):
            return {"problem": document}
        if not 1 <= number <= len(document):
            return {"problem": "gone"}
        with closing(document[number - 1]) as page:
            width, height = page.get_size()
            if not (0 < width < math.inf and 0 < height < math.inf):
                return {"problem": "broken"}
            scale = longest / max(width, height)
            drawn = page.render(scale=scale, grayscale=gray, rev_byteorder=True, prefer_bgrx=False)
            step = 1 if gray else 3
            rows = memoryview(drawn.buffer).cast("B")
            pixels = b"".join(
                rows[y * drawn.stride : y * drawn.stride + step * drawn.width]
                for y in range(drawn.height)
            )
            return {
                "size": [drawn.width, drawn.height],
                "pixels": pixels,
                "boxes": [] if gray else list(_boxes(page)),
            }


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[Any]:
    """Open a document; give the problem in its place where it has one."""
    import pypdfium2
    from pypdfium2 import raw

    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", 0) in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        yield "locked" if locked else "broken"
        return
    with closing(document):
        yield document


def _text(page: Any) -> str:
    with closing(page.get_textpage()) as text:
        return _lines(text.get_text_range())


def _lines(text: str) -> str:
    """Normalise line ends, and join words hyphenated across lines."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace(_HYPHEN, "").rstrip("\n")


def _has_picture(page: Any) -> bool:
    for number, item in enumerate(page.get_objects(max_depth=3)):
        if item.type == _PICTURE:
            return True
        if number > _OBJECTS:
            break
    return False


def _boxes(page: Any) -> Iterator[Box | None]:
    """Yield where each line is, in the order of the text; None for one without a place."""
    from pypdfium2 import raw

    width, height = page.get_size()
    with closing(page.get_textpage()) as text:
        start = 0
        for line in text.get_text_range().split("\r\n"):
            first = raw.FPDFText_GetCharIndexFromTextIndex(text, start)
            count = raw.FPDFText_CountRects(text, first, len(line)) if line.strip() else 0
            yield _around(text, count, page, (width, height))
            start += len(line) + 2


def _around(text: Any, count: int, page: Any, size: tuple[float, float]) -> Box | None:
    """Return what holds the first ``count`` rectangles that PDFium found for a line."""
    from pypdfium2 import raw

    corners: list[tuple[float, float]] = []
    for index in range(count):
        values = [ctypes.c_double() for _ in range(4)]  # left, top, right, bottom
        if not raw.FPDFText_GetRect(text, index, *map(ctypes.byref, values)):
            continue
        left, top, right, bottom = (value.value for value in values)
        for x, y in ((left, top), (right, bottom)):
            across, down = ctypes.c_int(), ctypes.c_int()
            raw.FPDF_PageToDevice(
                page, 0, 0, SCALE, SCALE, 0, x, y, ctypes.byref(across), ctypes.byref(down)
            )
            corners.append((across.value, down.value))
    if not corners:
        return None
    across_all, down_all = zip(*corners, strict=True)
    box = (min(across_all), min(down_all), max(across_all), max(down_all))
    left_, top_, right_, bottom_ = (round(min(max(value, 0), SCALE)) for value in box)
    return left_, top_, right_, bottom_
