"""Pictures as files: reading them with care, writing other formats. No widgets; any thread."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize
from PySide6.QtGui import QImage, QImageReader

from studio.api import (
    BadInput,
    ErrorCode,
    PluginContext,
    SavedArtifact,
    StudioError,
    open_regular,
    read_regular,
)
from studio_image.schema import PICTURE_SUFFIXES
from studio_image.schema.export import QUALITY

MAX_PIXELS = 100_000_000
"""Larger ones are refused before a byte of them is decoded, here as in the runtime."""
SAVE_SUFFIXES = (".png", ".jpg", ".webp", ".tif")
"""One a format, as the dialog offers them; ``.jpeg`` and ``.tiff`` may be typed."""
_LARGEST_FILE = 512 << 20
_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
_DEPTH_PLACE, _DEEP = 24, 16
"""Where a PNG file says how many bits a colour has."""
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"RIFF": "webp",
    b"GIF8": "gif",
    b"BM": "bmp",
    b"II*\x00": "tiff",
    b"MM\x00*": "tiff",
}


def read_file(path: Path) -> bytes:
    """Return the bytes of a picture's file.

    Raises:
        BadInput: There is none, or it is a folder, empty, too large or not to be read.
    """
    if path.is_dir():
        raise BadInput(f"{path.name} is a folder.", "Enlarge takes folders; drop it there.")
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise BadInput(f"{path.name} is larger than 512 MiB.", "Save it smaller first.")
        data = read_regular(path)
    except FileNotFoundError as error:
        raise BadInput(f"{path.name} cannot be found.", "Choose another one.") from error
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"{path.name} cannot be read: {reason}.", "Check the file.") from error
    if not data:
        raise BadInput(f"{path.name} is empty: it has no bytes.", "Choose another one.")
    return data


def read_picture(path: Path) -> QImage:
    """Return a picture, turned as its camera says.

    Raises:
        BadInput: It cannot be read, or is too large.
    """
    return _decode(_reader(path), path.name)


def read_thumbnail(path: Path, side: int) -> QImage:
    """Return a picture whose longer side is at most ``side`` pixels; decodes no more than needed.

    Raises:
        BadInput: It cannot be read, or is too large.
    """
    reader = _reader(path)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > side:
        reader.setScaledSize(fitted(size, side))
    image = _decode(reader, path.name)
    if max(image.width(), image.height()) > side:  # a format that cannot scale while it reads
        image = image.scaled(fitted(image.size(), side))
    return image


def fitted(size: QSize, side: int) -> QSize:
    """Return ``size`` made as small as a square of ``side``, in its own proportions."""
    longer = max(size.width(), size.height(), 1)
    return QSize(
        max(1, round(size.width() * side / longer)), max(1, round(size.height() * side / longer))
    )


def png_of(image: QImage) -> bytes:
    """Return ``image`` as the bytes of a PNG file."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # PySide6 declares str; takes both
    return bytes(data.data())


def quality(ctx: PluginContext) -> int:
    """Return the quality of JPEG and WebP that is set in Settings."""
    saved = ctx.settings.get("quality", QUALITY)
    return saved if type(saved) is int and 1 <= saved <= 100 else QUALITY


def export(artifact: SavedArtifact, path: Path, *, quality: int = QUALITY) -> None:
    """Write a picture of the library in the format that ``path`` names; all of it or nothing.

    Its recipe goes with it: in the texts of a PNG, in the comment of the others' EXIF data. PNG and
    TIFF keep 16 bits per channel where the picture has them.

    Args:
        quality: Of JPEG and WebP, to 100.

    Raises:
        BadInput: The suffix is that of no format it writes, or the picture cannot be read.
        StudioError: The format or the disk does not take it.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise BadInput(
            f"Pictures cannot be saved as {path.suffix or 'a file without an ending'}.",
            f"Use one of {', '.join(SAVE_SUFFIXES)}.",
        )
    data = read_file(artifact.path)
    is_same = kind == _FORMATS.get(artifact.path.suffix.lower())
    name = artifact.title or path.stem
    if is_same:
        content = data
    elif kind == "TIFF" and is_deep(data):
        content = _deep_tiff(data, artifact.path)
    else:
        content = _converted(data, kind, name, quality)
    _write(content, path)


def is_picture(path: Path) -> bool:
    """Whether a file is called as pictures are."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def is_deep(data: bytes) -> bool:
    """Whether these are the bytes of a PNG file with 16 bits per channel."""
    return data.startswith(b"\x89PNG") and data[_DEPTH_PLACE : _DEPTH_PLACE + 1] == bytes([_DEEP])


