"""Where faces are in a picture, so that they can be left as they are. Keeps and learns nothing.

The detector is the cascade of OpenCV (Viola and Jones, 2001), whose numbers lie in its package: it
finds faces that look at the camera.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from scipy import ndimage

_CASCADE = "haarcascade_frontalface_alt2.xml"
_LOOKED_AT = 800
"""The longer side of the picture that is searched; more finds hardly more, and takes long."""
_SMALLEST = 24
_NEIGHBOURS = 5
_ROOM = 1.25
"""How much larger what is left alone is than the square that was found."""

Box = tuple[int, int, int, int]
"""Left, top, width and height."""

NOT_LOOKED_FOR = (
    "Faces were not looked for: that needs the package OpenCV "
    "(pip install 'studio-plugin-image[opencv]')."
)


def can_be_found() -> bool:
    """Whether the detector is installed."""
    return find_spec("cv2") is not None


def detect(picture: np.ndarray) -> list[Box]:
    """Return where faces are in a picture (H, W, 3) uint8.

    Raises:
        ImportError: The detector is not installed.
    """
    import cv2

    height, width = picture.shape[:2]
    scale = max(1.0, max(height, width) / _LOOKED_AT)
    grey = cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2GRAY)
    if scale > 1:
        size = (round(width / scale), round(height / scale))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    detector = cv2.CascadeClassifier(cv2.data.haarcascades + _CASCADE)
    squares = detector.detectMultiScale(
        cv2.equalizeHist(grey), 1.1, _NEIGHBOURS, minSize=(_SMALLEST, _SMALLEST)
    )
    return [
        (round(x * scale), round(y * scale), round(w * scale), round(h * scale))
        for x, y, w, h in squares
    ]


def left_alone(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, int]:
    """Return ``after`` with the faces of ``before``, and how many there are.

    They fade into what is around them.

    Args:
        before: (H, W, 3 or 4) uint8; ``after`` has the same height and width.

    Raises:
        ImportError: The detector is not installed.
    """
    boxes = detect(before)
    if not boxes:
        return after, 0
    shown = np.zeros(before.shape[:2], np.float32)
    rows, columns = np.mgrid[: before.shape[0], : before.shape[1]].astype(np.float32)
    for left, top, width, height in boxes:
        across = (columns - left - width / 2) / (width / 2 * _ROOM)
        down = (rows - top - height / 2) / (height / 2 * _ROOM * 1.15)
        shown = np.maximum(shown, (across**2 + down**2 < 1).astype(np.float32))
    blur = max(2.0, min(box[2] for box in boxes) / 12)
    shown = ndimage.gaussian_filter(shown, blur)[..., None]
    mixed = before[..., :3] * shown + after[..., :3] * (1 - shown)
    result: np.ndarray = after.copy()
    result[..., :3] = (mixed + 0.5).clip(0, 255).astype(np.uint8)
    return result, len(boxes)
