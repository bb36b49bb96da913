"""Recognise lines of text: crop, scale to one height, decode a network's output with CTC.

CTC (A. Graves and others, 2006): take the likeliest character at each step; collapse repeats,
and drop the first class, the blank.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from studio_chat.reading.detection import Picture, Quad

HEIGHT: Final = 48
_WIDEST: Final = 3_200
_STEP_PIXELS: Final = 4_800
"""Of all lines of one run, side by side: bounds how long a step takes."""


def cut(picture: Picture, quad: Quad) -> Picture:
    """Return a line upright, ``HEIGHT`` high; a tall one is turned on its side."""
    import cv2

    upper, right, lower, left = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1).tolist()
    across, down = max(upper, lower), max(left, right)
    if down > 1.5 * across:
        quad, across, down = np.roll(quad, -1, axis=0), down, across
    width = int(np.clip(across / max(down, 1) * HEIGHT, 8, _WIDEST))
    target = np.array([[0, 0], [width, 0], [width, HEIGHT], [0, HEIGHT]], np.float32)
    turn = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    if down > 2 * HEIGHT:  # what shrinks by much is smoothed before
        picture = cv2.blur(picture, (round(down / HEIGHT),) * 2)
    strip = cv2.warpPerspective(picture, turn, (width, HEIGHT), flags=cv2.INTER_CUBIC,
                               borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    return np.asarray(strip, np.uint8)


def read(
    session: Any, characters: Sequence[str], lines: Sequence[Picture]
) -> Iterator[dict[int, tuple[str, float]]]:
    """Yield a step at a time: index of a line → its text and how sure that is, 0 to 1.

    Args:
        session: Of onnxruntime, with the network.
        characters: Of the classes behind the first.
        lines: Each (``HEIGHT``, width, 3).
    """
    name = session.get_inputs()[0].name
    together: list[int] = []
    for index in sorted(range(len(lines)), key=lambda index: lines[index].shape[1]):
        if together and (len(together) + 1) * lines[index].shape[1] > _STEP_PIXELS:
            yield _step(session, name, characters, lines, together)
            together = []
        together.append(index)
    if together:
        yield _step(session, name, characters, lines, together)


def _step(
    session: Any,
    name: str,
    characters: Sequence[str],
    lines: Sequence[Picture],
    together: Sequence[int],
) -> dict[int, tuple[str, float]]:
    widest = max(320, *(lines[index].shape[1] for index in together))
    given = np.zeros((len(together), 3, HEIGHT, widest), np.float32)
    for row, index in zip(given, together, strict=True):
        line = lines[index].astype(np.float32).transpose(2, 0, 1)
        row[:, :, : line.shape[2]] = line / 127.5 - 1
    likely = np.asarray(session.run(None, {name: given})[0])
    classes, shares = likely.argmax(-1), likely.max(-1)
    results = {}
    for index, numbers, sure in zip(together, classes, shares, strict=True):
        is_new = (numbers != 0) & (numbers != np.concatenate([[0], numbers[:-1]]))
        text = "".join(characters[n - 1] for n in numbers[is_new] if n <= len(characters))
        results[index] = (text.strip(), float(sure[is_new].mean()) if text.strip() else 0.0)
    return results
