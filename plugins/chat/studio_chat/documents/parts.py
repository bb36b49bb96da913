"""ZIP files of XML, which books, slides and OpenDocument texts are, read within bounds.

Run in the child of ``pdf``, within its limits.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from zipfile import ZipFile

from defusedxml.ElementTree import DefusedXMLParser

MAX_BYTES = 64_000_000
"""Of all that is unfolded of one file."""
MAX_DEPTH = 400
"""Of elements in elements."""
_PIECE = 1 << 16

Attributes = dict[str, str]


class Parts:
    """The members of a ZIP file.

    Args:
        archive: Open for as long as this is used.
    """

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._left = MAX_BYTES
        self.names = frozenset(archive.namelist())

    def read(self, name: str) -> bytes:
        """Return a member.

        Raises:
            KeyError: There is none of that name.
            MemoryError: This and what was read before are larger than ``MAX_BYTES``.
            PermissionError: It needs a password.
        """
        if self._archive.getinfo(name).flag_bits & 1:
            raise PermissionError(name)
        with self._archive.open(name) as member:
            data = member.read(self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise MemoryError
        return data

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """Return identifier → (kind, member) for the relations of an Office Open XML member."""
        folder, base = posixpath.split(name)
        targets: dict[str, tuple[str, str]] = {}
        rels = f"{folder}/_rels/{base}.rels"

        def begin(tag: str, given: Attributes) -> None:
            if tag == "Relationship" and given.get("TargetMode") != "External":
                kind = given.get("Type", "").rpartition("/")[2]
                targets[given.get("Id", "")] = (kind, resolved(folder, given.get("Target", "")))

        if rels in self.names:
            walk(self.read(rels), begin)
        return targets


def resolved(folder: str, target: str) -> str:
    """Return the member that ``target`` names, seen from ``folder``."""
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


class _Walk:
    def __init__(
        self,
        begin: Callable[[str, Attributes], None],
        end: Callable[[str], None],
        write: Callable[[str], None],
    ) -> None:
        self._begin, self._end, self._write = begin, end, write
        self._depth = 0

    def start(self, tag: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError("too many elements in elements")
        self._begin(tag.rpartition("}")[2], attributes)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._end(tag.rpartition("}")[2])

    def data(self, text: str) -> None:
        self._write(text)

    def close(self) -> None:
        """Return nothing: the walk builds no tree."""


def _ignore(_: str) -> None:
    """Nothing is to be done."""


def walk(
    xml: bytes,
    begin: Callable[[str, Attributes], None],
    end: Callable[[str], None] = _ignore,
    write: Callable[[str], None] = _ignore,
) -> None:
    """Call for each element (by its name without a namespace) and each text; keep no tree.

    Raises:
        ValueError: It is nested too deeply, or defines entities.
        SyntaxError: It is no XML.
    """
    parser = DefusedXMLParser(target=_Walk(begin, end, write))
    for start in range(0, len(xml), _PIECE):
        parser.feed(xml[start : start + _PIECE])
    parser.close()
