"""Writing a piece to a file in the format that its name asks for. Slow: beside the window."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from studio.api import SavedArtifact, StudioError, outcome
from studio_music.pages.score_reader import read_piece
from studio_music.score.piece import Piece

PICTURE_FORMATS: Final = (".svg", ".pdf")
SOUND_FORMATS: Final = (".wav", ".flac")
_PAGE_PX: Final = 1100
"""How wide a system is engraved before it is scaled to paper: staves of about 7 mm."""


def write_score(piece: Piece, path: Path) -> tuple[str, ...]:
    """Write a piece as MIDI, MusicXML or ABC; return the losses, in sentences.

    Raises:
        StudioError: It cannot be written in that format.
        OSError: The disk refuses; an existing file is untouched.
    """
    from studio_music.score.formats import losses, write

    put(path, write(piece, path.suffix.lower()))
    return losses(piece, path.suffix)


def write_picture(piece: Piece, path: Path) -> None:
    """Write the score as one SVG, or as a PDF of A4 pages.

    Raises:
        StudioError: It cannot be engraved.
        OSError: The disk refuses; what was there is untouched.
    """
    from studio_music.score import engraving

    if path.suffix.lower() == ".svg":
        put(path, engraving.picture(piece))
        return
    engraved = engraving.engrave(piece, width_px=_PAGE_PX)
    put(path, pdf(engraved.pages, engraved.sizes, piece.title))


def pdf(pages: Sequence[str], sizes: Sequence[tuple[float, float]], title: str) -> bytes:
    """Return systems as a PDF: as many on an A4 page as there is room for, the title above."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, Qt
    from PySide6.QtGui import QFont, QPageLayout, QPageSize, QPainter, QPdfWriter
    from PySide6.QtSvg import QSvgRenderer

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(title)
    writer.setCreator("Offline Studio")
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(12, 12, 12, 12), QPageLayout.Unit.Millimeter)
    painter = QPainter(writer)
    font = QFont()
    font.setPointSizeF(16)
    painter.setFont(font)
    scale = writer.width() / _PAGE_PX
    heading = painter.fontMetrics().height() * 2
    where = QRectF(0, 0, writer.width(), heading)
    painter.drawText(where, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, title)
    top = float(heading)
    for page, (width, height) in zip(pages, sizes):
        if top > heading and top + height * scale > writer.height():
            writer.newPage()
            top = 0.0
        room = QRectF(0, top, width * scale, height * scale)
        QSvgRenderer(QByteArray(page.encode())).render(painter, room)
        top += height * scale
    painter.end()
    return bytes(buffer.data().data())


def export_artifact(artifact: SavedArtifact, path: Path) -> None:
    """Write a score of the library in the format of the ending of ``path``.

    Raises:
        StudioError: It cannot be read, written in that format, or put there.
    """

    def write() -> None:
        piece = read_piece(artifact.path)
        picture = path.suffix.lower() in PICTURE_FORMATS
        (write_picture if picture else write_score)(piece, path)

    _told(write)


def export_sound(artifact: SavedArtifact, path: Path) -> None:
    """Write a sound of the library as FLAC.

    Raises:
        StudioError: It cannot be read or put there.
    """
    from studio_music.audio.audio_files import flac, read_wav

    def write() -> None:
        samples, rate = read_wav(artifact.path.read_bytes())
        put(path, flac(samples, rate, title=artifact.title))

    _told(write)


def _told(write: Callable[[], None]) -> None:
    error = outcome(write)
    if isinstance(error, StudioError):
        raise error


def put(path: Path, data: bytes) -> None:
    """Replace a file by ``data`` as a whole."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
