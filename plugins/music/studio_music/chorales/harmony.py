"""Set a melody for four voices: the given voice stays as it is, the others are filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from studio_music.chorales import grid
from studio_music.chorales.masked_sampler import WINDOW, MaskedSampler
from studio_music.chorales.melodies import fitted, role_of
from studio_music.chorales.vocabulary import MASKED, REST, VOICES
from studio_music.chorales.weights import Chorales
from studio_music.piece import TICKS, Note, Piece, Track

_CHOIR: Final = 52
_PANS: Final = (-0.3, 0.3, -0.15, 0.15)
_LOUDNESS: Final = 76


def harmonise(
    model: Chorales,
    melody: Track,
    piece: Piece,
    voice: str,
    rng: torch.Generator,
    temperature: float,
    passes: int,
    window: int = WINDOW,
) -> Iterator[float | Piece]:
    """Yield the fraction done, and at last the piece: four tracks, from soprano to bass.

    The given voice keeps every note of the melody (in the octave that ``melodies.fitted`` chose);
    length, key, tempos and metres are those of ``piece``.

    Raises:
        BadInput: that voice cannot sing the melody.
    """
    notes = fitted(melody, piece, voice).melody.notes
    given = VOICES.index(voice)
    steps = -(-piece.end // grid.STEP_TICKS)
    line = grid.sung(notes, steps)
    cells = np.full((steps, len(VOICES)), MASKED)
    cells[grid.long_rests(line)] = REST
    cells[:, given] = line
    filling = MaskedSampler(
        model.network, cells, grid.places(piece, steps), temperature, rng, window
    )
    yield from filling.fill(passes)
    struck = _struck(notes, steps)
    tracks = tuple(
        Track(
            voice_name.capitalize(),
            notes
            if number == given
            else grid.notes_of(filling.cells[:, number], struck, piece.end, _LOUDNESS),
            program=_CHOIR,
            role=role_of(voice_name),
            pan=_PANS[number],
        )
        for number, voice_name in enumerate(VOICES)
    )
    yield msgspec.structs.replace(piece, length=piece.end, tracks=tracks, chords=())


def _struck(notes: tuple[Note, ...], steps: int) -> NDArray[np.bool_]:
    """Return the steps at which all voices sing a new syllable: beats on which the melody does."""
    struck = np.zeros(steps, bool)
    for note in notes:
        if note.start % TICKS == 0:
            struck[note.start // grid.STEP_TICKS] = True
    return struck
