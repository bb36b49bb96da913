"""The text of a Word document (.docx). Run in the child of ``pdf``, within its limits.

Format: ECMA-376, part 1: a ZIP file with ``word/document.xml`` in it. Headings get the ``#`` of
Markdown, for whoever cuts the text into passages. Headers, notes and pictures are left out.
"""

from __future__ import annotations

import re
from typing import IO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

MEMBER = "word/document.xml"
MAX_BYTES = 64_000_000
"""Of its XML: what unfolds to more is no letter."""

_PIECE = 1 << 16
_WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
_TWICE = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"
"""What older programs show in the place of what stands beside it."""
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_HEADING = re.compile(r"heading ?([1-6])", re.IGNORECASE)


def is_word(data: bytes) -> bool:
    """Return whether a file that begins like this may be a Word document."""
    return data.startswith(b"PK\x03\x04")


def read(file: IO[bytes]) -> str:
    """Return the text, a line for each paragraph; empty if there is none.

    Raises:
        LookupError: It is another kind of ZIP file.
        MemoryError: Its XML is larger than any that was typed.
        ValueError: It is damaged, or its XML has definitions of its own.
    """
    try:
        with ZipFile(file) as parts:
            if MEMBER not in parts.namelist():
                raise LookupError(MEMBER)
            with parts.open(MEMBER) as xml:
                return _text(xml)
    except (BadZipFile, expat.ExpatError, NotImplementedError, RuntimeError) as error:
        raise ValueError(str(error)) from error


def _text(xml: IO[bytes]) -> str:
    pieces: list[str] = []
    heading, twice, is_text = "", 0, False

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal heading, twice, is_text
        twice += name == _TWICE
        local = name.removeprefix(_WORDS)
        is_text = local == "t" and not twice
        if local == "pStyle" and (level := _HEADING.match(attributes.get(f"{_WORDS}val", ""))):
            heading = "#" * int(level[1]) + " "
        elif local in _BREAKS and not twice:
            pieces.append(_BREAKS[local])

    def end(name: str) -> None:
        nonlocal heading, twice, is_text
        twice -= name == _TWICE
        is_text = False
        if name == f"{_WORDS}p" and not twice:
            pieces.append("\n")
            heading = ""

    def write(text: str) -> None:
        nonlocal heading
        if is_text:
            pieces.append(heading + text)
            heading = ""

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = write
    parser.StartDoctypeDeclHandler = _refuse
    read = 0
    while piece := xml.read(_PIECE):
        read += len(piece)
        if read > MAX_BYTES:
            raise MemoryError
        parser.Parse(piece, False)
    parser.Parse(b"", True)
    return "".join(pieces).strip("\n")


def _refuse(*_: object) -> None:
    raise ValueError("a Word document defines nothing")
