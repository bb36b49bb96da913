"""Metadata of a video file without decoding it, and external players for it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from studio.protocol.regular_file import open_regular

_STARTS = {
    ".mp4": (4, b"ftyp"),
    ".m4v": (4, b"ftyp"),
    ".mov": (4, b"ftyp"),
    ".webm": (0, b"\x1aE\xdf\xa3"),
    ".mkv": (0, b"\x1aE\xdf\xa3"),
}
"""Suffix → what stands where in a file of that format. Nothing else is handed to a decoder or a
program: a plugin may call anything a video."""


def is_film(path: Path) -> bool:
    """Return whether a file is what its suffix says, as far as its first bytes tell."""
    at, mark = _STARTS.get(path.suffix.lower(), (0, b""))
    try:
        with open_regular(path) as file:
            return bool(mark) and file.read(16)[at : at + len(mark)] == mark
    except OSError:
        return False


def play_outside(path: Path) -> bool:
    """Open a file in the program that this computer plays videos with; False if there is none."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
