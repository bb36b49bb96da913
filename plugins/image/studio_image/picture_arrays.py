"""Pictures as files and arrays: read, write, fit, check. Draws and enlarges nothing.

A picture is an (H, W, 3 or 4) uint8 array, red green blue (alpha); uint16 where that is asked for.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from studio.api import BadInput, Check, ErrorCode, StudioError, Verdict, read_regular
from studio_image.recipes import infotext, png_text
from studio_image.recipes import recipe as recipes
from studio_image.sixteen_bits import deep_pixels, deepened_png, is_deep

MAX_PIXELS = 100_000_000
"""Larger ones are refused before they are unpacked: a few bytes of file can say any size."""
MAX_FILE_BYTES = 512 * 2**20
THUMBNAIL_SIDE = 256
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""What Pillow may read a file as. EPS would start Ghostscript; others fail in ways of their own."""
BLANK = 2.0
"""Standard deviation, of 255, up to which a picture shows nothing."""
SHALLOW = "The picture has 16 bits per channel; the result has 8."
MANY = "The file contains several pictures, such as an animation; the first one is used."


def read(source: str | Path | bytes, name: str = "", *, deep: bool = False) -> np.ndarray:
    """Return the picture of a file or of a file's bytes, turned as its camera was held.

    Args:
        name: What to call it when it cannot be used; by default the file's name.
        deep: Keep 16 bits per channel, as uint16, where the file has them.

    Raises:
        BadInput: It is missing, no picture, damaged or too large; says which.
    """
    if isinstance(source, bytes):
        return _decoded(source, name or "the picture", deep)
    path = Path(source).expanduser()
    name = name or path.name or str(source)
    if path.is_dir():
        raise BadInput(f"{name} is a folder, not a picture.", "Choose a picture in it.")
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadInput(f"{name} is larger than 512 MiB.", "Choose a smaller picture.")
        data = read_regular(path)
    except OSError as error:
        raise BadInput(
            f"{name} cannot be read: {error.strerror or error}.", "Choose another picture."
        ) from error
    return _decoded(data, name, deep)


def given(
    path: str, inputs: Mapping[str, Any], key: str = "image", *, deep: bool = False
) -> np.ndarray | None:
    """Return the picture that a page handed in as bytes, else that of ``path``; None if neither.

    Args:
        deep: As in :func:`read`.

    Raises:
        BadInput: It cannot be used.
    """
    if key in inputs:
        return read(bytes(inputs[key]), deep=deep)
    return read(path, deep=deep) if path else None


def remark(path: str, inputs: Mapping[str, Any], key: str = "image", *, deep: bool = False) -> str:
    """Return a remark on a picture that ``given`` could read; empty for most."""
    source = io.BytesIO(bytes(inputs[key])) if key in inputs else Path(path).expanduser()
    if key not in inputs and not path:
        return ""
    remarks = [MANY] if has_many(source) else []
    if not deep and _has_deep_colours(source):
        remarks.append(SHALLOW)
    return " ".join(remarks)


