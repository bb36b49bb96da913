"""Set a melody for four voices: the given voice stays as it is, the others are filled in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from studio_music.chorales import grid
from studio_music.chorales.masked_sampler import WINDOW, MaskedSampler
from studio_music.chorales.melodies import fitted, role_of
from studio_music.chorales.vocabulary import LOWEST, MASKED, PITCHES, REST, VOICES
from studio_music.chorales.weights import Chorales
from studio_music.piece import TICKS, Key, Note, Piece, Track
from studio_music.theory.key_detection import found_key, share_in_scale

_CHOIR: Final = 52
_PANS: Final = (-0.3, 0.3, -0.15, 0.15)
_LOUDNESS: Final = 76

_IN_KEY: Final = 0.9
"""Share of its sounding time that a melody has in the scale of a key it is in."""
_OUTSIDE: Final = 3.0
"""How much less likely (in nats) a pitch outside the scale is than the network says."""
_ENDING: Final = 8.0
"""The same at the end, for what is not the tonic chord."""


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
    length, tempos and metres are those of ``piece``, and so is the key where the melody is in it.

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
    key = key_of(notes, piece.key)
    filling = MaskedSampler(
        model.network,
        cells,
        grid.places(piece, steps),
        temperature,
        rng,
        window,
        leaning(key, line),
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
    yield msgspec.structs.replace(piece, key=key, length=piece.end, tracks=tracks, chords=())


def key_of(notes: Sequence[Note], written: Key) -> Key:
    """Return the key that a melody is set in: the one that is written, where it fits."""
    found = found_key(notes)
    fits = share_in_scale(notes, written) >= _IN_KEY
    return written if fits or found is None else found


def leaning(key: Key, line: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how much likelier each value is in ``key``, for ``MaskedSampler``.

    What lies outside the scale is less likely, everywhere; under the last note of the melody, if
    it is one of the tonic chord, so is all but that chord, with its root in the bass.

    Args:
        line: The melody as cells, one a step.
    """
    classes = (np.arange(PITCHES) + LOWEST) % 12
    raised = (key.scale[0] - 1, key.scale[5] + 1) if key.mode == "minor" else ()
    leans = np.zeros((len(line), len(VOICES), PITCHES + 1))
    outside = ~np.isin(classes, [pitch % 12 for pitch in (*key.scale, *raised)])
    leans[:, :, :PITCHES] -= _OUTSIDE * outside
    sung = np.flatnonzero(line < REST)
    chord = [key.scale[degree] for degree in (0, 2, 4)]
    if len(sung) and (line[sung[-1]] + LOWEST) % 12 in chord:
        other = np.flatnonzero(line[: sung[-1] + 1] != line[sung[-1]])
        last = slice(int(other[-1]) + 1 if len(other) else 0, None)
        leans[last, :, :PITCHES] -= _ENDING * ~np.isin(classes, chord)
        leans[last, -1, :PITCHES] -= _ENDING * (classes != chord[0])
    return leans


def _struck(notes: tuple[Note, ...], steps: int) -> NDArray[np.bool_]:
    """Return the steps at which all voices sing a new syllable: beats on which the melody does."""
    struck = np.zeros(steps, bool)
    for note in notes:
        if note.start % TICKS == 0:
            struck[note.start // grid.STEP_TICKS] = True
    return struck
