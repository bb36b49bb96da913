"""Set a melody for four voices: the given voice stays as it is, the others are filled in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from studio_music.compose.chorales import grid
from studio_music.compose.chorales.causal_search import CausalSearch
from studio_music.compose.chorales.grid import STEP_TICKS
from studio_music.compose.chorales.lines import Rules
from studio_music.compose.chorales.masked_sampler import WINDOW, MaskedSampler
from studio_music.compose.chorales.melodies import fitted, role_of
from studio_music.compose.chorales.vocabulary import LOWEST, MASKED, PITCHES, REST, STEPS, VOICES
from studio_music.compose.chorales.weights import Chorales
from studio_music.score.piece import TICKS, Chord, Key, Note, Piece, Track
from studio_music.score.theory.chord_names import symbols
from studio_music.score.theory.chord_symbols import Harmony, parsed
from studio_music.score.theory.dynamics import followed
from studio_music.score.theory.key_detection import found_key, share_in_scale
from studio_music.score.theory.voice_leading import rows_of

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


_CHOIR: Final = 52
_PANS: Final = (-0.3, 0.3, -0.15, 0.15)
_LOUDNESS: Final = 76

_NOISE: Final = 0.4
"""What a temperature of 1 is to the search, whose beam takes the best of many draws."""

_IN_KEY: Final = 0.9
"""Share of its sounding time that a melody has in the scale of a key it is in."""
_ENDS_IN_KEY: Final = 0.75
"""The same where it ends on the tonic."""


class Setting(msgspec.Struct, frozen=True):
    """How a melody is to be set.

    Attributes:
        voice: Which voice it is: one of ``VOICES``.
        key: To set it in; None for that of the piece.
        own_chords: Follow the chords of the piece, where it has any.
        passes: How often voices are revised that are filled in around another than the soprano.
        window: Steps of these that are computed at once.
    """

    voice: str = "soprano"
    key: Key | None = None
    own_chords: bool = True
    temperature: float = 0.7
    passes: int = 8
    window: int = WINDOW


def harmonise(
    model: Chorales, melody: Track, piece: Piece, how: Setting, rng: torch.Generator
) -> Iterator[float | Piece]:
    """Yield the fraction done, and at last the piece: four tracks, from soprano to bass.

    The given voice keeps every note of the melody (in the octave that ``melodies.fitted`` chose);
    length, tempos and metres are those of ``piece``, and so are its key where the melody is in it
    and its chords where they are followed.

    Raises:
        BadInput: that voice cannot sing the melody.
    """
    notes = fitted(melody, piece, how.voice).melody.notes
    given = VOICES.index(how.voice)
    steps = -(-piece.end // grid.STEP_TICKS)
    line = grid.sung(notes, steps)
    cells = np.full((steps, len(VOICES)), MASKED)
    cells[grid.long_rests(line)] = REST
    cells[:, given] = line
    key = how.key or key_of(notes, piece.key)
    chords = piece.chords if how.own_chords else ()
    places = grid.places(piece, steps)
    wishes = wanted(key, line, chords, sung_by=given)
    if model.causal is not None and how.voice == VOICES[0]:
        noise = how.temperature * _NOISE
        search = CausalSearch(model.causal, cells, places, noise, rng, wishes, Rules(key))
        yield from search.fill()
    else:
        filling = MaskedSampler(
            model.network, cells, places, how.temperature, rng, how.window, wishes, key
        )
        yield from filling.fill(how.passes)
    struck = _struck(notes, steps)
    tracks = []
    for number, name in enumerate(VOICES):
        voice = Track(name.capitalize(), (), _CHOIR, role=role_of(name), pan=_PANS[number])
        if number == given:
            sung = msgspec.structs.replace(voice, notes=notes, dynamics=melody.dynamics)
        else:  # as loud as the melody is to be
            written = grid.notes_of(cells[:, number], struck, piece.end, _LOUDNESS)
            sung = followed(msgspec.structs.replace(voice, notes=written), melody.dynamics)
        tracks.append(sung)
    setting = msgspec.structs.replace(
        piece, key=key, length=piece.end, tracks=tuple(tracks), chords=chords
    )
    if not any(parsed(chord.symbol) for chord in chords):
        setting = msgspec.structs.replace(setting, chords=symbols(rows_of(setting) or (), key))
    yield setting


def key_of(notes: Sequence[Note], written: Key) -> Key:
    """Return the key that a melody is set in: the one that is written, where it fits."""
    detected = found_key(notes)
    ends = bool(notes) and max(notes).pitch % 12 == written.pitch_class
    fits = share_in_scale(notes, written) >= (_ENDS_IN_KEY if ends else _IN_KEY)
    return written if fits or detected is None else detected


def _struck(notes: tuple[Note, ...], steps: int) -> NDArray[np.bool_]:
    """Return the steps at which all voices sing a new syllable: beats on which the melody does."""
    struck = np.zeros(steps, bool)
    for note in notes:
        if note.start % TICKS == 0:
            struck[note.start // grid.STEP_TICKS] = True
    return struck