def _has_deep_colours(source: Path | io.BytesIO) -> bool:
    try:
        with Image.open(source, formats=FORMATS) as image:
            return is_deep(image)
    except (EOFError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def shallow(picture: np.ndarray) -> np.ndarray:
    """Return a picture with 8 bits a colour."""
    return (picture >> 8).astype(np.uint8) if picture.dtype == np.uint16 else picture


def has_many(source: Path | io.BytesIO) -> bool:
    """Return whether a file is an animation, or has several pages; False if unknown."""
    try:
        with Image.open(source, formats=FORMATS) as image:
            if image.format not in ("GIF", "PNG", "WEBP", "TIFF"):
                return False  # a phone puts a second, hidden picture into its JPEGs
            image.seek(1)
    except (EOFError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False
    return True


def png(picture: np.ndarray, recipe: Mapping[str, Any] | None = None, *, dpi: int = 0) -> bytes:
    """Return the bytes of a PNG file; the same picture and recipe give the same bytes.

    Args:
        picture: uint8; or uint16 for a file with 16 bits per channel.
        dpi: What it says of its size on paper; 0 for nothing.
    """
    if picture.dtype == np.uint16:
        small = png(shallow(picture), recipe, dpi=dpi)
        return deepened_png(small, picture)
    info = PngImagePlugin.PngInfo()
    if recipe is not None:
        info.add_itxt(recipes.KEY, recipes.to_json(recipe))
        height, width = picture.shape[:2]
        if text := infotext.written(recipe, width, height):
            info.add_text(infotext.KEY, text)
    stream = io.BytesIO()
    more = {"dpi": (dpi, dpi)} if dpi else {}
    Image.fromarray(picture).save(stream, "PNG", pnginfo=info, compress_level=6, **more)
    return stream.getvalue()


def thumbnail(picture: np.ndarray, side: int = THUMBNAIL_SIDE) -> bytes:
    """Return a small PNG, at most ``side`` pixels wide and high."""
    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return png(np.asarray(image))


def resized(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return the picture at exactly this size, stretched if need be."""
    return changed(picture, lambda image: image.resize((width, height), Image.Resampling.LANCZOS))


def changed(picture: np.ndarray, change: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    """Let Pillow change a picture; one of 16 bits channel by channel, which it knows as floats."""
    if picture.dtype != np.uint16:
        return np.asarray(change(Image.fromarray(picture)))
    channels = [
        np.asarray(change(Image.fromarray(channel.astype(np.float32))))
        for channel in np.moveaxis(picture, -1, 0)
    ]
    return (np.stack(channels, axis=-1).clip(0, 65_535) + 0.5).astype(np.uint16)


def fitted(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return the picture as large as fits, in the middle of white paper of this size."""
    tall, wide = picture.shape[:2]
    scale = min(width / wide, height / tall)
    inner = resized(picture, max(1, round(wide * scale)), max(1, round(tall * scale)))
    paper = np.full((height, width, picture.shape[2]), 255, np.uint8)
    top, left = (height - inner.shape[0]) // 2, (width - inner.shape[1]) // 2
    paper[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return paper


def on_white(picture: np.ndarray) -> np.ndarray:
    """Composite a picture over white: (H, W, 3)."""
    if picture.shape[2] == 3:
        return picture
    alpha = picture[..., 3:].astype(np.float32) / 255
    return (picture[..., :3] * alpha + 255 * (1 - alpha) + 0.5).astype(np.uint8)


def row(pictures: np.ndarray) -> np.ndarray:
    """Return (n, H, W, 3) side by side, (H, n · W, 3): one preview of several."""
    return np.concatenate(list(pictures), axis=1)


def from_unit(values: np.ndarray, bits: int = 8) -> np.ndarray:
    """Return floats (…, H, W, 3) in 0…1 as uint8, or uint16; not-a-number becomes black."""
    finite: np.ndarray = np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0)
    if bits == 16:
        return (finite.clip(0, 1).astype(np.float64) * 65_535 + 0.5).astype(np.uint16)
    return (finite.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def verdict(
    picture: np.ndarray,
    *,
    finite: bool = True,
    size: tuple[int, int] | None = None,
    source: np.ndarray | None = None,
) -> Verdict:
    """Check a picture: all values finite, not one flat colour.

    Args:
        finite: Whether the values it was made from were.
        size: Width and height that it must have; None for any.
        source: The picture it was made from; where that is blank, the result may be.
    """
    spread = _spread(picture)
    may_be_blank = source is not None and _spread(source) <= BLANK
    checks = [
        Check("finite", finite, "all values are numbers" if finite else "contains invalid numbers"),
        Check(
            "not blank",
            spread > BLANK or may_be_blank,
            f"standard deviation {spread:.1f} of 255" + (", like its source" * may_be_blank),
        ),
    ]
    if size is not None:
        have = (picture.shape[1], picture.shape[0])
        checks.append(Check("size", have == size, f"{have[0]} × {have[1]} pixels"))
    return Verdict(tuple(checks))


def _spread(picture: np.ndarray) -> float:
    return float(picture[..., :3].astype(np.float32).std())


def insist(verdict: Verdict) -> Verdict:
    """Return the verdict about a picture that was computed as exactly as can be.

    Raises:
        StudioError: It does not pass: such a picture is nobody's result.
    """
    failed = [f"{check.name}: {check.evidence}" for check in verdict.checks if not check.passed]
    if not failed:
        return verdict
    raise StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"The result is not a valid picture, even in float32 ({'; '.join(failed)}).",
        "Choose another model or other settings; if this repeats, download the model again.",
    )


def check_file(payload: bytes) -> Verdict:
    """Return the verdict about the bytes of a picture's file."""
    try:
        return verdict(read(bytes(payload)))
    except BadInput as error:
        return Verdict((Check("readable", False, error.message),))


def _decoded(data: bytes, name: str, deep: bool = False) -> np.ndarray:
    if not data:
        raise BadInput(f"{name} is empty.", "Choose another picture.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # ours is below
            image: Image.Image = Image.open(
                io.BytesIO(png_text.without_texts(data)), formats=FORMATS
            )
        if image.width * image.height > MAX_PIXELS:
            size = f"{image.width:,} × {image.height:,}"
            raise BadInput(
                f"{name} has {size} pixels; the limit is 100 million.", "Make it smaller."
            )
        if deep and is_deep(image):
            return deep_pixels(data, image)
        if image.mode.startswith(("I", "F")):  # 16 bits or more a pixel: down to 8
            image = _eight_bits(image)
        image = ImageOps.exif_transpose(image)
        has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
        return np.array(image.convert("RGBA" if has_alpha else "RGB"))
    except Image.DecompressionBombError as error:
        raise BadInput(
            f"{name} has too many pixels; the limit is 100 million.", "Make it smaller."
        ) from error
    except UnidentifiedImageError as error:
        raise BadInput(
            f"{name} is not a supported picture file.", "Use PNG, JPEG, WebP, BMP, GIF or TIFF."
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        why = f" ({error})" if str(error) else ""
        raise BadInput(
            f"{name} is damaged{why}.", "Save it again, or choose another picture."
        ) from error


def _eight_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image, dtype=np.float32)
    top = 65_535.0 if values.max(initial=0) > 255 else 255.0
    if values.max(initial=0) <= 1:
        top = 1.0
    return Image.fromarray(from_unit(np.nan_to_num(values) / top))
