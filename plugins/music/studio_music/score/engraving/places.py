"""Where on an engraved page things are: noteheads to click on, and the way of the playhead."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from itertools import pairwise

import msgspec

from studio_music.score.engraving.flat_svg import SVG, Page
from studio_music.score.engraving.layout import Head, Place
from studio_music.score.formats.bars import Bar

_MOVE = re.compile(r"translate\((-?[\d.]+), (-?[\d.]+)\)")
_LINE = re.compile(r"M(-?[\d.]+) (-?[\d.]+) L(-?[\d.]+) (-?[\d.]+)")
_NOTE = re.compile(r"t(\d+)n(\d+)(?:-\d+)?")
_HEAD = 1.2  # staff spaces that a notehead is wide


def measures(page: Page) -> list[ET.Element]:
    """Return the bars of a page in their order."""
    return [e for e in page.body.iter(f"{SVG}g") if e.get("class") == "measure"]


class _Extent(msgspec.Struct):
    left: float
    right: float
    top: float
    bottom: float
    space: float


def _extent(measure: ET.Element) -> _Extent:
    """Return the rectangle of a bar's staff lines, and the distance of two lines."""
    lines = []
    for staff in measure.iter(f"{SVG}g"):
        if staff.get("class") == "staff":
            matches = (_LINE.fullmatch(path.get("d", "")) for path in staff.findall(f"{SVG}path"))
            lines += [[float(n) for n in line.groups()] for line in matches if line]
    heights = sorted({line[1] for line in lines})
    gaps = [b - a for a, b in pairwise(heights)]
    return _Extent(
        min(line[0] for line in lines),
        max(line[2] for line in lines),
        heights[0],
        heights[-1],
        min(gaps, default=180.0),
    )


def _marked(measure: ET.Element) -> Iterator[tuple[str, float, float]]:
    """Yield id and place of each sign that has an id of ours."""
    for element in measure.iter(f"{SVG}g"):
        if re.fullmatch(r"t\d+[nr][\d-]+", element.get("id", "")):
            for use in element.iter(f"{SVG}use"):
                if move := _MOVE.match(use.get("transform", "")):
                    yield element.attrib["id"], float(move[1]), float(move[2])
                    break


def find(
    page: Page, number: int, bars: list[Bar], ticks: Mapping[str, int]
) -> tuple[list[Place], list[Head]]:
    """Return the places and heads of a page; ``bars`` are those on it.

    Args:
        number: Of the page, as it is to stand in the places.
        ticks: When the signs begin, by id.
    """
    places, heads = [], []
    dx, dy = page.margin

    def px(value: float, shift: float = 0.0) -> float:
        return round((value + shift) / page.units, 1)

    for measure, bar in zip(measures(page), bars):
        box = _extent(measure)
        first: dict[int, float] = {}
        for mark, x, y in _marked(measure):
            first[ticks[mark]] = min(x, first.get(ticks[mark], x))
            if note := _NOTE.fullmatch(mark):
                top, width = y - box.space / 2, _HEAD * box.space
                size = (px(x, dx), px(top, dy), px(width), px(box.space))
                heads.append(Head(mark, int(note[1]), int(note[2]), number, *size))
        first.setdefault(bar.start, box.left)
        way = [*sorted(first.items()), (bar.end - 1, box.right)]
        top, height = px(box.top, dy), px(box.bottom - box.top)
        places += [Place(tick, number, px(x, dx), top, height) for tick, x in way]
    return places, heads
