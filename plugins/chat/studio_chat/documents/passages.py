"""Documents that a conversation is about: read with limits, cut into passages. Ranks nothing."""

from __future__ import annotations

import codecs
import os
import re
import stat
from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import IO

from studio.api import BadInput, Sandbox
from studio_chat.documents import formats, pdf, photo
from studio_chat.documents.pdf import Box

MAX_BYTES = 2_000_000
"""Of one document: a thousand pages."""
MAX_DOCUMENTS = 16
PASSAGE_CHARACTERS = 900
"""Of a passage: about as much as the encoder reads."""

_HEADING = re.compile(r"#{1,6} .{2,100}$|(?:\d{1,3}|[A-Z])(?:\.\d{1,3}){1,5}\.? +\S.{2,90}$")
"""A line that is one: of Markdown, or with a number of at least two parts."""
_LEADERS = re.compile(r"\. ?\. ?\.|\s\d+$")
"""What leads to the number of a page in a table of contents."""
KEPT_CHARACTERS = 32_000_000
"""Of all whose text took a child to read: they are kept in memory, drawn on turn after turn."""

_WHAT_WOULD_DO = "Choose a PDF, Word, EPUB, HTML, picture or text file (such as .txt or .md)."
_ONLY_SCANNED = "{name} contains no text, only scanned pages."
_GET_READER = "Download “PP-OCRv6 small” on the Models page: it reads scans."
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_kept: dict[tuple[object, ...], Document] = {}
"""By the path, size and time of change of the file."""


@dataclass(frozen=True)
class Document:
    """A text that was read.

    Attributes:
        name: Of its file, safe to show and to name in a prompt.
        text: All of it.
        pages: The first line of each page; none where there are no pages.
        unit: What a place in it is called: ``page``, ``slide``, ``chapter``, ``row`` or ``line``.
        titles: Of its chapters, empty for those without one.
        head: The first row of a table, repeated above each passage of it.
        scanned: Numbers of the pages that are pictures and were not read yet.
        boxes: Where each line is that was read from a picture, as ``pdf.Picture`` has it.
    """

    name: str
    text: str
    pages: tuple[int, ...] = ()
    unit: str = "line"
    titles: tuple[str, ...] = ()
    head: str = ""
    scanned: tuple[int, ...] = ()
    boxes: tuple[Box | None, ...] = ()

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n") + (not self.text.endswith("\n"))

    @property
    def has_pictures(self) -> bool:
        """Whether its pages can be drawn."""
        return self.unit == "page"

    def page(self, line: int) -> int:
        """Return the number of the page that a line is on, from 1."""
        return max(1, bisect_right(self.pages, line))

    def by_page(self) -> list[list[str]]:
        """Return the lines of each page; of a document without pages all as one."""
        lines = self.text.split("\n")
        starts = [*(self.pages or (1,)), len(lines) + 1]
        return [lines[start - 1 : end - 1] for start, end in pairwise(starts)]


@dataclass(frozen=True)
class Passage:
    """A piece of a document.

    Attributes:
        document: Its name.
        first, last: Numbers of its lines, from 1.
        text: Without the lines around it.
        heading: What it lies under; empty where nothing looks like one.
    """

    document: str
    first: int
    last: int
    text: str
    heading: str = ""


def shown_name(path: str) -> str:
    """Return the name of a file so that it is one line and no more than that."""
    name = "".join(character if character.isprintable() else "·" for character in Path(path).name)
    return name if len(name) <= 80 else f"{name[:79]}…"


def read(path: str, sandbox: Sandbox, *, scans: bool = False) -> Generator[None, None, Document]:
    """Yield while that takes long; return the document at ``path``.

    Args:
        sandbox: Where it is opened, unless it is plain text.
        scans: Whether a document is wanted that has no text yet, only pictures of pages.

    Raises:
        BadInput: It cannot be read, is too long, empty, or of a kind that is not read.
    """
    name = shown_name(path)
    with _opened(path) as file:
        data = file.read(MAX_BYTES + 1)
        suffix = Path(path).suffix.lower()
        has_pages = data.lstrip().startswith(b"%PDF-") or photo.is_photo(data)
        if has_pages or formats.is_ours(data, suffix):
            document = yield from _in_child(file, path, sandbox, suffix, has_pages=has_pages)
            if document.scanned and not document.text.strip() and not scans:
                raise BadInput(_ONLY_SCANNED.format(name=name), _GET_READER)
            return document
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"{name} is larger than the limit of {MAX_BYTES // 1_000_000} MB.",
            "Choose a shorter excerpt.",
        )
    encoding = "utf-16" if data.startswith(_UTF16) else "utf-8-sig"
    try:
        text = data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        if b"\0" not in data:  # text, but nothing says in which of many alphabets
            raise BadInput(
                f"{name} is not encoded as UTF-8.", "Save it as UTF-8 or PDF."
            ) from error
        raise BadInput(f"{name} is not a text file.", _WHAT_WOULD_DO) from error
    if "\0" in text:
        raise BadInput(f"{name} is not a text file.", _WHAT_WOULD_DO)
    if not text.strip():
        raise BadInput(f"{name} is empty.", "Choose another file.")
    return Document(name, text)


