"""Documents that a conversation is about: read with limits, cut into passages. Ranks nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.api import BadInput

MAX_BYTES = 2_000_000
"""Of one document: a thousand pages."""
MAX_DOCUMENTS = 16
PASSAGE_CHARACTERS = 900
"""Of a passage: about as much as the encoder reads."""

_WHAT_WOULD_DO = "Text of any kind will do, .txt or .md say, in UTF-8."


@dataclass(frozen=True)
class Document:
    """A text that was read.

    Attributes:
        name: Of its file, safe to show and to name in a prompt.
        text: All of it.
    """

    name: str
    text: str

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n") + (not self.text.endswith("\n"))


@dataclass(frozen=True)
class Passage:
    """A piece of a document.

    Attributes:
        document: Its name.
        first, last: Numbers of its lines, from 1.
        text: Without the lines around it.
    """

    document: str
    first: int
    last: int
    text: str


def shown_name(path: str) -> str:
    """Return the name of a file so that it is one line and no more than that."""
    name = "".join(each if each.isprintable() else "·" for each in Path(path).name)
    return name if len(name) <= 80 else f"{name[:79]}…"


def read(path: str) -> Document:
    """Return the document at ``path``.

    Raises:
        BadInput: It cannot be read, is too long, empty, or no text.
    """
    name = shown_name(path)
    try:
        data = _bytes(Path(path).expanduser())
    except (OSError, ValueError) as error:  # a name may hold what no name may
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"{name} cannot be read: {reason}.", "Choose it again.") from error
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"{name} is longer than {MAX_BYTES // 1_000_000} MB, the most that is read.",
            "Give a part of it.",
        )
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is not a text.", _WHAT_WOULD_DO) from error
    if "\0" in text or data.startswith(b"%PDF-"):
        raise BadInput(f"{name} is not a text.", _WHAT_WOULD_DO)
    if not text.strip():
        raise BadInput(f"{name} is empty.", "Choose another.")
    return Document(name, text)


def _bytes(path: Path) -> bytes:
    """Return what a regular file holds, as far as it may be read; never waits for a pipe."""
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no file")
        return file.read(MAX_BYTES + 1)


def passages(document: Document) -> list[Passage]:
    """Cut a document into passages of up to ``PASSAGE_CHARACTERS``, at the ends of its lines.

    A passage ends early before a heading, and at an empty line when it is half full.
    """
    found: list[Passage] = []
    held: list[tuple[int, str]] = []
    size = 0

    def end() -> None:
        nonlocal size
        text = "\n".join(piece for _, piece in held).strip("\n")
        if text.strip():
            found.append(Passage(document.name, held[0][0], held[-1][0], text))
        held.clear()
        size = 0

    for number, piece in _pieces(document.text):
        is_border = piece.startswith("#") or (not piece.strip() and 2 * size > PASSAGE_CHARACTERS)
        if held and (size + len(piece) > PASSAGE_CHARACTERS or is_border):
            end()
        if held or piece.strip():  # a passage begins with something
            held.append((number, piece))
            size += len(piece) + 1
    end()
    return found


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers; endless ones in several pieces."""
    for number, line in enumerate(text.split("\n"), 1):
        while len(line) > PASSAGE_CHARACTERS:
            cut = line.rfind(" ", PASSAGE_CHARACTERS // 2, PASSAGE_CHARACTERS)
            cut = cut if cut > 0 else PASSAGE_CHARACTERS
            yield number, line[:cut]
            line = line[cut:].lstrip(" ")
        yield number, line
