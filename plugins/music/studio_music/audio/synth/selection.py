"""Which synthesiser plays: a sound font where there is one, else the studio's own."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from io import BufferedReader
from pathlib import Path

from studio.api import BadInput, StudioError, open_regular
from studio_music.audio.synth import fluidsynth, tiny_soundfont
from studio_music.audio.synth.builtin_synth import BuiltinSynth
from studio_music.audio.synth.font_process import FontProcess
from studio_music.audio.synth.font_synth import FontSynth
from studio_music.audio.synth.protocol import Synth

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

log = logging.getLogger(__name__)


def open_synth(name: str, rate: int, *, font: Path | None = None, in_window: bool = False) -> Synth:
    """Return the synthesiser called "studio", "soundfont" or "auto", for ``rate`` samples a second.

    Its ``name`` says what was taken. "auto" is a sound font where one can be played, else the
    studio's own.

    Args:
        font: The sound font to play with; None for the best that this machine has.
        in_window: In the process of the window: what could end it plays in one of its own.

    Raises:
        StudioError: A sound font was asked for and cannot be played; says why.
    """
    if name == "studio":
        return BuiltinSynth(rate)
    font_or_reason = _font(font)
    if isinstance(font_or_reason, Path):
        try:
            return _with_font(font_or_reason, rate, in_window)
        except StudioError as error:
            if name != "auto":
                raise
            log.warning("The studio's own instrument plays: %s", error.message)
    elif name != "auto":
        raise BadInput(font_or_reason, "Choose the built-in synthesizer.")
    return BuiltinSynth(rate)


def why_no_soundfont(font: Path | None = None) -> str:
    """Return why no sound font can be played here, in a sentence; empty if one can."""
    font_or_reason = _font(font)
    return font_or_reason if isinstance(font_or_reason, str) else ""


def _font(requested: Path | None) -> Path | str:
    """Return the sound font to play with, or why there is none."""
    if fluidsynth.library() is None and not tiny_soundfont.is_there():
        return "FluidSynth is not installed (on Debian: libfluidsynth3)."
    try:
        font = requested if requested is not None and is_soundfont(requested) else chosen()
    except BadInput as error:
        return error.message
    return font or "No SoundFont is installed: `studio models get soundfont` downloads one."


@lru_cache(maxsize=2)
def _with_font(font: Path, rate: int, in_window: bool) -> FontSynth:
    """Keep it open: to unpack the samples of a piano takes a second or two."""
    if fluidsynth.library() is None and in_window:
        return FontProcess(font, rate)
    if fluidsynth.library() is None:
        return tiny_soundfont.TinySoundFont(font, rate)
    return fluidsynth.FluidSynth(font, rate)


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
    fonts = [path for path in _files() if is_soundfont(path)]
    return min(fonts, key=_rank).resolve() if fonts else None


def is_soundfont(path: Path) -> bool:
    """Return whether ``path`` has the parts of a sound font, and is of a size that can be one."""
    try:
        with open_regular(path) as file:
            head = file.read(12)
            if head[:4] != b"RIFF" or head[8:] != b"sfbk" or path.stat().st_size > MAX_BYTES:
                return False
            return _parts(file) >= {b"sdta", b"pdta"}
    except OSError:
        return False


def _parts(file: BufferedReader) -> set[bytes]:
    """Return the names of the lists that follow each other in a RIFF file and are all there."""
    chunks: set[bytes] = set()
    end = os.fstat(file.fileno()).st_size
    while len(head := file.read(13)) >= 12:
        start = head.find(b"LIST", 0, 5)  # not all programs pad a list of odd length
        if start < 0:
            break
        size = int.from_bytes(head[start + 4 : start + 8], "little")
        after = file.tell() - len(head) + start + 8 + size
        if after > end:
            break
        chunks.add(head[start + 8 : start + 12])
        file.seek(after)
    return chunks


def _files() -> Iterator[Path]:
    for folder in _FOLDERS.get(sys.platform, ()):
        for suffix in _SUFFIXES:
            yield from Path(folder).expanduser().glob(f"*{suffix}")


def _rank(path: Path) -> tuple[int, str]:
    name = path.name.lower()
    return next(i for i, start in enumerate(_LIKED) if name.startswith(start)), name