def picture(
    path: str, sandbox: Sandbox, page: int, longest: int, *, gray: bool = False
) -> Generator[None, None, pdf.Picture]:
    """Yield while it is drawn; return a page of a PDF or of a file of pictures.

    Args:
        sandbox: Where it is opened.
        page: From 1.
        longest: Pixels of its longer side.

    Raises:
        BadInput: The file cannot be read, or has no such page.
    """
    with _opened(path) as file:
        name = shown_name(path)
        return (yield from pdf.read_picture(file, name, sandbox, page, longest, gray=gray))


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    """Open a regular file; never waits for a pipe."""
    try:
        place = Path(path).expanduser()
        with open(os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError("it is not a file")
            yield file
    except (OSError, ValueError) as error:  # a name may hold what no name may
        reason = getattr(error, "strerror", None) or str(error)
        words = f"{shown_name(path)} cannot be read: {reason}."
        raise BadInput(words, "Choose it again.") from error


def _in_child(
    file: IO[bytes], path: str, sandbox: Sandbox, suffix: str, *, has_pages: bool
) -> Generator[None, None, Document]:
    facts = os.fstat(file.fileno())
    key = (path, facts.st_size, facts.st_mtime_ns)
    if key in _kept:
        return _kept[key]
    os.lseek(file.fileno(), 0, os.SEEK_SET)  # the child reads what we have open
    name = shown_name(path)
    answer = yield from pdf.read_pages(file, name, sandbox, suffix, has_pages=has_pages)
    unit = answer.get("unit", "line")
    document = _kept[key] = replace(
        of_pages(name, answer["pages"], unit),
        titles=tuple(answer.get("titles", ())),
        head=answer.get("head", "")[: PASSAGE_CHARACTERS // 2],
        scanned=tuple(answer.get("scanned", ())),
    )
    while sum(len(cached.text) for cached in list(_kept.values())) > KEPT_CHARACTERS:
        _kept.pop(next(iter(_kept)))
    return document


def of_pages(name: str, pages: Sequence[str], unit: str) -> Document:
    """Return a document whose pages are these."""
    starts = [1]
    for page in pages[:-1]:
        starts.append(starts[-1] + page.count("\n") + 1)
    has_pages = unit not in {"line", "row"}
    return Document(name, "\n".join(pages), tuple(starts) if has_pages else (), unit)


def passages(document: Document) -> list[Passage]:
    """Cut a document into passages of up to ``PASSAGE_CHARACTERS``, at the ends of its lines.

    A passage ends early before a heading, and at an empty line when it is half full. Those of a
    table have its head above them.
    """
    cut: list[Passage] = []
    held: list[tuple[int, str]] = []
    size = 0
    heading = above = ""

    def end() -> None:
        nonlocal size, above
        text = "\n".join(piece for _, piece in held).strip("\n")
        if text.strip():
            if document.head and held[0][0] > 1:
                text = f"{document.head}\n{text}"
            cut.append(Passage(document.name, held[0][0], held[-1][0], text, above))
        held.clear()
        size, above = 0, heading

    for number, piece in _pieces(document.text):
        is_border = piece.startswith("#") or (not piece.strip() and 2 * size > PASSAGE_CHARACTERS)
        if held and (size + len(piece) > PASSAGE_CHARACTERS or is_border):
            end()
        if _HEADING.match(piece) and not _LEADERS.search(piece):
            heading = piece.strip()
            above = above if held else heading
        if held or piece.strip():  # a passage begins with something
            held.append((number, piece))
            size += len(piece) + 1
    end()
    return cut


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers; endless ones in several pieces."""
    for number, line in enumerate(text.split("\n"), 1):
        start = 0
        while len(line) - start > PASSAGE_CHARACTERS:
            end = start + PASSAGE_CHARACTERS
            cut = line.rfind(" ", start + PASSAGE_CHARACTERS // 2, end)
            cut = cut if cut > 0 else end
            yield number, line[start:cut]
            start = cut
            while line[start : start + 1] == " ":
                start += 1
        yield number, line[start:]
