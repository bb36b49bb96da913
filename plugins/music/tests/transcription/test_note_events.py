"""Rules make notes of what the network heard."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from studio.api import BadInput
from studio_music.audio.transcription.activations import FRAMES_A_SECOND, Activations
from studio_music.audio.transcription.network import LOWEST, PITCHES
from studio_music.audio.transcription.note_events import (
    NoteEvent,
    note_events,
    one_line,
    overlap,
)


def heard(*notes: tuple[int, int, int], strength: float = 0.9, begins: bool = True) -> Activations:
    """Return what a network hears of (pitch, first frame, last frame)."""
    both = np.zeros((2, 200, PITCHES), np.float32)
    for pitch, start, end in notes:
        both[1, start:end, pitch - LOWEST] = strength
        if begins:
            both[0, start, pitch - LOWEST] = 0.95
    return Activations(both[0], both[1], np.ones(200, np.float32))


def found(activations: Activations, sensitivity: float = 0.5) -> list[tuple[int, int, int]]:
    events = note_events(activations, sensitivity, 0.06)
    frames = [(e.pitch, e.start * FRAMES_A_SECOND, e.end * FRAMES_A_SECOND) for e in events]
    return [(pitch, round(start), round(end)) for pitch, start, end in frames]


def test_a_note_is_as_long_as_its_pitch_sounds() -> None:
    assert found(heard((60, 10, 50), (64, 60, 90))) == [(60, 10, 50), (64, 60, 90)]


def test_a_pitch_that_begins_again_is_two_notes() -> None:
    activations = heard((60, 10, 40), (60, 40, 80))
    assert found(activations) == [(60, 10, 40), (60, 40, 80)]


def test_a_pitch_that_is_let_go_does_not_begin_again() -> None:
    activations = heard((60, 10, 40), (60, 40, 80))
    activations.levels[38:] = 0.3
    assert found(activations) == [(60, 10, 80)]


def test_a_pitch_that_swells_without_a_beginning_is_a_note() -> None:
    assert found(heard((60, 20, 60), begins=False)) == [(60, 20, 60)]


def test_what_is_shorter_than_asked_is_no_note() -> None:
    assert found(heard((60, 10, 13), (62, 30, 60))) == [(62, 30, 60)]


def test_sensitivity_decides_about_soft_notes() -> None:
    soft = heard((60, 20, 60), strength=0.4, begins=False)
    assert found(soft, 0.1) == []
    assert found(soft, 0.9) == [(60, 20, 60)]


def test_faint_harmonics_and_neighbours_are_left_out() -> None:
    activations = heard((60, 10, 60))
    for pitch in (61, 72, 79):
        activations.notes[11:55, pitch - LOWEST] = 0.5
        activations.onsets[11, pitch - LOWEST] = 0.8
    assert found(activations) == [(60, 10, 60)]
    activations.notes[11:55, 72 - LOWEST] = 0.9  # an octave that is as loud is played
    assert found(activations) == [(60, 10, 60), (72, 11, 55)]


def test_more_notes_than_music_has_are_refused_in_a_sentence() -> None:
    noise = np.random.default_rng(0).random((2, 40_000, PITCHES), dtype=np.float32)
    with pytest.raises(BadInput, match="More than 20,000 notes"):
        note_events(Activations(noise[0], noise[1], noise[0, :, 0]), 0.5, 0.03)


def test_a_line_cuts_what_sounds_on_and_keeps_the_stronger_of_two() -> None:
    events = [
        NoteEvent(0.0, 1.2, 60, 0.9),
        NoteEvent(0.5, 0.6, 67, 0.3),  # within the first, and faint
        NoteEvent(1.0, 2.0, 62, 0.8),
        NoteEvent(1.01, 2.0, 74, 0.6),
    ]
    assert [(e.start, e.end, e.pitch) for e in one_line(events)] == [(0.0, 1.0, 60), (1.0, 2.0, 62)]


def test_overlap_tells_chords_from_a_melody() -> None:
    line = [NoteEvent(at, at + 1, 60, 1.0) for at in range(4)]
    assert overlap(line) == 0
    assert overlap([*line, *(each._replace(pitch=64) for each in line)]) == 1
