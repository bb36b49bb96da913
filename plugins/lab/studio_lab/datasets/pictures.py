"""A folder of pictures as a data set: subfolders are classes, all pictures get one size."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from studio.api import BadInput, read_regular
from studio_lab.datasets import dicom
from studio_lab.datasets.dataset import Dataset, Shape, Split

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", *dicom.SUFFIXES
)  # fmt: skip
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""What Pillow may read a file as."""
FEWEST = 16
"""With fewer there is nothing to hold out, and nothing to learn but them."""
MOST = 50_000
"""More are not read: they would not fit, and small networks learn no more from them."""
_MOST_PIXELS = 100_000_000


def read_pictures(
    folder: Path, files: Iterable[Path], side: int, seed: int
) -> tuple[Dataset, list[str]]:
    """Return pictures of a folder, ``side`` × ``side`` pixels each, and notes about them.

    They are cut to squares. Where none has colours, they have one channel.

    Raises:
        BadInput: There are too few, or all are the same.
    """
    paths = list(files)
    notes = []
    if len(paths) > MOST:
        notes.append(f"The folder has {len(paths):,} pictures; {MOST:,} of them are used.")
        chosen = np.random.default_rng(seed).choice(len(paths), MOST, replace=False)
        paths = [paths[at] for at in np.sort(chosen)]
    kept, rows, sizes = [], [], set()
    for path in paths:
        picture = _picture(path, side)
        if picture is not None:
            sizes.add(picture[1])
            rows.append(picture[0])
            kept.append(path)
    if len(kept) < len(paths):
        notes.append(f"{len(paths) - len(kept):,} files are no pictures that can be read; skipped.")
    _check(folder, rows)
    if len(sizes) > 1:
        notes.append(
            f"The pictures have {len(sizes):,} different sizes; each is cut to a square and made "
            f"{side} pixels wide."
        )
    pixels = np.stack(rows)
    if (pixels.max(3) - pixels.min(3)).max() <= 8:
        pixels = pixels[..., :1]
    names = [path.relative_to(folder).parts[0] if path.parent != folder else "" for path in kept]
    classes = tuple(sorted(set(names)))
    labels = np.array([classes.index(name) for name in names], np.int64)
    if len(classes) < 2:
        classes, labels = (), labels[:0]
    shape = Shape("pictures", pixels.shape[3], side, side, 256, classes=len(classes))
    ordered = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    split = Split.drawn(len(ordered), 0)
    return Dataset(folder.name, shape, ordered, split, labels, classes), notes


def _picture(path: Path, side: int) -> tuple[NDArray[np.uint8], tuple[int, int]] | None:
    try:
        with _opened(path) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            size = image.size
            fitted = ImageOps.fit(image.convert("RGB"), (side, side), Image.Resampling.BOX)
            return np.asarray(fitted, np.uint8), size
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return None


def _opened(path: Path) -> Image.Image:
    data = read_regular(path)
    if path.suffix.lower() in dicom.SUFFIXES:
        return dicom.opened(data)
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _check(folder: Path, rows: list[NDArray[np.uint8]]) -> None:
    if len(rows) < FEWEST:
        raise BadInput(
            f"The folder “{folder.name}” has {len(rows)} pictures; training needs at least "
            f"{FEWEST}, and hundreds to learn something of use.",
            "Choose a folder with more pictures.",
        )
    if all(np.array_equal(row, rows[0]) for row in rows[1:]):
        raise BadInput(
            f"All {len(rows):,} pictures in “{folder.name}” are the same, so there is nothing to "
            "learn.",
            "Choose a folder with different pictures.",
        )
