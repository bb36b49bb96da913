"""How a text lies in its file: encoding, byte order mark, line endings. Bytes in, bytes out."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass

from studio.api import BadInput, ErrorCode, StudioError

LARGEST = 8 << 20
LONGEST_LINE = 20_000
"""Longer lines would hold up the window while they are laid out."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNKEPT = ("\u2029", "\ufdd0", "\ufdd1")
"""Characters that a text document uses for itself."""


@dataclass(frozen=True)
class TextFormat:
    """File format beside the text, preserved when saving.

    Attributes:
        mark: Byte order mark, or nothing.
        newline: Line ending of most lines.
        mixed: Whether other line endings occur; saving unifies them.
    """

    encoding: str = "utf-8"
    mark: bytes = b""
    newline: str = "\n"
    mixed: bool = False

    @property
    def words(self) -> str:
        """Return "UTF-8 · LF"."""
        names = {
            "utf-8": "UTF-8",
            "utf-16-le": "UTF-16 LE",
            "utf-16-be": "UTF-16 BE",
            "cp1252": "Windows-1252",
            "latin-1": "Latin-1",
        }
        ends = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}[self.newline]
        name = names.get(self.encoding, self.encoding)
        name += " BOM" if self.mark and self.encoding == "utf-8" else ""
        return f"{name} · {ends}"


@dataclass(frozen=True)
class TextFile:
    """A file that was read.

    Attributes:
        text: With ``\\n`` between lines.
        digest: Of the bytes on the disk.
        locked: Why it can be read only; empty where it may be changed.
    """

    text: str
    format: TextFormat
    digest: str
    locked: str = ""


def digest(data: bytes) -> str:
    """Return what tells two contents apart."""
    return hashlib.sha256(data).hexdigest()


def too_large(name: str, size: int) -> StudioError:
    """Return the sentence for a file that is not opened because of its size."""
    return BadInput(
        f"{name} has {size / (1 << 20):,.0f} MB; the limit is {LARGEST >> 20} MB.",
        "Open it with a program made for large files; it was not changed.",
    )


def decode(data: bytes, name: str) -> TextFile:
    """Return the text of a file.

    Raises:
        StudioError: It is binary, too large, or has a line too long to show.
    """
    if len(data) > LARGEST:
        raise too_large(name, len(data))
    mark, encoding = next((m for m in _MARKS if data.startswith(m[0])), (b"", "utf-8"))
    if b"\0" in data and not encoding.startswith("utf-16"):
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"{name} cannot be read as text: it is a binary file.",
            "Open it with the program it was made for; it was not changed.",
        )
    locked = ""
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        mark, encoding, text = b"", *_one_byte(data)
    _check_lines(text, name)
    newline, mixed = _endings(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(character in text for character in _UNKEPT) or "\0" in text:
        locked = f"{name} holds characters that an edit would lose, so it can only be read here."
    return TextFile(text, TextFormat(encoding, mark, newline, mixed), digest(data), locked)


def _one_byte(data: bytes) -> tuple[str, str]:
    """Return an encoding of one byte a character, and the text: both give the same bytes back."""
    try:
        return "cp1252", data.decode("cp1252")
    except UnicodeDecodeError:  # five bytes mean nothing there
        return "latin-1", data.decode("latin-1")


def encode(text: str, form: TextFormat) -> bytes:
    """Return ``text`` (lines parted by ``\\n``) as it lies in the file.

    Raises:
        StudioError: The encoding has no place for a character.
    """
    lines = text if form.newline == "\n" else text.replace("\n", form.newline)
    try:
        return form.mark + lines.encode(form.encoding)
    except UnicodeEncodeError as error:
        odd = text[error.start : error.start + 1]
        raise BadInput(
            f"The character {odd!a} cannot be written as {form.words.split(' · ')[0]}.",
            "Remove it; what you wrote is still here.",
        ) from error


def _endings(text: str) -> tuple[str, bool]:
    windows = text.count("\r\n")
    counts = {"\n": text.count("\n") - windows, "\r\n": windows, "\r": text.count("\r") - windows}
    newline = max(counts, key=lambda end: counts[end]) if any(counts.values()) else "\n"
    return newline, sum(1 for count in counts.values() if count) > 1


def _check_lines(text: str, name: str) -> None:
    longest = max(map(len, text.splitlines()), default=0)
    if longest > LONGEST_LINE:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"{name} has a line of {longest:,} characters; the limit is {LONGEST_LINE:,}.",
            "Lay it out over several lines with its own program; it was not changed.",
        )
