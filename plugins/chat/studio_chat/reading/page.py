"""A picture of a page becomes its lines, in the order in which one reads them, whichever way up."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from studio_chat.reading import detection, recognition
from studio_chat.reading.detection import Picture, Quad

UNSURE: Final = 0.5
"""Below this a line is no text, but a rule, a stain or a drawing."""
_TALL: Final = 1.5
_SAMPLE: Final = 5
SCALE: Final = 10_000
"""A box is in parts of the page's width and height: this many are all of it."""


@dataclass(frozen=True)
class Line:
    """A line of text on a page.

    Attributes:
        text: What it says.
        box: Left, top, right and bottom on the page as it is shown, in parts of ``SCALE``.
        sure: 0 to 1.
    """

    text: str
    box: tuple[int, int, int, int]
    sure: float


@dataclass(frozen=True)
class ReadPage:
    """The recognised text of a page.

    Attributes:
        lines: In reading order.
        turned: Quarter turns to the left that make the page upright, 0 to 3.
    """

    lines: tuple[Line, ...]
    turned: int = 0

    @property
    def text(self) -> str:
        """All lines, a line each."""
        return "\n".join(line.text for line in self.lines)


class Reader:
    """The two loaded networks.

    Args:
        finder, speller: Sessions of onnxruntime.
        characters: That the second one knows, in the order of its classes.
    """

    def __init__(self, finder: Any, speller: Any, characters: Sequence[str]) -> None:
        self.finder, self.speller, self.characters = finder, speller, characters

    def read(self, picture: Picture) -> Generator[None, None, ReadPage]:
        """Yield between two steps; return the lines of ``picture`` (height, width, 3)."""
        quads = detection.find(self.finder, picture)
        yield
        if not quads:
            return ReadPage(())
        turned = 0
        longest = sorted(quads, key=lambda quad: -_length(quad))[: 4 * _SAMPLE]
        if sum(_is_tall(quad) for quad in longest) > len(longest) / 2:
            turned = 1
        pieces = {index: recognition.cut(_turned(picture, turned), _turn(quad, picture, turned))
                  for index, quad in enumerate(quads)}  # fmt: skip
        if (yield from self._is_upside_down(pieces)):
            turned += 2
            pieces = {index: piece[::-1, ::-1] for index, piece in pieces.items()}
        upright = [_turn(quad, picture, turned) for quad in quads]
        texts: dict[int, tuple[str, float]] = {}
        for batch in recognition.read(self.speller, self.characters, list(pieces.values())):
            texts |= batch
            yield
        legible = [index for index, (text, sure) in texts.items() if text and sure >= UNSURE]
        order = reading_order([upright[index] for index in legible])
        height, width = picture.shape[:2]
        size = np.array([width, height], np.float32)
        return ReadPage(
            tuple(
                Line(texts[index][0], _box(quads[index] / size), round(texts[index][1], 3))
                for index in (legible[place] for place in order)
            ),
            turned,
        )

    def _is_upside_down(self, pieces: dict[int, Picture]) -> Generator[None, None, bool]:
        """Read a few lines both ways: which way the network is surer of."""
        longest = sorted(pieces.values(), key=lambda piece: -piece.shape[1])
        sample = [piece for piece in longest if piece.shape[1] < 1200][:_SAMPLE] or longest[:1]
        both = [*sample, *(piece[::-1, ::-1] for piece in sample)]
        sure = np.zeros(len(both))
        for batch in recognition.read(self.speller, self.characters, both):
            for index, (_, share) in batch.items():
                sure[index] = share
            yield
        return bool(sure[len(sample) :].sum() > sure[: len(sample)].sum())


def reading_order(quads: Sequence[Quad]) -> list[int]:
    """Return the indices of lines as one reads them: columns from the left, each from the top.

    A cut where nothing stands parts what is above from what is below, or left from right; the
    widest cut comes first (recursive XY cut: G. Nagy and S. Seth, 1984).
    """
    boxes = np.array([[*quad.min(0), *quad.max(0)] for quad in quads], np.float32).reshape(-1, 4)
    if not len(boxes):
        return []
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    return _cut(boxes, list(range(len(boxes))), height)


def _cut(boxes: Any, inside: list[int], height: float) -> list[int]:
    if len(inside) < 2:
        return inside
    across, place_x = _gap(boxes[inside][:, [0, 2]])
    down, place_y = _gap(boxes[inside][:, [1, 3]])
    # Columns are parted by more than words are; lines of a paragraph by less.
    if across > 1.2 * height and _is_column(boxes, inside, place_x, height):
        axis, place = 0, place_x
    elif down > 0:
        axis, place = 1, place_y
    else:
        return _by_rows(boxes, inside, height)
    first = [i for i in inside if boxes[i, axis] < place]
    second = [i for i in inside if boxes[i, axis] >= place]
    return _cut(boxes, first, height) + _cut(boxes, second, height)


def _is_column(boxes: Any, inside: list[int], place: float, height: float) -> bool:
    """Tell columns, several lines high on both sides, from the cells of a row."""
    sides = [[i for i in inside if (boxes[i, 0] < place) == is_left] for is_left in (True, False)]
    return all(
        len(side) > 2 and boxes[side][:, 3].max() - boxes[side][:, 1].min() > 3 * height
        for side in sides
    )


def _gap(spans: Any) -> tuple[float, float]:
    """Return how wide the widest gap between spans is, and where the spans behind it begin."""
    ordered = spans[np.argsort(spans[:, 0])]
    ends = np.maximum.accumulate(ordered[:-1, 1])
    gaps = ordered[1:, 0] - ends
    best = int(gaps.argmax())
    return float(gaps[best]), float(ordered[best + 1, 0])


def _by_rows(boxes: Any, inside: list[int], height: float) -> list[int]:
    """Return lines whose middles are near the same height from the left, rows from the top."""
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    rows: list[list[int]] = []
    for index in sorted(inside, key=lambda index: middles[index]):
        if rows and middles[index] - middles[rows[-1][0]] < height / 2:
            rows[-1].append(index)
        else:
            rows.append([index])
    return [index for row in rows for index in sorted(row, key=lambda index: boxes[index, 0])]


def _length(quad: Quad) -> float:
    return float(np.ptp(quad, axis=0).max())


def _is_tall(quad: Quad) -> bool:
    wide, tall = np.ptp(quad, axis=0)
    return bool(tall > _TALL * wide)


def _turned(picture: Picture, quarters: int) -> Picture:
    return np.ascontiguousarray(np.rot90(picture, quarters))


def _turn(quad: Quad, picture: Picture, quarters: int) -> Quad:
    """Return the corners of a line on the picture turned to the left."""
    height, width = picture.shape[:2]
    for _ in range(quarters % 4):
        quad = np.stack([quad[:, 1], width - quad[:, 0]], -1)
        height, width = width, height
    return detection.ordered(quad)


def _box(corners: Quad) -> tuple[int, int, int, int]:
    low, high = corners.min(0), corners.max(0)
    left, top, right, bottom = (int(n) for n in (np.array([*low, *high]) * SCALE).clip(0, SCALE))
    return left, top, right, bottom
