"""What the benches of moods and of harmony measure: figures whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from studio_music.bench import figures, harmony, moods  # noqa: E402
from studio_music.piece import Chord, Note, Piece, Track  # noqa: E402

pytestmark = pytest.mark.torch


def test_seconds_sevenths_and_tritones_rub() -> None:
    def rubs(*pitches: int) -> float:
        return figures.dissonance([Note(0, pitch, 480) for pitch in pitches], 480)

    assert rubs(60, 64, 67) == rubs(60, 72) == 0
    assert rubs(60, 61) == rubs(60, 66) == 1
    assert rubs(60, 64, 71) == pytest.approx(1 / 3)


def test_what_is_stated_is_of_moods_that_there_are_and_of_what_is_measured() -> None:
    melody = Track("Tune", (Note(0, 60, 480), Note(480, 72, 240)), role="melody")
    measured = figures.figures_of(Piece(length=960, tracks=(melody,)))
    assert (measured["pitch"], measured["joined"]) == (66, 0.75)
    for less, more, name in moods.STATED:
        assert {less, more} <= set(moods.MOODS)
        assert name in measured


def test_settings_are_marked_and_compared_with_given_chords() -> None:
    grid = np.array([[72, 67, 64, 48]] * 4 + [[74, 65, 62, 50]] * 4)
    marks = harmony.marks([grid])
    assert (marks["moves"], marks["parallels per 100 moves"]) == (1, 100)
    roles = ("soprano", "alto", "tenor", "bass voice")
    tracks = tuple(
        Track(role, (Note(0, int(grid[0, n]), 480), Note(480, int(grid[4, n]), 480)), role=role)
        for n, role in enumerate(roles)
    )
    piece = Piece(length=960, tracks=tracks, chords=(Chord(0, "C"), Chord(480, "G")))
    assert harmony.agreement(piece, piece) == 0.5
    assert [n.pitch for n in harmony.soprano(grid).tracks[0].notes] == [72, 74]
