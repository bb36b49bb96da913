"""Rows of a pattern: a bar as text, one column a step. Read, and fitted to other metres.

``x`` a stroke, ``X`` a strong and ``o`` a soft one, ``-`` holds it, ``.`` is silence. What other
signs mean is up to who reads the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from studio_music.score.piece import Metre

REST, HOLD = ".", "-"
Rows = Mapping[str, str]
"""Name → row; all of one length."""

_FROM_FOUR = {3: (0, 1, 3), 5: (0, 1, 1, 2, 3)}
"""Beats of a metre → which of four they are: a backbeat can spare its third; five are 3 + 2."""


class Stroke(NamedTuple):
    """One sign of a row: what share of the bar is before it, and how long it is held."""

    start: float
    length: float
    sign: str


def strokes(row: str) -> list[Stroke]:
    """Return the strokes of a row, in shares of its bar."""
    hits = []
    for column, sign in enumerate(row):
        if sign in (REST, HOLD):
            continue
        end = column + 1
        while end < len(row) and row[end] == HOLD:
            end += 1
        hits.append(Stroke(column / len(row), (end - column) / len(row), sign))
    return hits


def is_compound(metre: Metre) -> bool:
    """Whether its beats are dotted: 6/8, 9/8, 12/8."""
    return metre.unit >= 8 and metre.beats % 3 == 0


def fitted(rows: Rows, written: Metre, metre: Metre) -> Rows:
    """Return the rows of a bar of ``written`` as a bar of ``metre``.

    Three beats leave out the third of four, five have the second twice; dotted beats are swung;
    what is longer or shorter begins again or is cut.
    """
    if metre.beats in _FROM_FOUR and metre.bar == metre.beats * written.bar // written.beats:
        chosen = _FROM_FOUR[metre.beats]
        return {name: _beats(row, written.beats, chosen) for name, row in rows.items()}
    if is_compound(metre) and not is_compound(written):
        rows = {name: _swung(row, written.beats) for name, row in rows.items()}
        written = Metre(written.beats * 3, 8)
    columns = len(next(iter(rows.values()))) * metre.bar // written.bar
    return {name: _again(row, max(1, columns)) for name, row in rows.items()}


def _beats(row: str, beats: int, chosen: tuple[int, ...]) -> str:
    width = len(row) // beats
    return "".join(row[beat * width : (beat + 1) * width] for beat in chosen)


def _swung(row: str, beats: int) -> str:
    """Return a row of beats in four columns with beats in six; threes and sixes have them."""
    width = len(row) // beats
    if width % 3 == 0:
        return row
    swung = ""
    for first, second, third, fourth in (tuple(row[at : at + 4]) for at in range(0, len(row), 4)):
        # What is held through a column is held through the new one behind it too.
        early = HOLD if second == HOLD else REST
        late = HOLD if HOLD in (second, third) else REST
        swung += first + early + second + late + third + fourth
    return swung


def _again(row: str, columns: int) -> str:
    return (row * (columns // len(row) + 1))[:columns]
