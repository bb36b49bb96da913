"""Pictures of medical devices (DICOM), read by pydicom where it is installed: their pixels alone.

Names of patients and all else that such a file says is left where it is.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.api import BadInput

SUFFIXES = (".dcm", ".dicom")
MOST_BYTES = 512 << 20
_MOST_PIXELS = 100_000_000


def opened(data: bytes) -> Image.Image:
    """Return the picture in a DICOM file, of several frames the middle one.

    Values are those that the device means (modality and window), dark to bright in 256 levels.

    Raises:
        BadInput: pydicom is not installed.
        ValueError: It is no such file, is compressed in a way that is not read, or is too large.
    """
    try:
        import pydicom
        from pydicom.errors import InvalidDicomError
        from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
    except ImportError as error:
        raise BadInput(
            "Reading DICOM files needs the package pydicom, which is not installed.",
            "Install the lab with its extra “dicom”, or export the pictures as PNG.",
        ) from error
    if len(data) > MOST_BYTES:
        raise ValueError("too large")
    try:
        file = pydicom.dcmread(io.BytesIO(data))
        frames = int(file.get("NumberOfFrames", 1) or 1)
        if int(file.Rows) * int(file.Columns) * frames > _MOST_PIXELS:
            raise ValueError("too many pixels")
        values = np.asarray(file.pixel_array)
        if frames > 1:
            values = values[frames // 2]
        if int(file.get("SamplesPerPixel", 1)) == 1:
            values = apply_voi_lut(apply_modality_lut(values, file), file)
    except (
        InvalidDicomError,
        AttributeError,
        NotImplementedError,
        RuntimeError,
        KeyError,
    ) as error:
        raise ValueError(f"no picture: {error}") from error
    return Image.fromarray(_levels(values, file.get("PhotometricInterpretation") == "MONOCHROME1"))


def _levels(values: NDArray[np.generic], is_inverted: bool) -> NDArray[np.uint8]:
    """Return values as 0…255, the darkest and the brightest of the picture as the ends."""
    if values.ndim == 3:
        return np.asarray(values, np.uint8)
    numbers = values.astype(np.float64)
    low, high = float(numbers.min()), float(numbers.max())
    shares = (numbers - low) / (high - low) if high > low else np.zeros_like(numbers)
    return np.asarray(np.round((1 - shares if is_inverted else shares) * 255), np.uint8)
