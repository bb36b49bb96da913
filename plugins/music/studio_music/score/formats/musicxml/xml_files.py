"""MusicXML files as element trees: plain or zipped, bounded, without entities. Reads no music."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from studio.api import BadInput

MAX_BYTES: Final = 32 << 20
MAX_ELEMENTS: Final = 1_500_000

_CONTAINER: Final = "META-INF/container.xml"


def tree(data: bytes) -> Element:
    """Return the root of a MusicXML file, ``.mxl`` or plain.

    Raises:
        BadInput: It is too large, damaged, or not what it should be.
    """
    text = _unzipped(data) if data.startswith(b"PK") else data
    if len(text) > MAX_BYTES or text.count(b"<") > 2 * MAX_ELEMENTS:
        raise BadInput(
            "This score is too large.",
            f"The limit is {MAX_BYTES >> 20} MB; split it into smaller files.",
        )
    root = _parsed(text)
    if root.tag not in ("score-partwise", "score-timewise"):
        raise BadInput("This XML file is not a score.", "Choose a MusicXML file.")
    return root


def _parsed(text: bytes) -> Element:
    try:
        return fromstring(text)
    except DefusedXmlException as error:
        raise BadInput(
            "This file declares XML entities, which scores do not need, so it was not opened.",
            "Export the score again.",
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        reason = str(error).split(":")[0] or "damaged"
        raise BadInput(
            f"This XML file is incomplete or damaged: {reason}.", "Export the score again."
        ) from error


def _unzipped(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _member(archive, _score_name(archive))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise BadInput("This .mxl file is damaged.", "Export the score again.") from error


def _score_name(archive: zipfile.ZipFile) -> str:
    names = archive.namelist()
    if _CONTAINER in names:
        for file in _parsed(_member(archive, _CONTAINER)).iter("rootfile"):
            if file.get("full-path") in names:
                return file.get("full-path", "")
    scores = [n for n in names if n.endswith((".xml", ".musicxml")) and "META-INF" not in n]
    if not scores:
        raise BadInput("There is no score in this .mxl file.", "Choose another file.")
    return scores[0]


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a file in the archive, never more of it than a byte above the limit."""
    with archive.open(name) as member:
        return member.read(MAX_BYTES + 1)


# ---- words and numbers -------------------------------------------------------------------------


def number(element: Any, path: str, default: float) -> float:
    """Return a finite number below an element, ``default`` where there is none."""
    try:
        value = float(element.findtext(path, ""))
    except ValueError:
        return default
    return value if abs(value) < 1e9 else default


def attribute(element: Any, name: str) -> float | None:
    """Return an attribute as a finite number, None where it is none."""
    try:
        value = float(element.get(name, ""))
    except ValueError:
        return None
    return value if abs(value) < 1e9 else None
