"""Read the source file of a task; reject files that are not text or too large."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from studio.api import BadInput, Inputs
from studio_code import languages
from studio_code.languages import Language

MAX_BYTES: Final = 1_000_000
MAX_FILES: Final = 400
MAX_ALL_CHARS: Final = 8_000_000
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Source:
    """A file by its relative path, and its text."""

    path: str
    text: str

    @property
    def language(self) -> Language:
        """What its ending tells."""
        return languages.of_path(self.path)


def given(inputs: Inputs, file: str, path: str) -> Source:
    """Return the source of a task: the input ``text`` at ``path``, or the file ``file``.

    Raises:
        BadInput: Neither is given, or it is not usable text; gives the reason.
    """
    text = inputs.text("text")
    if len(text) > MAX_BYTES:
        raise BadInput(f"A file of {len(text):,} characters is too long.", "Choose a part of it.")
    if text.strip():
        return Source(relative(path) if path else "untitled.py", text)
    if not file:
        raise BadInput("No file was given.", "Choose a file.")
    file_source = read(Path(file))
    if not file_source.strip():
        raise BadInput(f"“{Path(file).name}” is empty.", "Choose a file that contains code.")
    return Source(Path(file).name, file_source)


def read(path: Path) -> str:
    """Return the text of a file, its line ends as they are.

    Raises:
        BadInput: It is missing, too large, no ordinary file or no text; says which.
    """
    try:
        # A pipe or a device would hold the runtime for ever.
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise BadInput(f"“{path.name}” is not a regular file.", "Choose another file.")
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"“{path.name}” cannot be read: {error.strerror}.", "Choose another file."
        ) from error
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"“{path.name}” is {facts.st_size / 1e6:,.1f} MB; the limit is {MAX_BYTES / 1e6:g} MB.",
            "Save the relevant part as a separate file.",
        )
    return decoded(data, path.name)


def decoded(data: bytes, name: str) -> str:
    """Return the text of ``data``: UTF-8, or UTF-16 or UTF-32 with its mark.

    Raises:
        BadInput: It is none of these.
    """
    encoding = next((codec for mark, codec in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInput(
            f"“{name}” cannot be read as text: byte {error.start:,} is not valid {encoding}.",
            "Save it as UTF-8, or choose another file.",
        ) from error
    if "\0" in text:
        raise BadInput(f"“{name}” is a binary file.", "Choose a file that contains code.")
    return text


def sent(inputs: Inputs, name: str) -> list[Source]:
    """Return the files sent by a page: the input ``name``.

    Raises:
        BadInput: As ``sources``.
    """
    return sources(inputs.json(name, list[dict[str, str]], []))


def sources(rows: Sequence[Mapping[str, str]]) -> list[Source]:
    """Return rows of ``path`` and ``text`` as files.

    Raises:
        BadInput: There are too many, they are too large, or a row or a path is malformed.
    """
    if len(rows) > MAX_FILES:
        raise BadInput(f"{len(rows)} files are too many; the limit is {MAX_FILES}.", "Send fewer.")
    result = []
    for number, row in enumerate(rows, 1):
        if set(row) != {"path", "text"}:
            raise BadInput(
                f"File {number} has no path or no text.", "Give it a path and text only."
            )
        result.append(Source(relative(row["path"]), row["text"]))
    if sum(len(item.text) for item in result) > MAX_ALL_CHARS:
        raise BadInput(
            f"The files have too many characters; the limit is {MAX_ALL_CHARS:,} in total.",
            "Send fewer.",
        )
    return result


def relative(path: str) -> str:
    """Return ``path`` as a relative one with slashes.

    Raises:
        BadInput: It leads out of its folder, or is no path.
    """
    text = path.replace("\\", "/")
    parts = PurePosixPath(text).parts
    is_odd = not parts or len(text) > 400 or not text.isprintable()
    if is_odd or text.startswith("/") or ".." in parts or _DRIVE.match(text):
        raise BadInput(
            f"“{path[:80]}” is not a path inside the folder.", "Use a path relative to the folder."
        )
    return str(PurePosixPath(*parts))
