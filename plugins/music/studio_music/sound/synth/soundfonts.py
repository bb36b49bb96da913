"""Sound fonts on this machine: where they lie, and which one is taken. Loads none."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from studio.api import BadInput

CHOICE = "STUDIO_SOUNDFONT"
"""Environment variable with the path of the sound font to use in place of those found."""

MAX_BYTES = 4 * 2**30
_SUFFIXES = (".sf2", ".sf3")
_FOLDERS = {
    "linux": (
        "/usr/share/sounds/sf3", "/usr/share/sounds/sf2", "/usr/share/soundfonts",
        "/usr/local/share/soundfonts", "~/.local/share/soundfonts",
        "~/.local/share/sounds/sf3", "~/.local/share/sounds/sf2",
    ),
    "darwin": (
        "~/Library/Audio/Sounds/Banks", "/Library/Audio/Sounds/Banks",
        "/opt/homebrew/share/soundfonts", "/usr/local/share/soundfonts",
    ),
    "win32": ("~/Documents/SoundFonts", "C:/SoundFonts", "C:/ProgramData/soundfonts"),
}  # fmt: skip
_LIKED = ("musescore_general", "generaluser", "fluidr3", "default-gm", "")
"""Beginnings of names, best first; the last fits all."""


def chosen() -> Path | None:
    """Return the sound font to play with: the one that was picked, else the best found, or None.

    Raises:
        BadInput: The one that was picked cannot be used.
    """
    picked = os.environ.get(CHOICE)
    if picked:
        path = Path(picked).expanduser()
        if not is_soundfont(path):
            raise BadInput(
                f"{path.name or picked} is not a SoundFont.",
                f"Set {CHOICE} to a .sf2 or .sf3 file, or leave it unset.",
            )
        return path.resolve()
    found = [path for path in _files() if is_soundfont(path)]
    return min(found, key=_rank).resolve() if found else None


def is_soundfont(path: Path) -> bool:
    """Return whether ``path`` is a sound font by its first bytes, and of a size that can be one."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
        return head[:4] == b"RIFF" and head[8:] == b"sfbk" and path.stat().st_size <= MAX_BYTES
    except OSError:
        return False


def _files() -> Iterator[Path]:
    for folder in _FOLDERS.get(sys.platform, ()):
        for suffix in _SUFFIXES:
            yield from Path(folder).expanduser().glob(f"*{suffix}")


def _rank(path: Path) -> tuple[int, str]:
    name = path.name.lower()
    return next(i for i, start in enumerate(_LIKED) if name.startswith(start)), name
