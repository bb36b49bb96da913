"""Cards of scores and sounds that came without a picture. Takes as long as the disk."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QImage

from studio.api import StudioError, read_regular
from studio_music.pages.score_reader import LARGEST, read_piece
from studio_music.score import thumbnails


def score_card(path: Path) -> QImage:
    """Return the notes of a score; a null image of one that cannot be read."""
    try:
        return QImage.fromData(thumbnails.score_png(read_piece(path)))
    except (StudioError, OSError):  # its details say why
        return QImage()


def sound_card(path: Path) -> QImage:
    """Return the wave of a WAV file; a null image of any other, and of one that is very long."""
    from studio_music.audio.audio_files import read_wav

    try:
        if path.suffix.lower() != ".wav" or path.stat().st_size > LARGEST:
            return QImage()
        samples, _rate = read_wav(read_regular(path))
    except (StudioError, OSError):
        return QImage()
    return QImage.fromData(thumbnails.sound_png(samples))
