"""The bench ``music-harmony``: settings for four voices, marked as a teacher marks them.

Sopranos of the JSB test pieces beside Bach's own settings of them, and tunes that the tune network
wrote, with the chords that the backing gave them. All as ``music.harmonise`` sets them, with the
first seed alone: nothing is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.music import jsb
from benchmarks.music.models import named_share
from studio.api import BenchContext, finished
from studio_music.compose.backing import arranging
from studio_music.compose.chorales import weights as chorales
from studio_music.compose.chorales.grid import STEP_TICKS
from studio_music.compose.chorales.harmony import Setting, harmonise
from studio_music.compose.prompt.request import TuneRequest
from studio_music.compose.tunes import weights as tunes
from studio_music.compose.tunes.composer import write
from studio_music.score.piece import TICKS, Key, Metre, Note, Piece, Track
from studio_music.score.theory.chord_symbols import parsed
from studio_music.score.theory.key_detection import found_key, ranked_keys, share_in_scale
from studio_music.score.theory.melody import melody_of
from studio_music.score.theory.voice_leading import leading_of, rows_of

SOPRANOS: Final = 16
TUNES: Final = 10

Grid = NDArray[np.int64]


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the figures of both kinds of melody."""
    torch.set_num_threads(1)
    model = finished(chorales.loader().load(ctx.weights_path("music-chorales"), "cpu"))
    whole = [grid for grid in jsb.read()["test"] if (grid[:, 0] >= 0).all()]
    ctx.say(f"setting {SOPRANOS} sopranos")
    bach = whole[:SOPRANOS]
    begun = time.process_time()
    made = [_set(model, soprano(grid), seed) for seed, grid in enumerate(bach)]
    seconds = time.process_time() - begun
    ours = [np.array(rows_of(piece)) for piece in made]
    ctx.say(f"writing and setting {TUNES} tunes")
    given = [_tune(ctx, number) for number in range(TUNES)]
    tune_settings = [_set(model, piece, seed) for seed, piece in enumerate(given)]
    figures = marks(ours)
    his = marks(bach)
    return {
        "ratio": round(figures["parallels per 100 moves"] / 0.5, 2),
        "moves, of Bach's": round(figures["moves"] / his["moves"], 2),
        "sopranos": {
            **figures,
            "same bass as Bach on beats": _same_bass(ours, bach),
            "seconds a minute of music at 100 bpm": round(seconds / _minutes(bach), 1),
        },
        "Bach, the same pieces": his,
        "tunes": {
            **marks([np.array(rows_of(piece)) for piece in tune_settings]),
            "own chords on beats": _mean(map(agreement, tune_settings, given)),
            "key as given": sum(a.key == b.key for a, b in zip(tune_settings, given, strict=True)),
            "in the scale": _mean(share_in_scale(_notes(p), p.key) for p in tune_settings),
            "key found in the notes": sum(_sounds(p) for p in tune_settings),
        },
    }


def marks(grids: Sequence[Grid]) -> dict[str, Any]:
    """Return what a teacher marks in settings (steps, 4), taken together."""
    each = [leading_of(grid.tolist()) for grid in grids]
    moves = sum(found.moves for found in each)
    bass = sum(found.bass_moves for found in each)
    return {
        "moves": moves,
        "parallels per 100 moves": _per_hundred(sum(len(f.parallels) for f in each), moves),
        "bass leaps of an octave or more, %": _per_hundred(sum(f.bass_leaps for f in each), bass),
        "out of range": sum(found.out_of_range for found in each),
        "crossings per 100 moves": _per_hundred(sum(found.crossings for found in each), moves),
        "wide per 100 moves": _per_hundred(sum(found.wide for found in each), moves),
        "moves between beats, %": _per_hundred(*_between(grids)),
        "named chords on beats": round(float(np.mean([named_share(grid) for grid in grids])), 3),
    }


def _between(grids: Sequence[Grid]) -> tuple[int, int]:
    """Return between how many beats one of the lower voices moves in the middle, of how many."""
    pairs = [(grid[0::4], grid[2::4]) for grid in grids]
    moved = sum(int((a[: len(b), 1:] != b[:, 1:]).any(axis=1).sum()) for a, b in pairs)
    return moved, sum(len(b) for _, b in pairs)


def soprano(grid: Grid) -> Piece:
    """Return the highest voice of a setting as a melody, in the key that the whole sounds in."""
    every = [note for voice in range(4) for note in _line(grid[:, voice])]
    melody = Track("Melody", tuple(_line(grid[:, 0])), role="melody")
    return Piece(key=found_key(every) or Key(), length=len(grid) * STEP_TICKS, tracks=(melody,))


def agreement(setting: Piece, given: Piece) -> float:
    """Return the share of beats at which the voices under the melody sing the given chord."""
    rows = rows_of(setting) or []
    hits, beats = 0, 0
    for at in range(0, len(rows), TICKS // STEP_TICKS):
        symbols = [chord.symbol for chord in given.chords if chord.tick <= at * STEP_TICKS]
        chord = parsed(symbols[-1]) if symbols else None
        sung = [pitch % 12 for pitch in rows[at][1:] if pitch >= 0]
        if chord is not None and sung:
            beats += 1
            hits += set(sung) <= set(chord.tones)
    return hits / max(beats, 1)


def _set(model: chorales.Chorales, piece: Piece, seed: int) -> Piece:
    rng = torch.Generator().manual_seed(seed)
    *_, made = harmonise(model, melody_of(piece), piece, Setting(), rng)
    assert isinstance(made, Piece)
    return made


def _tune(ctx: BenchContext, number: int) -> Piece:
    """Return a tune with its chords: keys, modes and metres in turn."""
    model = finished(tunes.loader().load(ctx.weights_path("music-tunes"), "cpu"))
    key = Key("DGAECFBDEA"[number], ("minor", "major")[number % 2])
    beats, unit = ((4, 4), (3, 4), (2, 4))[number % 3]
    mood = ("calm", "happy", "sad", "any")[number % 4]
    request = TuneRequest(key=key, metre=Metre(beats, unit), bars=16, mood=mood)
    *_, tune = write(model, request, torch.Generator().manual_seed(number))
    assert isinstance(tune, Piece)
    *_, backed = arranging(tune, "folk", np.random.default_rng(number))
    assert isinstance(backed, Piece)
    return backed


def _line(column: Grid) -> list[Note]:
    edges = [0, *(np.flatnonzero(np.diff(column)) + 1).tolist(), len(column)]
    return [
        Note(a * STEP_TICKS, int(column[a]), (b - a) * STEP_TICKS)
        for a, b in pairwise(edges)
        if column[a] >= 0
    ]


def _notes(piece: Piece) -> list[Note]:
    return [note for track in piece.tracks for note in track.notes]


def _sounds(piece: Piece) -> bool:
    """Whether a key finder that knows nothing of it finds the key it is written in."""
    found = ranked_keys(_notes(piece))[0][1]
    return (found.pitch_class, found.mode) == (piece.key.pitch_class, piece.key.mode)


def _same_bass(ours: Sequence[Grid], bach: Sequence[Grid]) -> float:
    same = [
        ((a[: len(b) : 4, 3] - b[: len(a) : 4, 3]) % 12 == 0).mean()
        for a, b in zip(ours, bach, strict=True)
    ]
    return _mean(same)


def _minutes(grids: Sequence[Grid]) -> float:
    return sum(len(grid) for grid in grids) / 4 / 100


def _per_hundred(count: int, of: int) -> float:
    return round(100 * count / max(of, 1), 2)


def _mean(values: Any) -> float:
    return round(float(np.mean(list(values))), 3)
