"""The beat behind notes is found, followed, and told apart in threes and fours."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.music import rhythm
from benchmarks.music.transcription import melody
from studio_music.audio.transcription.beat import found_beat
from studio_music.audio.transcription.note_events import NoteEvent
from studio_music.audio.transcription.score import written
from studio_music.score.piece import TICKS, Metre

FOURS = [1, 1, 2, 0.5, 0.5, 1, 2, 1.5, 0.5, 2, 1, 1, 1, 1, 4]
THREES = [2, 1, 2, 1, 1, 0.5, 0.5, 1, 3, 2, 1, 1.5, 0.5, 1, 2, 1, 3]


def played(lengths: list[float], bpm: float, *, late: float = 0.0, drift: float = 0.0) -> tuple:
    """Return starts, ends and weights in seconds; the tempo grows by ``drift`` from end to end."""
    beats = np.cumsum([0.0, *lengths])
    rate = 60 / bpm * (1 - drift * beats / beats[-1] / 2)
    seconds = beats * rate
    seconds += np.random.default_rng(1).normal(0, late, len(beats))
    return np.sort(seconds[:-1]), seconds[1:], np.ones(len(lengths))


@pytest.mark.parametrize("bpm", [84.0, 100.0, 133.0])
def test_notes_are_on_the_beats_they_were_played_on(bpm: float) -> None:
    starts, ends, weights = played(FOURS, bpm, late=0.008)
    beat = found_beat(starts + 0.7, ends + 0.7, weights)
    assert beat.bpm == pytest.approx(bpm, rel=0.03)
    assert np.diff(beat.places).tolist() == FOURS[:-1]


def test_a_beat_that_hurries_is_followed() -> None:
    starts, ends, weights = played(FOURS * 2, 96.0, drift=0.12)
    beat = found_beat(starts, ends, weights)
    assert np.diff(beat.places).tolist() == (FOURS * 2)[:-1]


def test_threes_are_told_from_fours_and_bars_begin_where_they_did() -> None:
    for lengths, size in ((THREES, 3), (FOURS, 4)):
        beat = found_beat(*played(lengths, 110.0))
        assert beat.bar == size
        assert beat.places[0] == 0


def test_a_known_tempo_and_metre_are_kept() -> None:
    beat = found_beat(*played(FOURS, 120.0), bpm=60.0, bar=3)
    assert beat.bpm == pytest.approx(60.0, rel=0.03)
    assert beat.bar == 3


def test_one_note_is_enough() -> None:
    beat = found_beat(np.array([0.4]), np.array([0.9]), np.ones(1))
    assert beat.places.tolist() == [0.0]


@pytest.mark.parametrize("late", [0.0, 0.01])
def test_six_eighths_are_two_dotted_beats(late: float) -> None:
    jig = [1, 0.5, 1, 0.5, 0.5, 0.5, 0.5, 1.5, 1, 0.5, 0.5, 0.5, 0.5, 1.5, 1.5, 1.5]
    starts, ends, weights = played(jig, 150.0, late=late)
    beat = found_beat(starts, ends, weights, dotted=True)
    assert np.diff(beat.places).tolist() == jig[:-1]
    assert (beat.bar, beat.dotted) == (3, True)
    assert beat.bpm == pytest.approx(150.0, rel=0.03)
    events = [NoteEvent(a, b, 60, 0.8) for a, b in zip(starts, ends, strict=True)]
    assert written(events, "", line=True, dotted=True).metre == Metre(6, 8)


def test_triplets_are_written_as_such_and_sixteenths_stay() -> None:
    third = 1 / 3
    lengths = [1, 1, third, third, third, 1, 1, third, third, third, 0.5, 0.5, 1, 1, 1, 2]
    starts, ends, weights = played(lengths, 100.0)
    beat = found_beat(starts, ends, weights)
    assert np.diff(beat.places).tolist() == pytest.approx(lengths[:-1])
    notes = (
        written(
            [
                NoteEvent(a, b, 60 + n % 3, 0.8)
                for n, (a, b) in enumerate(zip(starts, ends, strict=True))
            ],
            "",
            line=True,
        )
        .tracks[0]
        .notes
    )
    assert [note.length for note in notes[2:5]] == [TICKS // 3] * 3
    plain = found_beat(*played(FOURS, 100.0, late=0.012))
    assert all(place * 4 % 1 == 0 for place in plain.places)


def test_six_eighths_are_found_without_being_told() -> None:
    jig = [1, 0.5, 1, 0.5, 0.5, 0.5, 0.5, 1.5, 1, 0.5, 0.5, 0.5, 0.5, 1.5, 1.5, 1.5]
    beat = found_beat(*played(jig, 150.0, late=0.01))
    assert (beat.bar, beat.dotted) == (3, True)
    assert np.diff(beat.places).tolist() == jig[:-1]
    assert not found_beat(*played(FOURS, 110.0, late=0.01)).dotted, "the control"
    assert not found_beat(*played(THREES, 110.0, late=0.01)).dotted, "the control"


def test_an_uneven_hand_is_read_as_it_was_meant() -> None:
    rows = rhythm.measure(range(1000, 1003))
    assert rows["triplets"]["notes"] > 0.95
    assert rows["6/8"]["notes"] > 0.95
    assert rows["6/8"]["metre"] > 0.7
    assert rows["triplets"]["metre"] == 1


def test_notes_of_a_chord_are_on_one_place() -> None:
    starts, ends, weights = played(FOURS, 100.0)
    both = np.sort(np.concatenate((starts, starts + 0.02)))
    beat = found_beat(both, np.repeat(ends, 2), np.repeat(weights, 2))
    assert np.array_equal(beat.places[::2], beat.places[1::2])
    assert np.diff(beat.places[::2]).tolist() == FOURS[:-1]


def test_most_melodies_are_written_in_their_metre() -> None:
    right, threes = [], 0
    for seed in range(24):  # a quarter of them is in 3/4
        piece = melody(seed, 0)
        notes = piece.tracks[0].notes
        late = np.random.default_rng(seed).normal(0, 0.01, len(notes))
        starts = np.array([piece.seconds(note.start) for note in notes]) + late
        ends = np.array([piece.seconds(note.end) for note in notes])
        beat = found_beat(np.sort(starts), ends, np.array([n.velocity / 127 for n in notes]))
        right.append(Metre(beat.bar, 4) == piece.metre and not beat.dotted)
        threes += right[-1] and beat.bar == 3
    assert np.mean(right) > 0.9
    assert threes >= 5
    assert found_beat(starts, ends, np.ones(len(starts)), bar=2).bar == 2
