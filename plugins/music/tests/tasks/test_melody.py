"""Which line is the melody, and which instrument plays it."""

from __future__ import annotations

import pytest

from studio.api import BadInput
from studio_music.score.piece import Note, Piece, Track
from studio_music.score.theory.instrumentation import PIANO, cast
from studio_music.score.theory.melody import highest_line, melody_of, melody_track
from studio_music.score.theory.ranges import program_range

FLUTE, CELLO, PICCOLO = 73, 42, 72


def line(*pitches: int, role: str = "", name: str = "") -> Track:
    notes = tuple(Note(place * 480, pitch, 480) for place, pitch in enumerate(pitches))
    return Track(name, notes, role=role)


def piece(*tracks: Track) -> Piece:
    return Piece(length=4 * 480, tracks=tracks)


@pytest.mark.parametrize(
    ("tracks", "chosen"),
    [
        ((line(40, name="low"), line(70, name="high")), "high"),
        ((line(90, name="descant"), line(70, role="melody", name="tune")), "tune"),
        ((line(50, role="tenor", name="T"), line(70, role="soprano", name="S")), "S"),
        ((line(90, role="chords", name="chords"), line(60, name="voice")), "voice"),
        ((Track("empty", role="melody"), line(60, name="voice")), "voice"),
        ((Track("kit", line(80).notes, drums=True), line(60, name="voice")), "voice"),
    ],
)
def test_the_melody_is_the_track_that_is_named_so_else_the_highest(
    tracks: tuple[Track, ...], chosen: str
) -> None:
    assert melody_track(piece(*tracks)).name == chosen


def test_of_chords_the_highest_note_is_the_melody() -> None:
    chords = Track("Both hands", (Note(0, 48, 960), Note(0, 72, 480), Note(480, 74, 480)))
    assert melody_of(piece(chords)).notes == (Note(0, 72, 480), Note(480, 74, 480))


def test_a_line_is_one_note_at_a_time() -> None:
    notes = (Note(0, 72, 960), Note(480, 60, 480), Note(720, 76, 480))
    assert highest_line(notes) == (Note(0, 72, 720), Note(720, 76, 480))


def test_without_pitched_notes_there_is_no_melody() -> None:
    with pytest.raises(BadInput, match="only drums, no melody"):
        melody_of(piece(Track("kit", line(38).notes, drums=True), Track("empty")))


@pytest.mark.parametrize(
    ("pitches", "asked", "program", "shift"),
    [
        ((60, 72), None, FLUTE, 0),
        ((50, 72), None, PIANO, 0),
        ((60, 72), CELLO, CELLO, 0),
        ((60, 96), CELLO, CELLO, -12),
        ((60, 72), PICCOLO, PICCOLO, 24),
    ],
)
def test_an_instrument_reaches_every_note(
    pitches: tuple[int, int], asked: int | None, program: int, shift: int
) -> None:
    made, remark = cast(piece(line(*pitches, role="melody")), asked, (FLUTE,))
    (track,) = made.tracks
    assert (track.program, remark) == (program, "")
    assert [note.pitch for note in track.notes] == [pitch + shift for pitch in pitches]
    low, high = program_range(track.program)
    assert all(low <= note.pitch <= high for note in track.notes)


def test_what_no_octave_of_the_instrument_holds_is_played_by_another_and_said() -> None:
    made, remark = cast(piece(line(30, 100, role="melody")), FLUTE, (FLUTE,))
    assert made.tracks[0].program == PIANO
    assert "flute" in remark
    assert "grand piano plays it" in remark


def test_other_tracks_keep_their_instruments() -> None:
    made, _ = cast(piece(line(60, role="melody"), line(40, role="bass")), CELLO, (FLUTE,))
    assert [track.program for track in made.tracks] == [CELLO, 0]
