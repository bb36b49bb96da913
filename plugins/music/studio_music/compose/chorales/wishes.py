"""Biases added to the network's scores: the key, given chords, the ending.

Nats by which a value is likelier, (steps, voices, pitches and rest), for ``MaskedSampler``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from studio_music.compose.chorales.grid import STEP_TICKS
from studio_music.compose.chorales.vocabulary import LOWEST, PITCHES, REST, STEPS, VOICES
from studio_music.score.piece import Chord, Key
from studio_music.score.theory.chord_symbols import Harmony, parsed

Wishes = NDArray[np.float64]

_OUTSIDE: Final = 3.0
"""How much less likely a pitch outside the scale is than the network says."""
_OPENING: Final = 4.0
"""The same at the start, for what is not the tonic chord, where the melody is in it."""
_ENDING: Final = 8.0
"""The same at the end."""
_CADENCE: Final = 3.0
"""The same before the end, for what is not the dominant."""
_OTHER: Final = 6.0
"""The same for what is not in the chord that is given."""
_PASSING: Final = 2.0
"""The same between beats, where voices may pass."""
_ROOT: Final = 3.0
"""And in the bass, for what is not its lowest note, where a chord begins."""

_CLASSES: Final = (np.arange(PITCHES) + LOWEST) % 12
_BASS: Final = -1


def wanted(
    key: Key, line: NDArray[np.int64], chords: Sequence[Chord] = (), *, sung_by: int = 0
) -> Wishes:
    """Return biases for every step.

    Values outside the scale are less likely; so are all but the tonic chord at the start, and all
    but the dominant before the end, where the melody fits them; at the end, the tonic is certain.
    Given chords override all of these.

    Args:
        line: The melody as cells, one a step, and ``sung_by`` which voice.
        chords: Symbols that begin at their ticks; unparsable ones are skipped.
    """
    wishes = np.zeros((len(line), len(VOICES), PITCHES + 1))
    given = _given(chords, len(line))
    raised = (key.scale[0] - 1, key.scale[5] + 1) if key.mode == "minor" else ()
    scale = [pitch % 12 for pitch in (*key.scale, *raised)]
    wishes[:, :, :PITCHES] -= _OUTSIDE * ~np.isin(_CLASSES, scale)
    for first, last, chord in given:
        _lean(wishes, slice(first, last), chord.tones, _PASSING)
        on_beats = slice(first + -first % STEPS, last, STEPS)
        _lean(wishes, on_beats, chord.tones, _OTHER - _PASSING)
        wishes[first : first + 4, _BASS, :PITCHES] -= _ROOT * (chord.lowest != _CLASSES)
    notes = _notes(line)
    tonic = [key.scale[degree] for degree in (0, 2, 4)]
    dominant = [key.scale[4], (key.pitch_class - 1) % 12, key.scale[1]]
    if not notes:
        return wishes
    if not given:
        if _class(line, notes[0]) in tonic:
            _close(wishes, notes[0], tonic, _OPENING)
        if len(notes) > 1 and _class(line, notes[-2]) in dominant:
            _close(wishes, notes[-2], dominant, _CADENCE)
    if _class(line, notes[-1]) in tonic and not (given and set(given[-1][2].tones) ^ set(tonic)):
        _close(wishes, slice(notes[-1].start, None), tonic, _ENDING)
    wishes[:, sung_by] = 0
    return wishes


def _given(chords: Sequence[Chord], steps: int) -> list[tuple[int, int, Harmony]]:
    """Return (first step, end step, chord) of each given chord that could be parsed."""
    understood = [(c.tick // STEP_TICKS, chord) for c in chords if (chord := parsed(c.symbol))]
    understood.append((steps, Harmony(0)))
    return [(a, b, chord) for (a, chord), (b, _) in pairwise(understood)]


def _lean(wishes: Wishes, where: slice, classes: Sequence[int], nats: float) -> None:
    wishes[where, :, :PITCHES] -= nats * ~np.isin(_CLASSES, classes)


def _close(wishes: Wishes, where: slice, chord: Sequence[int], nats: float) -> None:
    """Want a chord, with its root in the bass."""
    _lean(wishes, where, chord, nats)
    wishes[where, _BASS, :PITCHES] -= nats * (chord[0] != _CLASSES)


def _notes(line: NDArray[np.int64]) -> list[slice]:
    """Return the runs of one pitch."""
    edges = [0, *(np.flatnonzero(np.diff(line)) + 1).tolist(), len(line)]
    runs = [slice(a, b) for a, b in pairwise(edges) if a < b]
    return [run for run in runs if line[run.start] < REST]


def _class(line: NDArray[np.int64], run: slice) -> int:
    return int(line[run.start] + LOWEST) % 12
