"""Where the lines of text are on a picture: the network's map becomes turned rectangles.

The map is that of a DBNet (M. Liao and others, Real-time Scene Text Detection with Differentiable
Binarization, 2020): how likely each pixel lies in the core of a line. A core is smaller than its
line by a distance of area × ``_UNCLIP`` / perimeter, and grows by as much.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LONGEST_SIDE: Final = 1600
"""Of the picture that the network sees: a page of A4 at 137 dots per inch."""
MOST_LINES: Final = 1_000
_MULTIPLE: Final = 32
_LIKELY: Final = 0.3
_SURE: Final = 0.5
_UNCLIP: Final = 1.6
_SMALLEST: Final = 3.0

Picture = NDArray[np.uint8]
Quad = NDArray[np.float32]
"""Four corners, (4, 2): left top, right top, right bottom, left bottom of the line."""


def find(session: Any, picture: Picture) -> list[Quad]:
    """Return the corners of each line of ``picture`` (height, width, 3), in no order.

    Args:
        session: Of onnxruntime, with the network.
    """
    import cv2

    height, width = picture.shape[:2]
    share = min(1.0, LONGEST_SIDE / max(height, width))
    size = tuple(max(_MULTIPLE, round(n * share / _MULTIPLE) * _MULTIPLE) for n in (width, height))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    given = ((small / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None]
    likely = session.run(None, {session.get_inputs()[0].name: given})[0][0, 0]
    core = cv2.dilate((likely > _LIKELY).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, _ = cv2.findContours(core, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    scale = np.array([width / size[0], height / size[1]], np.float32)
    boxes = []
    for outline in outlines[:MOST_LINES]:
        (x, y), (a, b), angle = cv2.minAreaRect(outline)
        if min(a, b) < _SMALLEST or _mean(likely, outline) < _SURE:
            continue
        grown = 2 * (a * b * _UNCLIP / (2 * (a + b)))
        corners = cv2.boxPoints(((x, y), (a + grown, b + grown), angle))
        boxes.append(ordered(corners) * scale)
    return boxes


def _mean(likely: NDArray[np.float32], outline: Any) -> float:
    import cv2

    x, y, width, height = cv2.boundingRect(outline)
    inside = np.zeros((height, width), np.uint8)
    cv2.fillPoly(inside, [outline - (x, y)], (1,))
    part = likely[y : y + height, x : x + width]
    return float(part[inside > 0].mean())


def ordered(corners: Quad) -> Quad:
    """Return corners so that the first side is the upper one, whichever way the line leans."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    left, right = left[np.argsort(left[:, 1])], right[np.argsort(right[:, 1])]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)
