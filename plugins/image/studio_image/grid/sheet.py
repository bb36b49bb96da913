"""The sheet of a grid: pictures in rows and columns, with words beside and above. Plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from studio.api import font_file
from studio_image import picture_arrays
from studio_image.schema.axes import Plan

_GAP, _MARGIN, _WORDS = 6, 12, 15
_LINE = _WORDS + 5
_MOST_LINES = 6
_WIDEST = 180
_INK, _PALE, _PAPER = (29, 31, 38), (110, 114, 128), (255, 255, 255)
_LONGEST = 16_000
"""Pixels of a sheet's longer side; more and its pictures become smaller."""

Box = tuple[int, int, int, int]
"""Left, top, width and height."""


class Sheet:
    """Takes one picture after the other.

    Attributes:
        boxes: Where each picture lies, by its number.
    """

    def __init__(self, plan: Plan, side: int, shape: float) -> None:
        """``side``: the longer side of a picture; ``shape``: width over height of each."""
        columns = plan.x.labels if plan.x else [""]
        rows = plan.y.labels if plan.y else [""]
        blocks = plan.z.labels if plan.z else [""]
        side = min(side, _LONGEST // max(len(columns), len(rows) * len(blocks)))
        self._wide = max(16, round(side * min(1, shape)))
        self._high = max(16, round(side / max(1, shape)))
        left = _MARGIN + self._room(rows)
        above = [_wrapped(words, self._wide) for words in columns] if plan.x else []
        head = max(map(len, above), default=0) * _LINE
        self.boxes: list[Box] = []
        top, words = _MARGIN, list[tuple[int, int, list[str], Any]]()
        for block in blocks:
            if block:
                words.append((_MARGIN, top, [block], _INK))
                top += _LINE + _GAP
            for column, lines in enumerate(above):
                words.append((left + column * (self._wide + _GAP), top, lines, _PALE))
            top += head
            for row in rows:
                if row:
                    lines = _wrapped(row, left - _MARGIN - _GAP)
                    middle = top + max(0, (self._high - len(lines) * _LINE) // 2)
                    words.append((_MARGIN, middle, lines, _PALE))
                for column in range(len(columns)):
                    at = left + column * (self._wide + _GAP)
                    self.boxes.append((at, top, self._wide, self._high))
                top += self._high + _GAP
            top += _GAP
        width = left + len(columns) * (self._wide + _GAP) - _GAP + _MARGIN
        self._image = Image.new("RGB", (width, top - 2 * _GAP + _MARGIN), _PAPER)
        self._draw = ImageDraw.Draw(self._image)
        for x, y, lines, color in words:
            self._write(x, y, lines, color)

    @property
    def picture(self) -> np.ndarray:
        """The sheet so far, (H, W, 3)."""
        return np.asarray(self._image)

    def place(self, number: int, picture: np.ndarray) -> None:
        """Put a picture into its cell."""
        left, top, wide, high = self.boxes[number]
        cell = picture_arrays.fitted(picture_arrays.on_white(picture), wide, high)
        self._image.paste(Image.fromarray(cell), (left, top))

    def say(self, number: int, words: str) -> None:
        """Write into a cell why there is no picture in it."""
        left, top, wide, high = self.boxes[number]
        self._draw.rectangle((left, top, left + wide - 1, top + high - 1), outline=_PALE)
        lines = _wrapped(words, wide - 12, most=max(1, (high - 12) // _LINE))
        self._write(left + 6, top + 6, lines, _PALE)

    def preview(self, side: int) -> np.ndarray:
        """Return the sheet so far, at most ``side`` pixels wide and high."""
        small = self._image.copy()
        small.thumbnail((side, side), Image.Resampling.BOX)
        return np.asarray(small)

    def _room(self, rows: Sequence[str]) -> int:
        """Return how many pixels the words beside the rows take."""
        widest = max(_font().getlength(words) for words in rows)
        return min(_WIDEST, int(widest) + 2 * _GAP) if widest else 0

    def _write(self, x: int, y: int, lines: Sequence[str], color: Any) -> None:
        for number, line in enumerate(lines):
            self._draw.text((x, y + number * _LINE), line, fill=color, font=_font())


@cache
def _font() -> Any:
    file = font_file()
    return ImageFont.truetype(str(file), _WORDS) if file else ImageFont.load_default(_WORDS)


def _wrapped(text: str, width: int, most: int = _MOST_LINES) -> list[str]:
    """Return ``text`` in lines that fit, the last one cut where there are too many."""
    lines, line = list[str](), ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and _font().getlength(longer) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]} …"]
    return [_cut(line, width) for line in lines]


def _cut(line: str, width: int) -> str:
    if _font().getlength(line) <= width:
        return line
    while line and _font().getlength(f"{line}…") > width:
        line = line[:-1]
    return f"{line}…"
