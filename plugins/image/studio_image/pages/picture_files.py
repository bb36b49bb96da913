"""Pictures as files: reading them with care, writing other formats, the recipe inside a PNG.

No widgets; safe on any thread.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize
from PySide6.QtGui import QColor, QImage, QImageReader, QImageWriter, QPainter

from studio.api import BadInput, ErrorCode, SavedArtifact, StudioError
from studio_image.schema import PICTURE_SUFFIXES

MAX_PIXELS = 100_000_000
"""Larger ones are refused before a byte of them is decoded, here as in the runtime."""
SAVE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_QUALITY = 92
_OPAQUE = (".jpg", ".jpeg")
RECIPE_KEY = "offline-studio"
"""The text inside a PNG of the studio that says, as JSON, how it was made."""


def read_picture(path: Path) -> QImage:
    """Return a picture, turned as its camera says.

    Raises:
        BadInput: It cannot be read, or is too large.
    """
    return _decode(_reader(path), path)


def read_thumbnail(path: Path, side: int) -> QImage:
    """Return a picture whose longer side is at most ``side`` pixels; decodes no more than needed.

    Raises:
        BadInput: It cannot be read, or is too large.
    """
    reader = _reader(path)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > side:
        reader.setScaledSize(fitted(size, side))
    image = _decode(reader, path)
    if max(image.width(), image.height()) > side:  # a format that cannot scale while it reads
        image = image.scaled(fitted(image.size(), side))
    return image


def fitted(size: QSize, side: int) -> QSize:
    """Return ``size`` made as small as a square of ``side``, in its own proportions."""
    longer = max(size.width(), size.height(), 1)
    return QSize(
        max(1, round(size.width() * side / longer)), max(1, round(size.height() * side / longer))
    )


def write_picture(image: QImage, path: Path) -> None:
    """Write ``image`` in the format that the suffix of ``path`` names; all of it or nothing.

    Raises:
        BadInput: The suffix is none of ``SAVE_SUFFIXES``.
        StudioError: The disk does not take it.
    """
    suffix = path.suffix.lower()
    if suffix not in SAVE_SUFFIXES:
        raise BadInput(
            f"Pictures cannot be saved as {suffix or 'a file without an ending'}.",
            f"Use one of {', '.join(SAVE_SUFFIXES)}.",
        )
    _write_bytes(encoded(_on_white(image) if suffix in _OPAQUE else image, suffix), path)


def encoded(image: QImage, suffix: str = ".png") -> bytes:
    """Return ``image`` as the bytes of a file.

    Raises:
        StudioError: This installation cannot write the format.
    """
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(suffix.lstrip(".").encode()))
    if suffix != ".png":  # what Qt calls the quality of a PNG is only its compression
        writer.setQuality(_QUALITY)
    if not writer.write(image):
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"The picture could not be written as {suffix}: {writer.errorString()}.",
            "Save it as .png.",
        )
    return bytes(data.data())


def export(artifact: SavedArtifact, path: Path) -> None:
    """Write a picture of the library in the format that ``path`` names.

    A PNG stays as it is, with the recipe inside.

    Raises:
        StudioError: It cannot be read or written.
    """
    if path.suffix.lower() == artifact.path.suffix.lower():
        _write_bytes(artifact.path.read_bytes(), path)
    else:
        write_picture(read_picture(artifact.path), path)


def recipe_in(path: Path) -> dict[str, Any] | None:
    """Return ``{"task": …, "params": {…}}`` that a PNG of the studio carries, or None."""
    reader = _reader(path)
    try:
        recipe = json.loads(reader.text(RECIPE_KEY) or "null")
    except (ValueError, RecursionError):  # another program's text under the same name
        return None
    known = isinstance(recipe, dict) and isinstance(recipe.get("params"), dict)
    return recipe if known else None


def is_picture(path: Path) -> bool:
    """Whether a file is called as pictures are."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def _reader(path: Path) -> QImageReader:
    reader = QImageReader(str(path))
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    reader.setAllocationLimit(MAX_PIXELS * 8 // 1_000_000)
    return reader


def _decode(reader: QImageReader, path: Path) -> QImage:
    if not path.is_file():
        raise BadInput(f"There is no file {path.name}.", "Choose another one.")
    size = reader.size()
    if size.isValid() and size.width() * size.height() > MAX_PIXELS:
        raise BadInput(
            f"{path.name} has {size.width():,} × {size.height():,} pixels, more than "
            f"{MAX_PIXELS // 1_000_000} million.",
            "Make it smaller in another program first.",
        )
    image = reader.read()
    if image.isNull():
        raise BadInput(
            f"{path.name} cannot be read as a picture: {reader.errorString()}.",
            "The file may be damaged or incomplete. Save it anew as PNG or JPEG, or choose "
            "another one.",
        )
    return image


def _on_white(image: QImage) -> QImage:
    if not image.hasAlphaChannel():
        return image
    ground = QImage(image.size(), QImage.Format.Format_RGB32)
    ground.fill(QColor("white"))
    painter = QPainter(ground)
    painter.drawImage(0, 0, image)
    painter.end()
    return ground


def _write_bytes(payload: bytes, path: Path) -> None:
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(payload)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StudioError(
            ErrorCode.DISK_FULL if error.errno == 28 else ErrorCode.BAD_INPUT,
            f"{path.name} could not be saved: {error.strerror or error}.",
            "Choose another folder, or make room there.",
        ) from error
