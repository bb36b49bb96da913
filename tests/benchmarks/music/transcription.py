"""The bench ``music-transcribe``: melodies that the studio plays itself, written down again.

A hundred melodies by each of five instruments. A note counts as found where one of its pitch begins
within 50 ms, as mir_eval has it; tempo and key are compared with those that were played. Rhythms of
an uneven hand are written down besides, with no sound.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from benchmarks.music import rhythm
from studio.api import BenchContext, finished
from studio_music.audio.mix.render import render_with
from studio_music.audio.synth.builtin_synth import BuiltinSynth
from studio_music.audio.synth.protocol import Tones
from studio_music.audio.transcription import weights
from studio_music.audio.transcription.activations import Activations, Floats, activations, prepared
from studio_music.audio.transcription.network import RATE, NoteNetwork
from studio_music.audio.transcription.note_events import NoteEvent, note_events, one_line
from studio_music.audio.transcription.score import written
from studio_music.score.piece import TICKS, Metre, MetreChange, Note, Piece, Tempo, Track
from studio_music.score.theory.key_detection import key_at

MELODIES = 100
INSTRUMENTS: Final = {"piano": 0, "guitar": 24, "violin": 40, "trumpet": 56, "flute": 73}
NEAR: Final = 0.05
"""Seconds within which a note must begin to be the one that was played."""

_RHYTHMS: Final = (
    (1, 1, 1, 1), (2, 2), (1, 1, 2), (0.5, 0.5, 1, 1, 1), (1.5, 0.5, 2), (1, 0.5, 0.5, 2),
    (0.5, 0.5, 0.5, 0.5, 1, 1), (1.5, 0.5, 1, 1), (3, 1), (0.75, 0.25, 1, 2),
)  # fmt: skip
_BARS = 6


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return precision, recall and F1 of notes for each instrument, and what else was found."""
    path = ctx.weights_path(ctx.weights_for("transcription", "basic-pitch"))
    network = finished(weights.loader().load(path, "cpu")).network
    rows: dict[str, dict[str, float]] = {}
    began, seconds = time.process_time(), 0.0
    for name, program in INSTRUMENTS.items():
        ctx.say(f"{MELODIES} melodies by the {name}")
        tones = Tones(BuiltinSynth(RATE))
        counts = np.zeros(3)
        tempo = key = metre = 0
        for seed in range(MELODIES):
            piece = melody(seed, program)
            sound = played(piece, tones)
            seconds += len(sound) / RATE
            events = one_line(note_events(heard(network, sound), 0.5, 0.06))
            counts += matched(piece, events)
            found = written(events, "", line=True) if events else Piece()
            tempo += abs(found.tempo / piece.tempo - 1) < 0.04
            key += found.key == piece.key
            metre += found.metre == piece.metre
        hits, wanted, given = counts.tolist()
        rows[name] = {
            "f1": round(2 * hits / (wanted + given), 4),
            "precision": round(hits / max(1, given), 4),
            "recall": round(hits / wanted, 4),
            "tempo": tempo / MELODIES,
            "key": key / MELODIES,
            "metre": metre / MELODIES,
        }
    return {
        "ratio": round(float(np.mean([row["f1"] for row in rows.values()])), 4),
        "instruments": rows,
        "rhythms": rhythm.measure(),
        "seconds_of_sound": round(seconds),
        "cpu_seconds_with_rendering": round(time.process_time() - began, 1),
    }


def melody(seed: int, program: int) -> Piece:
    """Return six bars of a melody that wanders through a key, from a seed."""
    rng = np.random.default_rng(seed)
    key = key_at(int(rng.integers(12)), ("major", "minor")[seed % 2])
    size = (4, 3)[seed % 4 == 3]
    scale = [pitch for pitch in range(55, 82) if pitch % 12 in key.scale]
    tonics = [place for place, pitch in enumerate(scale) if pitch % 12 == key.pitch_class]
    place, at, notes = tonics[len(tonics) // 2], 0.0, []
    for bar in range(_BARS):
        for length in _rhythm(rng, size, last=bar == _BARS - 1):
            velocity = 90 if at % size == 0 else int(rng.integers(65, 85))
            start = round(at * TICKS)
            notes.append(Note(start, scale[place], round(length * TICKS * 0.92), velocity))
            at += length
            step = int(rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3]))
            place = int(np.clip(place + step, 0, len(scale) - 1))
    home = min(tonics, key=lambda tonic: abs(tonic - place))
    notes[-1] = Note(notes[-1].start, scale[home], notes[-1].length, 90)
    metre, tempo = Metre(size, 4), Tempo(0, float(rng.integers(72, 150)))
    track = Track("Melody", tuple(notes), program, role="melody")
    return Piece(
        f"Melody {seed}",
        key,
        (tempo,),
        (MetreChange(0, metre),),
        _BARS * metre.bar,
        tracks=(track,),
    )


def _rhythm(rng: np.random.Generator, size: int, *, last: bool) -> Sequence[float]:
    if last:
        return (1.0,) * (size - 3) + (1.0, 2.0)
    if size == 3:
        return ((1.0, 1.0, 1.0), (2.0, 1.0), (1.0, 0.5, 0.5, 1.0), (1.5, 0.5, 1.0), (3.0,))[
            int(rng.integers(5))
        ]
    return _RHYTHMS[int(rng.integers(len(_RHYTHMS)))]


def played(piece: Piece, tones: Tones) -> Floats:
    """Return the sound of a piece by our own synthesiser, as the network takes it."""
    *_, samples = render_with(tones, piece, loop=False)
    assert not isinstance(samples, float)
    return prepared(samples, tones.synth.rate)


def heard(network: NoteNetwork, sound: Floats) -> Activations:
    """Return what the network hears in it."""
    *_, last = activations(network, sound, 8)
    assert isinstance(last, Activations)
    return last


def matched(piece: Piece, events: Sequence[NoteEvent]) -> tuple[int, int, int]:
    """Return how many notes were found, were played, and were written."""
    left = list(events)
    hits = 0
    for start, pitch in _wanted(piece):
        near = [e for e in left if e.pitch == pitch and abs(e.start - start) <= NEAR]
        if near:
            left.remove(min(near, key=lambda event: abs(event.start - start)))
            hits += 1
    return hits, sum(1 for _ in _wanted(piece)), len(events)


def _wanted(piece: Piece) -> Iterator[tuple[float, int]]:
    for note in piece.tracks[0].notes:
        yield piece.seconds(note.start), note.pitch
