"""Which reader reads a file that is neither PDF nor plain text. Run in the child of ``pdf``."""

from __future__ import annotations

import codecs
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from studio_chat.documents import docx, epub, odt, slides, table, web
from studio_chat.documents.parts import Parts

PAGES = (".html", ".htm", ".xhtml")
TABLES = (".csv", ".tsv")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Begins an Office file with a password, and those of before 2007."""
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_ours(data: bytes, suffix: str) -> bool:
    """Return whether a file that begins like this is read here."""
    if data.lstrip().startswith(b"%PDF-"):
        return False  # whatever it is called
    return docx.is_word(data) or data.startswith(_OLE) or suffix in (*PAGES, *TABLES)


def read(file: IO[bytes], suffix: str, most: int) -> dict[str, Any]:
    """Return ``pages`` with their ``unit``, ``titles`` and ``head`` where they have such.

    What cannot be read is a ``problem`` (a key of ``pdf``'s sentences) in their place.

    Args:
        most: Characters that are wanted of a table.

    Raises:
        MemoryError: It unfolds to more than any document has.
    """
    data = file.read(len(_OLE))
    file.seek(0)
    try:
        if data.startswith(_OLE):
            return {"problem": "office"}
        return _zipped(file) if docx.is_word(data) else _typed(file.read(), suffix, most)
    except PermissionError:
        return {"problem": "locked"}
    except UnicodeError:
        return {"problem": "alphabet"}
    except (BadZipFile, LookupError, NotImplementedError, RuntimeError, SyntaxError, ValueError):
        return {"problem": "torn"}


def _zipped(file: IO[bytes]) -> dict[str, Any]:
    with ZipFile(file) as archive:
        parts = Parts(archive)
        if docx.MEMBER in parts.names:
            return {"pages": [docx.read(file)]}
        if epub.CONTAINER in parts.names:
            texts, titles = epub.read(parts)
            return {"pages": texts, "unit": "chapter", "titles": titles}
        if slides.MEMBER in parts.names:
            return {"pages": slides.read(parts), "unit": "slide"}
        if "mimetype" in parts.names and parts.read("mimetype").strip().endswith(b".text"):
            return {"pages": [odt.read(parts)]}
    return {"problem": "other"}


def _typed(data: bytes, suffix: str, most: int) -> dict[str, Any]:
    text = _decoded(data, web.charset(data) if suffix in PAGES else "")
    if suffix in TABLES:
        rows, head = table.read(text, suffix, most) if text.strip() else ("", "")
        return {"pages": [rows], "unit": "row", "head": head}
    return {"pages": [web.read(text)[1]]}


def _decoded(data: bytes, declared: str) -> str:
    """Decode text: as UTF-8 if valid, else by the declared charset, else Western European."""
    if data.startswith(_UTF16):
        text = data.decode("utf-16")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode(declared or "cp1252")
    if "\0" in text:
        raise UnicodeError("no text has this")
    return text