def _deep_tiff(data: bytes, path: Path) -> bytes:
    import numpy as np

    from studio_image.sixteen_bits import written_tiff

    image = read_picture(path)
    deep = image.convertToFormat(QImage.Format.Format_RGBA64)
    values = np.frombuffer(deep.constBits(), np.uint16)
    pixels = values.reshape(deep.height(), deep.bytesPerLine() // 2)[:, : 4 * deep.width()]
    pixels = pixels.reshape(deep.height(), deep.width(), 4)
    channels = 4 if image.hasAlphaChannel() else 3
    return written_tiff(pixels[..., :channels], "".join(_said(data)))


def _said(data: bytes) -> list[str]:
    """Return the spelling of the recipe that other programs read, if there is one."""
    from studio_image.recipes import recipe_files

    try:
        return recipe_files.spellings(data)[-1:]
    except BadInput:  # the picture can be saved all the same
        return []


def _converted(data: bytes, kind: str, name: str, quality: int) -> bytes:
    from PIL import Image  # here, for the window starts without it

    from studio_image import picture_arrays
    from studio_image.recipes import recipe_files
    from studio_image.sixteen_bits import written_tiff

    pixels = picture_arrays.read(data, name)
    if kind == "TIFF":
        return written_tiff(pixels, "".join(_said(data)))
    image = Image.fromarray(picture_arrays.on_white(pixels) if kind == "JPEG" else pixels)
    texts = _said(data)
    more = {"exif": recipe_files.exif_with(texts[0])} if texts and kind != "PNG" else {}
    stream = io.BytesIO()
    try:
        image.save(stream, kind, **_options(kind, quality), **more)
    except (OSError, ValueError) as error:  # JPEG and WebP have a largest size
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"A picture of {image.width:,} × {image.height:,} pixels could not be written as "
            f"{kind}: {error}.",
            "Save it as .png.",
        ) from error
    return stream.getvalue()


def _options(kind: str, quality: int) -> dict[str, Any]:
    return {"quality": quality, "method": 4} if kind == "WEBP" else {"quality": quality}


def _reader(path: Path) -> QImageReader:
    if not path.is_file():
        raise BadInput(f"{path.name} cannot be found.", "Choose another one.")
    # By its path: with a buffer, what Qt reads TIFF with crashes if that is the first to go.
    reader = QImageReader(str(path))
    # Left to find the format from the content, Qt asks every format it knows, SVG among them, whose
    # text stream wants a lock of all QObjects. This thread has the interpreter meanwhile, and the
    # window's may hold that lock and ask for the interpreter: both would wait for ever.
    reader.setAutoDetectImageFormat(False)
    reader.setFormat(_format(path).encode())
    reader.setAutoTransform(True)
    reader.setAllocationLimit(MAX_PIXELS * 8 // 1_000_000)
    return reader


def _format(path: Path) -> str:
    """Return Qt's name of a picture's format from its first bytes, else from its suffix."""
    try:
        with open_regular(path) as file:
            begin = file.read(12)
    except OSError:
        begin = b""
    for magic, name in _BEGINNINGS.items():
        if begin.startswith(magic) and (name != "webp" or begin[8:] == b"WEBP"):
            return name
    return path.suffix.lower().removeprefix(".") or "png"


def _decode(reader: QImageReader, name: str) -> QImage:
    size = reader.size()
    if size.isValid() and size.width() * size.height() > MAX_PIXELS:
        raise BadInput(
            f"{name} has {size.width():,} × {size.height():,} pixels, more than "
            f"{MAX_PIXELS // 1_000_000} million.",
            "Make it smaller in another program first.",
        )
    image = reader.read()
    if image.isNull():
        raise BadInput(
            f"{name} cannot be read as a picture: {reader.errorString().rstrip('.')}.",
            "Save it again as PNG or JPEG, or choose another one.",
        )
    return image


def _write(payload: bytes, path: Path) -> None:
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(payload)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StudioError(
            ErrorCode.DISK_FULL if error.errno == errno.ENOSPC else ErrorCode.BAD_INPUT,
            f"{path.name} could not be saved: {error.strerror or error}.",
            "Choose another folder, or make room there.",
        ) from error
