"""Between notes and the grid of sixteenths on which the voices are set. Plain numpy."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

import numpy as np
from numpy.typing import NDArray

from studio_music.compose.chorales.vocabulary import LOWEST, PHASES, PLACES, REST, STEPS
from studio_music.score.piece import TICKS, Note, Piece

STEP_TICKS: Final = TICKS // STEPS
LONG_REST: Final = 2 * STEPS
"""Steps of silence in the given voice through which the others are silent too."""

Cells = NDArray[np.int64]


def sung(notes: tuple[Note, ...], steps: int) -> Cells:
    """Return the cell of each step: the pitch that sounds longest in it, or ``REST``."""
    cells = np.full(steps, REST)
    longest = np.zeros(steps, np.int64)
    for note in notes:
        first, last = note.start // STEP_TICKS, -(-note.end // STEP_TICKS)
        for step in range(first, min(last, steps)):
            begin = step * STEP_TICKS
            ticks = min(note.end, begin + STEP_TICKS) - max(note.start, begin)
            if ticks > longest[step]:
                cells[step], longest[step] = note.pitch - LOWEST, ticks
    return cells


def places(piece: Piece, steps: int) -> Cells:
    """Return where each step lies, as ``vocabulary.PLACES`` counts."""
    starts = piece.bar_starts()
    at = np.arange(steps) * STEP_TICKS
    since = np.array([tick - starts[max(bisect_right(starts, tick) - 1, 0)] for tick in at])
    if piece.pickup:  # an upbeat is the end of a bar
        since[at < piece.pickup] += piece.metre.bar - piece.pickup
    within = since // STEP_TICKS
    return np.where(within < PLACES - PHASES, PHASES + within, within % PHASES)


def long_rests(cells: Cells) -> NDArray[np.bool_]:
    """Return the steps that lie in a silence of ``LONG_REST`` steps or more."""
    silent = np.concatenate([[False], cells == REST, [False]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(silent))
    mask = np.zeros(len(cells), bool)
    for first, last in edges.reshape(-1, 2):
        mask[first:last] = last - first >= LONG_REST
    return mask


def notes_of(cells: Cells, struck: NDArray[np.bool_], end: int, velocity: int) -> tuple[Note, ...]:
    """Return the notes of a voice: a step with a new pitch begins one, and so does a struck step.

    Args:
        struck: Steps at which a held pitch is sung anew.
        end: The tick at which the piece ends.
    """
    new = np.append(True, cells[1:] != cells[:-1]) | struck
    firsts = np.flatnonzero(new)
    lasts = np.append(firsts[1:], len(cells))
    return tuple(
        Note(
            first * STEP_TICKS,
            int(cells[first]) + LOWEST,
            min(last * STEP_TICKS, end) - first * STEP_TICKS,
            velocity,
        )
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
        if cells[first] != REST
    )
