"""A folder of pictures as a data set: subfolders are classes, all pictures get one size."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from studio.api import BadInput, read_regular, sentence
from studio_lab.datasets import dicom
from studio_lab.datasets.dataset import Dataset, Shape
from studio_lab.datasets.folders import arranged
from studio_lab.datasets.table import only

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", *dicom.SUFFIXES
)  # fmt: skip
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""What Pillow may read a file as."""
FEWEST = 16
"""With fewer there is nothing to hold out, and nothing to learn but them."""
MOST = 50_000
"""More are not read: they would not fit, and small networks learn no more from them."""
MOST_BYTES = 256 << 20
_MOST_PIXELS = 100_000_000
_LOOKED_AT = 200
"""Pictures that say which shape is usual."""
_STEPS, _LONGEST = 4, 16
"""The longer side is a multiple of a quarter of the shorter one, and four times it at most:
networks halve both until the shorter one has 4 pixels."""
_UNREADABLE = (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError)


def read_pictures(
    folder: Path, files: Iterable[Path], side: int, seed: int, cut: bool = True
) -> tuple[Dataset, list[str]]:
    """Return pictures of a folder in one size, and notes about them.

    Where none has colours, they have one channel.

    Args:
        side: Pixels of the shorter side.
        cut: Cut all to squares; else to the shape that the middle one of them has.

    Raises:
        BadInput: There are too few, or all are the same.
    """
    paths = list(files)
    sides = (side, side) if cut else _sides(paths, side)
    most, notes = min(MOST, MOST_BYTES // (3 * sides[0] * sides[1])), list[str]()
    if len(paths) > most:
        notes.append(
            sentence(
                "The folder has {all} pictures; {some} of them are used.",
                all=f"{len(paths):,}", some=f"{most:,}",
            )
        )  # fmt: skip
        chosen = np.random.default_rng(seed).choice(len(paths), most, replace=False)
        paths = [paths[at] for at in np.sort(chosen)]
    files_read, rows, sizes = [], [], set()
    for path in paths:
        picture = picture_of(path, sides)
        if picture is not None:
            sizes.add(picture[1])
            rows.append(picture[0])
            files_read.append(path)
    if left := len(paths) - len(files_read):
        notes.append(
            sentence(
                "Not readable as pictures, and left out: {some} of {all}.",
                some=f"{left:,}", all=f"{len(paths):,}",
            )
        )  # fmt: skip
    _check(folder, rows)
    if len(sizes) > 1:
        notes.append(
            sentence(
                "The pictures have {count} different sizes; each is cut to one shape and made "
                "{width} × {height} pixels.",
                count=f"{len(sizes):,}", width=sides[1], height=sides[0],
            )
        )  # fmt: skip
    pixels = np.stack(rows)
    if (pixels.max(3) - pixels.min(3)).max() <= 8:
        pixels = pixels[..., :1]
    ordered = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    arrangement = arranged(folder, files_read)
    shape = Shape("pictures", pixels.shape[3], *sides, 256, classes=len(arrangement.classes))
    data = Dataset(
        folder.name, shape, ordered, arrangement.split, arrangement.labels, arrangement.classes
    )
    return data, [*notes, *arrangement.notes]


def _sides(paths: Sequence[Path], side: int) -> tuple[int, int]:
    """Return height and width in the shape of the middle picture, the shorter one ``side``."""
    ratios = []
    for path in paths[:: max(1, len(paths) // _LOOKED_AT)]:
        try:
            with _opened(path) as image:
                ratios.append(image.width / image.height)
        except _UNREADABLE:
            continue
    ratio = float(np.median(ratios)) if ratios else 1.0
    longer = min(_LONGEST, max(_STEPS, round(_STEPS * max(ratio, 1 / ratio)))) * side // _STEPS
    return (side, longer) if ratio >= 1 else (longer, side)


def picture_of(
    path: Path, sides: tuple[int, int]
) -> tuple[NDArray[np.uint8], tuple[int, int]] | None:
    """Return a file as (H, W, 3) of these sides, and its own size; None where it is no picture."""
    try:
        with _opened(path) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            size = image.size
            fitted = ImageOps.fit(image.convert("RGB"), sides[::-1], Image.Resampling.BOX)
            return np.asarray(fitted, np.uint8), size
    except _UNREADABLE:
        return None


def _opened(path: Path) -> Image.Image:
    data = read_regular(path)
    if path.suffix.lower() in dicom.SUFFIXES:
        return dicom.opened(data)
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _check(folder: Path, rows: list[NDArray[np.uint8]]) -> None:
    if len(rows) < FEWEST:
        raise BadInput(
            f"The folder “{folder.name}” has {only(len(rows), 'pictures')}; training needs at "
            "least "
            f"{FEWEST}, and hundreds to learn something of use.",
            "Choose a folder with more pictures.",
        )
    if all(np.array_equal(row, rows[0]) for row in rows[1:]):
        raise BadInput(
            f"All {len(rows):,} pictures in “{folder.name}” are the same, so there is nothing to "
            "learn.",
            "Choose a folder with different pictures.",
        )
