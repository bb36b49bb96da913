"""Figures over a bass: shortened as is usual, with accidentals, in the score of four voices."""

from __future__ import annotations

import msgspec
import pytest

from studio_music.score.formats.musicxml import reader, writer
from studio_music.score.formats.musicxml.figured_bass import figures_of
from studio_music.score.piece import Key, Note, Piece, Track


@pytest.mark.parametrize(
    ("chord", "key", "figures"),
    [
        ([72, 67, 64, 48], Key("C"), ()),
        ([72, 67, 60, 52], Key("C"), ((6, ""),)),
        ([72, 64, 60, 55], Key("C"), ((6, ""), (4, ""))),
        ([77, 71, 62, 55], Key("C"), ((7, ""),)),
        ([74, 67, 65, 59], Key("C"), ((6, ""), (5, ""))),
        ([74, 67, 59, 53], Key("C"), ((4, ""), (2, ""))),
        ([73, 69, 64, 57], Key("D", "minor"), ((0, "sharp"),)),
        ([76, 73, 67, 57], Key("D", "minor"), ((7, ""), (0, "sharp"))),
        ([77, 72, 68, 53], Key("F"), ((0, "flat"),)),
        ([72, -1, 64, 48], Key("C"), ()),
    ],
)
def test_chords_are_figured(
    chord: list[int], key: Key, figures: tuple[tuple[int, str], ...]
) -> None:
    assert figures_of(chord, key) == figures


def four(figured: bool) -> Piece:
    lines = {"soprano": (72, 72), "alto": (67, 67), "tenor": (64, 60), "bass voice": (48, 52)}
    tracks = tuple(
        Track(role, (Note(0, one, 480), Note(480, two, 480)), role=role)
        for role, (one, two) in lines.items()
    )
    return Piece(length=1920, tracks=tracks, figured=figured)


def test_the_score_has_figures_where_they_are_wanted() -> None:
    text = writer.write(four(True)).decode()
    figure = "<figured-bass><figure><figure-number>6</figure-number></figure></figured-bass>"
    assert text.count("<figured-bass>") == text.count(figure) == 1
    assert text.index(figure) > text.index('<part id="P4">')
    assert "figured-bass" not in writer.write(four(False)).decode()
    again = reader.read(writer.write(four(True))).piece
    assert [t.notes for t in again.tracks] == [t.notes for t in four(True).tracks]
    alone = msgspec.structs.replace(four(True), tracks=four(True).tracks[:3])
    assert "figured-bass" not in writer.write(alone).decode()
