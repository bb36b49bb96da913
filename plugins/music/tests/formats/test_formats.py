"""Formats: what is inside decides, failures are sentences, nothing is lost in silence."""

from __future__ import annotations

import pytest

from studio.api import BadInput
from studio_music.score import formats
from studio_music.score.piece import Note, Piece, Tempo, Track

PIECE = Piece(length=1920, tracks=(Track("T", (Note(0, 60, 480), Note(480, 62, 960))),))


@pytest.mark.parametrize("suffix", [".mid", ".MIDI", ".musicxml", ".xml", ".abc"])
@pytest.mark.parametrize("named", ["same", ".mid", ".abc", ".txt", ""])
def test_a_file_is_what_is_inside_of_it(suffix: str, named: str) -> None:
    data = formats.write(PIECE, suffix)
    opened = formats.read(data, suffix if named == "same" else named)
    assert [track.notes for track in opened.piece.tracks] == [t.notes for t in PIECE.tracks]


@pytest.mark.parametrize("data", [b"", b"\0\0\0", b"hello", b"\x89PNG\r\n\x1a\n" + b"x" * 99])
@pytest.mark.parametrize("suffix", ["", ".png", ".mid", ".musicxml", ".abc"])
def test_what_is_no_score_is_refused(data: bytes, suffix: str) -> None:
    with pytest.raises(BadInput) as caught:
        formats.read(data, suffix)
    assert caught.value.message.endswith((".", "!"))
    assert caught.value.hint


def test_there_is_no_other_format() -> None:
    with pytest.raises(BadInput, match="pdf"):
        formats.write(PIECE, ".pdf")


def test_what_a_format_does_not_keep_is_said() -> None:
    assert formats.losses(PIECE, ".mid") == formats.losses(PIECE, ".musicxml") == ()
    assert "velocity" in formats.losses(PIECE, ".abc")[0]
    free = Piece(
        length=1920,
        tempos=(Tempo(0, 90.0), Tempo(7, 91.0)),
        tracks=(Track("T", (Note(7, 60, 477), Note(480, 2, 480))),),
    )
    said = formats.losses(free, ".musicxml")
    assert "1 of 2 notes" in said[0]
    assert "C0" in said[1]
    assert any("Tempo" in each for each in formats.losses(free, ".abc"))
